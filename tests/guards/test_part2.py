"""The page on 42 CFR part 2 says what there is: each rule has a row, and what a row names exists."""

import re
from pathlib import Path
from typing import Final, NamedTuple

import pytest

ROOT: Final = Path(__file__).resolve().parents[2]
FOLDERS: Final = {"D/": "tests/policy/decisions/", "C/": "tests/records/consents/", "A/": "tests/records/disclosures/"}
RULES: Final = 28


class Row(NamedTuple):
    rule: str
    asks: str
    where: list[str]
    tests: list[str]
    lacks: str


def rows(page: str) -> list[Row]:
    lines = [line for line in page.splitlines() if re.match(r"\| P\d", line)]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [Row(rule, asks, where.split(), tests.split(), lacks) for rule, asks, where, tests, lacks in cells]


ROWS: Final = rows((ROOT / "docs/part2.md").read_text(encoding="utf-8"))


def place(test: str) -> tuple[Path, str]:
    path, _, name = test.partition("::")
    for short, folder in FOLDERS.items():
        if path.startswith(short):
            path = folder + path.removeprefix(short)
    return ROOT / path, name


def exists(test: str) -> bool:
    path, name = place(test)
    return (
        path.is_file() and re.search(rf"^(async )?def {re.escape(name)}\(", path.read_text(), re.MULTILINE) is not None
    )


def test_each_rule_has_one_row_in_order() -> None:
    assert [row.rule for row in ROWS] == [f"P{number}" for number in range(1, RULES + 1)]


@pytest.mark.parametrize("row", ROWS, ids=[row.rule for row in ROWS])
def test_what_a_row_names_is_there(row: Row) -> None:
    assert [where for where in row.where if not (ROOT / where).is_file()] == []
    assert [test for test in row.tests if not exists(test)] == []
    assert row.tests or row.lacks


def test_a_test_that_is_not_there_is_noticed() -> None:
    assert not exists("D/test_requirements.py::test_p29")
    assert not exists("D/test_absent.py::test_p1")
    assert not exists("D/test_requirements.py::test_p2_a_use_needs")
