"""Wall times across changes of offset, against an oracle that only knows UTC to local time."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from services.scheduler.commitments.ical import CalendarReading, read_calendar
from services.scheduler.commitments.ical.values import DAY
from services.scheduler.commitments.ical.zones import (
    ORIGIN,
    Transition,
    defined_zone,
    named_zone,
)
from tests.support.zones import YEARS, behaviours, changes_of, instant_of, local, zones

HALF_HOUR = timedelta(minutes=30)
CHANGE_DAYS = {
    "America/New_York": (date(2026, 3, 8), date(2026, 11, 1)),
    "America/Los_Angeles": (date(2026, 3, 8), date(2026, 11, 1)),
    "America/Phoenix": (date(2026, 3, 8), date(2026, 11, 1)),
    "Australia/Lord_Howe": (date(2026, 4, 5), date(2026, 10, 4)),
}


def seconds(moment: datetime) -> int:
    return (moment.replace(tzinfo=UTC) - ORIGIN) // timedelta(seconds=1) + DAY


@pytest.mark.parametrize("name", CHANGE_DAYS)
def test_a_daily_series_keeps_its_wall_time_at_each_half_hour(name: str, read: Callable[..., CalendarReading]) -> None:
    zone = ZoneInfo(name)
    day = date(2026, 1, 1)
    starts = [datetime(2026, 1, 1) + n * HALF_HOUR for n in range(48)]  # noqa: DTZ001 - wall time

    for start in starts:
        reading = read(
            "BEGIN:VEVENT",
            f"DTSTART;TZID={name}:{start:%Y%m%dT%H%M%S}",
            "DURATION:PT10M",
            "RRULE:FREQ=DAILY",
            "END:VEVENT",
            zone=name,
            start=day,
            end=date(2027, 1, 1),
        )

        expected = [instant_of(start + timedelta(days=n), zone) for n in range(365)]
        assert [busy.start for busy in reading.busy] == expected
        assert all(busy.end - busy.start == timedelta(minutes=10) for busy in reading.busy)


@pytest.mark.parametrize("name", CHANGE_DAYS)
def test_the_days_of_change_are_what_they_are_in_the_matrix(name: str) -> None:
    zone = ZoneInfo(name)

    changed = [
        day
        for day in CHANGE_DAYS[name]
        if local(datetime(day.year, day.month, day.day, 20, tzinfo=UTC), zone)
        - local(datetime(day.year, day.month, day.day, 20, tzinfo=UTC) - timedelta(days=2), zone)
        != timedelta(days=2)
    ]

    assert changed == ([] if name == "America/Phoenix" else list(CHANGE_DAYS[name]))


def test_each_change_of_offset_in_the_world_of_twenty_years_comes_out_right() -> None:
    changes = 0
    wrong: list[tuple[str, datetime]] = []

    for zone in zones():
        found = named_zone(zone)
        for change in changes_of(zone):
            changes += 1
            near = local(change, zone)
            edges = [near + timedelta(hours=hour, seconds=second) for hour in range(-2, 3) for second in (-1, 0, 1800)]
            wrong += [
                (zone.key, wall) for wall in edges if found.instant_at(seconds(wall)) != seconds(instant_of(wall, zone))
            ]

    assert wrong == []
    assert changes > 2_000


def test_a_series_over_each_change_of_twenty_years_has_each_day_once_at_its_wall_time() -> None:
    series = 0
    for zone, changes in behaviours():
        document: list[str] = []
        expected: list[datetime] = []
        for number, change in enumerate(changes):
            # Where the clock stands as it changes: a time that comes twice, or is left out, on the day itself.
            first = (local(change, zone) - timedelta(days=3)).replace(microsecond=0)
            document += ["BEGIN:VEVENT", f"UID:{number}", f"DTSTART;TZID={zone.key}:{first:%Y%m%dT%H%M%S}"]
            document += ["DURATION:PT5M", "RRULE:FREQ=DAILY;COUNT=7", "END:VEVENT"]
            expected += [instant_of(first + timedelta(days=n), zone) for n in range(7)]
        series += len(changes)
        found: list[datetime] = []
        for year in range(YEARS[0] - 1, YEARS[1] + 1, 2):
            reading = read_calendar(
                "\r\n".join(("BEGIN:VCALENDAR", "VERSION:2.0", *document, "END:VCALENDAR", "")).encode(),
                zone=ZoneInfo("UTC"),
                start=date(year, 1, 1),
                end=date(year + 2, 1, 1),
            )
            found += [busy.start for busy in reading.busy]

        assert found == sorted(set(expected)), zone.key
    assert series > 500


def test_each_instant_of_a_change_is_found_again_on_the_wall() -> None:
    for name in (*CHANGE_DAYS, "Africa/Casablanca", "Asia/Gaza", "Europe/London"):
        zone = ZoneInfo(name)
        found = named_zone(zone)
        for change in changes_of(zone):
            for n in range(-100, 100):
                instant = change + n * HALF_HOUR / 2
                assert found.wall_at(seconds(instant)) == seconds(local(instant, zone))


def test_a_defined_zone_resolves_like_the_named_one() -> None:
    zone = named_zone(ZoneInfo("America/New_York"))
    spring = seconds(datetime(2026, 3, 8, 7))  # noqa: DTZ001 - seconds() takes UTC
    autumn = seconds(datetime(2026, 11, 1, 6))  # noqa: DTZ001 - seconds() takes UTC
    est, edt = -5 * 3600, -4 * 3600

    defined = defined_zone([Transition(spring, est, edt), Transition(autumn, edt, est)])

    walls = range(spring - 10 * DAY, autumn + 10 * DAY, 900)
    assert [defined.offset_at(wall) for wall in walls] == [zone.offset_at(wall) for wall in walls]


def test_times_at_the_ends_of_the_calendar_have_an_offset() -> None:
    zone = named_zone(ZoneInfo("Pacific/Kiritimati"))

    offsets = [zone.offset_at(wall) for wall in (-DAY, 0, DAY, 3_652_059 * DAY, 10**15)]

    assert len(offsets) == 5
