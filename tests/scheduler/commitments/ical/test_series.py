"""Which occurrences a series has, and what takes their place."""

from collections.abc import Callable

import pytest

from services.scheduler.commitments.ical import CalendarReading

Read = Callable[..., CalendarReading]
Times = Callable[[CalendarReading], list[str]]

HOUR = ("DTSTART;TZID=America/New_York:20260914T090000", "DTEND;TZID=America/New_York:20260914T100000")
WEEKLY = (*HOUR, "RRULE:FREQ=WEEKLY;COUNT=3")


def test_a_series_keeps_its_wall_time_over_a_change_of_offset(read_event: Read, times: Times) -> None:
    reading = read_event("DTSTART;TZID=America/New_York:20261028T090000", "DURATION:PT1H", "RRULE:FREQ=WEEKLY;COUNT=2")

    assert times(reading) == ["10-28T13:00/10-28T14:00", "11-04T14:00/11-04T15:00"]


@pytest.mark.parametrize(
    ("until", "occurrences"),
    [
        ("20260928", 3),
        ("20260927", 2),
        ("20260928T090000", 3),
        ("20260928T085959", 2),
        ("20260928T130000Z", 3),
        ("20260928T125959Z", 2),
    ],
)
def test_until_includes_the_occurrence_it_names(until: str, occurrences: int, read_event: Read) -> None:
    reading = read_event(*HOUR, f"RRULE:FREQ=WEEKLY;UNTIL={until}")

    assert reading.occurrences == occurrences


@pytest.mark.parametrize(
    ("until", "days"),
    [("20260916", 3), ("20260916T000000Z", 3), ("20260917T035959Z", 3), ("20260916T235959", 3)],
)
def test_until_of_a_series_of_days_includes_its_day(until: str, days: int, read_event: Read) -> None:
    reading = read_event("DTSTART;VALUE=DATE:20260914", f"RRULE:FREQ=DAILY;UNTIL={until}")

    assert reading.occurrences == days


@pytest.mark.parametrize(
    "excluded",
    [
        "EXDATE;TZID=America/New_York:20260921T090000",
        "EXDATE:20260921T130000Z",
        "EXDATE:20260921T090000",
        "EXDATE;VALUE=DATE:20260921",
        "EXDATE;TZID=America/Los_Angeles:20260921T060000",
        "EXDATE;TZID=America/New_York:20260920T090000,20260921T090000",
    ],
)
def test_an_exclusion_in_any_form_takes_its_occurrence_away(excluded: str, read_event: Read, times: Times) -> None:
    reading = read_event(*WEEKLY, excluded)

    assert times(reading) == ["09-14T13:00/09-14T14:00", "09-28T13:00/09-28T14:00"]


def test_an_exclusion_by_time_takes_a_day_away(read_event: Read, times: Times) -> None:
    lines = ("DTSTART;VALUE=DATE:20260914", "RRULE:FREQ=DAILY;COUNT=2")

    for form in ("EXDATE:20260914T000000Z", "EXDATE;TZID=America/New_York:20260914T000000"):
        assert times(read_event(*lines, form)) == ["09-15T04:00/09-16T04:00"]


def test_a_count_counts_what_is_excluded(read_event: Read) -> None:
    reading = read_event(*WEEKLY, "EXDATE:20260914T130000Z,20260928T130000Z")

    assert reading.occurrences == 1


def test_listed_dates_are_added_once(read_event: Read, times: Times) -> None:
    reading = read_event(
        *WEEKLY,
        "RDATE;TZID=America/New_York:20260921T090000,20260922T110000",
        "RDATE;VALUE=DATE:20260923",
        "RDATE;TZID=America/Los_Angeles:20260924T060000",
        "RDATE;VALUE=PERIOD:20260925T120000Z/20260925T150000Z,20260926T120000Z/PT30M",
        "EXDATE:20260914T130000Z",
    )

    assert times(reading) == [
        "09-21T13:00/09-21T14:00",
        "09-22T15:00/09-22T16:00",
        "09-23T13:00/09-23T14:00",
        "09-24T13:00/09-24T14:00",
        "09-25T12:00/09-25T15:00",
        "09-26T12:00/09-26T12:30",
        "09-28T13:00/09-28T14:00",
    ]
    assert reading.occurrences == 7


def test_listed_dates_make_a_series_without_a_rule(read_event: Read) -> None:
    reading = read_event(*HOUR, "RDATE:20260915T130000Z")

    assert reading.occurrences == 2


def changed(recurrence_id: str, *lines: str) -> tuple[str, ...]:
    return ("END:VEVENT", "BEGIN:VEVENT", "UID:one", recurrence_id, *lines)


