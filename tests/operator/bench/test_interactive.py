"""The bench of what the front desk waits for: its figures are there, and its placements are right."""

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from services.operator.bench import interactive, mending
from services.operator.bench.instances import generated
from services.operator.bench.solver import NoInstancesError
from services.scheduler.solver.repair.disruption import disrupted
from services.scheduler.solver.repair.faults import Faults
from services.scheduler.solver.repair.promises import standing
from services.scheduler.solver.solve import solve


def arguments(**changes: Any) -> argparse.Namespace:
    values = {"instances": None, "only": "XL-1", "seed": 1, "time_limit": 1.0, "workers": 1, "people": 4, "clinic": 0}
    return argparse.Namespace(**values | changes)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "XL-1.json").write_text(json.dumps(generated(30, 1)), encoding="utf-8")
    return tmp_path


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Solve a small week again in a second."""
    monkeypatch.setattr(mending, "RESOLVE_SECONDS", 1.0)
    monkeypatch.setattr(mending, "RESOLVED", 1)


def test_placing_touches_nobody_else_breaks_no_rule_and_loses_nothing(folder: Path) -> None:
    figures = interactive.measure(arguments(instances=folder))

    assert figures["patients"] == 30
    place = figures["place"]
    assert (place["runs"], place["people_touched"], place["violations"], place["slots_lost"]) == (4, 0, 0, 0)
    assert place["p50"] <= place["p95"] <= place["max"]
    assert figures["explain"]["runs"] == 16
    repair = figures["repair"]
    assert (repair["runs"], repair["unmended"]) == (2, 0)
    assert sum(kind["runs"] for kind in repair["kinds"].values()) == repair["runs"]
    for peer in ("by_hand", "solved_again"):
        assert {"p50", "p95", "people_touched", "slots_lost"} <= repair[peer].keys()
    assert figures["routes"] is None
    assert "place" in interactive.table(figures)


def test_each_day_somebody_is_out_a_room_is_lost_the_site_closes_early_and_a_shift_ends_early(folder: Path) -> None:
    instance = interactive._instance(arguments(instances=folder))
    solved = solve(instance, time_limit=1, seed=1, workers=1).timetable
    assert solved is not None

    fallen_out = list(mending._disruptions(instance, solved))

    assert {type(one) for one in fallen_out} == set(mending._KINDS)
    published = replace(instance, published=solved)
    told = standing(published)
    for one in fallen_out:
        assert list(Faults(disrupted(published, [one]), told).hit()), one


def test_a_placement_that_moves_somebody_is_counted(folder: Path) -> None:
    """The negative control of the count: a week in which somebody else has lost a session."""
    instance = interactive._instance(arguments(instances=folder))
    solved = solve(instance, time_limit=1, seed=1, workers=1).timetable
    assert solved is not None
    group = solved.groups[0]
    gone = replace(group, members=group.members[1:])
    after = replace(solved, groups=(gone, *solved.groups[1:]))
    patient = next(one for one in instance.patients if one.id != group.members[0])

    assert interactive._others_touched(instance, solved, after, patient) == 1


def test_a_folder_without_the_instance_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NoInstancesError):
        interactive.measure(arguments(instances=tmp_path))
