"""Each thing that is not understood has a name, and the rest is still read."""

from collections.abc import Callable
from datetime import date
from zoneinfo import ZoneInfo

import pytest

from services.scheduler.commitments.ical import (
    CalendarReading,
    CalendarRefusedError,
    EmptyCalendarError,
    Limits,
    NotCalendarError,
    TooLargeError,
    TooManyEventsError,
    read_calendar,
)

Read = Callable[..., CalendarReading]
Times = Callable[[CalendarReading], list[str]]

HOUR = ("DTSTART:20260914T130000Z", "DTEND:20260914T140000Z")
BUSY = ["09-14T13:00/09-14T14:00"]
LOCAL = ":20260914T090000"
OUTLOOK_ZONE = (
    *("BEGIN:VTIMEZONE", "TZID:Customized Time Zone"),
    *("BEGIN:STANDARD", "DTSTART:16010101T020000", "TZOFFSETFROM:-0400", "TZOFFSETTO:-0500"),
    *("RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=1SU;BYMONTH=11", "END:STANDARD"),
    *("BEGIN:DAYLIGHT", "DTSTART:16010101T020000", "TZOFFSETFROM:-0500", "TZOFFSETTO:-0400"),
    *("RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=2SU;BYMONTH=3", "END:DAYLIGHT", "END:VTIMEZONE"),
)


def codes(reading: CalendarReading) -> list[str]:
    return [warning.code.value for warning in reading.warnings]


def lines(reading: CalendarReading) -> list[int]:
    return [warning.line for warning in reading.warnings]


@pytest.mark.parametrize(
    ("code", "line", "written"),
    [
        ("unparsable-line", 8, (*HOUR, "no colon")),
        ("unparsable-line", 8, (*HOUR, ":no name")),
        ("unparsable-line", 8, (*HOUR, "na_me:value")),
        ("unparsable-line", 8, (*HOUR, 'X-A;B="never closed:1')),
        ("unbalanced-component", 8, (*HOUR, "END:VALARM")),
        ("unbalanced-component", 9, (*HOUR, "BEGIN:VALARM", "END:VEVENT", "BEGIN:VEVENT")),
        ("unreadable-value", 8, (*HOUR, "EXDATE:yesterday")),
        ("unreadable-value", 8, (*HOUR, "RDATE:20260230T090000Z")),
        ("unreadable-value", 8, (*HOUR, "RECURRENCE-ID:20260914T250000Z")),
        ("unreadable-rule", 8, (*HOUR, "RRULE:FREQ=FORTNIGHTLY")),
        ("unreadable-rule", 8, (*HOUR, "RRULE:COUNT=3")),
        ("unreadable-rule", 8, (*HOUR, "RRULE:FREQ=DAILY;COUNT=0")),
        ("unreadable-rule", 8, (*HOUR, "RRULE:FREQ=DAILY;INTERVAL=-1")),
        ("unreadable-rule", 8, (*HOUR, "RRULE:FREQ=DAILY;BYHOUR=24")),
        ("unreadable-rule", 8, (*HOUR, "RRULE:FREQ=MONTHLY;BYMONTHDAY=0")),
        ("unreadable-rule", 8, (*HOUR, "RRULE:FREQ=MONTHLY;BYDAY=54MO")),
        ("unreadable-rule", 8, (*HOUR, "RRULE:FREQ=MONTHLY;BYDAY=0MO")),
        ("unreadable-rule", 8, (*HOUR, "RRULE:FREQ=MONTHLY;BYDAY=XX")),
        ("unreadable-rule", 8, (*HOUR, "RRULE:FREQ=WEEKLY;WKST=1")),
        ("unreadable-rule", 8, (*HOUR, "RRULE:FREQ=WEEKLY;UNTIL=soon")),
        ("unsupported-rule", 8, (*HOUR, "RRULE:RSCALE=HEBREW;FREQ=YEARLY")),
        ("unsupported-rule", 8, (*HOUR, "RRULE:RSCALE=GREGORIAN;FREQ=YEARLY;SKIP=FORWARD")),
        ("start-outside-rule", 3, (*HOUR, "RRULE:FREQ=WEEKLY;BYDAY=TU;UNTIL=20260914")),
        ("exclusion-rule", 9, (*HOUR, "RRULE:FREQ=DAILY", "EXRULE:FREQ=DAILY;BYDAY=TU,WE,TH,FR,SA,SU")),
        ("this-and-prior", 8, (*HOUR, "RECURRENCE-ID;RANGE=THISANDPRIOR:20260914T130000Z")),
        ("unreadable-value", 7, (HOUR[0], "DTEND:late", "DURATION:PT1H")),
    ],
)
def test_a_line_that_is_not_understood_is_named(
    code: str, line: int, written: tuple[str, ...], read_event: Read, times: Times
) -> None:
    reading = read_event("X-FILLER:1", *written, end=date(2026, 9, 15))

    assert (code, line) in zip(codes(reading), lines(reading), strict=True)
    assert times(reading) == BUSY


