"""Calendars made to cost their reader as much as possible."""

from collections.abc import Mapping
from typing import Final, NamedTuple

ANCIENT: Final = "DTSTART:00010101T000000Z"
OLD: Final = "DTSTART:19700101T000000Z"
NEW: Final = "DTSTART:20260901T000000Z"
_ALL_SIXTY: Final = ",".join(map(str, range(60)))
_ALL_HOURS: Final = ",".join(map(str, range(24)))


class Bomb(NamedTuple):
    """A document, and the code of the refusal it is to meet."""

    code: str
    document: bytes


def calendar(*lines: str) -> bytes:
    """Return a calendar of these lines."""
    return "\r\n".join(("BEGIN:VCALENDAR", *lines, "END:VCALENDAR", "")).encode()


def event(*lines: str) -> bytes:
    """Return a calendar of one event of a minute."""
    return calendar("BEGIN:VEVENT", "UID:1", "DURATION:PT1M", *lines, "END:VEVENT")


def folded(line: str, width: int) -> str:
    """Fold a line (RFC 5545, 3.1)."""
    return "\r\n ".join(line[n : n + width] for n in range(0, len(line), width))


def zone_with(*lines: str) -> bytes:
    """Return a calendar of one event in a zone of its own."""
    observance = ("TZOFFSETFROM:-0500", "TZOFFSETTO:-0400", *lines, "END:DAYLIGHT")
    return calendar(
        *("BEGIN:VTIMEZONE", "TZID:Bomb", "BEGIN:DAYLIGHT", *observance, "END:VTIMEZONE"),
        *("BEGIN:VEVENT", "DTSTART;TZID=Bomb:20261001T090000", "DURATION:PT1H", "END:VEVENT"),
    )


def yearly(series: int, rule: str = "RRULE") -> bytes:
    """Return a calendar of so many series, whose rules are spelled like this."""
    rest = f"{OLD}\nDURATION:PT1H\n{rule}:FREQ=YEARLY\nEND:VEVENT"
    return calendar(*(f"BEGIN:VEVENT\nUID:{n}\n{rest}" for n in range(series)))


