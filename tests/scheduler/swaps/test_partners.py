"""With whom a seat could be exchanged: everybody listed can be exchanged with, and nothing is told of the others."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.chassis.http import HttpClient
from services.clients.records import RecordsClient
from services.contracts.identifiers import AppointmentId, PatientId, PractitionerId
from services.contracts.identity import Role
from services.contracts.vocabulary import Modality, ServiceKind
from services.policy.routes import BY_OPERATION
from services.scheduler.bookings.facts import Partner, SessionFacts
from services.scheduler.swaps.rules import ranked, told
from tests.conftest import ClientFactory
from tests.scheduler.conftest import TUESDAY_NINE, ZONE, Desk, Json, Make, People, calendar, group, plan_of, problem
from tests.support.tokens import Tokens

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
COUNSELLOR = {"id": "00000000-0000-4000-8000-000000000001"}
WEDNESDAY, FRIDAY = TUESDAY_NINE + DAY, TUESDAY_NINE + 3 * DAY
NOT_FOUND = (404, "not-found", "")
Recommend = Callable[..., Awaitable[Any]]
Found = Callable[..., Awaitable[list[tuple[str, str | None]]]]


@pytest.fixture
async def people(new_patient: Make, site: Json) -> People:
    return People(*[await new_patient(site, plan_of(COUNSELLOR)) for _ in People._fields])


@pytest.fixture
def recommend(scheduler: ClientFactory) -> Recommend:
    async def post(here: Json, who: Json, *, role: Role = Role.FRONT_DESK, **more: Any) -> Any:
        seat = {"appointment_id": here["id"], "patient_id": who["id"]}
        return await scheduler(role).post("/v1/swaps:recommend", json={"seat": seat, **more})

    return post


@pytest.fixture
def found(recommend: Recommend) -> Found:
    async def read(here: Json, who: Json, **more: Any) -> list[tuple[str, str | None]]:
        answer = await recommend(here, who, **more)
        assert answer.status_code == 200, answer.text
        return [(one["appointment_id"], one["patient_id"]) for one in answer.json()["partners"]]

    return read


async def test_partners_and_free_seats_are_ranked_with_reasons(
    desk: Desk, people: People, recommend: Recommend
) -> None:
    here, full, free = await desk.publish(
        group(people.ann), group(people.ben, start=WEDNESDAY, capacity=1), group(people.cleo, start=FRIDAY)
    )

    answer = await recommend(here, people.ann)

    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert (body["appointment_id"], body["patient_id"]) == (here["id"], people.ann["id"])
    assert [(one["appointment_id"], one["patient_id"]) for one in body["partners"]] == [
        (free["id"], None),
        (full["id"], people.ben["id"]),
        (free["id"], people.cleo["id"]),
    ]
    first, second, _ = body["partners"]
    assert {reason["code"] for reason in first["reasons"]} == {
        "free-seat",
        "same-length",
        "no-further-trip",
        "same-modality",
    }
    assert (second["start"], second["modality"]) == ("2026-10-07T09:00:00-04:00", "on_site")
    assert await desk.seats() == [(1, {people.ann["id"]}), (1, {people.ben["id"]}), (1, {people.cleo["id"]})]


async def test_everybody_listed_can_be_exchanged_with_and_nobody_else_is(
    *,
    desk: Desk,
    people: People,
    found: Found,
    scheduler: ClientFactory,
    new_patient: Make,
    site: Json,
    import_calendar: Any,
    records: ClientFactory,
) -> None:
    """Asks of each pair of seats that there is what a preview says of it."""
    youth = await new_patient(site, plan_of(COUNSELLOR, track="youth"))
    busy = await new_patient(site, plan_of(COUNSELLOR))
    apart = await new_patient(site, plan_of(COUNSELLOR))
    await import_calendar(busy, calendar("20261006T090000/20261006T103000"))
    pair = {"patient_ids": [people.ben["id"], apart["id"]]}
    assert (await records(Role.PROGRAMME_DIRECTOR).post("/v1/no_contacts", json=pair)).status_code == 201
    week = await desk.publish(
        group(people.ann, people.ben),
        group(busy, apart, people.cleo, start=WEDNESDAY, capacity=3),
        group(youth, track="youth", start=WEDNESDAY + 2 * HOUR),
        group(youth, start=FRIDAY, modality=Modality.TELEHEALTH),
        group(people.cleo, start=FRIDAY + 2 * HOUR, service=ServiceKind.INDIVIDUAL, capacity=1),
        group(busy, start=FRIDAY + 4 * HOUR, capacity=1),
    )
    here = next(one for one in week if people.ann["id"] in one["patient_ids"])
    client = scheduler(Role.FRONT_DESK)
    possible = set()
    for there in week:
        for other in (None, *there["patient_ids"]):
            body = {
                "first": {"appointment_id": here["id"], "patient_id": people.ann["id"]},
                "second": {"appointment_id": there["id"], "patient_id": other},
                "reason": "work_or_school",
            }
            answer = await client.post("/v1/swaps:preview", json=body)
            if answer.status_code == 200 and not answer.json()["broken"]:
                possible.add((there["id"], other))

    listed = await found(here, people.ann, limit=50)

    assert set(listed) == possible
    assert len(listed) == len(possible)
    wednesday = next(one for one in week if people.cleo["id"] in one["patient_ids"] and one["capacity"] == 3)
    assert possible == {(wednesday["id"], people.cleo["id"])}


async def test_who_is_not_listed_is_not_mentioned_and_a_full_session_looks_like_one_to_be_kept_out_of(
    *, desk: Desk, people: People, recommend: Recommend, records: ClientFactory
) -> None:
    pair = {"patient_ids": [people.ann["id"], people.ben["id"]]}
    here, there = await desk.publish(group(people.ann), group(people.ben, people.cleo, start=WEDNESDAY, capacity=2))
    before = (await recommend(here, people.ann)).json()
    await records(Role.PROGRAMME_DIRECTOR).post("/v1/no_contacts", json=pair)

    after = (await recommend(here, people.ann)).json()

    assert [one["patient_id"] for one in before["partners"]] == sorted([people.ben["id"], people.cleo["id"]])
    assert [one["patient_id"] for one in after["partners"]] == [people.ben["id"]]
    assert after["partners"][0] in before["partners"]
    assert there["id"] == after["partners"][0]["appointment_id"]


async def test_a_seat_that_is_held_is_neither_free_nor_a_partner_s_until_the_hold_is_over(
    *, desk: Desk, people: People, found: Found, at: Any
) -> None:
    here, there = await desk.publish(group(people.ann), group(start=WEDNESDAY, capacity=1))
    assert (await desk.ask("hold", there, people.ben, minutes=5)).status_code == 200

    held = await found(here, people.ann)
    at(desk.clock.now() + timedelta(minutes=6))

    assert held == []
    assert await found(here, people.ann) == [(there["id"], None)]


async def test_what_will_not_take_place_is_left_and_not_entered(
    *, desk: Desk, people: People, found: Found, scheduler: ClientFactory, site: Json
) -> None:
    here, there = await desk.publish(group(people.ann), group(people.ben, start=WEDNESDAY))
    hours = {"start": "2026-10-06T08:00:00-04:00", "end": "2026-10-06T12:00:00-04:00"}
    body = {"site_id": site["id"], "week": "2026-10-05", "kind": "site_closed", "reason": "emergency", **hours}
    before = await found(here, people.ann)
    assert (await scheduler(Role.FRONT_DESK).post("/v1/disruptions", json=body)).status_code == 201

    assert before == [(there["id"], None), (there["id"], people.ben["id"])]
    assert await found(here, people.ann) == [(there["id"], None)]
    assert await found(there, people.ben) == []


async def test_only_what_is_ahead_and_in_the_book_is_exchanged(
    *, desk: Desk, people: People, recommend: Recommend, at: Any
) -> None:
    here, there = await desk.publish(group(people.ann), group(people.ben, start=WEDNESDAY))
    [kept] = await desk.publish(group(people.ben, start=WEDNESDAY))
    gone = await recommend(here, people.ann)
    at(WEDNESDAY)

    assert problem(gone) == (409, "conflict", "appointment-cancelled")
    assert kept["id"] == there["id"]
    assert problem(await recommend(there, people.ben)) == (409, "conflict", "appointment-over")


async def test_who_has_checked_in_neither_leaves_nor_comes(
    *, desk: Desk, people: People, recommend: Recommend, found: Found, scheduler: ClientFactory, at: Any
) -> None:
    here, there = await desk.publish(group(people.ann, capacity=1), group(people.ben, start=WEDNESDAY, capacity=1))
    at(TUESDAY_NINE - HOUR / 2)
    before = await found(there, people.ben)
    seen = {"patient_id": people.ann["id"], "status": "arrived"}
    await scheduler(Role.FRONT_DESK).post(f"/v1/appointments/{here['id']}/attendances", json=seen)

    assert before == [(here["id"], people.ann["id"])]
    assert await found(there, people.ben) == []
    assert problem(await recommend(here, people.ann)) == (409, "conflict", "attendance-recorded")


async def test_what_is_not_there_is_refused_in_the_same_words(
    *, desk: Desk, people: People, recommend: Recommend, scheduler: ClientFactory
) -> None:
    here, there = await desk.publish(group(people.ann), group(start=WEDNESDAY))
    await desk.ask("hold", there, people.ben)
    nothing = {"id": str(uuid4())}
    stranger = scheduler(Role.FRONT_DESK, organization=uuid4())
    seat = {"appointment_id": here["id"], "patient_id": people.ann["id"]}

    answers = [
        await recommend(nothing, people.ann),
        await recommend(here, nothing),
        await recommend(here, people.cleo),
        await recommend(there, people.ben),
        await stranger.post("/v1/swaps:recommend", json={"seat": seat}),
    ]

    assert [problem(answer) for answer in answers] == [NOT_FOUND] * len(answers)
    assert len({answer.json()["detail"] for answer in answers}) == 1


async def test_partners_are_for_those_who_read_the_book(desk: Desk, people: People, recommend: Recommend) -> None:
    [here] = await desk.publish(group(people.ann))

    for role in (Role.BILLING, Role.PATIENT, Role.NURSE):
        assert (await recommend(here, people.ann, role=role)).status_code == 403
    callers, swappers, readers = (
        BY_OPERATION[name].roles for name in ("recommend_swaps", "create_swap", "list_appointments")
    )
    assert callers == swappers
    assert callers <= readers


@pytest.mark.parametrize(
    ("change", "pointer"),
    [({"limit": 0}, "/limit"), ({"limit": 51}, "/limit"), ({"seat": {"patient_id": "4711-secret"}}, "/seat/")],
)
async def test_a_wrong_request_is_refused_by_name(scheduler: ClientFactory, change: Json, pointer: str) -> None:
    body = {"seat": {"appointment_id": str(uuid4()), "patient_id": str(uuid4())}}

    answer = await scheduler(Role.FRONT_DESK).post("/v1/swaps:recommend", json=body | change)

    assert answer.status_code == 422
    assert all(error["pointer"].startswith(pointer) for error in answer.json()["errors"])
    assert "4711-secret" not in answer.text


async def test_without_records_nobody_is_recommended(
    *, desk: Desk, people: People, recommend: Recommend, scheduler_app: Any, tokens: Tokens
) -> None:
    here, _ = await desk.publish(group(people.ann), group(people.ben, start=WEDNESDAY))
    http = HttpClient()
    scheduler_app.state.records = RecordsClient(http, "http://127.0.0.1:1", tokens)

    answer = await recommend(here, people.ann)
    await http.close()

    assert problem(answer) == (503, "upstream-unavailable", "")


def _session(minutes: int, hours: int) -> SessionFacts:
    start = TUESDAY_NINE + hours * HOUR
    return SessionFacts(
        service=ServiceKind.PROCESS_GROUP,
        modality=Modality.ON_SITE,
        start=start,
        end=start + timedelta(minutes=minutes),
        track=None,
        language=None,
        zone=ZoneInfo(ZONE),
    )


LEADS = st.sampled_from([None, *(PractitionerId(uuid4()) for _ in range(2))])
PARTNERS = st.builds(
    lambda minutes, hours, is_free, leads, trips: Partner(
        AppointmentId(uuid4()),
        _session(minutes, hours),
        None if is_free else PatientId(uuid4()),
        _session(90, 0),
        leads,
        trips,
    ),
    st.sampled_from([60, 90, 120]),
    st.integers(1, 90),
    st.booleans(),
    st.tuples(LEADS, LEADS),
    st.integers(-2, 2),
)


@given(partners=st.lists(PARTNERS, max_size=8))
def test_the_order_is_total_and_puts_least_trouble_first(partners: list[Partner]) -> None:
    best = ranked(partners)

    assert best == ranked(list(reversed(partners)))
    trouble = [
        (abs((one.facts.end - one.facts.start) - 90 * timedelta(minutes=1)), one.patient_id is not None) for one in best
    ]
    assert trouble == sorted(trouble)
    for one in best:
        codes = {reason.code for reason in told(one).reasons}
        assert len(codes & {"same-length", "other-length"}) == 1
        assert len(codes & {"no-further-trip", "further-trips"}) == 1
        assert ("free-seat" in codes) == (one.patient_id is None)
