"""The rule pack and the price list: numbers a state, a payer or a programme may change.

Each limit carries its source in `citations`, so that a refusal can say who asks for it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class GroupSize:
    """Members of one meeting; above `co_facilitator_above` a second practitioner sits in.

    So many as are `kept` of its seats are for people who can come at few other times.
    """

    minimum: int = 4
    maximum: int = 12
    co_facilitator_above: int = 8
    kept: int = 0


def _visit_slots() -> dict[str, int]:
    return {"individual": 4, "family": 4, "nurse_visit": 1}


def _citations() -> dict[str, str]:
    return {
        "day_slots": "programme policy: at most 4.5 hours of sessions a day",
        "idle_slots": "programme policy: at most 2 hours of waiting a day",
        "gap_slots": "programme policy: a break between sessions",
        "nurse_days_apart": "programme policy: specimen days are not adjacent",
        "group_size": "programme policy: 4 to 12 members, a co-facilitator above 8",
    }


@dataclass(frozen=True, slots=True)
class RuleLimits:
    """The numbers of the hard rules; all lengths in slots."""

    day_slots: int = 18
    idle_slots: int = 8
    gap_slots: int = 1
    group_start_step: int = 2
    nurse_days_apart: int = 2
    visit_slots: Mapping[str, int] = field(default_factory=_visit_slots)
    citations: Mapping[str, str] = field(default_factory=_citations)


@dataclass(frozen=True, slots=True)
class Weights:
    """What one unit of each goal costs in the single number.

    With `lexicographic` a better earlier goal wins whatever the later ones say; the weights then
    only steer.
    """

    unmet: int = 60
    changes: int = 20
    moved: int = 10
    preference: int = 1
    trip_on_site: int = 6
    trip_telehealth: int = 2
    idle: int = 1
    continuity: int = 5
    group: int = 1
    balance: int = 1
    busy_percent: int = 85
    lexicographic: bool = False
