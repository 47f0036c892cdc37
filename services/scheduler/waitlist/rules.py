"""What is true of people who wait: whom a seat would suit, and who is asked first. Pure."""

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from datetime import date, datetime, time, timedelta

from services.contracts.scheduler.waitlist import PriorityFact, RankedEntry, RankReason, WaitlistEntry
from services.contracts.vocabulary import ServiceKind, Weekday, WeeklyWindow
from services.scheduler.waitlist.priorities import (
    FEW_HOURS,
    FEW_HOURS_POINTS,
    POINTS_A_DAY,
    PRIORITIES,
    Priority,
)

_WEEKDAYS = tuple(Weekday)


def priorities_of(facts: AbstractSet[PriorityFact]) -> list[Priority]:
    """Return the priorities that the facts amount to, without those that a stronger one stands in for."""
    met = [priority for priority in PRIORITIES if priority.facts <= facts]
    replaced = frozenset[str]().union(*(priority.excludes for priority in met))
    return [priority for priority in met if priority.code not in replaced]


def _minutes(at: time) -> int:
    return at.hour * 60 + at.minute


def _merged(windows: Iterable[WeeklyWindow]) -> list[tuple[int, int, int]]:
    """Return (day, first minute, minute after the last) of windows, joined where they touch."""
    joined: list[tuple[int, int, int]] = []
    for day, start, end in sorted((w.weekday.number, _minutes(w.start), _minutes(w.end)) for w in windows):
        if joined and joined[-1][0] == day and start <= joined[-1][2]:
            joined[-1] = (day, joined[-1][1], max(end, joined[-1][2]))
        else:
            joined.append((day, start, end))
    return joined


def could_come(entry: WaitlistEntry, start: datetime, end: datetime) -> bool:
    """Whether the whole of a session, in the site's wall time, lies within what the person can do."""
    if not entry.windows:
        return True
    if start.date() != end.date():
        return False
    day, first, last = start.weekday(), _minutes(start.time()), _minutes(end.time())
    return any(day == on and begins <= first and last <= ends for on, begins, ends in _merged(entry.windows))


def suits(entry: WaitlistEntry, service: ServiceKind, start: datetime, end: datetime) -> bool:
    """Whether a session is of the service waited for, at a time the person can do."""
    return entry.service in {None, service} and could_come(entry, start, end)


def _reasons(entry: WaitlistEntry, day: date) -> list[RankReason]:
    reasons = [
        RankReason(code=priority.code, points=priority.points, sentence=priority.sentence, citation=priority.citation)
        for priority in priorities_of(frozenset(entry.priority_facts))
    ]
    open_minutes = sum(end - start for _, start, end in _merged(entry.windows))
    if entry.windows and open_minutes <= FEW_HOURS * 60:
        reasons.append(
            RankReason(
                code="few-hours",
                points=FEW_HOURS_POINTS,
                sentence=f"can come in at most {FEW_HOURS} hours a week, so a seat that fits comes by seldom",
                citation=None,
            )
        )
    days = max(0, (day - entry.since).days)
    waited = RankReason(
        code="days-waited", points=days * POINTS_A_DAY, sentence=f"has waited {days} days", citation=None
    )
    return [*reasons, waited]


def _admit_by(entry: WaitlistEntry) -> date | None:
    limits = [
        priority.admit_within_days
        for priority in priorities_of(frozenset(entry.priority_facts))
        if priority.admit_within_days is not None
    ]
    return entry.since + timedelta(days=min(limits)) if limits else None


def ranked(entries: Iterable[WaitlistEntry], day: date) -> Sequence[RankedEntry]:
    """Put people in the order in which they are asked; who waits as long with as much reason comes by entry."""
    scored = [(entry, _reasons(entry, day)) for entry in entries]
    scored.sort(key=lambda pair: (-sum(reason.points for reason in pair[1]), pair[0].since, pair[0].id))
    return [
        RankedEntry(
            rank=number,
            score=sum(reason.points for reason in reasons),
            reasons=reasons,
            admit_by=_admit_by(entry),
            entry=entry,
        )
        for number, (entry, reasons) in enumerate(scored, start=1)
    ]
