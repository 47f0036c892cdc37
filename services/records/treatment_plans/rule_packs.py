"""Rule packs: weekly hours of a level of care as dated data, each with its citation, and the lengths of sessions."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Final

from services.contracts.vocabulary import ServiceKind


@dataclass(frozen=True, slots=True)
class WeeklyHours:
    """The fewest and the most hours of a week."""

    fewest: int
    most: int


@dataclass(frozen=True, slots=True)
class RulePack:
    """The weekly hours that a level of care stands for, from a day on."""

    citation: str
    applies_from: date
    adult_age: int
    adults: WeeklyHours
    adolescents: WeeklyHours
    counted: frozenset[ServiceKind]
    """The services whose minutes make up the hours."""
    taper_weeks: int
    """How many weeks below the fewest hours still continue the level of care."""


@dataclass(frozen=True, slots=True)
class SessionLengths:
    """The minutes a week that sessions of one service can add up to: multiples of `step`, `most` at most."""

    step: int
    most: int


RULE_PACKS: Final = (
    RulePack(
        citation="The ASAM Criteria, 3rd edition (2013), Level 2.1 Intensive Outpatient Services",
        # The edition is of 2013; its first full year is the earliest from which we hold a plan to it.
        applies_from=date(2014, 1, 1),
        adult_age=18,
        adults=WeeklyHours(9, 19),
        adolescents=WeeklyHours(6, 19),
        # All of them are scheduled contact with staff; travel, drug tests and mutual-help groups are not among them.
        counted=frozenset(ServiceKind),
        taper_weeks=2,
    ),
)
"""Oldest first."""

_DAYS: Final = 7
# A patient has a service at most once a day, and at most 4.5 hours of sessions a day.
_GROUPS: Final = SessionLengths(30, _DAYS * 270)
_HOUR_SESSIONS: Final = SessionLengths(60, _DAYS * 60)

SESSION_LENGTHS: Final[Mapping[ServiceKind, SessionLengths]] = MappingProxyType(
    {
        ServiceKind.PROCESS_GROUP: _GROUPS,
        ServiceKind.SKILLS_GROUP: _GROUPS,
        ServiceKind.EDUCATION_GROUP: _GROUPS,
        ServiceKind.INDIVIDUAL: _HOUR_SESSIONS,
        ServiceKind.FAMILY: _HOUR_SESSIONS,
        ServiceKind.MEDICATION: SessionLengths(15, 30),
        ServiceKind.NURSE_VISIT: SessionLengths(15, 45),
    }
)
"""Medication is one visit of 15 or 30 minutes; a nurse sees a patient for 15 minutes, three times a week at most."""
