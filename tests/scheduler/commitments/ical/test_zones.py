"""Wall times across changes of offset, against an oracle that only knows UTC to local time."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from importlib.resources import files
from zoneinfo import ZoneInfo

import pytest

from services.scheduler.commitments.ical import CalendarReading
from services.scheduler.commitments.ical.values import DAY
from services.scheduler.commitments.ical.zones import (
    ORIGIN,
    Transition,
    defined_zone,
    named_zone,
)

HALF_HOUR = timedelta(minutes=30)
YEARS = (2016, 2036)
CHANGE_DAYS = {
    "America/New_York": (date(2026, 3, 8), date(2026, 11, 1)),
    "America/Los_Angeles": (date(2026, 3, 8), date(2026, 11, 1)),
    "America/Phoenix": (date(2026, 3, 8), date(2026, 11, 1)),
    "Australia/Lord_Howe": (date(2026, 4, 5), date(2026, 10, 4)),
}


def local(instant: datetime, zone: ZoneInfo) -> datetime:
    return instant.astimezone(zone).replace(tzinfo=None)


def instant_of(wall: datetime, zone: ZoneInfo) -> datetime:
    """The first instant at which the clock shows the time; else the time before the gap.

    Only asks what the clock shows at an instant, never for the instant of a time.
    """
    near = wall.replace(tzinfo=UTC)
    offsets = {local(near + timedelta(hours=h), zone) - wall - timedelta(hours=h) for h in (-26, 26)}
    candidates = sorted(near - offset for offset in offsets)
    shown = [instant for instant in candidates if local(instant, zone) == wall]
    if shown:
        return shown[0]
    before = local(near - timedelta(hours=26), zone) - wall + timedelta(hours=26)
    return near - before


def canonical_zones() -> Iterator[str]:
    """The zones of the database, each content once."""
    seen: set[bytes] = set()
    for name in sorted((files("tzdata") / "zones").read_text().split()):
        digest = sha256((files("tzdata") / "zoneinfo" / name).read_bytes()).digest()
        if digest not in seen:
            seen.add(digest)
            yield name


def changes_of(zone: ZoneInfo) -> Iterator[datetime]:
    """The instants at which the offset changes, to the second."""
    midnight = datetime(YEARS[0], 1, 1, tzinfo=UTC)
    offset = midnight.astimezone(zone).utcoffset()
    while midnight.year < YEARS[1]:
        before, midnight = midnight, midnight + timedelta(days=4)
        after = midnight.astimezone(zone).utcoffset()
        if after != offset:
            low, high = 0, 4 * DAY
            while high - low > 1:
                middle = (low + high) // 2
                same = (before + timedelta(seconds=middle)).astimezone(zone).utcoffset() == offset
                low, high = (middle, high) if same else (low, middle)
            yield before + timedelta(seconds=high)
            offset = after


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

    for name in canonical_zones():
        with (files("tzdata") / "zoneinfo" / name).open("rb") as file:
            zone = ZoneInfo.from_file(file, key=name)
        found = named_zone(zone)
        for change in changes_of(zone):
            changes += 1
            near = local(change, zone)
            edges = [near + timedelta(hours=hour, seconds=second) for hour in range(-2, 3) for second in (-1, 0, 1800)]
            wrong += [
                (name, wall) for wall in edges if found.instant_at(seconds(wall)) != seconds(instant_of(wall, zone))
            ]

    assert wrong == []
    assert changes > 2_000


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
