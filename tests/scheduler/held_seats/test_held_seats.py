"""A scarce seat is kept for who can come at few other times, until it is released or somebody answers for it."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from services.contracts.identity import Role
from tests.conftest import ClientFactory
from tests.scheduler.conftest import MONDAY, NO_SEAT, Clinic, Desk, Json, Make, calendar, group, plan_of, problem
from tests.scheduler.weekly import Week

Keep = Callable[..., Awaitable[Any]]
HELD_BACK = (409, "no-seat", "seats-held-back")
TUESDAY_EVENING = datetime(2026, 10, 6, 22, tzinfo=UTC)
WEDNESDAY_MORNING = datetime(2026, 10, 7, 13, tzinfo=UTC)
RULE = {"enabled": True, "parts": ["evening"], "seats": 1, "release_minutes": 60}


@pytest.fixture
async def site(clinic: Clinic) -> Json:
    return clinic.site


@pytest.fixture
def keep(scheduler: ClientFactory, site: Json) -> Keep:
    async def put(role: Role = Role.PROGRAMME_DIRECTOR, **changes: Any) -> Any:
        return await scheduler(role).put(f"/v1/sites/{site['id']}/held_seats_rule", json={**RULE, **changes})

    return put


@pytest.fixture
async def free(clinic: Clinic, new_patient: Make) -> Json:
    """Somebody who could come in the morning as well."""
    return await new_patient(clinic.site, plan_of(clinic.counsellor))


@pytest.fixture
async def works(clinic: Clinic, new_patient: Make, import_calendar: Any) -> Json:
    """Somebody who works until 17:00 on each day of the week."""
    patient = await new_patient(clinic.site, plan_of(clinic.counsellor))
    days = [f"2026100{day}T070000/2026100{day}T170000" for day in range(5, 10)]
    assert (await import_calendar(patient, calendar(*days))).status_code == 201
    return patient


@pytest.fixture
async def evening(desk: Desk) -> Json:
    """A group on Tuesday evening with one seat, and one on Wednesday morning with two."""
    [tuesday, _] = await desk.publish(
        group(start=TUESDAY_EVENING, capacity=1), group(start=WEDNESDAY_MORNING, capacity=2)
    )
    return tuesday


async def test_the_last_evening_seat_is_kept_from_who_could_come_in_the_morning(
    *, keep: Keep, desk: Desk, evening: Json, free: Json, works: Json
) -> None:
    assert (await keep()).status_code == 200

    refused = await desk.ask("book", evening, free)
    held = await desk.ask("hold", evening, free)
    given = await desk.ask("book", evening, works)
    full = await desk.ask("book", evening, free)

    assert [problem(refused), problem(held)] == [HELD_BACK, HELD_BACK]
    assert "2026-10-06T21:00:00" in refused.json()["detail"]
    assert given.status_code == 200
    assert problem(full) == NO_SEAT
    assert [taken for taken, _ in await desk.seats()] == [1, 0]


async def test_without_a_rule_and_with_one_that_is_off_seats_are_anybody_s(
    *, keep: Keep, desk: Desk, evening: Json, free: Json
) -> None:
    assert (await keep(enabled=False)).status_code == 200

    assert (await desk.ask("book", evening, free)).status_code == 200


async def test_only_so_many_seats_are_kept(*, keep: Keep, desk: Desk, free: Json, new_patient: Make) -> None:
    [evening, _] = await desk.publish(
        group(start=TUESDAY_EVENING, capacity=2), group(start=WEDNESDAY_MORNING, capacity=4)
    )
    await keep()
    other = await new_patient(desk._site)

    assert (await desk.ask("book", evening, free)).status_code == 200
    assert problem(await desk.ask("book", evening, other)) == HELD_BACK


async def test_a_kept_seat_is_anybody_s_when_its_time_has_come(
    *, keep: Keep, desk: Desk, evening: Json, free: Json
) -> None:
    to_the_session = int((TUESDAY_EVENING - desk.clock.now()) / timedelta(minutes=1))
    await keep(release_minutes=to_the_session - 60)
    before = await desk.ask("book", evening, free)
    await keep(release_minutes=to_the_session + 1)
    after = await desk.ask("book", evening, free)

    assert problem(before) == HELD_BACK
    assert after.status_code == 200


async def test_a_morning_that_is_full_is_no_choice(*, keep: Keep, desk: Desk, free: Json, new_patient: Make) -> None:
    sitting = [await new_patient(desk._site) for _ in range(2)]
    [evening, _] = await desk.publish(
        group(start=TUESDAY_EVENING, capacity=1), group(*sitting, start=WEDNESDAY_MORNING, capacity=2)
    )
    await keep()

    assert (await desk.ask("book", evening, free)).status_code == 200


async def test_how_few_choices_are_few_is_the_programme_s_to_say(
    *, keep: Keep, desk: Desk, evening: Json, free: Json
) -> None:
    await keep(few_choices=1)

    assert (await desk.ask("book", evening, free)).status_code == 200


async def test_a_supervisor_may_decide_otherwise_and_gives_the_reason(
    *, keep: Keep, desk: Desk, evening: Json, free: Json, scheduler: ClientFactory
) -> None:
    await keep()
    path = f"/v1/appointments/{evening['id']}:book_held_seat"
    body = {"patient_id": free["id"], "reason": "court"}

    desk_s = await scheduler(Role.FRONT_DESK).post(path, json=body)
    without = await scheduler(Role.SUPERVISOR).post(path, json={"patient_id": free["id"]})
    stranger = await scheduler(Role.SUPERVISOR, organization=uuid4()).post(path, json=body)
    given = await scheduler(Role.SUPERVISOR).post(path, json=body)
    again = await scheduler(Role.SUPERVISOR).post(path, json=body)

    assert [one.status_code for one in (desk_s, without, stranger, given, again)] == [403, 422, 404, 200, 409]
    assert [taken for taken, _ in await desk.seats()] == [1, 0]
    assert await desk.run("select reason, patient_id::text from held_seat_overrides") == [("court", free["id"])]


async def test_a_kept_seat_is_offered_to_those_it_is_kept_for(
    *, keep: Keep, desk: Desk, evening: Json, free: Json, works: Json, scheduler: ClientFactory
) -> None:
    await keep()
    client = scheduler(Role.FRONT_DESK)
    for patient in (free, works):
        waits = await client.post(
            f"/v1/sites/{desk._site['id']}/waitlist_entries",
            json={"patient_id": patient["id"], "service": "process_group"},
        )
        assert waits.status_code == 201, waits.text

    answer = await client.post(f"/v1/appointments/{evening['id']}/offer_batches", json={"people": 5})

    assert answer.status_code == 201, answer.text
    assert [offer["patient_id"] for offer in answer.json()["offers"]] == [works["id"]]


async def test_placement_recommends_no_kept_seat_and_says_until_when_it_is_kept(
    *, clinic: Clinic, week: Week, keep: Keep, propose: Any, publish: Any, scheduler: ClientFactory
) -> None:
    """Two have the evening group of three, and a fourth person could have the morning's."""
    evenings = week.group(1, 44, 0, 1, lead=clinic.counsellor)
    late = await scheduler(Role.PROGRAMME_DIRECTOR).post(
        f"/v1/sites/{clinic.site['id']}/practitioners",
        json={
            "display_name": "Kit Lane",
            "role": "counsellor",
            "leads": ["process_group"],
            "co_facilitates": True,
            "individual": ["individual"],
            "languages": ["en"],
            "shifts": [{"weekday": "TU", "start": "13:00", "end": "21:00"}],
        },
    )
    evenings["lead"] = late.json()["id"]
    answer = await publish(await propose([week.group(0, 8, 0, 1, 2), evenings], []))
    assert answer.status_code == 200, answer.text
    # Of the twelve places without a co-facilitator eight are seats, and six of them free.
    whom = {"patient_id": week.ids[3], "site_id": clinic.site["id"], "week": MONDAY}
    wish = {**whom, "service": "process_group", "start": "2026-10-06T18:00:00-04:00"}
    client = scheduler(Role.FRONT_DESK)

    before = await client.post("/v1/placements:recommend", json=whom)
    assert (await keep(seats=12)).status_code == 200
    after = await client.post("/v1/placements:recommend", json=whom)
    why = await client.post("/v1/placements:explain", json=wish)

    def evenings_in(recommended: Any) -> int:
        sessions = [one for way in recommended.json()["alternatives"] for one in way["sessions"]]
        return sum(one["start"].startswith("2026-10-06T18") for one in sessions)

    assert evenings_in(before) > 0
    assert evenings_in(after) == 0
    [fact] = [one for one in why.json()["facts"] if one["code"] == "seats_held_back"]
    assert "2026-10-06T17:00:00-04:00" in fact["sentence"]


