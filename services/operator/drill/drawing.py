"""What draws can be drilled with: histories of days, statistics that betray a pattern, generators that have one."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from random import Random
from types import MappingProxyType
from typing import Final

WEEK: Final = 7
_LAGS: Final = 7
_LONGEST_LAG: Final = 21
# The chi-square distribution with seven degrees of freedom exceeds this once in ten thousand times.
CHI_SQUARE_LIMIT: Final = 29.878
AUC_DEVIATIONS: Final = 4.0


@dataclass(frozen=True, slots=True)
class Day:
    """One day of a history, and what somebody who wants to foretell it knows."""

    weekday: int
    has_session: bool
    is_drawn: bool
    is_forced: bool


History = Sequence[Day]


def weekday_chi_square(histories: Iterable[History], hazard: float) -> float:
    """Return how far the rates of the seven weekdays lie from the hazard, on days that the cap does not force."""
    return _chi_square(((day.weekday, day) for history in histories for day in history), hazard)


def lag_chi_square(histories: Iterable[History], hazard: float) -> float:
    """Return how far the rates one to seven days after a test lie from the hazard: no day after a test is safer."""
    return _chi_square(
        ((lag, day) for history in histories for lag, day in _with_lags(history) if 1 <= lag <= _LAGS), hazard
    )


def _chi_square(cells: Iterable[tuple[int, Day]], hazard: float) -> float:
    days, hits = Counter[int](), Counter[int]()
    for cell, day in cells:
        if not day.is_forced:
            days[cell] += 1
            hits[cell] += day.is_drawn
    return sum((hits[cell] - days[cell] * hazard) ** 2 / (days[cell] * hazard * (1 - hazard)) for cell in days)


def _with_lags(history: History) -> Iterable[tuple[int, Day]]:
    lag = 1
    for day in history:
        yield lag, day
        lag = 1 if day.is_drawn else lag + 1


@dataclass(frozen=True, slots=True)
class Foresight:
    """How well the next day can be foretold from the past: 0.5 is not at all, 1 is always."""

    auc: float
    deviations: float
    """How many standard deviations of a guess it lies from 0.5."""


def foresight(histories: Sequence[History]) -> Foresight:
    """Learn on one half of the people what the weekday, the gap, the week so far and the sessions tell; try the other.

    Days that the cap forces are left out: how many they are is printed beside every programme.
    """
    known, days = Counter[tuple[int, ...]](), Counter[tuple[int, ...]]()
    for history in histories[::2]:
        for cell, day in _cells(history):
            days[cell] += 1
            known[cell] += day.is_drawn
    scored = [
        ((known[cell] + 1) / (days[cell] + 3), day.is_drawn)
        for history in histories[1::2]
        for cell, day in _cells(history)
    ]
    return _foresight(scored)


def _cells(history: History) -> Iterable[tuple[tuple[int, ...], Day]]:
    this_week = 0
    for lag, day in _with_lags(history):
        if day.weekday == 0:
            this_week = 0
        if not day.is_forced:
            yield (day.weekday, min(lag, _LONGEST_LAG), this_week, day.has_session), day
        this_week += day.is_drawn


def _foresight(scored: list[tuple[float, bool]]) -> Foresight:
    ranks = _mean_ranks([score for score, _ in scored])
    tested = [rank for rank, (_, is_drawn) in zip(ranks, scored, strict=True) if is_drawn]
    one, other = len(tested), len(scored) - len(tested)
    auc = (sum(tested) - one * (one + 1) / 2) / (one * other)
    deviation = ((one + other + 1) / (12 * one * other)) ** 0.5
    return Foresight(auc, abs(auc - 0.5) / deviation)


def _mean_ranks(scores: list[float]) -> list[float]:
    order = sorted(range(len(scores)), key=scores.__getitem__)
    ranks = [0.0] * len(scores)
    start = 0
    while start < len(order):
        end = start
        while end < len(order) and scores[order[end]] == scores[order[start]]:
            end += 1
        for place in order[start:end]:
            ranks[place] = (start + end + 1) / 2
        start = end
    return ranks


def longest_gap(histories: Iterable[History]) -> int:
    """Return the most days from one test to the next, the two ends counted as tests."""
    return max(
        later - earlier
        for history in histories
        for earlier, later in pairwise(
            [-1, *(place for place, day in enumerate(history) if day.is_drawn), len(history) - 1]
        )
    )


Draws = Callable[[Random, Sequence[tuple[int, bool]]], list[bool]]


def _favours_weekdays(random: Random, calendar: Sequence[tuple[int, bool]]) -> list[bool]:
    return [random.random() < (2 / 5 if weekday < 5 else 0) for weekday, _ in calendar]  # noqa: PLR2004 - Saturday


def _rests_after_a_test(random: Random, calendar: Sequence[tuple[int, bool]]) -> list[bool]:
    drawn: list[bool] = []
    for _ in calendar:
        rests = any(drawn[-2:])
        drawn.append(not rests and random.random() < 4 / 7)
    return drawn


def _twice_in_each_week(random: Random, calendar: Sequence[tuple[int, bool]]) -> list[bool]:
    drawn: list[bool] = []
    while len(drawn) < len(calendar):
        chosen = set(random.sample(range(WEEK), 2))
        drawn.extend(place in chosen for place in range(WEEK))
    return drawn[: len(calendar)]


def _on_session_days(random: Random, calendar: Sequence[tuple[int, bool]]) -> list[bool]:
    return [random.random() < (2 / 3 if has_session else 0) for _, has_session in calendar]


def _without_a_cap(random: Random, calendar: Sequence[tuple[int, bool]]) -> list[bool]:
    return [random.random() < 2 / WEEK for _ in calendar]


BAD_GENERATORS: Final[Mapping[str, Draws]] = MappingProxyType(
    {
        "favours_weekdays": _favours_weekdays,
        "rests_after_a_test": _rests_after_a_test,
        "twice_in_each_week": _twice_in_each_week,
        "on_session_days": _on_session_days,
        "without_a_cap": _without_a_cap,
    }
)
"""Each tests about twice a week, and has the fault that its name says."""
