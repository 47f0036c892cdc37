from pathlib import Path

import pytest

from services.operator.bench.instances import generated
from services.operator.bench.peers import timefold as peer
from services.operator.bench.peers.facts import Facts
from services.operator.bench.peers.front_desk import first_fit_week
from services.operator.bench.peers.peer import PeerAbsentError
from services.operator.bench.peers.timefold_model import TimefoldModel
from services.scheduler.solver.check import check
from services.scheduler.solver.format import instance_from_json


def echoed(text: str) -> str:
    """Answer as a solver that changes nothing would: the start that the model wrote, read back."""
    groups, visits, answer = 0, 0, []
    for record, *words in (line.split() for line in text.splitlines()):
        if record == "group":
            if words[1] != "-1":
                answer.append(f"group {groups} {' '.join(words[1:])}")
            groups += 1
        elif record == "seat" and words[2] != "-1":
            answer.append(f"seat {words[0]} {words[2]}")
        elif record == "visit":
            if words[3] != "-1":
                answer.append(f"visit {visits} {words[3]}")
            visits += 1
    return "\n".join(answer)


@pytest.mark.parametrize("patients", [12, 30])
def test_the_start_that_is_written_is_the_front_desks_week(patients: int) -> None:
    instance = instance_from_json(generated(patients, 0))
    facts = Facts(instance)
    week = first_fit_week(facts)
    model = TimefoldModel(facts, week)

    timetable = model.timetable(echoed(model.text()))

    verdict = check(instance, timetable)
    assert verdict.ok, verdict.errors
    assert verdict.cost == week.cost
    assert len(timetable.groups) == len(week.timetable().groups) > 0
    assert set(timetable.visits) == set(week.timetable().visits)


def test_a_group_left_too_small_does_not_take_place() -> None:
    facts = Facts(instance_from_json(generated(12, 0)))
    model = TimefoldModel(facts, first_fit_week(facts))
    answer = echoed(model.text())
    group = next(line.split()[2] for line in answer.splitlines() if line.startswith("seat"))
    seats = [line for line in answer.splitlines() if line[:4] == "seat" and line.split()[2] == group]

    one_too_few = "\n".join(line for line in answer.splitlines() if line not in seats[3:])

    assert len(seats) > 3
    assert len(model.timetable(one_too_few).groups) == len(model.timetable(answer).groups) - 1


def test_without_java_the_peer_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(PeerAbsentError, match="java is not on the PATH"):
        peer.timefold(generated(8, 0), 1.0, 0)


def test_without_uv_the_peer_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("java", "javac"):
        tmp_path.joinpath(name).write_text("#!/bin/sh\n", encoding="ascii")
        tmp_path.joinpath(name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(peer, "HOME", tmp_path / "absent")
    monkeypatch.setattr(peer, "PROJECT", tmp_path)

    with pytest.raises(PeerAbsentError, match="uv is not here"):
        peer.timefold(generated(8, 0), 1.0, 0)


def test_a_program_that_fails_is_quoted() -> None:
    with pytest.raises(PeerAbsentError, match="sh failed: out of memory"):
        peer._run(["/bin/sh", "-c", "echo out of memory >&2; exit 3"], 5.0)
