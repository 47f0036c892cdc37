"""The recurrence engine against the words of RFC 5545 3.3.10, taken day by day."""

from calendar import monthrange
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from itertools import groupby

from hypothesis import event, given, settings
from hypothesis import strategies as st

from services.scheduler.commitments.ical.expansion import expand
from services.scheduler.commitments.ical.limits import DEFAULT_LIMITS, Budget, Limits
from services.scheduler.commitments.ical.recurrence import Frequency, RecurrenceRule, parse_rule
from services.scheduler.commitments.ical.values import DAY, parse_time

ROOMY = Limits(work=10_000_000, occurrences=10_000_000)
WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
UNITS = {
    Frequency.SECONDLY: timedelta(seconds=1),
    Frequency.MINUTELY: timedelta(minutes=1),
    Frequency.HOURLY: timedelta(hours=1),
}


def wall(moment: datetime) -> int:
    return moment.toordinal() * DAY + moment.hour * 3600 + moment.minute * 60 + moment.second


def week_of(day: date, week_start: int) -> date:
    return day - timedelta(days=(day.weekday() - week_start) % 7)


def week_number(day: date, week_start: int) -> tuple[int, int, int]:
    """Year, number from the front, number from the back; a week is its fourth day's year's."""
    middle = week_of(day, week_start) + timedelta(days=3)
    total = (date(middle.year, 12, 31) - middle).days // 7
    return middle.year, (middle.timetuple().tm_yday - 1) // 7 + 1, -total - 1


def both_ways(number: int, size: int) -> set[int]:
    return {number, number - size - 1}


