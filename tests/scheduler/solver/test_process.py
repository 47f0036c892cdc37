import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from services.scheduler.solver import process
from services.scheduler.solver.cli import solve_file
from services.scheduler.solver.instance import InvalidInstanceError
from services.scheduler.solver.outcome import Progress

ROOT = Path(__file__).resolve().parents[3]
COMMAND = [sys.executable, "-m", "services.scheduler.solver.process"]
Document = dict[str, Any]


def run(document: str) -> tuple[int, list[Document]]:
    done = subprocess.run(COMMAND, input=document, capture_output=True, text=True, cwd=ROOT, timeout=200, check=False)
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]


def test_progress_comes_first_and_the_checked_outcome_last(
    document: Callable[..., Document],
) -> None:
    job = {"instance": document(6), "time_limit": 150, "seed": 1, "workers": 1, "work_limit": 0.3}

    status, lines = run(json.dumps(job))

    assert status == 0
    assert {line["event"] for line in lines[:-1]} == {"progress", "incumbent"}
    assert lines[-1]["event"] == "outcome"
    assert lines[-1]["check"]["ok"]
    assert lines[-1]["timetable"]["format"] == "eventide-timetable/1"
    assert lines[-1]["timetable"]["goals"]["unmet"] == 0


def test_a_terminated_solve_still_gives_its_best_timetable(
    document: Callable[..., Document],
) -> None:
    job = {"instance": document(9), "time_limit": 600, "workers": 2}
    with subprocess.Popen(COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) as solve:
        assert solve.stdin is not None
        assert solve.stdout is not None
        solve.stdin.write(json.dumps(job))
        solve.stdin.close()
        first = json.loads(solve.stdout.readline())
        solve.send_signal(signal.SIGTERM)
        lines = [json.loads(line) for line in solve.stdout]

        status = solve.wait(timeout=30)

    assert first["event"] == "progress"
    assert status == 0
    assert lines[-1]["event"] == "outcome"
    assert lines[-1]["check"]["ok"]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("not json", "document"),
        ("[]", "document"),
        ("{}", "document"),
        ('{"instance": {"format": "other"}}', "format"),
        ('{"instance": 1}', ""),
    ],
)
def test_a_malformed_document_is_answered_with_its_fault(text: str, place: str) -> None:
    status, lines = run(text)

    assert status == 2
    assert lines[0]["event"] == "error"
    assert lines[0]["place"] == place


def test_a_solve_goes_on_from_the_week_another_found(document: Callable[..., Document]) -> None:
    job = {"instance": document(6), "time_limit": 150, "seed": 1, "workers": 1}
    _, lines = run(json.dumps(job | {"work_limit": 0.3}))
    found = lines[-1]["timetable"]

    _, again = run(json.dumps(job | {"work_limit": 0.001, "start": found}))
    status, refused = run(json.dumps(job | {"start": {"format": "eventide-timetable/1", "groups": 1}}))

    assert again[-1]["timetable"]["objective"] <= found["objective"]
    weeks = [line["timetable"] for line in lines if line["event"] == "incumbent"]
    assert weeks[0]["format"] == "eventide-timetable/1"
    assert (status, refused[0]["event"], refused[0]["place"]) == (2, "error", "groups")


def test_progress_is_told_no_more_than_twice_a_second(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # What the clock says when each of these is made known.
    moments = iter((10.0, 10.1, 10.49, 10.5, 10.9, 10.99, 11.0, 11.3))
    monkeypatch.setattr(process, "monotonic", lambda: next(moments))
    lines = process._Lines()

    for seconds in range(8):
        lines.progress(Progress(incumbent=9.0, bound=1.0, gap=0.5, unmet=3, unmet_bound=1, seconds=float(seconds)))

    told = [json.loads(line)["seconds"] for line in capsys.readouterr().out.splitlines()]
    assert told == [0.0, 3.0, 6.0]


def test_a_file_is_solved_into_a_file(document: Callable[..., Document], tmp_path: Path) -> None:
    source, target = tmp_path / "in.json", tmp_path / "out.json"
    source.write_text(json.dumps(document(4)))

    summary = solve_file(source, target, time_limit=2.0, workers=1)

    assert summary["checker"]["ok"]
    assert summary["objective"] == json.loads(target.read_text())["objective"]


def test_a_file_that_is_not_json_is_refused(tmp_path: Path) -> None:
    source = tmp_path / "in.json"
    source.write_text("{")

    with pytest.raises(InvalidInstanceError):
        solve_file(source, tmp_path / "out.json")
