"""What is true of draws: what each day comes to, and when it may be known."""

import hmac
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from services.contracts.records.draw_programmes import DrawnDay, DrawTerms
from services.contracts.vocabulary import Weekday
from services.records.draw_programmes.commitments import FORMAT, Schedule

_DAY: Final = timedelta(days=1)
_WEEKDAYS: Final = tuple(Weekday)
_NUMBER_BYTES: Final = 8
_RANGE: Final = 1 << (8 * _NUMBER_BYTES)


def draws(schedule: Schedule, keys: Sequence[bytes], until: date) -> Iterator[DrawnDay]:
    """Draw every call day up to a day, which lies within the programme."""
    last = schedule.terms.starts_on - _DAY
    for day in call_days(schedule.terms, until):
        is_forced = is_last_within_cap(schedule.terms, last, day)
        is_drawn = is_forced or _is_hit(schedule, keys[schedule.number(day)], day)
        if is_drawn:
            last = day
        yield DrawnDay(day=day, is_drawn=is_drawn, is_forced=is_forced)


def call_days(terms: DrawTerms, until: date) -> Iterator[date]:
    """Return the days up to and with a day on which there is a draw."""
    day = terms.starts_on
    while day <= until:
        if _WEEKDAYS[day.weekday()] in terms.call_days:
            yield day
        day += _DAY


def is_last_within_cap(terms: DrawTerms, last_drawn: date, day: date) -> bool:
    """Whether the next call day would lie beyond the cap, so that this one is tested whatever is drawn."""
    if terms.cap_days is None:
        return False
    following = day + _DAY
    while _WEEKDAYS[following.weekday()] not in terms.call_days:
        following += _DAY
    return (following - last_drawn).days > terms.cap_days


def _is_hit(schedule: Schedule, key: bytes, day: date) -> bool:
    message = f"{FORMAT}|{schedule.programme_id}|{schedule.version}|{day}".encode()
    number = int.from_bytes(hmac.digest(key, message, "sha256")[:_NUMBER_BYTES])
    hazard = schedule.terms.hazard
    return number * hazard.opportunities < hazard.tests * _RANGE


def released_day(terms: DrawTerms, ended_on: date | None, now: datetime) -> date | None:
    """Return the last day of a programme whose draw may be known, or None before the first."""
    here = now.astimezone(ZoneInfo(terms.zone))
    today = here.date()
    released = today if now >= released_at(terms, today) else today - _DAY
    last = min(released, terms.ends_on, ended_on or terms.ends_on)
    return last if last >= terms.starts_on else None


def released_at(terms: DrawTerms, day: date) -> datetime:
    """Return the instant from which a day's draw may be known."""
    return datetime.combine(day, terms.release_at, ZoneInfo(terms.zone))


def today_of(terms: DrawTerms, now: datetime) -> date:
    """Return the date where the programme is."""
    return now.astimezone(ZoneInfo(terms.zone)).date()
