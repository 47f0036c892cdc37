"""The simulation of refilled seats agrees with its closed form, and asking several at once is what fills them."""

import argparse
from random import Random

import pytest

from services.operator.bench import refill


@pytest.fixture(scope="module")
def figures() -> dict[str, object]:
    return refill.measure(argparse.Namespace(seed=1))


def test_simulated_rates_lie_at_the_closed_form(figures: dict[str, list[dict[str, float]]]) -> None:
    assert len(figures["rows"]) == len(refill.BATCHES) * len(refill.LEAD_HOURS)
    # Five standard errors of a share among that many seats.
    margin = 5 * 0.5 / refill.SEATS**0.5
    assert all(abs(row["rate"] - row["expected_rate"]) < margin for row in figures["rows"])


def test_more_people_at_once_fill_more_seats(figures: dict[str, list[dict[str, float]]]) -> None:
    for lead in refill.LEAD_HOURS:
        one, *_, most = [row["rate"] for row in figures["rows"] if row["lead_hours"] == lead]
        assert most > one


def test_the_same_seed_gives_the_same_figures(figures: dict[str, object]) -> None:
    assert refill.measure(argparse.Namespace(seed=1)) == figures
    assert refill.measure(argparse.Namespace(seed=2)) != figures


def test_nobody_is_asked_when_nobody_waits_or_no_time_is_left() -> None:
    random = Random(0)  # noqa: S311 - nothing secret
    for lead, waiting in ((0, 40), (24, 0)):
        found = refill.refill(random, batch=5, lead_hours=lead, waiting=waiting)
        assert (found.is_filled, found.asked) == (False, 0)


def test_the_table_has_a_line_for_each_row(figures: dict[str, list[dict[str, float]]]) -> None:
    assert len(refill.table(figures).splitlines()) == 3 + len(figures["rows"])
