"""What an event means for the person's time."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from services.scheduler.commitments.ical import CalendarReading, read_calendar

Read = Callable[..., CalendarReading]
Times = Callable[[CalendarReading], list[str]]

HOUR = ("DTSTART;TZID=America/New_York:20260914T090000", "DTEND;TZID=America/New_York:20260914T100000")
WEEKLY = (*HOUR, "RRULE:FREQ=WEEKLY;COUNT=3")


def test_an_event_is_busy_from_its_start_to_its_end(read_event: Read, times: Times) -> None:
    reading = read_event(*HOUR)

    assert times(reading) == ["09-14T13:00/09-14T14:00"]
    assert (reading.occurrences, reading.events_read, reading.warnings) == (1, 1, ())


def test_a_duration_gives_the_end(read_event: Read, times: Times) -> None:
    reading = read_event("DTSTART:20260914T090000Z", "DURATION:P1DT2H30M")

    assert times(reading) == ["09-14T09:00/09-15T11:30"]


@pytest.mark.parametrize("end", ["DTEND;VALUE=DATE:20260915", "DURATION:P1D", "SUMMARY:no end"])
def test_a_day_without_times_is_a_day_at_the_site(end: str, read_event: Read, times: Times) -> None:
    reading = read_event("DTSTART;VALUE=DATE:20260914", end)

    assert times(reading) == ["09-14T04:00/09-15T04:00"]
    assert reading.warnings == ()


def test_days_keep_their_length_on_the_wall_over_a_change_of_offset(read_event: Read, times: Times) -> None:
    days = read_event("DTSTART;VALUE=DATE:20261101", "DTEND;VALUE=DATE:20261102")
    nominal = read_event("DTSTART;TZID=America/New_York:20261031T120000", "DURATION:P1D")
    exact = read_event("DTSTART;TZID=America/New_York:20261031T120000", "DURATION:PT24H")

    assert times(days) == ["11-01T04:00/11-02T05:00"]
    assert times(nominal) == ["10-31T16:00/11-01T17:00"]
    assert times(exact) == ["10-31T16:00/11-01T16:00"]


def test_an_end_gives_each_occurrence_the_same_exact_length(read_event: Read, times: Times) -> None:
    reading = read_event(
        "DTSTART;TZID=America/New_York:20261030T220000",
        "DTEND;TZID=America/New_York:20261031T060000",
        "RRULE:FREQ=DAILY;COUNT=2",
    )

    assert times(reading) == ["10-31T02:00/10-31T10:00", "11-01T02:00/11-01T10:00"]


def test_a_floating_time_is_in_the_site_s_zone(read_event: Read, times: Times) -> None:
    lines = ("DTSTART:20260914T090000", "DURATION:PT1H")

    assert times(read_event(*lines)) == ["09-14T13:00/09-14T14:00"]
    assert times(read_event(*lines, zone="Australia/Lord_Howe")) == ["09-13T22:30/09-13T23:30"]


def test_a_start_and_an_end_may_lie_in_different_zones(read_event: Read, times: Times) -> None:
    reading = read_event(
        "DTSTART;TZID=America/Los_Angeles:20260914T090000",
        "DTEND;TZID=America/New_York:20260914T130000",
    )

    assert times(reading) == ["09-14T16:00/09-14T17:00"]


def test_a_time_in_the_gap_takes_the_offset_before_it(read_event: Read) -> None:
    reading = read_event(
        "DTSTART;TZID=America/New_York:20260308T023000",
        "DURATION:PT1H",
        start=date(2026, 3, 8),
        end=date(2026, 3, 9),
    )

    assert reading.busy[0].start == datetime(2026, 3, 8, 7, 30, tzinfo=UTC)


def test_a_time_that_comes_twice_is_the_first(read_event: Read, times: Times) -> None:
    reading = read_event("DTSTART;TZID=America/New_York:20261101T013000", "DURATION:PT1H")

    assert times(reading) == ["11-01T05:30/11-01T06:30"]


def test_the_horizon_clips_what_reaches_over_it(read_event: Read, times: Times) -> None:
    reading = read_event("DTSTART:20260101T000000Z", "DTEND:20270101T000000Z")

    assert times(reading) == ["09-01T04:00/12-01T05:00"]


def test_what_only_touches_the_horizon_is_outside(read: Read) -> None:
    before = ("BEGIN:VEVENT", "DTSTART:20260901T030000Z", "DURATION:PT1H", "END:VEVENT")
    after = ("BEGIN:VEVENT", "DTSTART:20261201T050000Z", "DURATION:PT1H", "END:VEVENT")

    reading = read(*before, *after)

    assert reading.busy == ()
    assert reading.events_read == 2


def test_an_occurrence_from_before_the_horizon_reaches_into_it(read_event: Read, times: Times) -> None:
    reading = read_event(
        "DTSTART:20200101T000000Z", "DURATION:P2D", "RRULE:FREQ=MONTHLY;BYMONTHDAY=31", end=date(2026, 9, 3)
    )

    assert times(reading) == ["09-01T04:00/09-02T00:00"]


@pytest.mark.parametrize("line", ["STATUS:CANCELLED", "TRANSP:TRANSPARENT", "X-MICROSOFT-CDO-BUSYSTATUS:FREE"])
def test_an_event_that_takes_no_time_is_not_busy(line: str, read_event: Read) -> None:
    reading = read_event(*WEEKLY, line)

    assert (reading.busy, reading.events_read, reading.warnings) == ((), 1, ())


@pytest.mark.parametrize("line", ["STATUS:TENTATIVE", "x-microsoft-cdo-busystatus:tentative"])
def test_a_tentative_event_is_told_from_a_firm_one(line: str, read_event: Read) -> None:
    assert [busy.tentative for busy in read_event(*HOUR, line).busy] == [True]
    assert [busy.tentative for busy in read_event(*HOUR, "STATUS:CONFIRMED").busy] == [False]


def test_a_cancelling_message_frees_the_time(read: Read) -> None:
    assert read("METHOD:CANCEL", "BEGIN:VEVENT", *HOUR, "END:VEVENT").busy == ()


DECLINED = "ATTENDEE;PARTSTAT=DECLINED:mailto:a@example.org"


def test_what_the_only_person_invited_declined_is_free_and_named(read_event: Read) -> None:
    reading = read_event(*HOUR, DECLINED)

    assert reading.busy == ()
    assert [(warning.code, warning.line) for warning in reading.warnings] == [("declined", 3)]


@pytest.mark.parametrize(
    "attendees",
    [
        ("ATTENDEE;PARTSTAT=ACCEPTED:mailto:a@example.org",),
        ("ATTENDEE:mailto:a@example.org",),
        (DECLINED, "ATTENDEE;PARTSTAT=ACCEPTED:mailto:b@example.org"),
        (DECLINED, DECLINED),
    ],
)
def test_an_invitation_that_somebody_may_have_accepted_is_busy(attendees: tuple[str, ...], read_event: Read) -> None:
    reading = read_event(*HOUR, *attendees)

    assert (reading.occurrences, reading.warnings) == (1, ())


def test_an_occurrence_declined_alone_is_free(read_event: Read, times: Times) -> None:
    declined = ("RECURRENCE-ID:20260921T130000Z", *HOUR, DECLINED)

    reading = read_event(*WEEKLY, "END:VEVENT", "BEGIN:VEVENT", "UID:one", *declined)

    assert times(reading) == ["09-14T13:00/09-14T14:00", "09-28T13:00/09-28T14:00"]


def test_what_is_firm_hides_what_is_tentative(read: Read) -> None:
    def event(start: int, end: int, *lines: str) -> tuple[str, ...]:
        times = (f"DTSTART:20260914T{start:02}0000Z", f"DTEND:20260914T{end:02}0000Z")
        return ("BEGIN:VEVENT", *times, *lines, "END:VEVENT")

    maybe = "STATUS:TENTATIVE"

    reading = read(
        *event(8, 20, maybe),
        *event(10, 11),
        *event(11, 12),
        *event(14, 15),
        *event(13, 14, maybe),
        *event(19, 22),
        *event(22, 22, maybe),
        *event(21, 23, maybe),
    )

    found = [(each.start.hour, each.end.hour, each.tentative, each.line) for each in reading.busy]
    assert found == [
        (8, 10, True, 3),
        (10, 12, False, 8),
        (12, 14, True, 3),
        (14, 15, False, 16),
        (15, 19, True, 3),
        (19, 22, False, 25),
        (22, 23, True, 34),
    ]
    assert reading.occurrences == 7


def test_free_busy_components_are_read(read: Read, times: Times) -> None:
    reading = read(
        "BEGIN:VFREEBUSY",
        "FREEBUSY:20260914T090000Z/PT1H,20260915T090000Z/20260915T103000Z",
        "FREEBUSY;FBTYPE=FREE:20260916T090000Z/PT1H",
        "FREEBUSY;FBTYPE=BUSY-TENTATIVE:20260917T090000Z/PT1H",
        "FREEBUSY;FBTYPE=BUSY-UNAVAILABLE:20260918T090000Z/PT1H",
        "END:VFREEBUSY",
    )

    assert times(reading) == [
        "09-14T09:00/09-14T10:00",
        "09-15T09:00/09-15T10:30",
        "09-17T09:00/09-17T10:00",
        "09-18T09:00/09-18T10:00",
    ]
    assert [busy.tentative for busy in reading.busy] == [False, False, True, False]


def test_alarms_and_tasks_say_nothing_about_the_person_s_time(read: Read, times: Times) -> None:
    alarm = ("BEGIN:VALARM", "TRIGGER:-PT15M", "DURATION:PT9H", "END:VALARM")
    task = ("BEGIN:VTODO", "DTSTART:20260920T090000Z", "DURATION:PT1H", "END:VTODO")

    reading = read("BEGIN:VEVENT", *alarm, *HOUR, *alarm, "END:VEVENT", *task)

    assert times(reading) == ["09-14T13:00/09-14T14:00"]


def test_lines_are_unfolded_and_parameters_may_be_quoted(read_event: Read, times: Times) -> None:
    reading = read_event(
        'dtstart;x-a="a:b;c";TZID="America',
        ' /New_York":2026091',
        "\t4T090000",
        "DESCRIPTION:a line that says DTSTART:20260101T000000Z",
        " and goes on",
        "DURATION:PT1H",
    )

    assert times(reading) == ["09-14T13:00/09-14T14:00"]
    assert reading.warnings == ()


@pytest.mark.parametrize("line_end", ["\n", "\r", "\r\n"])
def test_any_line_end_and_a_byte_order_mark_are_read(line_end: str) -> None:
    lines = ("BEGIN:VCALENDAR", "BEGIN:VEVENT", *HOUR, "END:VEVENT", "END:VCALENDAR")

    reading = read_calendar(
        ("\ufeff" + line_end.join(lines)).encode(),
        zone=ZoneInfo("America/New_York"),
        start=date(2026, 9, 1),
        end=date(2026, 10, 1),
    )

    assert (reading.occurrences, reading.warnings) == (1, ())


def test_a_reading_says_what_it_was_made_from(read_event: Read) -> None:
    first, same, other = read_event(*HOUR), read_event(*HOUR), read_event(*WEEKLY)

    assert first.version == same.version != other.version
    assert len(first.version) == 64
    assert first.zone_version.startswith("20")


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (date(2026, 9, 1), date(2026, 9, 1)),
        (date(2026, 9, 2), date(2026, 9, 1)),
        (date(2026, 9, 1), date(2028, 9, 2)),
    ],
)
def test_a_horizon_without_days_or_beyond_two_years_is_an_error(start: date, end: date, read_event: Read) -> None:
    with pytest.raises(ValueError, match="horizon"):
        read_event(*HOUR, start=start, end=end)
