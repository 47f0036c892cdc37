"""From the question to the book: a real worker, the real solver, real commits."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.contracts.identity import Role
from services.scheduler.worker.worker import Worker
from tests.conftest import ClientFactory
from tests.scheduler.conftest import MONDAY, Clinic, Json, Make, calendar, plan_of

pytestmark = pytest.mark.committed

Until = Callable[..., Awaitable[Json]]
FINISHED = {"succeeded", "failed", "cancelled"}


def is_over(solve: Json) -> bool:
    return solve["status"] in FINISHED


@pytest.fixture
def propose(scheduler: ClientFactory, worker: Worker, ask: Make, until: Until) -> Make:
    del worker

    async def make(site: Json, **changes: Any) -> Json:
        solve = await until(await ask(site, **changes), is_over)
        assert solve["status"] == "succeeded", solve
        return dict((await scheduler(Role.FRONT_DESK).get(f"/v1/proposals/{solve['proposal_id']}")).json())

    return make


@pytest.fixture
def publish(scheduler: ClientFactory) -> Callable[..., Awaitable[Any]]:
    async def post(proposal: Json, version: int | None = None, **headers: str) -> Any:
        expected = proposal["base_version"] if version is None else version
        client = scheduler(Role.FRONT_DESK)
        return await client.post(
            f"/v1/proposals/{proposal['id']}:publish",
            json={"reason": "better_week"} if expected > 0 else None,
            headers={"if-match": f'"{expected}"', **headers},
        )

    return post


async def booked(scheduler: ClientFactory, site: Json, **parameters: Any) -> list[Json]:
    answer = await scheduler(Role.COUNSELLOR).get(
        f"/v1/sites/{site['id']}/appointments", params={"week": MONDAY, "page_size": 200, **parameters}
    )
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


async def test_a_week_is_solved_proposed_published_and_booked(
    scheduler: ClientFactory, clinic: Clinic, four_patients: list[Json], propose: Make, publish: Any
) -> None:
    proposal = await propose(clinic.site)

    assert proposal["checker"]["ok"] is True
    assert (proposal["patients"], proposal["required_minutes"]) == (4, 2400)
    assert proposal["objective"] >= proposal["bound"] >= 0
    assert proposal["diff"]["kept"] == proposal["diff"]["removed"] == 0
    assert proposal["diff"]["added"] == sum(len(session["patient_ids"]) for session in proposal["sessions"])
    published = await publish(proposal)
    assert published.status_code == 200
    assert published.headers["etag"] == '"1"'
    read = await scheduler(Role.COUNSELLOR).get(f"/v1/sites/{clinic.site['id']}/timetables/{MONDAY}")
    assert read.json() == published.json()
    assert read.headers["etag"] == '"1"'
    appointments = await booked(scheduler, clinic.site)
    assert len(appointments) == len(proposal["sessions"]) > 0
    for appointment, session in zip(appointments, sorted(proposal["sessions"], key=str), strict=False):
        assert appointment["taken"] == len(appointment["patient_ids"]) <= appointment["capacity"]
        assert appointment["start"].endswith("-04:00")
        assert set(session) <= set(appointment)
    people = {patient["id"] for patient in four_patients}
    assert {patient for appointment in appointments for patient in appointment["patient_ids"]} <= people
    delivered = sum(len(session["patient_ids"]) * minutes_of(session) for session in proposal["sessions"])
    assert delivered + sum(need["minutes"] for need in proposal["unmet"]) == 2400


def minutes_of(session: Json) -> int:
    length = datetime.fromisoformat(session["end"]) - datetime.fromisoformat(session["start"])
    return int(length.total_seconds() // 60)


@pytest.mark.usefixtures("four_patients")
async def test_a_second_version_takes_over_the_appointments_that_it_keeps(
    scheduler: ClientFactory, clinic: Clinic, propose: Make, publish: Any
) -> None:
    first = await propose(clinic.site)
    assert (await publish(first)).status_code == 200
    before = await booked(scheduler, clinic.site)
    again = await propose(clinic.site)
    assert (again["base_version"], again["diff"]["removed"]) == (1, 0)

    published = await publish(again)

    assert (published.status_code, published.json()["version"]) == (200, 2)
    now = await booked(scheduler, clinic.site)
    kept = {appointment["id"] for appointment in before} & {appointment["id"] for appointment in now}
    ended = await booked(scheduler, clinic.site, status="cancelled")
    assert {appointment["timetable_version"] for appointment in now} == {2}
    assert len(now) == len(again["sessions"])
    assert len(kept) + len(ended) == len(before) == len(first["sessions"])


@pytest.mark.usefixtures("four_patients")
async def test_a_proposal_on_an_old_version_is_412_and_says_what_moved(
    scheduler: ClientFactory, clinic: Clinic, propose: Make, publish: Any
) -> None:
    old = await propose(clinic.site)
    newer = await propose(clinic.site)
    assert (await publish(newer)).status_code == 200

    refused = await publish(old)

    assert refused.status_code == 412
    assert refused.json()["code"] == "timetable-moved"
    assert "version 1 is published" in refused.json()["detail"]
    assert (await publish(old, version=1)).status_code == 412
    assert {appointment["timetable_version"] for appointment in await booked(scheduler, clinic.site)} == {1}


@pytest.mark.usefixtures("four_patients")
async def test_publishing_needs_if_match_and_happens_once(
    scheduler: ClientFactory, clinic: Clinic, propose: Make, publish: Any
) -> None:
    proposal = await propose(clinic.site)
    desk = scheduler(Role.FRONT_DESK)

    assert (await desk.post(f"/v1/proposals/{proposal['id']}:publish")).status_code == 428
    assert (await publish(proposal, version=1)).status_code == 412
    key = {"idempotency-key": str(uuid4())}
    first, repeated, again = [await publish(proposal, **headers) for headers in (key, {}, {})][:3]
    assert first.status_code == 200
    assert [answer.status_code for answer in (repeated, again)] == [409, 409]
    assert again.json()["code"] == "already-published"


@pytest.mark.usefixtures("four_patients")
async def test_a_proposal_is_nobody_else_s_business(
    scheduler: ClientFactory, clinic: Clinic, propose: Make, publish: Any
) -> None:
    proposal = await propose(clinic.site)
    assert (await publish(proposal)).status_code == 200
    stranger = scheduler(Role.PROGRAMME_DIRECTOR, organization=uuid4())

    for path in (
        f"/v1/proposals/{proposal['id']}",
        f"/v1/sites/{clinic.site['id']}/timetables/{MONDAY}",
        f"/v1/sites/{clinic.site['id']}/appointments?week={MONDAY}",
    ):
        assert (await stranger.get(path)).status_code == 404
    foreign = await stranger.post(f"/v1/proposals/{proposal['id']}:publish", headers={"if-match": '"0"'})
    assert foreign.status_code == 404
    assert (await scheduler(Role.COUNSELLOR).post(f"/v1/proposals/{proposal['id']}:publish")).status_code == 403


async def test_a_commitment_that_came_after_the_solve_stops_the_publication(
    clinic: Clinic, four_patients: list[Json], propose: Make, publish: Any, import_calendar: Any
) -> None:
    proposal = await propose(clinic.site)
    patient = next(p for p in four_patients if any(p["id"] in s["patient_ids"] for s in proposal["sessions"]))
    await import_calendar(patient, calendar("20261005T070000/20261010T220000"))

    refused = await publish(proposal)

    assert refused.status_code == 409
    assert refused.json()["type"] == "urn:eventide:problem:timetable-refused"
    assert "solve the week again" in refused.json()["detail"]


async def test_a_patient_without_a_free_hour_is_unmet_with_reasons_and_not_an_error(
    clinic: Clinic, four_patients: list[Json], new_patient: Make, propose: Make, import_calendar: Any
) -> None:
    busy = await new_patient(clinic.site, plan_of(clinic.counsellor))
    await import_calendar(busy, calendar("20261001T000000/20261020T000000"))

    proposal = await propose(clinic.site)

    unmet = [need for need in proposal["unmet"] if need["patient_id"] == busy["id"]]
    assert {need["service"] for need in unmet} == {"process_group", "individual"}
    assert all(reason["code"] and reason["sentence"] for need in unmet for reason in need["reasons"])
    assert all(need["reasons"] for need in unmet)
    assert proposal["fully_served"] <= len(four_patients)


async def test_a_site_without_patients_has_an_empty_week(clinic: Clinic, propose: Make, publish: Any) -> None:
    proposal = await propose(clinic.site)

    assert (proposal["patients"], proposal["sessions"], proposal["gap"]) == (0, [], 0.0)
    assert proposal["outcome"] == "optimal"
    assert (await publish(proposal)).status_code == 200


@pytest.mark.usefixtures("hard_week", "worker")
async def test_a_running_solve_shows_progress_and_keeps_its_best_when_cancelled(
    scheduler: ClientFactory, clinic: Clinic, ask: Make, until: Until
) -> None:
    solve = await ask(clinic.site, time_limit_seconds=600)
    running = await until(solve, lambda found: found["status"] == "running" and found["progress"] is not None)
    assert running["attempt"] == 1
    assert running["progress"]["objective"] >= running["progress"]["bound"]

    asked = await scheduler(Role.FRONT_DESK).post(f"/v1/solves/{solve['id']}:cancel")

    assert asked.status_code == 200
    over = await until(solve, is_over)
    assert (over["status"], over["outcome"]) == ("cancelled", "feasible")
    proposal = await scheduler(Role.FRONT_DESK).get(f"/v1/proposals/{over['proposal_id']}")
    assert proposal.json()["checker"]["ok"] is True


@pytest.fixture
async def elsewhere(scheduler_database: Any, organization_id: UUID, new_site: Make) -> Callable[..., Awaitable[None]]:
    """Books a patient or a room at another site, as no route of this slice can do yet."""
    site = await new_site(name="Elsewhere")

    async def book(session: Json, *, patient_id: str | None = None, room_id: str | None = None) -> None:
        appointment_id = uuid4()
        during = [datetime.fromisoformat(session[edge]) for edge in ("start", "end")]
        async with scheduler_database.read(organization_id) as read:
            await read._connection.execute(
                """insert into appointments (organization_id, id, site_id, week, timetable_version, status, service,
                                             modality, room_id, during, capacity, taken, changed_at)
                   values ($1, $2, $3, $4, 1, 'booked', 'individual', 'on_site', $5, tstzrange($6, $7), 1, 1, now())""",
                organization_id,
                appointment_id,
                UUID(site["id"]),
                date(2026, 10, 5),
                room_id and UUID(room_id),
                *during,
            )
            if patient_id is not None:
                await read._connection.execute(
                    "insert into appointment_patients values ($1, $2, $3, tstzrange($4, $5), true)",
                    organization_id,
                    appointment_id,
                    UUID(patient_id),
                    *during,
                )

    return book


@pytest.mark.usefixtures("four_patients")
@pytest.mark.parametrize("what", ["patient", "room"])
async def test_who_or_what_is_booked_elsewhere_is_not_booked_twice(
    clinic: Clinic, propose: Make, publish: Any, elsewhere: Any, what: str
) -> None:
    proposal = await propose(clinic.site)
    session = next(session for session in proposal["sessions"] if session["room_id"])
    taken = {"patient": session["patient_ids"][0], "room": session["room_id"]}[what]
    await elsewhere(session, **{f"{what}_id": taken})

    refused = await publish(proposal)

    assert refused.status_code == 409
    assert refused.json()["type"] == "urn:eventide:problem:double-booking"
    assert refused.json()["code"] == f"{what}-booked"
    assert (await publish(proposal)).json()["code"] == f"{what}-booked"


@pytest.mark.usefixtures("four_patients")
async def test_of_two_who_publish_on_one_base_one_wins_and_the_other_is_412(
    scheduler: ClientFactory, clinic: Clinic, propose: Make, publish: Any
) -> None:
    proposals = [await propose(clinic.site), await propose(clinic.site)]

    answers = await asyncio.gather(*(publish(proposal) for proposal in proposals))

    assert sorted(answer.status_code for answer in answers) == [200, 412]
    winner = next(proposal for proposal, answer in zip(proposals, answers, strict=True) if answer.status_code == 200)
    assert len(await booked(scheduler, clinic.site)) == len(winner["sessions"])
    assert await booked(scheduler, clinic.site, status="cancelled") == []


@pytest.mark.usefixtures("four_patients")
async def test_a_proposal_published_twice_at_once_is_published_once(
    scheduler: ClientFactory, clinic: Clinic, propose: Make, publish: Any
) -> None:
    proposal = await propose(clinic.site)

    answers = await asyncio.gather(*(publish(proposal) for _ in range(3)))

    statuses = sorted(answer.status_code for answer in answers)
    assert statuses[0] == 200
    assert set(statuses[1:]) <= {409, 412}
    assert len(await booked(scheduler, clinic.site)) == len(proposal["sessions"])
