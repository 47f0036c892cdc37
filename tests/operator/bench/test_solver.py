import json
import os
import signal
from argparse import Namespace
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from services.operator.bench import second_week, solver, solver_report, verdicts
from services.operator.bench.instances import generated
from services.operator.bench.peers import python
from services.operator.bench.peers.peer import Answer, PeerAbsentError
from services.operator.bench.plot import anytime
from services.operator.bench.solver_run import SolveFailedError, run_solver
from services.scheduler.solver.format import instance_from_json

Document = dict[str, Any]

EMPTY = {"format": "eventide-timetable/1", "status": "feasible", "groups": [], "individuals": []}


@pytest.fixture
def outside() -> Path:
    if not verdicts.OUTSIDE_CHECKER.exists():
        pytest.skip("../shared/solver/check.py is absent: only our own checker can judge")
    return verdicts.OUTSIDE_CHECKER


def test_a_generated_week_is_valid_and_drawn_by_seed() -> None:
    first, again, other = (generated(30, seed) for seed in (1, 1, 2))

    assert first == again != other
    assert len(instance_from_json(first).patients) == 30


def test_a_solve_tells_when_it_had_what_and_what_it_used() -> None:
    run = run_solver("small", generated(8, 0), time_limit=0.8, seed=0, workers=1)

    assert run.trace[0]["seconds"] == run.first_seconds < run.seconds
    assert all(one["incumbent"] >= next_one["incumbent"] for one, next_one in pairwise(run.trace))
    assert all(one["bound"] <= next_one["bound"] for one, next_one in pairwise(run.trace))
    assert run.cpu_seconds > 0
    assert run.peak_megabytes > 10


def test_a_solve_that_gives_nothing_is_named() -> None:
    with pytest.raises(SolveFailedError, match="broken"):
        run_solver("broken", {"format": "something else"}, time_limit=1, seed=0, workers=1)


def test_both_checkers_judge_and_agree(outside: Path) -> None:
    document = generated(8, 0)

    judged = verdicts.judge(document, EMPTY, outside)

    assert judged.valid
    assert judged.checkers == ("own", "outside")
    assert judged.unmet_minutes == 15 * sum(sum(patient["needs"].values()) for patient in document["patients"])
    assert judged.cost == 4 * judged.unmet_minutes


def test_a_timetable_that_breaks_a_rule_is_not_valid(tmp_path: Path) -> None:
    document = generated(8, 0)
    visit = {"patient": 0, "service": "nurse_visit", "day": 6, "slot": 10, "modality": "on_site", "practitioner": None}

    judged = verdicts.judge(document, EMPTY | {"individuals": [visit]}, tmp_path / "absent")

    assert not judged.valid
    assert judged.checkers == ("own",)
    assert judged.errors


def test_a_checker_that_counts_another_cost_makes_it_invalid(tmp_path: Path) -> None:
    other = tmp_path / "check.py"
    other.write_text('print(\'{"ok": true, "cost": 1, "errors": []}\')', encoding="utf-8")

    assert not verdicts.judge(generated(8, 0), EMPTY, other).valid


def test_a_rule_only_our_checker_finds_broken_makes_it_invalid(tmp_path: Path) -> None:
    document, visit = generated(8, 0), {"patient": 0, "service": "nurse_visit", "day": 6, "slot": 10}
    broken = EMPTY | {"individuals": [visit | {"modality": "on_site", "practitioner": None}]}
    cost = verdicts.judge(document, broken, tmp_path / "absent").cost
    blind = tmp_path / "check.py"
    blind.write_text(f'print(\'{{"ok": true, "cost": {cost}, "errors": []}}\')', encoding="utf-8")

    assert not verdicts.judge(document, broken, blind).valid


def peer(cost: Callable[[Document], Document]) -> Callable[[Document, float, int], Answer]:
    return lambda document, cpu_seconds, _seed: Answer(cost(document), cpu_seconds)