def is_named_weekday(rule: RecurrenceRule, day: date) -> bool:
    length = monthrange(day.year, day.month)[1]
    position, size = day.timetuple().tm_yday, date(day.year, 12, 31).timetuple().tm_yday
    if rule.frequency is Frequency.MONTHLY or rule.by_month:
        position, size = day.day, length
    plain = rule.by_week_number or rule.by_year_day or rule.frequency < Frequency.MONTHLY
    nth = {0, (position - 1) // 7 + 1, -((size - position) // 7) - 1}
    return any(weekday == day.weekday() and (plain or ordinal in nth) for ordinal, weekday in rule.by_day)


def is_named(rule: RecurrenceRule, day: date, start: date) -> bool:
    length = monthrange(day.year, day.month)[1]
    year_length = date(day.year, 12, 31).timetuple().tm_yday
    numbers = set(week_number(day, rule.week_start)[1:])
    parts = [
        not rule.by_month or day.month in rule.by_month,
        not rule.by_day or is_named_weekday(rule, day),
        not rule.by_month_day or not both_ways(day.day, length).isdisjoint(rule.by_month_day),
        not rule.by_year_day or not both_ways(day.timetuple().tm_yday, year_length).isdisjoint(rule.by_year_day),
        not rule.by_week_number or not numbers.isdisjoint(rule.by_week_number),
    ]
    return all(parts) and is_default(rule, day, start)


def is_default(rule: RecurrenceRule, day: date, start: date) -> bool:
    """What the rule leaves open is taken from the start."""
    if rule.frequency is Frequency.WEEKLY:
        return bool(rule.by_day) or day.weekday() == start.weekday()
    if rule.frequency is Frequency.MONTHLY:
        return bool(rule.by_day or rule.by_month_day) or day.day == start.day
    if rule.frequency is Frequency.DAILY or rule.by_day or rule.by_year_day:
        return True
    if rule.by_week_number:
        return bool(rule.by_month_day) or day.weekday() == start.weekday()
    same_month = bool(rule.by_month) or day.month == start.month
    return same_month and (bool(rule.by_month_day) or day.day == start.day)


def period(rule: RecurrenceRule, day: date) -> int:
    if rule.frequency is Frequency.DAILY:
        return day.toordinal()
    if rule.frequency is Frequency.WEEKLY:
        return week_of(day, rule.week_start).toordinal() // 7
    if rule.frequency is Frequency.MONTHLY:
        return day.year * 12 + day.month
    return week_number(day, rule.week_start)[0] if rule.by_week_number else day.year


def chosen(found: list[datetime], positions: tuple[int, ...]) -> list[datetime]:
    size = len(found)
    return [
        moment for n, moment in enumerate(found, 1) if not positions or not both_ways(n, size).isdisjoint(positions)
    ]


def by_the_day(rule: RecurrenceRule, start: datetime, years: int) -> Iterator[datetime]:
    first = date(start.year - 1, 12, 1)
    days = [first + timedelta(days=n) for n in range(years * 366)]
    anchor = period(rule, start.date())
    if rule.by_week_number and not any(
        is_named(rule, day, start.date()) and day >= start.date() and period(rule, day) == anchor for day in days
    ):
        anchor = start.year
    for number, group in groupby(days, key=lambda day: period(rule, day)):
        if number < anchor or (number - anchor) % rule.interval:
            continue
        found = [
            datetime(day.year, day.month, day.day, hour, minute, start.second)  # noqa: DTZ001 - wall time
            for day in group
            if is_named(rule, day, start.date())
            for hour in rule.by_hour or (start.hour,)
            for minute in rule.by_minute or (start.minute,)
        ]
        yield from chosen(found, rule.by_set_position)


def by_the_unit(rule: RecurrenceRule, start: datetime, steps: int) -> Iterator[datetime]:
    unit = UNITS[rule.frequency]
    seconds = int(unit.total_seconds())
    base = start - timedelta(seconds=wall(start) % seconds)
    for step in range(steps):
        moment = base + step * rule.interval * unit
        limits = [
            not rule.by_month or moment.month in rule.by_month,
            not rule.weekdays or moment.weekday() in rule.weekdays,
            not rule.by_hour or moment.hour in rule.by_hour,
            seconds == 3600 or not rule.by_minute or moment.minute in rule.by_minute,
            seconds > 1 or not rule.by_second or moment.second in rule.by_second,
        ]
        minutes = rule.by_minute or (start.minute,)
        found = [
            moment + timedelta(minutes=minute, seconds=second)
            for minute in (minutes if seconds == 3600 else (0,))
            for second in ((rule.by_second or (start.second,)) if seconds > 1 else (0,))
        ]
        yield from chosen(found, rule.by_set_position) if all(limits) else ()


def listed(name: str, values: st.SearchStrategy[object], size: int) -> st.SearchStrategy[str]:
    lists = st.lists(values, min_size=1, max_size=size, unique=True)
    return lists.map(lambda each: f";{name}=" + ",".join(map(str, each)))


def signed(high: int) -> st.SearchStrategy[object]:
    return st.sampled_from([number for number in range(-high, high + 1) if number])


def maybe(part: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.just("") | part


TIMES = st.builds(
    lambda days, seconds: datetime(2020, 1, 1) + timedelta(days=days, seconds=seconds),  # noqa: DTZ001 - wall time
    st.integers(0, 1500),
    st.integers(0, 86_399),
)
DAYS = listed("BYDAY", st.sampled_from(WEEKDAYS), 4)
NTH_DAYS = st.one_of(
    DAYS,
    listed(
        "BYDAY",
        st.tuples(signed(5), st.sampled_from(WEEKDAYS)).map(lambda day: f"{day[0]}{day[1]}"),
        3,
    ),
)
COMMON = (
    st.integers(1, 4).map(lambda n: f";INTERVAL={n}"),
    maybe(listed("BYMONTH", st.integers(1, 12), 4)),
    maybe(listed("BYHOUR", st.integers(0, 23), 2)),
    maybe(listed("BYMINUTE", st.integers(0, 59), 2)),
    st.one_of(st.just(""), st.just(""), listed("BYSETPOS", signed(3), 2)),
    maybe(st.integers(1, 90).map(lambda n: f";COUNT={n}")),
    maybe(st.sampled_from(WEEKDAYS).map(lambda day: f";WKST={day}")),
)
MONTH_DAYS = listed("BYMONTHDAY", signed(31), 4)
DAILY = st.tuples(st.just("FREQ=DAILY"), *COMMON, maybe(DAYS), maybe(MONTH_DAYS))
WEEKLY = st.tuples(st.just("FREQ=WEEKLY"), *COMMON, maybe(DAYS))
MONTHLY = st.tuples(st.just("FREQ=MONTHLY"), *COMMON, maybe(NTH_DAYS), maybe(MONTH_DAYS))
YEARLY = st.tuples(
    st.just("FREQ=YEARLY"),
    *COMMON,
    st.one_of(
        maybe(NTH_DAYS),
        MONTH_DAYS,
        st.tuples(DAYS, MONTH_DAYS).map("".join),
        st.tuples(listed("BYYEARDAY", signed(366), 5), maybe(DAYS)).map("".join),
        st.tuples(listed("BYWEEKNO", signed(53), 3), maybe(DAYS)).map("".join),
    ),
)
WITHIN_DAYS = st.tuples(
    st.sampled_from(["FREQ=HOURLY", "FREQ=MINUTELY", "FREQ=SECONDLY"]),
    st.integers(1, 100).map(lambda n: f";INTERVAL={n}"),
    *COMMON[1:6],
    maybe(DAYS),
    maybe(listed("BYSECOND", st.integers(0, 59), 3)),
)


@settings(max_examples=100, deadline=None)
@given(
    text=st.one_of(DAILY, WEEKLY, MONTHLY, YEARLY).map("".join),
    start=TIMES,
    window=st.tuples(st.integers(0, 1_000), st.integers(0, 800)),
)
def test_days_are_those_that_the_standard_names(text: str, start: datetime, window: tuple[int, int]) -> None:
    rule = parse_rule(text, DEFAULT_LIMITS)
    first = wall(start) + window[0] * DAY
    last = first + window[1] * DAY

    found = expand(rule, wall(start), first, last, Budget(ROOMY))

    named = [moment for moment in by_the_day(rule, start, 6) if moment >= start]
    expected = [wall(moment) for moment in named[: rule.count]]
    expected = [moment for moment in expected if first <= moment <= last]
    event("some" if expected else "none")
    assert found == expected


@settings(max_examples=80, deadline=None)
@given(text=WITHIN_DAYS.map("".join), start=TIMES, skipped=st.integers(0, 20_000))
def test_times_are_those_that_the_standard_names(text: str, start: datetime, skipped: int) -> None:
    rule = parse_rule(text, DEFAULT_LIMITS)
    steps = 2_000
    reached = wall(start) + (steps - 1) * rule.interval * int(UNITS[rule.frequency].total_seconds())
    first = wall(start) + skipped
    last = min(reached - reached % 3600 - 1, first + 2 * DAY)

    found = expand(rule, wall(start), first, last, Budget(ROOMY))

    named = [moment for moment in by_the_unit(rule, start, steps) if moment >= start]
    expected = [wall(moment) for moment in named[: rule.count]]
    expected = [moment for moment in expected if first <= moment <= last]
    event("some" if expected else "none")
    assert found == expected


def test_a_rule_costs_only_its_window_however_old_it_is() -> None:
    rule = parse_rule("FREQ=SECONDLY;INTERVAL=7;COUNT=99999", DEFAULT_LIMITS)
    start = parse_time("00010101T000000").wall
    frugal = Budget(Limits(work=200))

    found = expand(rule, start, start + 90_000 * 7, start + 90_100 * 7, frugal)

    assert found == list(range(start + 630_000, start + 630_701, 7))
