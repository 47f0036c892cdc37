"""Quiet hours in wall time, on ordinary days and on those when the clocks change."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.scheduler.notices.quiet import MOST_ATTEMPTS, QuietHours, pause_after, speaks_from
from tests.scheduler.notices.conftest import NEW_YORK

NIGHT = QuietHours(time(21), time(8))
ZONES = ("America/New_York", "America/Los_Angeles", "Australia/Lord_Howe", "Pacific/Apia", "UTC")
times = st.times(max_value=time(23, 59)).map(lambda at: at.replace(second=0, microsecond=0))
quiet = st.tuples(times, times).filter(lambda pair: pair[0] != pair[1]).map(lambda pair: QuietHours(*pair))
# Two days around the changes of 2026 in New York, Los Angeles and on Lord Howe Island.
around = st.sampled_from([datetime(2026, *day, tzinfo=UTC) for day in ((3, 7), (3, 8), (4, 4), (10, 3), (10, 31))])


@pytest.mark.parametrize(
    ("now", "then"),
    [
        ("2026-10-02T08:00-04:00", "2026-10-02T08:00-04:00"),
        ("2026-10-02T20:59-04:00", "2026-10-02T20:59-04:00"),
        ("2026-10-02T21:00-04:00", "2026-10-03T08:00-04:00"),
        ("2026-10-03T03:00-04:00", "2026-10-03T08:00-04:00"),
        ("2026-03-07T22:00-05:00", "2026-03-08T08:00-04:00"),
        ("2026-03-08T01:59-05:00", "2026-03-08T08:00-04:00"),
        ("2026-10-31T22:00-04:00", "2026-11-01T08:00-05:00"),
        ("2026-11-01T01:30-04:00", "2026-11-01T08:00-05:00"),
        ("2026-11-01T01:30-05:00", "2026-11-01T08:00-05:00"),
    ],
)
def test_the_night_ends_when_the_clock_of_the_site_says_so(now: str, then: str) -> None:
    found = speaks_from(datetime.fromisoformat(now).astimezone(UTC), [NIGHT], NEW_YORK)

    assert found == datetime.fromisoformat(then)


def test_a_patients_hours_come_on_top() -> None:
    later = QuietHours(time(7), time(10, 30))

    found = speaks_from(datetime(2026, 10, 3, 5, tzinfo=UTC), [NIGHT, later], NEW_YORK)

    assert found == datetime(2026, 10, 3, 10, 30, tzinfo=NEW_YORK)


def test_hours_that_leave_none_are_said_to() -> None:
    day = QuietHours(time(8), time(21))

    assert speaks_from(datetime(2026, 10, 3, 5, tzinfo=UTC), [NIGHT, day], NEW_YORK) is None


@settings(max_examples=40)
@given(around, st.integers(0, 3 * 24 * 60), st.lists(quiet, min_size=1, max_size=2), st.sampled_from(ZONES))
def test_it_is_the_first_minute_that_is_quiet_by_none(
    day: datetime, minutes: int, hours: list[QuietHours], zone_name: str
) -> None:
    zone = ZoneInfo(zone_name)
    now = day + timedelta(minutes=minutes)

    def speaks(instant: datetime) -> bool:
        return not any(one.covers(instant.astimezone(zone).time()) for one in hours)

    found = speaks_from(now, hours, zone)

    first = next((at for m in range(49 * 60) if speaks(at := now + timedelta(minutes=m))), None)
    if found is None:
        assert first is None
    else:
        assert speaks(found)
        assert first is not None
        # A clock set back may show quiet minutes again; waiting through the second showing is as right as the first.
        assert timedelta() <= found - first <= timedelta(hours=1)


def test_pauses_grow_and_the_last_attempt_comes_the_same_day() -> None:
    pauses = [pause_after(attempts) for attempts in range(1, MOST_ATTEMPTS)]

    assert pauses[0] == timedelta(seconds=30)
    assert pauses == sorted(pauses)
    assert timedelta(hours=4) < sum(pauses, timedelta()) < timedelta(hours=12)
