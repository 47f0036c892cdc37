"""The programme every figure of the placement benchmark is held to: nine hours a week on three days or more."""

from collections.abc import Sequence
from typing import Any, Final

from services.operator.bench.teaching_week import Commitments

OPEN_DAYS: Final = range(6)
OPENS: Final = 4
"""08:00, in slots of 15 minutes from 07:00."""
CLOSES: Final = 56
"""21:00."""
TRAVEL: Final = 2
NEED: Final = 36
LONG: Final = 12
SHORT: Final = 6
SMALLEST: Final = 4
LARGEST: Final = 12
AT_ONCE: Final = 3
"""Group rooms, and groups there is staff for."""

_KINDS: Final = {"long": LONG, "short": SHORT}
_STEP: Final = 2
_DAYS_OF_SHORT_ONLY: Final = NEED // SHORT
_DAYS_OF_LONG_ONLY: Final = NEED // LONG


def is_free(commitments: Commitments, day: int, start: int, slots: int) -> bool:
    """Say whether the person can come, travel there and back included."""
    return not any(busy.touches(day, start - TRAVEL, start + slots + TRAVEL) for busy in commitments)


def reaches_ceiling(commitments: Commitments) -> bool:
    """Say whether the person, alone and with any meeting opened for them, can have their hours.

    One meeting a day: a long one counts as two short ones, and each long one spares a day.
    """
    long, either = (sum(_has_start(commitments, day, slots) for day in OPEN_DAYS) for slots in (LONG, SHORT))
    return min(long, _DAYS_OF_LONG_ONLY) + either >= _DAYS_OF_SHORT_ONLY


def _has_start(commitments: Commitments, day: int, slots: int) -> bool:
    return any(is_free(commitments, day, start, slots) for start in range(OPENS, CLOSES - slots + 1, _STEP))


def site_document(people: Sequence[Commitments], name: str) -> dict[str, Any]:
    """Write one site as `eventide-instance/1`: every patient needs nine hours of group.

    Only unmet hours and the meetings opened cost anything, so the solver weighs nothing else.
    """
    week = [[day, OPENS, CLOSES] for day in OPEN_DAYS]
    idle = [0] * 420
    return {
        "format": "eventide-instance/1",
        "name": name,
        "tracks": ["all"],
        "languages": ["en"],
        "group_kinds": {code: {"service": "process_group", "slots": slots} for code, slots in _KINDS.items()},
        "group_size": {"min": SMALLEST, "max": LARGEST, "co_facilitator_above": LARGEST},
        "site_open": week,
        "rooms": [{"id": room, "capacity": LARGEST} for room in range(AT_ONCE)],
        "offices": 0,
        "family_rooms": 0,
        "medication_pool": idle,
        "nurse_pool": idle,
        "practitioners": [_practitioner(number, week) for number in range(AT_ONCE)],
        "patients": [_patient(number, commitments) for number, commitments in enumerate(people)],
        "no_contact": [],
        "weights": {"trip_on_site": 0, "trip_telehealth": 0, "idle": 0, "balance": 0},
    }


def _practitioner(number: int, week: list[list[int]]) -> dict[str, Any]:
    return {
        "id": number,
        "role": "counsellor",
        "leads": ["process_group"],
        "co_facilitates": False,
        "individual": [],
        "languages": ["en"],
        "shifts": week,
        "breaks": [],
        "max_slots_day": 60,
        "max_slots_week": 420,
    }


def _patient(number: int, commitments: Commitments) -> dict[str, Any]:
    return {
        "id": number,
        "track": "all",
        "languages": ["en"],
        "modalities": ["on_site"],
        "travel_slots": TRAVEL,
        "commitments": [list(busy) for busy in commitments],
        "family_available": None,
        "needs": {"process_group": NEED},
        "team": [],
        "primary": None,
        "preference_cost": {},
    }
