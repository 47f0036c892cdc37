"""The grid of a week: instants to slots and back, on the days when clocks change too."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from services.contracts.vocabulary import Weekday, WeeklyWindow
from services.scheduler.weeks import SlotInterval, WeekGrid, merged, window_slots

NEW_YORK = ZoneInfo("America/New_York")
QUARTER = timedelta(minutes=15)
MONDAYS = st.integers(0, 2000).map(lambda number: date(2000, 1, 3) + timedelta(weeks=number))
ZONES = st.sampled_from(
    ["America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia", "America/Nuuk"]
).map(ZoneInfo)


def local(text: str, zone: ZoneInfo = NEW_YORK) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


def window(weekday: Weekday, start: str, end: str) -> WeeklyWindow:
    return WeeklyWindow(weekday=weekday, start=time.fromisoformat(start), end=time.fromisoformat(end))


def test_a_commitment_takes_every_slot_that_it_touches() -> None:
    grid = WeekGrid(NEW_YORK, date(2026, 10, 5))

    busy = grid.busy([(local("2026-10-06T09:05"), local("2026-10-06T10:01"))])

    assert busy == [SlotInterval(1, 8, 13)]


def test_a_commitment_on_the_edges_of_slots_takes_no_more() -> None:
    grid = WeekGrid(NEW_YORK, date(2026, 10, 5))

    busy = grid.busy([(local("2026-10-06T09:00"), local("2026-10-06T10:00"))])

    assert busy == [SlotInterval(1, 8, 12)]


def test_a_night_shift_is_clipped_to_the_days_it_meets() -> None:
    grid = WeekGrid(NEW_YORK, date(2026, 10, 5))

    busy = grid.busy([(local("2026-10-07T21:00"), local("2026-10-08T07:30"))])

    assert busy == [SlotInterval(2, 56, 60), SlotInterval(3, 0, 2)]


def test_what_lies_wholly_in_the_night_or_in_another_week_is_left_out() -> None:
    grid = WeekGrid(NEW_YORK, date(2026, 10, 5))

    busy = grid.busy(
        [
            (local("2026-10-07T23:00"), local("2026-10-08T04:00")),
            (local("2026-10-12T09:00"), local("2026-10-12T10:00")),
            (local("2026-10-04T09:00"), local("2026-10-04T10:00")),
        ]
    )

    assert busy == []


def test_a_commitment_in_the_night_that_is_nearer_than_the_way_blocks_the_edge_of_the_day() -> None:
    grid = WeekGrid(NEW_YORK, date(2026, 10, 5))
    night = [
        (local("2026-10-06T23:00"), local("2026-10-07T06:45")),
        (local("2026-10-09T22:15"), local("2026-10-10T04:00")),
    ]

    assert grid.busy(night, travel_slots=2) == [SlotInterval(2, 0, 1), SlotInterval(4, 59, 60)]
    assert grid.busy(night, travel_slots=1) == []


def test_a_week_in_which_clocks_go_back_keeps_its_wall_time() -> None:
    autumn = WeekGrid(NEW_YORK, date(2026, 10, 26))

    saturday, sunday = autumn.span(5, 8, 4), autumn.span(6, 8, 4)

    assert [edge.isoformat() for edge in saturday] == ["2026-10-31T09:00:00-04:00", "2026-10-31T10:00:00-04:00"]
    assert [edge.isoformat() for edge in sunday] == ["2026-11-01T09:00:00-05:00", "2026-11-01T10:00:00-05:00"]
    assert autumn.busy([(datetime(2026, 11, 1, 14, tzinfo=UTC), datetime(2026, 11, 1, 15, tzinfo=UTC))]) == [
        SlotInterval(6, 8, 12)
    ]


def test_a_week_in_which_clocks_go_forward_keeps_its_wall_time() -> None:
    spring = WeekGrid(NEW_YORK, date(2027, 3, 8))

    busy = spring.busy([(datetime(2027, 3, 13, 14, tzinfo=UTC), datetime(2027, 3, 13, 15, tzinfo=UTC))])
    after = spring.busy([(datetime(2027, 3, 14, 13, tzinfo=UTC), datetime(2027, 3, 14, 14, tzinfo=UTC))])

    assert busy == [SlotInterval(5, 8, 12)]
    assert after == [SlotInterval(6, 8, 12)]


@given(ZONES, MONDAYS, st.integers(-10_000, 10_000), st.integers(1, 3_000))
def test_a_slot_is_busy_exactly_where_it_meets_the_commitment(
    zone: ZoneInfo, monday: date, start_minute: int, minutes: int
) -> None:
    grid = WeekGrid(zone, monday)
    start = grid.start + timedelta(minutes=start_minute)
    end = start + timedelta(minutes=minutes)

    busy = {(day, slot) for day, first, last in grid.busy([(start, end)]) for slot in range(first, last)}

    for day in range(7):
        for slot in range(60):
            begins, ends = grid.span(day, slot, 1)
            assert ((day, slot) in busy) == (begins < ends and begins < end and start < ends)


@given(ZONES, MONDAYS, st.integers(0, 6), st.integers(0, 59))
def test_a_session_has_the_wall_time_that_its_slot_says(zone: ZoneInfo, monday: date, day: int, slot: int) -> None:
    start, _ = WeekGrid(zone, monday).span(day, slot, 1)

    wall = datetime.combine(monday + timedelta(days=day), time(7)) + slot * QUARTER
    # Where that wall time does not exist, such as on the day that Apia left out, no zone can show it.
    exists = wall.replace(tzinfo=zone).astimezone(UTC).astimezone(zone).replace(tzinfo=None) == wall
    assert not exists or start.replace(tzinfo=None) == wall


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 59), st.integers(1, 20))))
def test_merging_neither_loses_nor_adds_a_slot(raw: list[tuple[int, int, int]]) -> None:
    intervals = [SlotInterval(day, start, min(60, start + length)) for day, start, length in raw]

    joined = merged(intervals)

    def slots(of: list[SlotInterval]) -> set[tuple[int, int]]:
        return {(day, slot) for day, start, end in of for slot in range(start, end)}

    assert slots(joined) == slots(intervals)
    assert all(a.day < b.day or a.end < b.start for a, b in pairwise(joined))


def test_windows_become_slots_clipped_to_the_day_and_joined_where_they_touch() -> None:
    windows = [
        window(Weekday.MONDAY, "12:00", "15:00"),
        window(Weekday.MONDAY, "06:00", "12:00"),
        window(Weekday.SUNDAY, "21:00", "23:45"),
        window(Weekday.FRIDAY, "05:00", "06:30"),
    ]

    assert window_slots(windows) == [SlotInterval(0, 0, 32), SlotInterval(6, 56, 60)]
