"""The solver gives the better hour to who had the worse weeks, and to nobody at the price of an hour that is owed."""

from typing import Any
from uuid import UUID

import pytest

from services.contracts.identifiers import PatientId
from services.scheduler.solver.format import instance_from_json
from services.scheduler.solver.solve import solve
from services.scheduler.solves.rules import with_fairness

ANN, BEN = (str(UUID(int=number)) for number in (1, 2))
MORNING, EVENING = 16, 44


def week(**commitments: list[list[int]]) -> dict[str, Any]:
    """Two people who mind evenings, and a counsellor who has an hour on Monday morning and one on Monday evening."""
    patients = [
        {
            "id": patient,
            "track": "A",
            "languages": ["en"],
            "modalities": ["on_site"],
            "travel_slots": 0,
            "commitments": commitments.get(name, []),
            "family_available": None,
            "needs": {"individual": 4},
            "team": ["staff"],
            "primary": "staff",
            "preference_cost": {"evening": 2},
        }
        for name, patient in (("ann", ANN), ("ben", BEN))
    ]
    hours = [[0, start, start + 4] for start in (MORNING, EVENING)]
    staff = {
        "id": "staff",
        "role": "counsellor",
        "leads": [],
        "co_facilitates": False,
        "individual": ["individual"],
        "languages": ["en"],
        "shifts": hours,
        "breaks": [],
        "max_slots_day": 20,
        "max_slots_week": 30,
    }
    return {
        "format": "eventide-instance/1",
        "name": "two hours",
        "tracks": ["A"],
        "languages": ["en"],
        "group_kinds": {},
        "group_size": {"min": 4, "max": 6, "co_facilitator_above": 5},
        "site_open": [[0, 0, 60]],
        "rooms": [],
        "offices": 1,
        "family_rooms": 0,
        "medication_pool": [0] * 420,
        "nurse_pool": [0] * 420,
        "practitioners": [staff],
        "patients": patients,
        "no_contact": [],
        "weights": {"lexicographic": True},
    }


def hours_of(document: dict[str, Any], weights: dict[str, int]) -> dict[str, int]:
    weighted = with_fairness(document, {PatientId(UUID(patient)): weight for patient, weight in weights.items()})
    outcome = solve(instance_from_json(weighted), time_limit=30.0, seed=1, workers=1, work_limit=0.5)
    assert outcome.timetable is not None
    return {str(visit.patient): visit.slot for visit in outcome.timetable.visits}


@pytest.mark.parametrize(("owed", "other"), [(ANN, BEN), (BEN, ANN)])
def test_the_hour_that_both_want_goes_to_who_is_owed_it(owed: str, other: str) -> None:
    assert hours_of(week(), {owed: 3}) == {owed: MORNING, other: EVENING}


def test_an_hour_that_is_owed_comes_before_the_better_one() -> None:
    assert hours_of(week(ben=[[0, 40, 60]]), {ANN: 3}) == {ANN: EVENING, BEN: MORNING}
