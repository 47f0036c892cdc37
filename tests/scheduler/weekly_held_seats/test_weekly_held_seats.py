"""Seats of a kind of group are kept from week to week: in bookings, in placements, and in what a solve may fill."""

from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contracts.identity import Role
from services.scheduler.weekly_held_seats.kept import released_at
from tests.conftest import ClientFactory
from tests.scheduler.conftest import MONDAY, NO_SEAT, ZONE, Clinic, Desk, Json, Make, calendar, group, plan_of, problem

Keep = Callable[..., Awaitable[Any]]
HELD_BACK = (409, "no-seat", "seats-held-back")
TUESDAY_NINE = datetime(2026, 10, 6, 13, tzinfo=UTC)
WEDNESDAY_NINE = datetime(2026, 10, 7, 13, tzinfo=UTC)
RULE = {"enabled": True, "seats": 1, "release_days": 0}


@pytest.fixture
async def site(clinic: Clinic) -> Json:
    return clinic.site


@pytest.fixture
def path(clinic: Clinic) -> str:
    return f"/v1/sites/{clinic.site['id']}/group_offerings/{clinic.offering['id']}/held_seats_rule"


@pytest.fixture
def keep(scheduler: ClientFactory, path: str) -> Keep:
    async def put(role: Role = Role.PROGRAMME_DIRECTOR, **changes: Any) -> Any:
        return await scheduler(role).put(path, json={**RULE, **changes})

    return put


@pytest.fixture
async def free(clinic: Clinic, new_patient: Make) -> Json:
    """Somebody who could come on Wednesday as well."""
    return await new_patient(clinic.site, plan_of(clinic.counsellor))


@pytest.fixture
async def works(clinic: Clinic, new_patient: Make, import_calendar: Any) -> Json:
    """Somebody who works on all days but Tuesday."""
    patient = await new_patient(clinic.site, plan_of(clinic.counsellor))
    days = [f"2026100{day}T070000/2026100{day}T200000" for day in (5, 7, 8, 9)]
    assert (await import_calendar(patient, calendar(*days))).status_code == 201
    return patient


@pytest.fixture
async def tuesday(desk: Desk) -> Json:
    """A group on Tuesday with one seat, and one on Wednesday with three."""
    [tuesday, _] = await desk.publish(group(start=TUESDAY_NINE, capacity=1), group(start=WEDNESDAY_NINE, capacity=3))
    return tuesday


async def test_the_last_seat_is_kept_from_who_could_come_on_another_day(
    *, keep: Keep, desk: Desk, tuesday: Json, free: Json, works: Json
) -> None:
    assert (await keep()).status_code == 200

    refused = await desk.ask("book", tuesday, free)
    held = await desk.ask("hold", tuesday, free)
    given = await desk.ask("book", tuesday, works)
    full = await desk.ask("book", tuesday, free)

    assert [problem(refused), problem(held)] == [HELD_BACK, HELD_BACK]
    assert "2026-10-05T00:00:00-04:00" in refused.json()["detail"]
    assert given.status_code == 200
    assert problem(full) == NO_SEAT
    assert [taken for taken, _ in await desk.seats()] == [1, 0]


async def test_a_day_on_which_all_is_kept_is_no_choice(*, keep: Keep, desk: Desk, tuesday: Json, free: Json) -> None:
    await keep(seats=3)

    assert (await desk.ask("book", tuesday, free)).status_code == 200


async def test_how_few_choices_are_few_is_the_programme_s_to_say(
    *, keep: Keep, desk: Desk, tuesday: Json, free: Json
) -> None:
    await keep(few_choices=1)

    assert (await desk.ask("book", tuesday, free)).status_code == 200


@pytest.mark.parametrize(
    "changes",
    [
        {"enabled": False},
        # The Friday on which the clinic's clock stands is not so long before the week.
        {"release_days": 60},
        {"first_week": "2026-10-12"},
        {"last_week": "2026-09-28"},
    ],
)
async def test_seats_that_are_not_kept_or_are_released_are_anybody_s(
    *, keep: Keep, desk: Desk, tuesday: Json, free: Json, changes: Json
) -> None:
    assert (await keep(**changes)).status_code == 200

    assert (await desk.ask("book", tuesday, free)).status_code == 200


async def test_a_rule_of_these_weeks_alone_holds_in_them(*, keep: Keep, desk: Desk, tuesday: Json, free: Json) -> None:
    assert (await keep(first_week=MONDAY, last_week=MONDAY, release_days=-6)).status_code == 200

    assert problem(await desk.ask("book", tuesday, free)) == HELD_BACK


async def test_a_group_of_another_length_is_of_another_kind(*, keep: Keep, desk: Desk, free: Json) -> None:
    await keep()
    hour = timedelta(minutes=60)
    [tuesday, _] = await desk.publish(
        group(start=TUESDAY_NINE, end=TUESDAY_NINE + hour, capacity=1), group(start=WEDNESDAY_NINE, capacity=3)
    )

    assert (await desk.ask("book", tuesday, free)).status_code == 200