def bombs() -> Mapping[str, Bomb]:
    """Make every bomb; together they are some 50 megabytes."""
    dates = ",".join(["20260901T000000Z"] * 100_000)
    return {
        "every second": Bomb("recurrence-bomb", event(NEW, "RRULE:FREQ=SECONDLY")),
        "every second since 1970": Bomb("recurrence-bomb", event(OLD, "RRULE:FREQ=SECONDLY")),
        "every second since year 1": Bomb("recurrence-bomb", event(ANCIENT, "RRULE:FREQ=SECONDLY")),
        "every minute since 1970": Bomb("recurrence-bomb", event(OLD, "RRULE:FREQ=MINUTELY")),
        "every hour for two years": Bomb("recurrence-bomb", event(NEW, "RRULE:FREQ=HOURLY")),
        "a milliard seconds": Bomb("recurrence-bomb", event(OLD, "RRULE:FREQ=SECONDLY;COUNT=1000000000")),
        "a milliard days": Bomb("recurrence-bomb", event(OLD, "RRULE:FREQ=DAILY;COUNT=1000000000")),
        "a count of 18 digits": Bomb("recurrence-bomb", event(OLD, f"RRULE:FREQ=DAILY;COUNT={10**17}")),
        "no interval": Bomb("recurrence-bomb", event(NEW, "RRULE:FREQ=DAILY;INTERVAL=0")),
        "no interval in seconds": Bomb("recurrence-bomb", event(OLD, "RRULE:FREQ=SECONDLY;INTERVAL=0")),
        "each second of each day": Bomb(
            "recurrence-bomb",
            event(NEW, f"RRULE:FREQ=DAILY;BYHOUR={_ALL_HOURS};BYMINUTE={_ALL_SIXTY};BYSECOND={_ALL_SIXTY}"),
        ),
        "each second of Mondays": Bomb("recurrence-bomb", event(NEW, "RRULE:FREQ=SECONDLY;BYDAY=MO")),
        "each second of each January": Bomb("recurrence-bomb", event(OLD, "RRULE:FREQ=SECONDLY;BYMONTH=1")),
        "each minute of each hour": Bomb(
            "recurrence-bomb",
            event(OLD, f"RRULE:FREQ=SECONDLY;BYMINUTE={_ALL_SIXTY};BYSECOND=0"),
        ),
        "phases that never meet": Bomb(
            "recurrence-bomb",
            event(OLD, f"RRULE:FREQ=SECONDLY;INTERVAL=61;BYSECOND={_ALL_SIXTY};BYMONTHDAY=31"),
        ),
        "counted Mondays since year 1": Bomb(
            "recurrence-bomb",
            event(ANCIENT, "RRULE:FREQ=DAILY;BYDAY=MO;BYMONTHDAY=13;COUNT=99999"),
        ),
        "counted seconds that never come": Bomb(
            "recurrence-bomb",
            event(ANCIENT, "RRULE:FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30;COUNT=99999"),
        ),
        "sixteen dense rules": Bomb(
            "recurrence-bomb",
            event(NEW, *(["RRULE:FREQ=MINUTELY;INTERVAL=15;COUNT=5000"] * 40)),
        ),
        "excluding all": Bomb(
            "recurrence-bomb",
            event(OLD, "RRULE:FREQ=MINUTELY", "EXRULE:FREQ=MINUTELY"),
        ),
        "excluding seconds of days": Bomb(
            "recurrence-bomb",
            event(NEW, "RRULE:FREQ=DAILY", "EXRULE:FREQ=SECONDLY"),
        ),
        "a rule of a megabyte": Bomb(
            "recurrence-bomb",
            event(NEW, "RRULE:FREQ=DAILY;BYDAY=" + ",".join(["MO"] * 350_000)),
        ),
        "a folded rule of a megabyte": Bomb(
            "recurrence-bomb",
            event(NEW, folded("RRULE:FREQ=DAILY;BYDAY=" + ",".join(["MO"] * 350_000), 70)),
        ),
        "200 daily series for two years": Bomb(
            "recurrence-bomb",
            calendar(
                *(
                    f"BEGIN:VEVENT\nUID:{n}\n{OLD}\nDURATION:PT1H\nRRULE:FREQ=HOURLY;INTERVAL=6\nEND:VEVENT"
                    for n in range(200)
                )
            ),
        ),
        "10,000 yearly series": Bomb("recurrence-bomb", yearly(10_000)),
        "10,000 yearly series in small letters": Bomb("recurrence-bomb", yearly(10_000, "rrule")),
        "10,000 yearly series, their rules folded": Bomb("recurrence-bomb", yearly(10_000, "RRU\n LE")),
        "1000 changes of 300 copies": Bomb(
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
        "100,000 added dates": Bomb("too-many-events", event(NEW, f"RDATE:{dates}")),
        "100,000 excluded dates": Bomb("too-many-events", event(NEW, f"EXDATE:{dates}")),
        "100,000 dates, folded to a character": Bomb(
            "too-large",
            event(NEW, folded(f"RDATE:{dates}", 1)),
        ),
        "100,000 busy periods": Bomb(
            "too-many-events",
            calendar(
                "BEGIN:VFREEBUSY",
                "FREEBUSY:" + ",".join(["20260901T000000Z/PT1M"] * 100_000),
                "END:VFREEBUSY",
            ),
        ),
        "100,000 events": Bomb("too-large", calendar(*["BEGIN:VEVENT\nEND:VEVENT"] * 99_000)),
        "20,000 events": Bomb("too-many-events", calendar(*["BEGIN:VEVENT\nEND:VEVENT"] * 20_000)),
        "20,000 events in small letters": Bomb(
            "too-many-events",
            calendar(*["begin:vevent\nend:vevent"] * 20_000),
        ),
        "100,000 open events": Bomb("too-large", calendar(*["BEGIN:VEVENT"] * 100_000)),
        "100,000 components": Bomb("too-large", calendar(*["BEGIN:X\nEND:X"] * 99_000)),
        "100,000 components nested": Bomb("too-large", calendar(*["BEGIN:X"] * 100_000)),
        "20,000 components nested": Bomb("nested-too-deep", calendar(*["BEGIN:X"] * 20_000)),
        "20,000 calendars nested": Bomb("nested-too-deep", b"BEGIN:VCALENDAR\n" * 20_000),
        "a million line ends": Bomb("too-large", b"BEGIN:VCALENDAR" + b"\n" * 1_000_000),
        "a line of five megabytes": Bomb("too-large", event(NEW, "SUMMARY:" + "x" * 5_000_000)),
        "nothing but zeros": Bomb("not-icalendar", bytes(4_000_000)),
        "blanks": Bomb("empty", b" " * 4_000_000),
        "an offer each second": Bomb(
            "recurrence-bomb",
            calendar(
                *(
                    "BEGIN:VAVAILABILITY",
                    "BEGIN:AVAILABLE",
                    OLD,
                    "DURATION:PT1M",
                    "RRULE:FREQ=SECONDLY",
                    "END:AVAILABLE",
                ),
                "END:VAVAILABILITY",
            ),
        ),
        "200 availabilities of four offers a day": Bomb(
            "recurrence-bomb",
            calendar(
                *(
                    f"BEGIN:VAVAILABILITY\nBEGIN:AVAILABLE\n{OLD}\nDURATION:PT1H\nRRULE:FREQ=HOURLY;INTERVAL=6\n"
                    "END:AVAILABLE\nEND:VAVAILABILITY"
                    for _ in range(200)
                )
            ),
        ),
        "20,000 offers": Bomb(
            "too-many-events",
            calendar("BEGIN:VAVAILABILITY", *["BEGIN:AVAILABLE\nEND:AVAILABLE"] * 20_000, "END:VAVAILABILITY"),
        ),
        "a zone that changes each second": Bomb(
            "recurrence-bomb",
            zone_with("DTSTART:19700101T000000", "RRULE:FREQ=SECONDLY"),
        ),
        "a zone without interval": Bomb(
            "recurrence-bomb",
            zone_with("DTSTART:19700101T000000", "RRULE:FREQ=YEARLY;INTERVAL=0"),
        ),
        "a zone of 200,000 dates": Bomb(
            "recurrence-bomb",
            zone_with("DTSTART:19700101T000000", "RDATE:" + ",".join(["19990101T000000"] * 200_000)),
        ),
    }
