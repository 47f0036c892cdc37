"""`eventide bench refill`: how often a freed seat finds somebody, asking one after the other and several at once.

A seat is given back some hours before its session. Whoever is asked accepts with a probability of 8.3 % (Epic Fast
Pass, 177,311 offers, PMC7315363), at any moment of the time in which an answer counts, and otherwise says nothing. When
nobody of a batch accepts in time, the next people on the waitlist are asked, while the time lasts.
"""

import argparse
from collections.abc import Sequence
from random import Random
from typing import Any, Final, NamedTuple

ACCEPTANCE: Final = 0.083
BATCHES: Final = (1, 3, 5, 10, 20)
LEAD_HOURS: Final = (4, 12, 24, 48)
ANSWER_HOURS: Final = 2.0
WAITING: Final = 40
SEATS: Final = 4000


class Refill(NamedTuple):
    """What came of one seat."""

    is_filled: bool
    asked: int
    hours: float


def refill(random: Random, *, batch: int, lead_hours: float, waiting: int = WAITING) -> Refill:
    """Ask people for one seat until somebody accepts, the time is over, or nobody is left to ask."""
    asked, begun = 0, 0.0
    while begun < lead_hours and asked < waiting:
        people = min(batch, waiting - asked)
        window = min(ANSWER_HOURS, lead_hours - begun)
        asked += people
        answers = [random.random() * window for _ in range(people) if random.random() < ACCEPTANCE]
        if answers:
            return Refill(is_filled=True, asked=asked, hours=begun + min(answers))
        begun += window
    return Refill(is_filled=False, asked=asked, hours=lead_hours)


def expected_rate(*, batch: int, lead_hours: float, waiting: int = WAITING) -> float:
    """Return the same rate in closed form: somebody among all who can be asked in time accepts."""
    rounds = -(-lead_hours // ANSWER_HOURS)
    return float(1 - (1 - ACCEPTANCE) ** min(waiting, batch * rounds))


def measure(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the rates for each batch size and lead time."""
    # Synthetic people and no secret: a seed makes the figures again.
    random = Random(arguments.seed)  # noqa: S311
    return {
        "acceptance": ACCEPTANCE,
        "answer_hours": ANSWER_HOURS,
        "waiting": WAITING,
        "seats": SEATS,
        "seed": arguments.seed,
        "rows": [_row(random, batch, lead) for lead in LEAD_HOURS for batch in BATCHES],
    }


def _row(random: Random, batch: int, lead: float) -> dict[str, Any]:
    found = [refill(random, batch=batch, lead_hours=lead) for _ in range(SEATS)]
    filled = [one for one in found if one.is_filled]
    return {
        "lead_hours": lead,
        "batch": batch,
        "rate": len(filled) / SEATS,
        "expected_rate": expected_rate(batch=batch, lead_hours=lead),
        "asked": sum(one.asked for one in found) / SEATS,
        "hours_to_fill": _mean([one.hours for one in filled]),
    }


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None


def table(figures: dict[str, Any]) -> str:
    """Word the figures."""
    lines = [
        (
            f"{figures['seats']:,} seats a row, {figures['waiting']} people wait, {figures['acceptance']:.1%} accept,"
            f" an answer counts {figures['answer_hours']:g} hours"
        ),
        "",
        f"{'hours before':>12}{'at once':>10}{'filled':>10}{'closed form':>14}{'asked':>8}{'hours to fill':>16}",
    ]
    for row in figures["rows"]:
        hours = "-" if row["hours_to_fill"] is None else f"{row['hours_to_fill']:.1f}"
        lines.append(
            f"{row['lead_hours']:>12}{row['batch']:>10}{row['rate']:>10.1%}{row['expected_rate']:>14.1%}"
            f"{row['asked']:>8.1f}{hours:>16}"
        )
    return "\n".join(lines)
