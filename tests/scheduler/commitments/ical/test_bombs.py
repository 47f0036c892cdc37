"""Documents made to cost as much as possible."""

from datetime import date
from zoneinfo import ZoneInfo

import pytest

from services.scheduler.commitments.ical import (
    DEFAULT_LIMITS,
    CalendarReading,
    CalendarRefusedError,
    Limits,
    RecurrenceBombError,
    read_calendar,
)

SITE = ZoneInfo("America/New_York")
ANCIENT = "DTSTART:00010101T000000Z"
OLD = "DTSTART:19700101T000000Z"
NEW = "DTSTART:20260901T000000Z"
ALL_SIXTY = ",".join(map(str, range(60)))
ALL_HOURS = ",".join(map(str, range(24)))
DATES = ",".join(["20260901T000000Z"] * 100_000)


def read(document: bytes, limits: Limits = DEFAULT_LIMITS) -> CalendarReading:
    start, end = date(2026, 9, 1), date(2028, 9, 1)
    return read_calendar(document, zone=SITE, start=start, end=end, limits=limits)


def calendar(*lines: str) -> bytes:
    return "\r\n".join(("BEGIN:VCALENDAR", *lines, "END:VCALENDAR", "")).encode()


def event(*lines: str) -> bytes:
    return calendar("BEGIN:VEVENT", "UID:1", "DURATION:PT1M", *lines, "END:VEVENT")


def folded(line: str, width: int) -> str:
    return "\r\n ".join(line[n : n + width] for n in range(0, len(line), width))


def zone_with(*lines: str) -> bytes:
    observance = ("TZOFFSETFROM:-0500", "TZOFFSETTO:-0400", *lines, "END:DAYLIGHT")
    return calendar(
        *("BEGIN:VTIMEZONE", "TZID:Bomb", "BEGIN:DAYLIGHT", *observance, "END:VTIMEZONE"),
        *("BEGIN:VEVENT", "DTSTART;TZID=Bomb:20261001T090000", "DURATION:PT1H", "END:VEVENT"),
    )


