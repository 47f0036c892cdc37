"""The bench of the front door: run small and whole, each way in carries the answer and is counted."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from services.operator.__main__ import main
from services.operator.bench.front_door import BenchFailedError, Door, _load
from services.operator.tools import ToolMissingError, debian_tool

WAYS = ("nginx", "embedded", "authz")
SAID = """
  Latency Distribution
     50%   1.50ms
     99%    2.00s
  120 requests in 1.00s, 250.00KB read
Requests/sec:    119.50
"""
UNHEARD = "  Socket errors: connect 0, read 1, write 0, timeout 0\n"


@pytest.fixture
def tools() -> None:
    try:
        debian_tool("wrk", "wrk")
        debian_tool("nginx", "nginx-light")
    except ToolMissingError as missing:
        pytest.skip(f"NOT TRIED with a real nginx under load: {missing}")


def generator(folder: Path, *, unheard: int) -> str:
    """A load generator of which so many answers go missing in a round, one round after the other."""
    program, rounds = folder / "wrk", folder / "rounds"
    rounds.touch()
    program.write_text(
        f"#!/bin/sh\nprintf x >> {rounds}\n"
        f'if [ "$(wc -c < {rounds})" -le {unheard} ]; then echo "{UNHEARD}"; fi\necho "{SAID}"\n',
        encoding="ascii",
    )
    program.chmod(0o755)
    return str(program)


@pytest.mark.usefixtures("tools")
def test_each_way_in_is_measured_at_many_connections_and_at_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "gateway", "--rounds", "1", "--seconds", "1", "--json"]) == 0

    figures = json.loads(capsys.readouterr().out)
    alone = figures["one_connection"]
    for of in (figures, alone):
        for way in WAYS:
            assert of[way].keys() == {"cpu_us", "rps", "p50_us", "p99_us"}
            # The kernel counts CPU in ticks of 10 ms, of which a short round on a busy machine may have none.
            assert all(figure > 0 for name, figure in of[way].items() if name != "cpu_us")
    for way in WAYS[1:]:
        assert figures["added_us"][way] == pytest.approx(alone[way]["p50_us"] - alone["nginx"]["p50_us"], abs=0.1)
        for what, field in (("cpu", "cpu_us"), ("rps", "rps")):
            yardstick = figures["nginx"][field]
            ratio = pytest.approx(figures[way][field] / yardstick, abs=0.01) if yardstick else None
            assert figures[f"{way}_to_nginx_{what}"] == ratio
    check = figures["token_check_us"]
    assert check["amortized"] == pytest.approx((check["cold"] + 29 * check["remembered"]) / 30, abs=0.02)


def load(folder: Path, *, unheard: int) -> Any:
    door = Door("http://127.0.0.1:9", (os.getpid(),))
    return _load(generator(folder, unheard=unheard), door, "x", seconds=1, connections=1)


def test_a_round_in_which_an_answer_was_missing_is_measured_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    measured = load(tmp_path, unheard=2)

    assert (measured.rps, measured.p50_us, measured.p99_us) == (119.5, 1500.0, 2_000_000.0)
    assert capsys.readouterr().err.count("Socket errors") == 2


def test_a_way_that_never_answers_every_request_has_no_figures(tmp_path: Path) -> None:
    with pytest.raises(BenchFailedError, match="Socket errors"):
        load(tmp_path, unheard=3)