@pytest.mark.parametrize(
    ("code", "written"),
    [
        ("event-without-start", ("DTEND:20260914T140000Z",)),
        ("event-without-start", ("DTSTART:tomorrow", "DTEND:20260914T140000Z")),
        ("event-without-start", ("DTSTART:20260914T130000+0200",)),
        ("event-without-end", ("DTSTART:20260914T130000Z",)),
        ("event-without-end", ("DTSTART:20260914T130000Z", "DURATION:-PT1H")),
        ("end-before-start", ("DTSTART:20260914T130000Z", "DTEND:20260914T120000Z")),
    ],
)
def test_an_event_that_blocks_no_time_is_named(code: str, written: tuple[str, ...], read_event: Read) -> None:
    reading = read_event(*written)

    assert code in codes(reading)
    assert reading.busy == ()


def test_a_day_that_ends_before_it_starts_is_a_day(read_event: Read, times: Times) -> None:
    reading = read_event("DTSTART;VALUE=DATE:20260914", "DTEND;VALUE=DATE:20260914")

    assert codes(reading) == ["end-before-start"]
    assert times(reading) == ["09-14T04:00/09-15T04:00"]


def test_a_start_outside_its_rule_is_kept(read_event: Read, times: Times) -> None:
    reading = read_event(*HOUR, "RRULE:FREQ=WEEKLY;BYDAY=TU;COUNT=1")

    assert codes(reading) == ["start-outside-rule"]
    assert times(reading) == [*BUSY, "09-15T13:00/09-15T14:00"]


def test_an_unknown_zone_is_taken_for_the_site_s(read_event: Read, times: Times) -> None:
    reading = read_event(f"DTSTART;TZID=Customized Time Zone{LOCAL}", "DURATION:PT1H")

    assert (codes(reading), lines(reading)) == (["unknown-zone"], [5])
    assert times(reading) == BUSY


def test_a_zone_is_warned_about_once(read_event: Read) -> None:
    zoned = f";TZID=Nowhere{LOCAL}"

    reading = read_event(f"DTSTART{zoned}", "DURATION:PT1H", f"EXDATE{zoned}", f"RDATE{zoned}")

    assert codes(reading) == ["unknown-zone"]


@pytest.mark.parametrize(
    ("name", "busy"),
    [
        ("Romance Standard Time", "09-14T07:00/09-14T08:00"),
        ("eastern standard time", "09-14T13:00/09-14T14:00"),
        ("tzone://Microsoft/Utc", "09-14T09:00/09-14T10:00"),
    ],
)
def test_a_windows_zone_is_taken_for_its_iana_zone(name: str, busy: str, read_event: Read, times: Times) -> None:
    reading = read_event(f'DTSTART;TZID="{name}"{LOCAL}', "DURATION:PT1H")

    assert codes(reading) == ["mapped-zone"]
    assert times(reading) == [busy]


