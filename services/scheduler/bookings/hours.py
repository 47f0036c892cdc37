"""What a week's hours speak against exchanging one session for another: what the plan requires, and what is most. Pure.

Asked only of an exchange that changes a patient's hours. What was short or too long before and gets no worse by the
exchange is no reason to refuse it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from services.contracts.scheduler.bookings import BrokenRule
from services.contracts.vocabulary import ServiceKind
from services.scheduler.bookings.facts import SessionFacts

_MINUTE: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class MostMinutes:
    """A figure that a day or a week may not exceed, and whose it is."""

    minutes: int
    source: str


@dataclass(frozen=True, slots=True)
class WeekHours:
    """What one patient's week requires of each service, and the most that it and each of its days may have."""

    required: Mapping[ServiceKind, int]
    week_most: MostMinutes | None
    day_most: MostMinutes | None


def hours_broken(
    hours: WeekHours,
    others: Sequence[SessionFacts],
    *,
    leaving: SessionFacts | None = None,
    entering: SessionFacts | None = None,
) -> list[BrokenRule]:
    """Say what speaks against leaving one session of a week and entering another; either may be in another week.

    `others` is whatever else the patient has in the week.
    """
    before = [*others, *(one for one in (leaving,) if one is not None)]
    after = [*others, *(one for one in (entering,) if one is not None)]
    broken: list[BrokenRule] = []
    if leaving is not None:
        broken += _short(hours, leaving.service, before, after)
    if entering is not None:
        broken += _long(hours, entering, before, after)
    return broken


def _short(
    hours: WeekHours, service: ServiceKind, before: Iterable[SessionFacts], after: Iterable[SessionFacts]
) -> Iterator[BrokenRule]:
    had, has = (_minutes(one for one in week if one.service is service) for week in (before, after))
    required = hours.required.get(service, 0)
    if has < min(had, required):
        sentence = f"the patient would have {has} minutes of this service in the week, and the plan requires {required}"
        yield BrokenRule(code="hours-short", sentence=sentence)


def _long(
    hours: WeekHours, entering: SessionFacts, before: Sequence[SessionFacts], after: Sequence[SessionFacts]
) -> Iterator[BrokenRule]:
    day_before, day_after = ([one for one in week if one.day == entering.day] for week in (before, after))
    spans = (
        ("day-too-long", "day", hours.day_most, day_before, day_after),
        ("week-too-long", "week", hours.week_most, before, after),
    )
    for code, span, most, had, has in spans:
        minutes = _minutes(has)
        if most is not None and minutes > max(most.minutes, _minutes(had)):
            yield BrokenRule(
                code=code,
                sentence=f"the patient's {span} would have {minutes} minutes of sessions, {most.minutes} at most "
                f"({most.source})",
            )


def _minutes(sessions: Iterable[SessionFacts]) -> int:
    return sum((one.end - one.start) // _MINUTE for one in sessions)
