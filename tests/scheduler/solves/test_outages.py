"""Closed hours are taken out of what the solver may use, and nothing else is."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from services.scheduler.closures.hours import ClosedHours
from services.scheduler.disruptions.rules import outages_of
from services.scheduler.solves.outages import with_outages
from services.scheduler.solves.rules import pool_of
from services.scheduler.weeks import DAYS, SLOTS_A_DAY, WeekGrid

GRID = WeekGrid(ZoneInfo("America/New_York"), date(2026, 10, 26))
SLOTS = DAYS * SLOTS_A_DAY
hours = st.builds(
    lambda minutes, length, for_all: ClosedHours(
        at := datetime(2026, 10, 25, tzinfo=UTC) + timedelta(minutes=minutes), at + timedelta(minutes=length), for_all
    ),
    st.integers(0, 9 * 24 * 60),
    st.integers(1, 3 * 24 * 60),
    st.booleans(),
)
interval = st.tuples(st.integers(0, 6), st.integers(0, 59), st.integers(1, 60)).filter(lambda one: one[1] < one[2])


def slots_of(intervals: list[tuple[int, int, int]]) -> set[int]:
    return {day * SLOTS_A_DAY + slot for day, start, end in intervals for slot in range(start, end)}


def closed_slots(closed: list[ClosedHours]) -> set[int]:
    found = set()
    for number in range(SLOTS):
        start, end = GRID.span(*divmod(number, SLOTS_A_DAY), 1)
        if any(one.start < end and start < one.end for one in closed):
            found.add(number)
    return found


@given(st.lists(hours, max_size=3), st.lists(interval, max_size=4), st.lists(interval, max_size=4))
def test_exactly_the_slots_that_meet_closed_hours_are_gone(
    closed: list[ClosedHours], site_open: list[tuple[int, int, int]], shifts: list[tuple[int, int, int]]
) -> None:
    instance = {
        "site_open": site_open,
        "rooms": [],
        "practitioners": [{"id": "a", "role": "nurse", "shifts": shifts, "breaks": []}],
        "medication_pool": [0] * SLOTS,
        "nurse_pool": pool_of([{"role": "nurse", "shifts": shifts, "breaks": []}], "nurse"),
    }

    result = with_outages(instance, outages_of([], closed, GRID))

    nobody = closed_slots([one for one in closed if one.for_all])
    assert slots_of(result["site_open"]) == slots_of(site_open) - closed_slots(closed)
    assert slots_of(result["practitioners"][0]["shifts"]) == slots_of(shifts) - nobody
    assert {slot for slot, staff in enumerate(result["nurse_pool"]) if staff} == slots_of(shifts) - nobody
