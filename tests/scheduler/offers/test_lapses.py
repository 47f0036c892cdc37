"""A hold that lapses frees its seat, which is then offered like any that gets free: once, to who waits by then."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest

from services.chassis.database import Database
from services.chassis.errors import UpstreamUnavailableError
from services.contracts.identifiers import HoldLapseId, OrganizationId
from services.contracts.identity import Role
from services.scheduler.dispatch import LapseCall, read_notice_call
from services.scheduler.worker.lapses import LapsedHolds
from tests.conftest import ClientFactory
from tests.scheduler.conftest import TUESDAY_NINE, Desk, Json, Make, calendar, group
from tests.scheduler.offers.conftest import Offers, Three, Wait

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
Later = Callable[[timedelta], None]
Work = Callable[..., Awaitable[None]]
Batches = Callable[[], Awaitable[list[Json]]]


@pytest.fixture
def batches(scheduler: ClientFactory, site: Json) -> Batches:
    async def read() -> list[Json]:
        answer = await scheduler(Role.FRONT_DESK).get(f"/v1/sites/{site['id']}/offer_batches")
        return list(answer.json()["items"])

    return read


@pytest.fixture
def lapses(desk: Desk, organization_id: UUID) -> Callable[[], Awaitable[list[LapseCall]]]:
    async def read() -> list[LapseCall]:
        ids = [row[0] for row in await desk.run("select id from hold_lapses order by id")]
        return [LapseCall(OrganizationId(organization_id), HoldLapseId(lapse_id)) for lapse_id in ids]

    return read


@pytest.fixture
def work(scheduler_app: Any, scheduler_database: Database) -> Work:
    """Does what a worker does with jobs, at the time that it is for the scheduler."""

    async def look_at(*calls: LapseCall) -> None:
        for call in calls:
            await LapsedHolds(scheduler_database, scheduler_app.state.process.clock).look_at(call)

    return look_at


@pytest.fixture
async def kim(new_patient: Make, site: Json) -> Json:
    return await new_patient(site)


async def test_the_seat_of_a_hold_that_lapses_is_offered_once_to_who_waits(
    *, desk: Desk, three: Three, offers: Offers, kim: Json, lapses: Any, work: Work, later: Later, batches: Batches
) -> None:
    await offers.put_rule(enabled=True, people=2, minutes=30, notice_minutes=60)
    [seat] = await desk.publish(group(capacity=1))
    assert (await desk.ask("hold", seat, kim, minutes=10)).status_code == 200
    [call] = await lapses()
    before = await batches()
    later(11 * MINUTE)

    await work(call, call)

    [batch] = await batches()
    assert before == []
    assert (batch["appointment_id"], batch["seats"], batch["automatic"], batch["status"]) == (
        seat["id"],
        1,
        True,
        "open",
    )
    assert [offer["patient_id"] for offer in batch["offers"]] == [who.patient["id"] for who in three[:2]]
    assert await lapses() == []
    told = await desk.run("select patient_id::text, kind from notices")
    assert sorted(told) == sorted((who.patient["id"], "offer") for who in three[:2])
    assert (await offers.ask("accept", batch["offers"][0])).status_code == 200
    assert await desk.seats() == [(1, {three.ann.patient["id"]})]


async def test_the_job_of_a_hold_is_due_when_it_lapses_and_names_no_patient(
    *, desk: Desk, three: Three, offers: Offers, kim: Json, lapses: Any
) -> None:
    await offers.put_rule(enabled=True)
    [seat] = await desk.publish(group(capacity=1))
    await desk.ask("hold", seat, kim, minutes=10)

    [call] = await lapses()

    jobs = await desk.run("select payload, extract(epoch from execute_after - created) from pgqueuer")
    mine = [(payload, delay) for payload, delay in jobs if read_notice_call(payload) == call]
    assert [round(float(delay) / 60) for _, delay in mine] == [10]
    assert orjson.loads(mine[0][0]) == [str(call.organization_id), "lapse", str(call.lapse_id)]
    assert len(three) == 3


@pytest.mark.parametrize("verb", ["book", "release"])
async def test_a_hold_that_is_over_before_it_lapses_is_not_looked_at_again(
    *,
    desk: Desk,
    three: Three,
    offers: Offers,
    kim: Json,
    lapses: Any,
    work: Work,
    later: Later,
    batches: Batches,
    verb: str,
) -> None:
    await offers.put_rule(enabled=True)
    [seat] = await desk.publish(group(capacity=3))
    await desk.ask("hold", seat, kim, minutes=10)
    calls = await lapses()
    more: dict[str, Any] = {"reason": "patient_request"} if verb == "release" else {}
    assert (await desk.ask(verb, seat, kim, **more)).status_code in {200, 204}
    # What is given back is offered at once; the others are still there to be taken.
    at_once = await batches()
    later(11 * MINUTE)

    await work(*calls)

    assert await lapses() == []
    assert await batches() == at_once
    assert len(at_once) == (1 if verb == "release" else 0)
    assert len(three) == 3


async def test_a_hold_asked_for_again_is_looked_at_when_it_lapses_then(
    *, desk: Desk, three: Three, offers: Offers, kim: Json, lapses: Any, work: Work, later: Later, batches: Batches
) -> None:
    await offers.put_rule(enabled=True)
    [seat] = await desk.publish(group(capacity=1))
    await desk.ask("hold", seat, kim, minutes=10)
    [first] = await lapses()
    later(9 * MINUTE)
    await desk.ask("hold", seat, kim, minutes=10)
    [second] = await lapses()
    later(2 * MINUTE)

    await work(first, second)
    too_soon = await batches()
    later(9 * MINUTE)
    await work(second)

    assert first != second
    assert too_soon == []
    assert [len(batch["offers"]) for batch in await batches()] == [len(three)]


async def test_who_has_no_time_or_no_seat_to_take_by_then_is_not_asked(
    *,
    desk: Desk,
    three: Three,
    offers: Offers,
    kim: Json,
    lapses: Any,
    work: Work,
    later: Later,
    batches: Batches,
    import_calendar: Any,
) -> None:
    await offers.put_rule(enabled=True)
    seat, other = await desk.publish(group(capacity=1), group(start=TUESDAY_NINE + HOUR / 2))
    await desk.ask("hold", seat, kim, minutes=10)
    calls = await lapses()
    await import_calendar(three.ann.patient, calendar("20261006T090000/20261006T110000"))
    assert (await desk.ask("book", other, three.ben.patient)).status_code == 200
    later(11 * MINUTE)

    await work(*calls)

    [batch] = await batches()
    assert [offer["patient_id"] for offer in batch["offers"]] == [three.cleo.patient["id"]]


async def test_whoever_came_to_wait_after_the_hold_was_taken_is_left_for_a_person_to_ask(
    *,
    desk: Desk,
    offers: Offers,
    kim: Json,
    wait: Wait,
    new_patient: Make,
    site: Json,
    lapses: Any,
    work: Work,
    later: Later,
    batches: Batches,
) -> None:
    """Nobody has asked records whom they may not sit beside."""
    first, second = [await new_patient(site) for _ in range(2)]
    await wait(first, service="process_group", since="2026-09-10")
    await offers.put_rule(enabled=True)
    [seat] = await desk.publish(group(capacity=1))
    await desk.ask("hold", seat, kim, minutes=10)
    await wait(second, service="process_group", since="2026-09-01")
    later(11 * MINUTE)

    await work(*await lapses())

    [batch] = await batches()
    assert [offer["patient_id"] for offer in batch["offers"]] == [first["id"]]


async def test_who_is_kept_apart_from_somebody_seated_by_then_is_not_asked(
    *,
    desk: Desk,
    three: Three,
    offers: Offers,
    kim: Json,
    new_patient: Make,
    site: Json,
    records: ClientFactory,
    lapses: Any,
    work: Work,
    later: Later,
    batches: Batches,
) -> None:
    await offers.put_rule(enabled=True)
    lee = await new_patient(site)
    pair = {"patient_ids": [three.ann.patient["id"], lee["id"]]}
    assert (await records(Role.PROGRAMME_DIRECTOR).post("/v1/no_contacts", json=pair)).status_code == 201
    [seat] = await desk.publish(group(capacity=2))
    await desk.ask("hold", seat, kim, minutes=10)
    calls = await lapses()
    assert (await desk.ask("book", seat, lee)).status_code == 200
    later(11 * MINUTE)

    await work(*calls)

    [batch] = await batches()
    assert [offer["patient_id"] for offer in batch["offers"]] == [who.patient["id"] for who in three[1:]]


@pytest.mark.parametrize("rule", [{"enabled": False}, {"enabled": True, "people": 1}])
async def test_of_nobody_more_is_kept_than_the_site_would_have_asked(
    *, desk: Desk, three: Three, offers: Offers, kim: Json, rule: Json
) -> None:
    await offers.put_rule(**rule)
    [seat] = await desk.publish(group(capacity=1))

    assert (await desk.ask("hold", seat, kim, minutes=10)).status_code == 200

    kept = await desk.run("select jsonb_path_query_array(seatings, '$[*].patient_id') from hold_lapses")
    assert kept == ([([three.ann.patient["id"]],)] if rule["enabled"] else [])


async def test_a_seat_is_held_even_where_records_says_nothing_of_who_waits(
    *, desk: Desk, three: Three, offers: Offers, kim: Json, scheduler_app: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    await offers.put_rule(enabled=True)
    [seat] = await desk.publish(group(capacity=1))
    ask = scheduler_app.state.records.patient_seating

    async def away(token: str, patient_id: UUID) -> Any:
        if str(patient_id) == kim["id"]:
            return await ask(token, patient_id)
        raise UpstreamUnavailableError("records")

    monkeypatch.setattr(scheduler_app.state.records, "patient_seating", away)

    assert (await desk.ask("hold", seat, kim, minutes=10)).status_code == 200
    assert await desk.run("select count(*) from hold_lapses") == [(0,)]
    assert len(three) == 3


async def test_a_job_of_another_organization_or_of_nothing_does_nothing(
    *, desk: Desk, three: Three, offers: Offers, kim: Json, lapses: Any, work: Work, later: Later, batches: Batches
) -> None:
    await offers.put_rule(enabled=True)
    [seat] = await desk.publish(group(capacity=1))
    await desk.ask("hold", seat, kim, minutes=10)
    [call] = await lapses()
    later(11 * MINUTE)

    await work(call._replace(organization_id=OrganizationId(uuid4())), call._replace(lapse_id=HoldLapseId(uuid4())))

    assert await batches() == []
    assert await lapses() == [call]
    assert len(three) == 3