def test_every_peer_gets_the_cpu_seconds_that_ours_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def absent(_document: Document, _cpu_seconds: float, _seed: int) -> Answer:
        raise PeerAbsentError("no such program")

    monkeypatch.setattr(solver, "PEERS", {"idle": peer(lambda _: EMPTY), "desk": python.front_desk, "absent": absent})
    monkeypatch.setattr(solver, "SHARED_INSTANCES", tmp_path / "absent")
    monkeypatch.setattr(solver, "SIZES", {"small": 8})
    arguments = Namespace(
        instances=None, only="*", seed=0, time_limit=0.8, workers=1, save=tmp_path, peers=None, known=[]
    )

    figures = solver.measure(arguments)

    assert figures["left_out"] == []
    small = figures["instances"]["small-0"]
    assert small["valid"]
    assert small["bound"] <= small["cost"] < small["peers"]["idle"]["cost"]
    assert small["peers"]["idle"]["cpu_seconds"] == small["cpu_seconds"]
    assert small["peers"]["desk"]["valid"]
    assert small["peers"]["absent"] == {"skipped": "no such program"}
    page = tmp_path.joinpath("solver.md").read_text(encoding="utf-8")
    assert "| small-0 |" in page
    assert "![small-0](solver-small-0.svg)" in page
    assert solver.table(figures) in page
    ET.parse(tmp_path / "solver-small-0.svg")  # noqa: S314 - we wrote it a moment ago


