from datetime import UTC, timedelta
from zoneinfo import ZoneInfo

import pytest

from services.operator.bench.calendars import END, START, WEEKS, ZONE, weekly_series
from services.scheduler.commitments.ical import CalendarReading, read_calendar


def read(document: bytes) -> CalendarReading:
    return read_calendar(document, zone=ZoneInfo(ZONE), start=START, end=END)


@pytest.mark.parametrize("seed", [0, 1, 7])
def test_the_calendar_has_the_series_it_is_measured_by(seed: int) -> None:
    document = weekly_series(500, seed).decode()

    lines = document.split("\r\n")
    rules = [line for line in lines if line.startswith("RRULE:FREQ=WEEKLY")]
    days_a_week = sum(rule.count(",") + 1 for rule in rules)
    assert len(rules) == 500
    assert sum(line.startswith("EXDATE;") for line in lines) == 500
    assert sum(line.startswith("RECURRENCE-ID;") for line in lines) == 167
    assert read(document.encode()).occurrences == days_a_week * WEEKS - 500


def test_no_two_occurrences_meet_so_each_is_an_interval() -> None:
    reading = read(weekly_series(500, 0))

    assert len(reading.busy) == reading.occurrences
    assert {busy.end - busy.start for busy in reading.busy} == {timedelta(minutes=4)}
    assert reading.warnings == ()


def test_the_clocks_change_within_the_calendar() -> None:
    zone = ZoneInfo(ZONE)

    offsets = {busy.start.astimezone(zone).utcoffset() for busy in read(weekly_series(500, 0)).busy}

    assert offsets == {timedelta(hours=-4), timedelta(hours=-5)}


def test_a_seed_always_gives_the_same_calendar() -> None:
    assert weekly_series(9, 3) == weekly_series(9, 3) != weekly_series(9, 4)


def test_each_exclusion_and_each_change_meets_an_occurrence_of_its_own() -> None:
    document = weekly_series(500, 0)
    without = b"\r\n".join(
        line for line in document.split(b"\r\n") if not line.startswith((b"EXDATE", b"RECURRENCE-ID"))
    )

    reading = read(without)

    # An exclusion that met nothing would take nothing away; a change without its identifier is one event more.
    assert reading.occurrences == read(document).occurrences + 500 + 167
    assert all(START <= busy.start.astimezone(UTC).date() <= END for busy in reading.busy)
