import importlib.util
import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol

import pytest

from services.scheduler.solver.format import instance_from_json
from services.scheduler.solver.grid import Grid
from services.scheduler.solver.instance import Instance
from services.scheduler.solver.model import Problem
from services.scheduler.solver.offers import enumerate_offers
from services.scheduler.solver.statics import Statics
from services.scheduler.solver.whole import whole_problem as every_decision

SHARED = Path(__file__).resolve().parents[3].parent / "shared" / "solver"


class MakeDocument(Protocol):
    def __call__(self, count: int = ..., **changes: Any) -> dict[str, Any]: ...


def tiny_document(count: int = 5, **changes: Any) -> dict[str, Any]:
    document: dict[str, Any] = {
        "format": "eventide-instance/1",
        "name": "tiny",
        "tracks": ["A"],
        "languages": ["en"],
        "group_kinds": {"skills": {"service": "skills_group", "slots": 6}},
        "group_size": {"min": 4, "max": 6, "co_facilitator_above": 5},
        "site_open": [[0, 8, 32], [2, 8, 32]],
        "rooms": [{"id": "big", "capacity": 6}, {"id": "small", "capacity": 5}],
        "offices": 1,
        "family_rooms": 1,
        "medication_pool": [1] * 420,
        "nurse_pool": [1] * 420,
        "practitioners": [
            {
                "id": f"staff-{number}",
                "role": "counsellor",
                "leads": ["skills_group"],
                "co_facilitates": True,
                "individual": ["individual", "family"],
                "languages": ["en"],
                "shifts": [[0, 8, 32], [2, 8, 32]],
                "breaks": [[0, 20, 22]],
                "max_slots_day": 20,
                "max_slots_week": 30,
            }
            for number in range(2)
        ],
        "patients": [tiny_patient(number) for number in range(count)],
        "no_contact": [],
    }
    return document | changes


def tiny_patient(number: int, **changes: Any) -> dict[str, Any]:
    patient: dict[str, Any] = {
        "id": f"patient-{number}",
        "track": "A",
        "languages": ["en"],
        "modalities": ["on_site"],
        "travel_slots": 1,
        "commitments": [],
        "family_available": None,
        "needs": {"skills_group": 6, "individual": 4},
        "team": ["staff-0", "staff-1"],
        "primary": "staff-0",
        "preference_cost": {"morning": 0, "afternoon": 1, "evening": 2, "weekend": 3},
    }
    return patient | changes


def whole_problem(instance: Instance) -> Problem:
    """Everything free: the exact model of a small instance."""
    grid = Grid(instance)
    problem = every_decision(instance, enumerate_offers(instance, grid), Statics(instance, grid), most=10_000_000)
    assert problem is not None
    return problem


@pytest.fixture
def document() -> MakeDocument:
    return tiny_document


@pytest.fixture
def patient() -> Callable[..., dict[str, Any]]:
    return tiny_patient


@pytest.fixture
def make() -> Callable[..., Instance]:
    def build(count: int = 5, **changes: Any) -> Instance:
        return instance_from_json(tiny_document(count, **changes))

    return build


@pytest.fixture
def exact() -> Callable[[Instance], Problem]:
    return whole_problem


@pytest.fixture(scope="session")
def outside_checker() -> ModuleType:
    path = SHARED / "check.py"
    if not path.exists():
        pytest.skip("../shared/solver/check.py is absent: nothing to hold our checker against")
    spec = importlib.util.spec_from_file_location("outside_check", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def shared_instance() -> Callable[[str], dict[str, Any]]:
    def read(name: str) -> dict[str, Any]:
        path = SHARED / "instances" / f"{name}.json"
        if not path.exists():
            pytest.skip(f"../shared/solver/instances/{name}.json is absent: no benchmark to solve")
        document: dict[str, Any] = json.loads(path.read_bytes())
        return document

    return read