REFUSED = {
    "every second": ("recurrence-bomb", event(NEW, "RRULE:FREQ=SECONDLY")),
    "every second since 1970": ("recurrence-bomb", event(OLD, "RRULE:FREQ=SECONDLY")),
    "every second since year 1": ("recurrence-bomb", event(ANCIENT, "RRULE:FREQ=SECONDLY")),
    "every minute since 1970": ("recurrence-bomb", event(OLD, "RRULE:FREQ=MINUTELY")),
    "every hour for two years": ("recurrence-bomb", event(NEW, "RRULE:FREQ=HOURLY")),
    "a milliard seconds": ("recurrence-bomb", event(OLD, "RRULE:FREQ=SECONDLY;COUNT=1000000000")),
    "a milliard days": ("recurrence-bomb", event(OLD, "RRULE:FREQ=DAILY;COUNT=1000000000")),
    "a count of 18 digits": ("recurrence-bomb", event(OLD, f"RRULE:FREQ=DAILY;COUNT={10**17}")),
    "no interval": ("recurrence-bomb", event(NEW, "RRULE:FREQ=DAILY;INTERVAL=0")),
    "no interval in seconds": ("recurrence-bomb", event(OLD, "RRULE:FREQ=SECONDLY;INTERVAL=0")),
    "each second of each day": (
        "recurrence-bomb",
        event(NEW, f"RRULE:FREQ=DAILY;BYHOUR={ALL_HOURS};BYMINUTE={ALL_SIXTY};BYSECOND={ALL_SIXTY}"),
    ),
    "each second of Mondays": ("recurrence-bomb", event(NEW, "RRULE:FREQ=SECONDLY;BYDAY=MO")),
    "each second of each January": ("recurrence-bomb", event(OLD, "RRULE:FREQ=SECONDLY;BYMONTH=1")),
    "each minute of each hour": (
        "recurrence-bomb",
        event(OLD, f"RRULE:FREQ=SECONDLY;BYMINUTE={ALL_SIXTY};BYSECOND=0"),
    ),
    "phases that never meet": (
        "recurrence-bomb",
        event(OLD, f"RRULE:FREQ=SECONDLY;INTERVAL=61;BYSECOND={ALL_SIXTY};BYMONTHDAY=31"),
    ),
    "counted Mondays since year 1": (
        "recurrence-bomb",
        event(ANCIENT, "RRULE:FREQ=DAILY;BYDAY=MO;BYMONTHDAY=13;COUNT=99999"),
    ),
    "counted seconds that never come": (
        "recurrence-bomb",
        event(ANCIENT, "RRULE:FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30;COUNT=99999"),
    ),
    "sixteen dense rules": (
        "recurrence-bomb",
        event(NEW, *(["RRULE:FREQ=MINUTELY;INTERVAL=15;COUNT=5000"] * 40)),
    ),
    "excluding all": (
        "recurrence-bomb",
        event(OLD, "RRULE:FREQ=MINUTELY", "EXRULE:FREQ=MINUTELY"),
    ),
    "excluding seconds of days": (
        "recurrence-bomb",
        event(NEW, "RRULE:FREQ=DAILY", "EXRULE:FREQ=SECONDLY"),
    ),
    "a rule of a megabyte": (
        "recurrence-bomb",
        event(NEW, "RRULE:FREQ=DAILY;BYDAY=" + ",".join(["MO"] * 350_000)),
    ),
    "a folded rule of a megabyte": (
        "recurrence-bomb",
        event(NEW, folded("RRULE:FREQ=DAILY;BYDAY=" + ",".join(["MO"] * 350_000), 70)),
    ),
    "200 daily series for two years": (
        "recurrence-bomb",
        calendar(
            *(
                f"BEGIN:VEVENT\nUID:{n}\n{OLD}\nDURATION:PT1H\nRRULE:FREQ=HOURLY;INTERVAL=6\nEND:VEVENT"
                for n in range(200)
            )
        ),
    ),
    "1000 changes of 300 copies": (
        "recurrence-bomb",
        calendar(
            *["BEGIN:VEVENT\nUID:1\nDTSTART:20200101\nEND:VEVENT"] * 300,
            *(
                f"BEGIN:VEVENT\nUID:1\nRECURRENCE-ID:2027{n // 28 % 12 + 1:02}{n % 28 + 1:02}"
                f"T{n // 336:02}0000Z\nEND:VEVENT"
                for n in range(1_000)
            ),
        ),
    ),
    "100,000 added dates": ("too-many-events", event(NEW, f"RDATE:{DATES}")),
    "100,000 excluded dates": ("too-many-events", event(NEW, f"EXDATE:{DATES}")),
    "100,000 dates, folded to a character": (
        "too-large",
        event(NEW, folded(f"RDATE:{DATES}", 1)),
    ),
    "100,000 busy periods": (
        "too-many-events",
        calendar(
            "BEGIN:VFREEBUSY",
            "FREEBUSY:" + ",".join(["20260901T000000Z/PT1M"] * 100_000),
            "END:VFREEBUSY",
        ),
    ),
    "100,000 events": ("too-large", calendar(*["BEGIN:VEVENT\nEND:VEVENT"] * 99_000)),
    "20,000 events": ("too-many-events", calendar(*["BEGIN:VEVENT\nEND:VEVENT"] * 20_000)),
    "20,000 events in small letters": (
        "too-many-events",
        calendar(*["begin:vevent\nend:vevent"] * 20_000),
    ),
    "100,000 open events": ("too-large", calendar(*["BEGIN:VEVENT"] * 100_000)),
    "100,000 components": ("too-large", calendar(*["BEGIN:X\nEND:X"] * 99_000)),
    "100,000 components nested": ("too-large", calendar(*["BEGIN:X"] * 100_000)),
    "20,000 components nested": ("nested-too-deep", calendar(*["BEGIN:X"] * 20_000)),
    "20,000 calendars nested": ("nested-too-deep", b"BEGIN:VCALENDAR\n" * 20_000),
    "a million line ends": ("too-large", b"BEGIN:VCALENDAR" + b"\n" * 1_000_000),
    "a line of five megabytes": ("too-large", event(NEW, "SUMMARY:" + "x" * 5_000_000)),
    "nothing but zeros": ("not-icalendar", bytes(4_000_000)),
    "blanks": ("empty", b" " * 4_000_000),
    "an offer each second": (
        "recurrence-bomb",
        calendar(
            *("BEGIN:VAVAILABILITY", "BEGIN:AVAILABLE", OLD, "DURATION:PT1M", "RRULE:FREQ=SECONDLY", "END:AVAILABLE"),
            "END:VAVAILABILITY",
        ),
    ),
    "200 availabilities of four offers a day": (
        "recurrence-bomb",
        calendar(
            *(
                f"BEGIN:VAVAILABILITY\nBEGIN:AVAILABLE\n{OLD}\nDURATION:PT1H\nRRULE:FREQ=HOURLY;INTERVAL=6\n"
                "END:AVAILABLE\nEND:VAVAILABILITY"
                for _ in range(200)
            )
        ),
    ),
    "20,000 offers": (
        "too-many-events",
        calendar("BEGIN:VAVAILABILITY", *["BEGIN:AVAILABLE\nEND:AVAILABLE"] * 20_000, "END:VAVAILABILITY"),
    ),
    "a zone that changes each second": (
        "recurrence-bomb",
        zone_with("DTSTART:19700101T000000", "RRULE:FREQ=SECONDLY"),
    ),
    "a zone without interval": (
        "recurrence-bomb",
        zone_with("DTSTART:19700101T000000", "RRULE:FREQ=YEARLY;INTERVAL=0"),
    ),
    "a zone of 200,000 dates": (
        "recurrence-bomb",
        zone_with("DTSTART:19700101T000000", "RDATE:" + ",".join(["19990101T000000"] * 200_000)),
    ),
}
READ = {
    "a count that outlasts everybody": event(OLD, "RRULE:FREQ=DAILY;COUNT=99999"),
    "an interval of an age": event(OLD, f"RRULE:FREQ=SECONDLY;INTERVAL={10**17};BYSECOND=0"),
    "a day that never comes": event(ANCIENT, "RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"),
    "a week that never comes": event(ANCIENT, "RRULE:FREQ=YEARLY;BYWEEKNO=53;INTERVAL=9999"),
    "a series until the last day": event(ANCIENT, "RRULE:FREQ=DAILY;UNTIL=99991231T235959Z"),
    "an event of an age": event("DTSTART:00010101", "DTEND:99991231"),
    "a folded title of a megabyte": event(NEW, folded("SUMMARY:" + "x" * 1_000_000, 74)),
    "a zone since 1601": zone_with("DTSTART:16010101T020000", "RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=2SU"),
    "an offset list without end": event(NEW, "X;A=" + '";"' * 300_000 + ":1"),
    "a parameter without end": event(NEW, "DTEND" + ";A=1" * 300_000 + ":20261001T000000Z"),
    "digits without end": event(NEW, "SEQUENCE:" + "9" * 1_000_000, "DURATION:P" + "9" * 99 + "D"),
    "a path without end": event(f"DTSTART;TZID={'/' * 4_000}:20261001T000000"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_bomb_is_refused_by_its_name(name: str) -> None:
    code, document = REFUSED[name]

    with pytest.raises(CalendarRefusedError) as refused:
        read(document)

    assert refused.value.code == code


@pytest.mark.parametrize("name", READ)
def test_what_only_looks_like_a_bomb_is_read(name: str) -> None:
    reading = read(READ[name])

    assert reading.events_read == 1


def test_a_refused_rule_is_named_by_its_line() -> None:
    document = event(NEW, "RRULE:FREQ=DAILY;INTERVAL=0")

    with pytest.raises(RecurrenceBombError) as refused:
        read(document)

    assert refused.value.line == 6


def test_the_work_limit_counts_over_the_whole_document() -> None:
    lines = ("DTSTART:20260901T090000Z", "DURATION:PT1H", "RRULE:FREQ=DAILY", "END:VEVENT")
    document = calendar(*(line for _ in range(10) for line in ("BEGIN:VEVENT", *lines)))

    roomy = read(document, Limits(work=8_000))
    with pytest.raises(RecurrenceBombError):
        read(document, Limits(work=7_000))

    assert roomy.occurrences == 7_310