@pytest.mark.parametrize(
    "recurrence_id",
    [
        "RECURRENCE-ID;TZID=America/New_York:20260921T090000",
        "RECURRENCE-ID:20260921T130000Z",
        "RECURRENCE-ID;VALUE=DATE:20260921",
    ],
)
def test_a_changed_occurrence_replaces_its_own(recurrence_id: str, read_event: Read, times: Times) -> None:
    moved = ("DTSTART:20260922T180000Z", "DTEND:20260922T200000Z")

    reading = read_event(*WEEKLY, *changed(recurrence_id, *moved))

    assert times(reading) == [
        "09-14T13:00/09-14T14:00",
        "09-22T18:00/09-22T20:00",
        "09-28T13:00/09-28T14:00",
    ]


def test_the_newest_revision_of_a_change_counts(read_event: Read, times: Times) -> None:
    identifier = "RECURRENCE-ID:20260921T130000Z"
    newer = changed(identifier, "SEQUENCE:2", "DTSTART:20260922T180000Z", "DURATION:PT1H")
    older = changed(identifier, "SEQUENCE:1", "DTSTART:20260923T180000Z", "DURATION:PT1H")

    reading = read_event(*WEEKLY, *newer, *older)

    assert times(reading)[1] == "09-22T18:00/09-22T19:00"
    assert reading.occurrences == 3


def test_the_newest_revision_of_a_series_counts(read_event: Read, times: Times) -> None:
    newer = ("SEQUENCE:3", "DTSTART:20260918T130000Z", "DURATION:PT1H")

    reading = read_event(*WEEKLY, "END:VEVENT", "BEGIN:VEVENT", "UID:one", *newer)

    assert times(reading) == ["09-18T13:00/09-18T14:00"]


def test_a_change_without_its_series_stands_for_itself(read_event: Read, times: Times) -> None:
    reading = read_event("RECURRENCE-ID:20260921T130000Z", *HOUR)

    assert times(reading) == ["09-14T13:00/09-14T14:00"]


def test_a_cancelled_occurrence_frees_its_time(read_event: Read) -> None:
    cancelled = changed("RECURRENCE-ID:20260921T130000Z", "STATUS:CANCELLED", *HOUR)

    assert read_event(*WEEKLY, *cancelled).occurrences == 2


def test_a_change_of_this_and_future_moves_all_that_follow(read_event: Read, times: Times) -> None:
    future = changed(
        "RECURRENCE-ID;RANGE=THISANDFUTURE;TZID=America/New_York:20261026T090000",
        "DTSTART;TZID=America/New_York:20261027T110000",
        "DURATION:PT30M",
    )
    single = changed("RECURRENCE-ID:20261109T140000Z", "DTSTART:20261109T220000Z", "DURATION:PT1H")
    series = (line.replace("20260914", "20261019") for line in HOUR)

    reading = read_event(*series, "RRULE:FREQ=WEEKLY;COUNT=4", *future, *single)

    assert times(reading) == [
        "10-19T13:00/10-19T14:00",
        "10-27T15:00/10-27T15:30",
        "11-03T16:00/11-03T16:30",
        "11-09T22:00/11-09T23:00",
    ]


def test_a_later_change_of_this_and_future_replaces_an_earlier_one(read_event: Read, times: Times) -> None:
    first = changed("RECURRENCE-ID;RANGE=THISANDFUTURE:20260921T130000Z", "DTSTART:20260921T150000Z", "DURATION:PT1H")
    last = changed(
        "RECURRENCE-ID;RANGE=THISANDFUTURE;VALUE=DATE:20260928", "STATUS:CANCELLED", "DTSTART:20260928T130000Z"
    )

    reading = read_event(*HOUR, "RRULE:FREQ=WEEKLY", *last, *first)

    assert times(reading) == ["09-14T13:00/09-14T14:00", "09-21T15:00/09-21T16:00"]


def test_a_change_of_this_and_future_may_bring_a_rule_of_its_own(read_event: Read, times: Times) -> None:
    future = changed(
        "RECURRENCE-ID;RANGE=THISANDFUTURE:20260921T130000Z",
        "DTSTART:20260922T150000Z",
        "DURATION:PT1H",
        "RRULE:FREQ=DAILY;COUNT=2",
    )

    reading = read_event(*HOUR, "RRULE:FREQ=WEEKLY", *future)

    assert times(reading) == [
        "09-14T13:00/09-14T14:00",
        "09-22T15:00/09-22T16:00",
        "09-23T15:00/09-23T16:00",
    ]