async def test_the_rule_that_keeps_more_is_the_one_that_counts(
    *, keep: Keep, desk: Desk, free: Json, scheduler: ClientFactory, clinic: Clinic
) -> None:
    """Of two seats in the morning the site keeps one of each session, and the group both."""
    [tuesday, _] = await desk.publish(
        group(start=TUESDAY_NINE, capacity=2), group(start=TUESDAY_NINE + timedelta(hours=5), capacity=3)
    )
    scarce = {"enabled": True, "parts": ["morning"], "seats": 1, "release_minutes": 60}
    site_s = f"/v1/sites/{clinic.site['id']}/held_seats_rule"
    assert (await scheduler(Role.PROGRAMME_DIRECTOR).put(site_s, json=scarce)).status_code == 200
    await keep(seats=2)

    both = await desk.ask("book", tuesday, free)
    await keep(enabled=False)
    one = await desk.ask("book", tuesday, free)

    assert problem(both) == HELD_BACK
    assert one.status_code == 200


async def test_a_supervisor_may_give_a_kept_seat_and_gives_the_reason(
    *, keep: Keep, desk: Desk, tuesday: Json, free: Json, scheduler: ClientFactory
) -> None:
    await keep()

    given = await scheduler(Role.SUPERVISOR).post(
        f"/v1/appointments/{tuesday['id']}:book_held_seat", json={"patient_id": free["id"], "reason": "court"}
    )

    assert given.status_code == 200
    assert [taken for taken, _ in await desk.seats()] == [1, 0]


async def test_a_solve_is_asked_to_keep_the_seats_until_they_are_released(
    *, keep: Keep, desk: Desk, clinic: Clinic, free: Json, scheduler: ClientFactory
) -> None:
    del free
    client = scheduler(Role.FRONT_DESK)

    async def asked() -> tuple[int, list[str]]:
        solve = await client.post("/v1/solves", json={"site_id": clinic.site["id"], "week": MONDAY})
        assert solve.status_code == 202, solve.text
        assert (await client.post(f"/v1/solves/{solve.json()['id']}:cancel")).status_code == 200
        [(instance,)] = await desk.run("select instance from solves order by id desc limit 1")
        notes = [one for one in solve.json()["warnings"] if one.startswith("held-seats")]
        return instance["group_kinds"][clinic.offering["id"]].get("kept", 0), notes

    nothing = await asked()
    await keep(seats=3)
    kept = await asked()
    await keep(seats=3, release_days=60)
    released = await asked()

    note = (
        "held-seats: process groups of 90 minutes keep 3 of their seats until 2026-10-05 for who can come at few times"
    )
    assert (nothing, kept, released) == ((0, []), (3, [note]), (0, []))


async def test_the_rule_is_read_and_set_by_those_who_should_and_within_its_bounds(
    *, keep: Keep, scheduler: ClientFactory, path: str, clinic: Clinic, new_site: Make
) -> None:
    nothing = await scheduler(Role.FRONT_DESK).get(path)
    stored = await keep(few_choices=2, first_week=MONDAY)
    read = await scheduler(Role.FRONT_DESK).get(path)
    desk = await keep(Role.FRONT_DESK)
    strangers = [
        await scheduler(Role.PROGRAMME_DIRECTOR, organization=uuid4()).get(path),
        await scheduler(Role.PROGRAMME_DIRECTOR, organization=uuid4()).put(path, json=RULE),
    ]
    elsewhere = path.replace(clinic.site["id"], (await new_site(name="Elm Street"))["id"])
    missing = [
        await scheduler(Role.PROGRAMME_DIRECTOR).put(elsewhere, json=RULE),
        await scheduler(Role.PROGRAMME_DIRECTOR).get(path.replace(clinic.offering["id"], str(uuid4()))),
    ]
    bad: list[Json] = [
        {"seats": 0},
        {"seats": 11},
        {"release_days": 61},
        {"few_choices": -1},
        {"first_week": "2026-10-06"},
        {"last_week": "2026-10-11"},
        {"first_week": "2026-10-12", "last_week": MONDAY},
    ]
    wrong = [await keep(**one) for one in bad]

    assert nothing.json()["enabled"] is False
    assert (stored.status_code, read.json()) == (200, stored.json())
    assert (read.json()["few_choices"], read.json()["first_week"], read.json()["last_week"]) == (2, MONDAY, None)
    assert desk.status_code == 403
    assert [one.status_code for one in (*strangers, *missing)] == [404] * 4
    assert [one.status_code for one in wrong] == [422] * len(bad)
    assert [one.json()["errors"][0]["pointer"] for one in wrong[4:]] == ["/first_week", "/last_week", "/last_week"]


@given(
    monday=st.dates(date(2026, 1, 5), date(2030, 12, 30)).map(lambda day: day - timedelta(days=day.weekday())),
    days=st.integers(-6, 60),
)
def test_seats_are_released_at_the_site_s_midnight_whatever_the_clocks_do(monday: date, days: int) -> None:
    instant = released_at(monday, days, ZoneInfo(ZONE))

    assert (instant.hour, instant.minute) == (0, 0)
    assert instant.date() == monday - timedelta(days=days)
    assert instant.utcoffset() == datetime(instant.year, instant.month, instant.day, tzinfo=ZoneInfo(ZONE)).utcoffset()