@pytest.mark.parametrize(
    "name",
    [
        "/freeassociation.sourceforge.net/Europe/Paris",
        "/mozilla.org/20070129_1/Europe/Paris",
        "europe/paris",
        "/a.b/America/Argentina/Ushuaia",
    ],
)
def test_a_zone_behind_a_path_is_found(name: str, read_event: Read, times: Times) -> None:
    reading = read_event(f"DTSTART;TZID={name}{LOCAL}", "DURATION:PT1H")

    expected = "09-14T12:00/09-14T13:00" if "Argentina" in name else "09-14T07:00/09-14T08:00"
    assert (times(reading), reading.warnings) == ([expected], ())


@pytest.mark.parametrize(
    ("name", "busy"),
    [
        ("UTC-05:00", "09-14T14:00/09-14T15:00"),
        ("utc+5", "09-14T04:00/09-14T05:00"),
        ("GMT+0530", "09-14T03:30/09-14T04:30"),
        ("UTC+14:00", "09-13T19:00/09-13T20:00"),
    ],
)
def test_an_offset_for_a_zone_is_taken_by_its_number(name: str, busy: str, read_event: Read, times: Times) -> None:
    reading = read_event(f'DTSTART;TZID="{name}"{LOCAL}', "DURATION:PT1H")

    assert (codes(reading), lines(reading)) == (["fixed-offset"], [5])
    assert times(reading) == [busy]


@pytest.mark.parametrize("name", ["UTC+15", "UTC-05:60", "UTC-5:00:00", "(UTC-05:00) Eastern Time (US & Canada)"])
def test_what_is_no_offset_or_more_than_one_is_an_unknown_zone(name: str, read_event: Read, times: Times) -> None:
    reading = read_event(f'DTSTART;TZID="{name}"{LOCAL}', "DURATION:PT1H")

    assert codes(reading) == ["unknown-zone"]
    assert times(reading) == BUSY


FLOATING = ("BEGIN:VEVENT", f"DTSTART{LOCAL}", "DURATION:PT1H", "END:VEVENT")


def test_floating_times_are_in_the_zone_the_calendar_names(read: Read, times: Times) -> None:
    day = ("BEGIN:VEVENT", "DTSTART;VALUE=DATE:20260916", "END:VEVENT")

    reading = read("X-WR-TIMEZONE:Europe/Paris", *FLOATING, *FLOATING, *day)

    assert (codes(reading), lines(reading)) == (["calendar-zone"], [3])
    assert times(reading) == ["09-14T07:00/09-14T08:00", "09-16T04:00/09-17T04:00"]


@pytest.mark.parametrize("name", ["America/New_York", "", " "])
def test_a_calendar_that_names_no_other_zone_needs_no_warning(name: str, read: Read, times: Times) -> None:
    reading = read(f"X-WR-TIMEZONE:{name}", *FLOATING)

    assert (times(reading), reading.warnings) == (BUSY, ())


def test_a_calendar_s_zone_says_nothing_where_every_time_has_its_own(read: Read, times: Times) -> None:
    reading = read("X-WR-TIMEZONE:Europe/Paris", "BEGIN:VEVENT", *HOUR, "END:VEVENT")

    assert (times(reading), reading.warnings) == (BUSY, ())


def test_a_calendar_s_zone_that_is_not_known_is_named(read: Read, times: Times) -> None:
    reading = read("X-WR-TIMEZONE:Middle-earth", *FLOATING)

    assert (codes(reading), lines(reading)) == (["unknown-zone"], [3])
    assert times(reading) == BUSY


def test_each_calendar_of_a_document_has_a_zone_of_its_own(read: Read, times: Times) -> None:
    paris = ("X-WR-TIMEZONE:Europe/Paris", *FLOATING, "END:VCALENDAR", "BEGIN:VCALENDAR")

    assert times(read(*paris, *FLOATING)) == ["09-14T07:00/09-14T08:00", *BUSY]


