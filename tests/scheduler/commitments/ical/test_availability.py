"""What a person does not offer is busy (RFC 7953)."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.scheduler.commitments.ical import CalendarReading, read_calendar

Read = Callable[..., CalendarReading]
Times = Callable[[CalendarReading], list[str]]

MORNINGS = (
    *("BEGIN:AVAILABLE", "UID:m", "DTSTART;TZID=America/New_York:20260914T080000"),
    *("DTEND;TZID=America/New_York:20260914T120000", "RRULE:FREQ=DAILY", "END:AVAILABLE"),
)
WEEK = ("DTSTART;TZID=America/New_York:20260914T000000", "DTEND;TZID=America/New_York:20260916T000000")
TWO_DAYS = ["09-14T04:00/09-14T12:00", "09-14T16:00/09-15T12:00", "09-15T16:00/09-16T04:00"]


def availability(*lines: str) -> tuple[str, ...]:
    return ("BEGIN:VAVAILABILITY", *lines, "END:VAVAILABILITY")


def offer(start: str, end: str, *lines: str) -> tuple[str, ...]:
    return ("BEGIN:AVAILABLE", f"DTSTART:{start}", f"DTEND:{end}", *lines, "END:AVAILABLE")


def codes(reading: CalendarReading) -> list[tuple[str, int]]:
    return [(warning.code.value, warning.line) for warning in reading.warnings]


def test_what_is_not_offered_within_the_extent_is_busy(read: Read, times: Times) -> None:
    reading = read(*availability(*WEEK, *MORNINGS))

    assert times(reading) == TWO_DAYS
    assert [(busy.tentative, busy.line) for busy in reading.busy] == [(False, 3)] * 3
    assert (reading.occurrences, reading.events_read, reading.warnings) == (3, 1, ())


def test_a_duration_ends_the_extent_on_the_wall(read: Read, times: Times) -> None:
    reading = read(*availability("DTSTART;TZID=America/New_York:20261031T120000", "DURATION:P1D"))

    assert times(reading) == ["10-31T16:00/11-01T17:00"]


@pytest.mark.parametrize(
    ("extent", "first", "last"),
    [
        ((), "09-13T04:00/", "/09-18T04:00"),
        (WEEK[:1], "09-14T04:00/", "/09-18T04:00"),
        (WEEK[1:], "09-13T04:00/", "/09-16T04:00"),
    ],
)
def test_an_end_left_open_reaches_to_the_horizon(
    extent: tuple[str, ...], first: str, last: str, read: Read, times: Times
) -> None:
    reading = read(*availability(*extent, *MORNINGS), start=date(2026, 9, 13), end=date(2026, 9, 18))

    assert times(reading)[0].startswith(first)
    assert times(reading)[-1].endswith(last)
    assert reading.warnings == ()


def test_offers_keep_their_wall_time_over_a_change_of_offset(read: Read, times: Times) -> None:
    extent = ("DTSTART;TZID=America/New_York:20261031T000000", "DTEND;TZID=America/New_York:20261102T000000")

    reading = read(*availability(*extent, *MORNINGS))

    assert times(reading) == ["10-31T04:00/10-31T12:00", "10-31T16:00/11-01T13:00", "11-01T17:00/11-02T05:00"]


def test_an_offer_counts_only_within_its_own_extent(read: Read, times: Times) -> None:
    morning = availability("DTSTART:20260914T000000Z", "DTEND:20260914T080000Z")
    evening = availability(
        *("DTSTART:20260914T080000Z", "DTEND:20260914T160000Z"), *offer("20260914T060000Z", "20260914T100000Z")
    )

    assert times(read(*morning, *evening)) == ["09-14T00:00/09-14T08:00", "09-14T10:00/09-14T16:00"]


def test_offers_are_excluded_and_changed_like_events(read: Read, times: Times) -> None:
    excluded = (*MORNINGS[:-1], "EXDATE;TZID=America/New_York:20260914T080000", "END:AVAILABLE")
    moved = ("UID:m", "RECURRENCE-ID;TZID=America/New_York:20260915T080000")

    reading = read(*availability(*WEEK, *excluded, *offer("20260915T200000Z", "20260915T220000Z", *moved)))

    assert times(reading) == ["09-14T04:00/09-15T20:00", "09-15T22:00/09-16T04:00"]


def test_an_offer_whose_start_its_rule_does_not_name_begins_with_the_rule(read: Read, times: Times) -> None:
    rules = ("RRULE:FREQ=WEEKLY;BYDAY=TU", "RDATE:20260914T160000Z")

    reading = read(*availability(*WEEK, *offer("20260914T120000Z", "20260914T130000Z", *rules)))

    assert times(reading) == ["09-14T04:00/09-14T16:00", "09-14T17:00/09-15T12:00", "09-15T13:00/09-16T04:00"]
    assert reading.warnings == ()


def test_events_block_what_is_offered(read: Read, times: Times) -> None:
    event = ("BEGIN:VEVENT", "DTSTART:20260914T140000Z", "DURATION:PT1H", "END:VEVENT")

    reading = read(*event, *availability(*WEEK, *MORNINGS))

    assert times(reading) == [TWO_DAYS[0], "09-14T14:00/09-14T15:00", *TWO_DAYS[1:]]


@pytest.mark.parametrize(
    ("busy_type", "is_tentative"),
    [
        (("BUSYTYPE:BUSY-TENTATIVE",), True),
        (("BUSYTYPE:BUSY",), False),
        (("BUSYTYPE:BUSY-UNAVAILABLE",), False),
        (("BUSYTYPE:X-ELSEWHERE",), False),
        ((), False),
    ],
)
def test_the_rest_is_busy_the_way_it_says(busy_type: tuple[str, ...], *, is_tentative: bool, read: Read) -> None:
    reading = read(*availability(*WEEK, *busy_type, *MORNINGS))

    assert {busy.tentative for busy in reading.busy} == {is_tentative}


def test_a_calendar_that_is_taken_back_closes_nothing(read: Read) -> None:
    assert read("METHOD:CANCEL", *availability(*WEEK, *MORNINGS)).busy == ()


@pytest.mark.parametrize(
    ("offered", "warned"),
    [
        ((), [("never-available", 3)]),
        (offer("20200101T080000Z", "20200101T120000Z"), [("never-available", 3)]),
        (("BEGIN:AVAILABLE", "END:AVAILABLE"), [("never-available", 3), ("event-without-start", 4)]),
        (MORNINGS, []),
    ],
)
def test_an_availability_that_leaves_nothing_free_is_named(
    offered: tuple[str, ...], warned: list[tuple[str, int]], read: Read
) -> None:
    reading = read(*availability(*offered))

    assert codes(reading) == warned


def test_an_absence_of_some_days_needs_no_warning(read: Read, times: Times) -> None:
    reading = read(*availability(*WEEK))

    assert (times(reading), reading.warnings) == (["09-14T04:00/09-16T04:00"], ())


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("PRIORITY:high", "unreadable-value"),
        ("PRIORITY:10", "unreadable-value"),
        ("PRIORITY:٣", "unreadable-value"),
    ],
)
def test_a_line_of_an_availability_that_is_not_understood_is_named(
    line: str, code: str, read: Read, times: Times
) -> None:
    reading = read(*availability(line, *WEEK, *MORNINGS))

    assert codes(reading) == [(code, 4)]
    assert times(reading) == TWO_DAYS


def test_an_extent_that_ends_before_it_starts_closes_nothing(read: Read) -> None:
    reading = read(*availability("DTSTART:20260914T080000Z", "DTEND:20260914T070000Z"))

    assert codes(reading) == [("end-before-start", 5)]
    assert reading.busy == ()


def test_the_journey_of_the_standard_s_example_comes_out_right(shared_data: Callable[[str], Path]) -> None:
    """RFC 7953 3.1: Montreal, then Denver for the week of 23 October 2011, then Montreal again."""
    path = shared_data("ics/icalendar-7.3.0/src/icalendar/tests/calendars/rfc_7953_3.ics")

    reading = read_calendar(
        path.read_bytes(), zone=ZoneInfo("America/Montreal"), start=date(2011, 10, 20), end=date(2011, 11, 2)
    )

    free = [f"{ends.end:%d %H}-{starts.start:%H}" for ends, starts in zip(reading.busy, reading.busy[1:], strict=False)]
    montreal = [f"{day} 13-21" for day in (20, 21)]
    denver = [f"{day} 15-23" for day in range(24, 29)]
    # The example's last part begins at 03:00; between midnight in Denver and then it says nothing.
    assert free == [*montreal, *denver, "30 06-07", "31 13-21", "01 13-21"]
    assert reading.warnings == ()


class Part(NamedTuple):
    """One availability in hours of a day."""

    priority: int | None
    start: int
    end: int
    busy_type: str
    offers: list[tuple[int, int]]

    def lines(self) -> tuple[str, ...]:
        offers = [line for start, end in self.offers for line in offer(moment(start), moment(end))]
        priority = () if self.priority is None else (f"PRIORITY:{self.priority}",)
        extent = (f"DTSTART:{moment(self.start)}", f"DTEND:{moment(self.end)}")
        return availability(*priority, *extent, f"BUSYTYPE:{self.busy_type}", *offers)


def moment(hour: int) -> str:
    return f"{datetime(2026, 9, 14, tzinfo=UTC) + timedelta(hours=hour):%Y%m%dT%H%M%SZ}"


SPANS = st.tuples(st.integers(0, 23), st.integers(1, 12)).map(lambda span: (span[0], min(span[0] + span[1], 24)))
PARTS = st.builds(
    lambda priority, extent, busy_type, offers: Part(priority, extent[0], extent[1], busy_type, offers),
    st.sampled_from([None, 0, 1, 2, 9]),
    SPANS,
    st.sampled_from(["BUSY", "BUSY-TENTATIVE"]),
    st.lists(SPANS, max_size=3),
)


def by_the_procedure(parts: list[Part]) -> list[str]:
    """RFC 7953 4, an hour at a time: mark, carve out, from the lowest priority to the highest."""
    day = ["FREE"] * 24
    for priority in range(10, 0, -1):
        level = [part for part in parts if (part.priority or 10) == priority]
        for busy_type in ("BUSY-TENTATIVE", "BUSY"):
            for part in level:
                if part.busy_type == busy_type:
                    day[part.start : part.end] = [busy_type] * (part.end - part.start)
        for part in level:
            for start, end in part.offers:
                for hour in range(max(start, part.start), min(end, part.end)):
                    day[hour] = "FREE"
    return day


@settings(max_examples=100, deadline=None)
@given(st.lists(PARTS, max_size=5))
def test_overlapping_availabilities_combine_by_the_standard_s_procedure(parts: list[Part]) -> None:
    document = "\n".join(("BEGIN:VCALENDAR", *(line for part in parts for line in part.lines()), "END:VCALENDAR"))

    reading = read_calendar(document.encode(), zone=ZoneInfo("UTC"), start=date(2026, 9, 14), end=date(2026, 9, 15))

    day = ["FREE"] * 24
    for busy in reading.busy:
        first, last = (
            (edge - datetime(2026, 9, 14, tzinfo=UTC)) // timedelta(hours=1) for edge in (busy.start, busy.end)
        )
        day[first:last] = ["BUSY-TENTATIVE" if busy.tentative else "BUSY"] * (last - first)
    assert day == by_the_procedure(parts)
