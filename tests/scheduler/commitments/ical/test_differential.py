"""Our reading against icalendar and recurring-ical-events, and where these are wrong."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import icalendar
import pytest
import recurring_ical_events
from hypothesis import given, settings
from hypothesis import strategies as st

from services.scheduler.commitments.ical import read_calendar

WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
ZONES = ("America/New_York", "America/Phoenix", "Australia/Lord_Howe", "Europe/London", "UTC")
START, END = date(2026, 9, 1), date(2027, 6, 1)
SITE = ZoneInfo("America/New_York")


def document(*lines: str) -> bytes:
    event = ("BEGIN:VEVENT", "UID:1", "DTSTAMP:20260101T000000Z", *lines, "END:VEVENT")
    head = ("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//test//EN")
    return "\r\n".join((*head, *event, "END:VCALENDAR", "")).encode()


def ours(calendar: bytes) -> list[datetime]:
    reading = read_calendar(calendar, zone=SITE, start=START, end=END)
    return [busy.start for busy in reading.busy]


def theirs(calendar: bytes) -> list[datetime]:
    start, end = (datetime(day.year, day.month, day.day, tzinfo=SITE) for day in (START, END))
    parsed = icalendar.Calendar.from_ical(calendar)
    found = recurring_ical_events.of(parsed).between(start, end)
    return sorted(event.start.astimezone(UTC) for event in found)


@st.composite
def series(draw: st.DrawFn) -> tuple[str, ...]:
    """A series that its start is part of, as programs write them."""
    zone = draw(st.sampled_from(ZONES))
    start = datetime(2026, 6, 1) + timedelta(  # noqa: DTZ001 - wall time
        days=draw(st.integers(0, 180)), minutes=15 * draw(st.integers(0, 95))
    )
    frequency = draw(st.sampled_from(["DAILY", "WEEKLY", "MONTHLY", "NTH"]))
    rule = f"RRULE:FREQ={frequency};INTERVAL={draw(st.integers(1, 4))}"
    if frequency == "WEEKLY":
        days = draw(st.sets(st.sampled_from(WEEKDAYS))) | {WEEKDAYS[start.weekday()]}
        rule += ";BYDAY=" + ",".join(sorted(days, key=WEEKDAYS.index))
        rule += draw(st.sampled_from(["", ";WKST=SU", ";WKST=MO"]))
    if frequency == "MONTHLY":
        month_days = draw(st.sets(st.integers(1, 31), max_size=3)) | {start.day}
        rule += ";BYMONTHDAY=" + ",".join(map(str, sorted(month_days)))
    if frequency == "NTH":
        rule = rule.replace("NTH", "MONTHLY")
        rule += f";BYDAY={(start.day - 1) // 7 + 1}{WEEKDAYS[start.weekday()]}"
    until = start.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC) + timedelta(days=draw(st.integers(0, 300)))
    rule += draw(st.sampled_from(["", f";COUNT={draw(st.integers(1, 60))}", f";UNTIL={until:%Y%m%dT%H%M%SZ}"]))
    excluded = [start + timedelta(days=draw(st.integers(0, 60))) for _ in range(2)]
    return (
        f"DTSTART;TZID={zone}:{start:%Y%m%dT%H%M%S}",
        "DURATION:PT5M",
        rule,
        *(f"EXDATE;TZID={zone}:{moment:%Y%m%dT%H%M%S}" for moment in excluded),
    )


@settings(max_examples=100, deadline=None)
@given(lines=series())
def test_generated_series_are_read_alike(lines: tuple[str, ...]) -> None:
    calendar = document(*lines)

    assert ours(calendar) == theirs(calendar)


@pytest.mark.parametrize(
    ("lines", "days"),
    [
        pytest.param(
            ("DTSTART;TZID=America/New_York:20260907T090000", "RRULE:FREQ=WEEKLY;UNTIL=20260921"),
            ["09-07", "09-14", "09-21"],
            id="UNTIL as a date lets its day through",
        ),
        pytest.param(
            (
                "DTSTART;TZID=America/New_York:20260907T090000",
                "RRULE:FREQ=WEEKLY;UNTIL=20260921T090000",
            ),
            ["09-07", "09-14", "09-21"],
            id="UNTIL in local time includes the occurrence it names",
        ),
        pytest.param(
            ("DTSTART:20260909T090000Z", "RRULE:FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=1,3;COUNT=3"),
            ["09-09", "09-14", "09-16"],
            id="BYSETPOS counts from the start of the week",
        ),
        pytest.param(
            ("DTSTART:20260907T090000Z", "RRULE:FREQ=YEARLY;BYWEEKNO=37,39"),
            ["09-07", "09-21"],
            id="BYWEEKNO alone keeps the day of the week",
        ),
        pytest.param(
            ("DTSTART:20240229T090000Z", "RRULE:FREQ=YEARLY;BYMONTHDAY=29,15"),
            ["02-15"],
            id="BYMONTHDAY of a yearly rule keeps the month",
        ),
    ],
)
def test_where_the_others_are_wrong_we_follow_the_standard(lines: tuple[str, ...], days: list[str]) -> None:
    calendar = document(*lines, "DURATION:PT1H")

    assert [f"{start:%m-%d}" for start in ours(calendar)] == days
    assert theirs(calendar) != ours(calendar), "the others have been put right: move the case"