def test_a_zone_the_document_defines_needs_no_warning(read: Read, times: Times) -> None:
    zoned = "TZID=Customized Time Zone"
    event = (
        *("BEGIN:VEVENT", f"DTSTART;{zoned}:20261025T090000", "DURATION:PT1H"),
        *("RRULE:FREQ=WEEKLY;UNTIL=20261101T140000Z", "END:VEVENT"),
    )

    after = read(*OUTLOOK_ZONE, *event, zone="Asia/Tokyo")
    before = read(*event, *OUTLOOK_ZONE, zone="Asia/Tokyo")

    assert times(after) == ["10-25T13:00/10-25T14:00", "11-01T14:00/11-01T15:00"]
    assert after.warnings == ()
    assert times(before) == times(after)


def test_a_definition_s_last_onset_counts_in_utc(read: Read, times: Times) -> None:
    ended = [
        line.replace("BYMONTH=3", "BYMONTH=3;UNTIL=20260308T070000Z").replace(
            "BYMONTH=11", "BYMONTH=11;UNTIL=20251102T060000Z"
        )
        for line in OUTLOOK_ZONE
    ]
    event = ("BEGIN:VEVENT", "DTSTART;TZID=Customized Time Zone:20261130T090000", "DURATION:PT1H")

    reading = read(*ended, *event, "END:VEVENT")

    assert times(reading) == ["11-30T13:00/11-30T14:00"]


def test_a_definition_may_list_its_onsets(read: Read, times: Times) -> None:
    listed = ("BEGIN:DAYLIGHT", "DTSTART:20200101T000000", "TZOFFSETFROM:+0100", "TZOFFSETTO:+0200")
    zone = ("BEGIN:VTIMEZONE", "TZID:Listed", *listed, "RDATE:20260914T080000")
    back = ("BEGIN:STANDARD", "DTSTART:20260801T000000", "TZOFFSETFROM:+0200", "TZOFFSETTO:+0100")
    event = ("BEGIN:VEVENT", f"DTSTART;TZID=Listed{LOCAL}", "DURATION:PT1H", "END:VEVENT")

    reading = read(*zone, "END:DAYLIGHT", *back, "END:STANDARD", "END:VTIMEZONE", *event)

    assert times(reading) == ["09-14T07:00/09-14T08:00"]


@pytest.mark.parametrize("missing", ["DTSTART", "TZOFFSETFROM", "TZOFFSETTO"])
def test_a_definition_that_is_not_usable_is_named(missing: str, read: Read, times: Times) -> None:
    zone = [line.replace(missing, "X-LOST") for line in OUTLOOK_ZONE]
    event = (f"DTSTART;TZID=Customized Time Zone{LOCAL}", "DURATION:PT1H", "END:VEVENT")

    reading = read(*zone, "BEGIN:VEVENT", *event)

    assert codes(reading) == ["unusable-zone", "unusable-zone", "unknown-zone"]
    assert times(reading) == BUSY


def test_events_of_one_uid_are_both_kept(read: Read) -> None:
    first = ("BEGIN:VEVENT", "UID:1", *HOUR, "END:VEVENT")
    second = ("BEGIN:VEVENT", "UID:1", "DTSTART:20260915T130000Z", "DURATION:PT1H", "END:VEVENT")

    reading = read(*first, *second)

    assert (codes(reading), lines(reading)) == (["duplicate-uid"], [8])
    assert reading.occurrences == 2


def test_a_scale_of_months_that_is_not_gregorian_is_named(read: Read, times: Times) -> None:
    reading = read("CALSCALE:HEBREW", "BEGIN:VEVENT", *HOUR, "END:VEVENT")

    assert codes(reading) == ["unsupported-scale"]
    assert times(reading) == BUSY


def test_a_calendar_without_events_is_named(read: Read) -> None:
    reading = read()

    assert (codes(reading), lines(reading)) == (["no-events"], [0])
    assert reading.busy == ()


def test_an_event_that_lost_its_end_does_not_swallow_the_next(read: Read) -> None:
    reading = read("BEGIN:VEVENT", *HOUR, "BEGIN:VEVENT", "DTSTART:20260915", "END:VEVENT")

    assert (codes(reading), lines(reading)) == (["truncated"], [3])
    assert reading.occurrences == 2


