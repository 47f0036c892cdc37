from collections.abc import Callable
from datetime import UTC, date
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from services.scheduler.commitments.ical import CalendarReading, read_calendar

SHARED = Path(__file__).resolve().parents[4].parent / "shared" / "data"
Read = Callable[..., CalendarReading]


@pytest.fixture
def read() -> Read:
    """Reads a calendar of the given lines over the autumn of 2026, in New York."""

    def read_lines(
        *lines: str,
        zone: str = "America/New_York",
        start: date = date(2026, 9, 1),
        end: date = date(2026, 12, 1),
    ) -> CalendarReading:
        document = "\r\n".join(("BEGIN:VCALENDAR", "VERSION:2.0", *lines, "END:VCALENDAR", ""))
        return read_calendar(document.encode(), zone=ZoneInfo(zone), start=start, end=end)

    return read_lines


@pytest.fixture
def read_event(read: Read) -> Read:
    """Like `read`, for the lines of one event."""

    def read_lines(
        *lines: str,
        zone: str = "America/New_York",
        start: date = date(2026, 9, 1),
        end: date = date(2026, 12, 1),
    ) -> CalendarReading:
        return read("BEGIN:VEVENT", "UID:one", *lines, "END:VEVENT", zone=zone, start=start, end=end)

    return read_lines


@pytest.fixture
def times() -> Callable[[CalendarReading], list[str]]:
    """Words a reading's busy intervals, in UTC."""

    def worded(reading: CalendarReading) -> list[str]:
        assert all(each.start.tzinfo is UTC for each in reading.busy)
        return [f"{each.start:%m-%dT%H:%M}/{each.end:%m-%dT%H:%M}" for each in reading.busy]

    return worded


@pytest.fixture(scope="session")
def shared_data() -> Callable[[str], Path]:
    """Finds data that lies beside the repository; without it the test is skipped."""

    def find(name: str) -> Path:
        found = SHARED / name
        if not found.exists():
            pytest.skip(f"../shared/data/{name} is absent: there is nothing to hold this against")
        return found

    return find
