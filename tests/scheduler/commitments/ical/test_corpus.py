"""Calendars of the world: each gives intervals, a named warning or a named refusal."""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from services.scheduler.commitments.ical import (
    CalendarReading,
    CalendarRefusedError,
    read_calendar,
)

HORIZONS = (
    (date(1996, 1, 1), date(1998, 1, 1)),
    (date(2005, 1, 1), date(2007, 1, 1)),
    (date(2011, 1, 1), date(2013, 1, 1)),
    (date(2020, 1, 1), date(2022, 1, 1)),
    (date(2024, 6, 1), date(2026, 6, 1)),
)


def read(path: Path, start: date, end: date) -> CalendarReading:
    return read_calendar(path.read_bytes(), zone=ZoneInfo("America/New_York"), start=start, end=end)


def outcomes(paths: Iterator[Path]) -> Iterator[tuple[str, str]]:
    for path in paths:
        for start, end in HORIZONS:
            try:
                reading = read(path, start, end)
            except CalendarRefusedError as refusal:
                yield path.name, refusal.code
            else:
                assert all(start <= busy.end.date() for busy in reading.busy)
                yield path.name, "busy" if reading.busy else "warned" * bool(reading.warnings)


@pytest.mark.parametrize("folder", ["ics/icalendar-7.3.0", "ics/libical/test-data"])
def test_each_file_of_the_corpus_is_read_or_refused_by_name(folder: str, shared_data: Callable[[str], Path]) -> None:
    paths = [path for path in sorted(shared_data(folder).rglob("*")) if path.is_file()]

    found = Counter(outcome for _, outcome in outcomes(iter(paths)))

    assert found["busy"] > len(HORIZONS)
    assert set(found) <= {"busy", "warned", "", "not-icalendar", "empty"}


@pytest.mark.parametrize("site", ["mary-fal18", "yach-fal17"])
def test_each_student_s_calendar_is_understood_entirely(site: str, shared_data: Callable[[str], Path]) -> None:
    paths = sorted(shared_data(f"calendars/{site}").glob("*.ics"))[::8]

    readings = [read(path, date(2026, 8, 15), date(2027, 1, 15)) for path in paths]

    assert len(readings) > 70
    assert all(reading.busy and not reading.warnings for reading in readings)