async def test_the_rule_is_read_and_set_by_those_who_should_and_within_its_bounds(
    *, keep: Keep, scheduler: ClientFactory, site: Json
) -> None:
    path = f"/v1/sites/{site['id']}/held_seats_rule"
    nothing = await scheduler(Role.FRONT_DESK).get(path)
    stored = await keep(few_choices=2)
    read = await scheduler(Role.FRONT_DESK).get(path)
    desk = await keep(Role.FRONT_DESK)
    stranger = await scheduler(Role.PROGRAMME_DIRECTOR, organization=uuid4()).get(path)
    bad: list[Json] = [{"seats": 0}, {"parts": []}, {"parts": ["night"]}, {"release_minutes": -1}]
    wrong = [await keep(**one) for one in bad]

    assert nothing.json()["enabled"] is False
    assert (stored.status_code, read.json()) == (200, stored.json())
    assert read.json()["few_choices"] == 2
    assert (desk.status_code, stranger.status_code) == (403, 404)
    assert [one.status_code for one in wrong] == [422] * 4


async def test_nobody_moves_into_a_kept_seat_from_one_in_the_morning(
    *, keep: Keep, desk: Desk, free: Json, scheduler: ClientFactory
) -> None:
    [evening, morning] = await desk.publish(
        group(start=TUESDAY_EVENING, capacity=1), group(free, start=WEDNESDAY_MORNING, capacity=1)
    )
    body = {
        "first": {"appointment_id": morning["id"], "patient_id": free["id"]},
        "second": {"appointment_id": evening["id"]},
        "reason": "patient_request",
    }
    await keep()

    kept = await scheduler(Role.FRONT_DESK).post("/v1/swaps", json=body)
    await keep(enabled=False)
    moved = await scheduler(Role.FRONT_DESK).post("/v1/swaps", json=body)

    assert kept.status_code == 409, kept.text
    assert "kept for people who can come at few other times" in kept.text
    assert moved.status_code == 201, moved.text