def test_a_document_that_breaks_off_is_read_as_far_as_it_goes() -> None:
    document = "\n".join(("BEGIN:VCALENDAR", "BEGIN:VEVENT", *HOUR, "SUMMARY:bro")).encode()

    reading = read_calendar(document, zone=ZoneInfo("UTC"), start=date(2026, 9, 1), end=date(2026, 10, 1))

    assert codes(reading) == ["truncated", "truncated"]
    assert reading.occurrences == 1


def test_a_document_that_is_not_utf_8_is_read_as_latin_1() -> None:
    event = ("BEGIN:VEVENT", "SUMMARY:Prüfung", *HOUR, "END:VEVENT")
    document = "\n".join(("BEGIN:VCALENDAR", *event, "END:VCALENDAR")).encode("latin-1")

    reading = read_calendar(document, zone=ZoneInfo("UTC"), start=date(2026, 9, 1), end=date(2026, 10, 1))

    assert (codes(reading), reading.occurrences) == (["not-utf8"], 1)


def test_only_so_many_warnings_are_listed(read: Read) -> None:
    reading = read(*["nonsense"] * 500, "BEGIN:VEVENT", *HOUR, "END:VEVENT")

    assert len(reading.warnings) == 101
    assert codes(reading)[-1] == "more-warnings"
    assert reading.occurrences == 1


def test_each_warning_has_its_words_and_repeats_nothing(read: Read) -> None:
    secret = "Sekretariat"
    written = (f"SUMMARY:{secret}", f"LOCATION:{secret}", f"DTSTART;TZID={secret}{LOCAL}", secret)

    reading = read("BEGIN:VEVENT", *written, f"RRULE:{secret}", f"EXDATE:{secret}", "END:VEVENT")

    assert len(reading.warnings) == 5
    assert all(warning.message.endswith(".") for warning in reading.warnings)
    assert secret not in repr(reading)


@pytest.mark.parametrize("document", [b"", b" \r\n\t\r\n", b"\n"])
def test_an_empty_document_is_refused(document: bytes) -> None:
    with pytest.raises(EmptyCalendarError):
        read_calendar(document, zone=ZoneInfo("UTC"), start=date(2026, 9, 1), end=date(2026, 9, 2))


@pytest.mark.parametrize(
    "document",
    [
        b"<!doctype html><title>Sign in</title>",
        b"BEGIN:VCARD\nEND:VCARD\n",
        b"BEGIN:VEVENT\nDTSTART:20260914\nEND:VEVENT\n",
        b'{"calendar": "BEGIN:VCALENDAR"}',
        b"\x89PNG\r\n\x1a\n\x00",
        "BEGIN:VCALENDAR\nEND:VCALENDAR\n".encode("utf-16"),
    ],
)
def test_what_is_not_a_calendar_is_refused(document: bytes) -> None:
    with pytest.raises(NotCalendarError):
        read_calendar(document, zone=ZoneInfo("UTC"), start=date(2026, 9, 1), end=date(2026, 9, 2))


@pytest.mark.parametrize(
    ("limits", "refusal"),
    [
        (Limits(document_bytes=10), TooLargeError),
        (Limits(lines=3), TooLargeError),
        (Limits(components=1), TooLargeError),
        (Limits(events=0), TooManyEventsError),
        (Limits(dates=1), TooManyEventsError),
    ],
)
def test_a_document_beyond_its_limits_is_refused(limits: Limits, refusal: type[CalendarRefusedError]) -> None:
    event = ("BEGIN:VEVENT", *HOUR, "EXDATE:20260914,20260915", "END:VEVENT")
    document = "\n".join(("BEGIN:VCALENDAR", *event, "END:VCALENDAR")).encode()

    with pytest.raises(refusal):
        read_calendar(
            document,
            zone=ZoneInfo("UTC"),
            start=date(2026, 9, 1),
            end=date(2026, 9, 2),
            limits=limits,
        )


def test_each_refusal_has_its_own_code_and_words() -> None:
    refusals = CalendarRefusedError.__subclasses__()

    assert len({refusal.code for refusal in refusals}) == len(refusals) == 6
    assert all(str(refusal()) == refusal.sentence for refusal in refusals)