def test_what_is_measured_is_answered_when_it_is_stopped(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def stopped(_document: Document, _cpu_seconds: float, _seed: int) -> Answer:
        os.kill(os.getpid(), signal.SIGTERM)
        return Answer(EMPTY, 1.0)

    monkeypatch.setattr(solver, "PEERS", {"idle": peer(lambda _: EMPTY), "stopped": stopped})
    monkeypatch.setattr(solver, "SHARED_INSTANCES", tmp_path / "absent")
    monkeypatch.setattr(solver, "SIZES", {"small": 8, "medium": 9})
    chosen: dict[str, Any] = {
        "instances": None,
        "only": "*",
        "seed": 0,
        "time_limit": 0.8,
        "workers": 1,
        "save": None,
        "known": [],
    }
    before = signal.getsignal(signal.SIGTERM)

    figures = solver.measure(Namespace(**chosen, peers=["idle", "stopped"]))
    without = solver.measure(Namespace(**chosen, peers=[]))

    assert figures["left_out"] == ["small-0", "medium-0"]
    assert list(figures["instances"]["small-0"]["peers"]) == ["idle"]
    assert "not reached" in solver.table(figures)
    assert (without["left_out"], without["instances"]["medium-0"]["peers"]) == ([], {})
    assert signal.getsignal(signal.SIGTERM) == before
    with pytest.raises(solver.UnknownPeerError, match="nobody"):
        solver.measure(Namespace(**chosen, peers=["nobody"]))


def test_what_cannot_be_solved_or_judged_is_left_out_and_the_rest_is_measured(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def solve_but_one(name: str, document: Document, **effort: Any) -> Any:
        return run_solver(name, {"format": "something else"} if name == "broken-0" else document, **effort)

    mute = tmp_path / "check.py"
    mute.write_text("raise SystemExit(3)", encoding="utf-8")

    def unjudged(_document: Document, _cpu_seconds: float, _seed: int) -> Answer:
        verdicts.judge(generated(8, 0), EMPTY, mute)
        raise AssertionError

    monkeypatch.setattr(solver, "run_solver", solve_but_one)
    monkeypatch.setattr(solver, "SHARED_INSTANCES", tmp_path / "absent")
    monkeypatch.setattr(solver, "SIZES", {"broken": 7, "small": 8})
    chosen: dict[str, Any] = {"instances": None, "only": "*", "seed": 0, "time_limit": 0.8, "workers": 1, "known": []}

    figures = solver.measure(Namespace(**chosen, save=tmp_path, peers=[]))
    monkeypatch.setattr(solver, "PEERS", {"unjudged": unjudged})
    judged = solver.measure(Namespace(**chosen, save=None, peers=["unjudged"]))

    assert (list(figures["instances"]), figures["left_out"]) == (["small-0"], ["broken-0"])
    assert (list(judged["instances"]), judged["left_out"]) == (["small-0"], ["broken-0", "small-0"])
    said = capsys.readouterr().err
    assert "broken-0 is left out: The solver ended on broken-0" in said
    assert "exit status 3 and without a verdict" in said


@pytest.mark.parametrize("said", ["", "3", '{"ok": true}'])
def test_a_checker_that_gives_no_verdict_is_named(tmp_path: Path, said: str) -> None:
    other = tmp_path / "check.py"
    other.write_text(f"print('{said}')", encoding="utf-8")

    with pytest.raises(verdicts.CheckerFailedError, match=r"check\.py ended with exit status 0"):
        verdicts.judge(generated(8, 0), EMPTY, other)


def test_peers_are_asked_later_about_what_was_solved_before(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(solver, "PEERS", {"idle": peer(lambda _: EMPTY), "desk": python.front_desk})
    monkeypatch.setattr(solver, "SHARED_INSTANCES", tmp_path / "absent")
    monkeypatch.setattr(solver, "SIZES", {"small": 8})
    chosen: dict[str, Any] = {"instances": None, "only": "*", "time_limit": 0.8, "workers": 1}
    solved = solver.measure(Namespace(**chosen, seed=0, save=None, known=[], peers=["idle"]))
    known = tmp_path / "known.json"
    known.write_text(json.dumps(solved), encoding="utf-8")
    monkeypatch.setattr(solver, "run_solver", None)

    both = solver.measure(Namespace(**chosen, seed=0, save=tmp_path, known=[known], peers=["idle", "desk"]))

    before, after = (json.loads(json.dumps(one))["instances"]["small-0"] for one in (solved, both))
    assert after.pop("peers").keys() == before.pop("peers").keys() | {"desk"}
    assert after == before
    ET.parse(tmp_path / "solver-small-0.svg")  # noqa: S314 - we wrote it a moment ago
    with pytest.raises(solver.ForeignFiguresError, match="seed 0 and 1 workers"):
        solver.measure(Namespace(**chosen, seed=1, save=None, known=[known], peers=[]))
    known.write_text("{}", encoding="utf-8")
    with pytest.raises(solver.ForeignFiguresError, match="not what this bench prints"):
        solver.measure(Namespace(**chosen, seed=0, save=None, known=[known], peers=[]))
    with pytest.raises(solver.ForeignFiguresError):
        solver.measure(Namespace(**chosen, seed=0, save=None, known=[tmp_path / "absent"], peers=[]))


def test_a_second_week_keeps_more_of_the_first_where_it_is_known(tmp_path: Path) -> None:
    tmp_path.joinpath("one.json").write_text(json.dumps(generated(16, 3)), encoding="utf-8")
    # Ended by their work: in wall time a busy machine gets no further than the first week that comes to mind.
    arguments = Namespace(instances=tmp_path, only="*", seed=5, time_limit=25.0, work_limit=1.0, workers=1)

    figures = second_week.measure(arguments)

    one = figures["instances"]["one"]
    assert one["valid"]
    assert one["seats"] > 20
    assert one["kept"] > one["unknown"]["kept"]
    assert "one" in second_week.table(figures)


def test_instances_come_smallest_first_and_by_name(tmp_path: Path) -> None:
    for name, patients in (("A-big", 3), ("B-small", 1), ("C-other", 2)):
        tmp_path.joinpath(f"{name}.json").write_text(f'{{"patients": {list(range(patients))}}}', encoding="utf-8")

    assert list(solver.instances(tmp_path, "*", 0)) == ["B-small", "C-other", "A-big"]
    assert list(solver.instances(tmp_path, "A-*", 0)) == ["A-big"]
    with pytest.raises(solver.NoInstancesError, match="Z"):
        solver.instances(tmp_path, "Z", 0)


def test_a_broken_timetable_is_marked_in_the_table() -> None:
    one = {
        "time_limit": 60.0,
        "cost": 10.0,
        "bound": 5.0,
        "gap": 0.5,
        "unmet_minutes": 15,
        "unmet_minutes_bound": 0,
        "first_seconds": 0.1,
        "cpu_seconds": 1.0,
        "peak_megabytes": 90.0,
        "valid": True,
        "peers": {"other": {"cost": 7.0, "unmet_minutes": 0, "valid": False}},
    }

    assert "7 broken (0)" in solver_report.markdown({"instances": {"x": one}, "peers": ["other"]})


def test_the_picture_shows_a_value_until_the_next_one() -> None:
    trace = [
        {"seconds": 0.0, "incumbent": 1000.0, "bound": 0.0},
        {"seconds": 5.0, "incumbent": 500.0, "bound": 100.0},
        {"seconds": 10.0, "incumbent": 400.0, "bound": 300.0},
    ]

    picture = anytime("A < B", trace, {"desk": 900.0})

    ET.fromstring(picture)  # noqa: S314 - we drew it a moment ago
    assert "A &lt; B" in picture
    assert "ours 400" in picture
    assert "desk 900" in picture
    assert picture.count("H277.0V") == 2
