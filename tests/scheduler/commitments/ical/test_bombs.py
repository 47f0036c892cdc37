"""Documents made to cost as much as possible."""

from datetime import date
from zoneinfo import ZoneInfo

import pytest

from services.operator.bench.bombs import ANCIENT, NEW, OLD, bombs, calendar, event, folded, yearly, zone_with
from services.scheduler.commitments.ical import (
    DEFAULT_LIMITS,
    CalendarReading,
    CalendarRefusedError,
    Limits,
    RecurrenceBombError,
    read_calendar,
    reader,
)

SITE = ZoneInfo("America/New_York")


def read(document: bytes, limits: Limits = DEFAULT_LIMITS) -> CalendarReading:
    start, end = date(2026, 9, 1), date(2028, 9, 1)
    return read_calendar(document, zone=SITE, start=start, end=end, limits=limits)


REFUSED = bombs()
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
    bomb = REFUSED[name]

    with pytest.raises(CalendarRefusedError) as refused:
        read(bomb.document)

    assert refused.value.code == bomb.code


@pytest.mark.parametrize("rule", ["RRULE", "rrule", "RRU\n LE", "RRULE;X-A=1"])
def test_as_many_rules_as_a_calendar_may_have_are_read_and_one_more_is_not(rule: str) -> None:
    limits = Limits(repeating=20)

    assert read(yearly(20, rule), limits).series == 20
    with pytest.raises(RecurrenceBombError):
        read(yearly(21, rule), limits)


def test_a_calendar_of_too_many_rules_is_refused_before_any_of_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "read_components", None)

    with pytest.raises(RecurrenceBombError):
        read(REFUSED["10,000 yearly series"].document)


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
