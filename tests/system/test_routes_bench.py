"""The bench of the placement routes, on a clinic too small to measure anything: every route answers, and is counted."""

from datetime import date
from os import getpid

import pytest

from services.clients.api import ApiClient
from services.operator.bench.routes import Clinic, ask

pytestmark = pytest.mark.system


async def test_every_placement_route_is_asked_about_each_newcomer(operator: ApiClient) -> None:
    figures = await ask(
        operator, Clinic(patients=6, newcomers=2, solve_seconds=2), date(2026, 10, 5), {"gateway": getpid()}
    )

    assert figures["patients"] == 6
    # Who leads a group on a day: as many as the solver has found, and of one alone that one.
    assert figures["repair"]["runs"] >= 1
    assert figures["repair"]["people_touched_in_all"] >= 0
    assert {name: part["runs"] for name, part in figures.items() if name not in {"patients", "repair"}} == {
        "place": 2,
        "place_again": 2,
        "explain": 2,
        "explain_session": 2,
        "capacity_advice": 2,
    }
    assert all(part["cpu_ms"].keys() == {"gateway", "all"} for name, part in figures.items() if name != "patients")
