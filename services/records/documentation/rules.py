"""What is true of documentation: which standard holds on a day, and when a note is due."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final, TypeVar
from zoneinfo import ZoneInfo

from services.contracts.records.documentation import (
    DocumentationRules,
    DocumentationStandard,
    NoteRule,
    PlanRule,
)

_DAY: Final = timedelta(days=1)
_WORKING_DAYS: Final = 5
_Rule = TypeVar("_Rule", NoteRule, PlanRule)


@dataclass(frozen=True, slots=True)
class Standard:
    """The rules that hold at a site on a day, since when, and the zone that its days are counted in."""

    note_rule: NoteRule
    plan_rule: PlanRule
    zone: ZoneInfo
    from_on: date

    def note_due(self, end: datetime) -> datetime:
        """Return by when the note of a session that ended then is signed."""
        return note_due(self.note_rule, end, self.zone)


def note_due(rule: NoteRule, end: datetime, zone: ZoneInfo) -> datetime:
    """Return by when a note is signed: hours after the session's end, or the midnight that ends a business day."""
    if rule.hours is not None:
        return end + timedelta(hours=rule.hours)
    day = end.astimezone(zone).date()
    left = rule.business_days or 0
    while left > 0:
        day += _DAY
        left -= day.weekday() < _WORKING_DAYS
    return datetime.combine(day + _DAY, time(), zone)


def standard_on(day: date, written: Iterable[DocumentationStandard], rules: DocumentationRules) -> Standard | None:
    """Return what holds on a day: the newest that has taken effect; before the first a site is held to nothing."""
    in_force = max(
        (one for one in written if one.effective_from <= day), key=lambda one: one.effective_from, default=None
    )
    if in_force is None:
        return None
    return Standard(
        _named(rules.note_rules, in_force.note_rule),
        _named(rules.plan_rules, in_force.plan_rule),
        ZoneInfo(in_force.zone),
        in_force.effective_from,
    )


def _named(rules: Sequence[_Rule], code: str) -> _Rule:
    # Codes are only ever added to the file.
    return next(rule for rule in rules if rule.code == code)
