"""The page of what works while a part is down names the routes that are there, each where it belongs."""

import json
import re
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
OVERLOADED: Final = {"stream_solve_events", "stream_solve_batch_events"}
"""Answer 503 for their own sake: as many streams are open as can be."""
LONGEST_LINE: Final = 400


def _page() -> str:
    return (ROOT / "docs/operations/degradation.md").read_text()


def _routes_under(heading: str, until: str) -> list[str]:
    section = _page().partition(heading)[2].partition(until)[0]
    return [name for line in section.splitlines() if line.startswith("|") for name in re.findall(r"`([a-z_]+)`", line)]


def _answers_503() -> dict[str, bool]:
    document = json.loads((ROOT / "docs/api/scheduler.json").read_text())
    operations = [operation for path in document["paths"].values() for operation in path.values()]
    return {one["operationId"]: "503" in one["responses"] for one in operations if "operationId" in one}


def test_the_routes_that_ask_records_are_those_that_say_so_in_their_document() -> None:
    listed = _routes_under("## Routes of the scheduler that ask records", "These work, with less:")
    documented = {name for name, is_so in _answers_503().items() if is_so}

    assert len(listed) == len(set(listed))
    assert set(listed) == documented - OVERLOADED


def test_what_works_with_less_is_a_route_as_well() -> None:
    listed = set(_routes_under("These work, with less:", "## "))

    assert listed
    assert listed <= _answers_503().keys()


def test_a_person_can_read_every_line() -> None:
    assert [line for line in _page().splitlines() if len(line) > LONGEST_LINE] == []
