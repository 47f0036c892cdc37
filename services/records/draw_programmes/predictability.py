"""How much of a draw can be foreseen by who knows its terms: exact, from the weekday of one test to the next.

Between two tests lie independent draws with one hazard p, until the last call day within the cap, which is tested for
certain. How many call days lie within the cap depends on the weekday of the test before, so tests form a Markov chain
over weekdays; in the long run each weekday has its share of the tests.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Final

from services.contracts.records.draw_programmes import DrawTerms, Predictability
from services.contracts.vocabulary import Weekday

_WEEK: Final = 7
_ONE: Final = Fraction(1)


@dataclass(frozen=True, slots=True)
class ExactFigures:
    """The figures before they are rounded."""

    tests_per_week: Fraction
    forced: Fraction
    over_7_days: Fraction
    over_14_days: Fraction


def predictability(terms: DrawTerms) -> Predictability:
    """Compute the figures that are printed beside a programme."""
    exact = exact_figures(terms)
    return Predictability(
        tests_per_week=_rounded(exact.tests_per_week, 2),
        forced_percent=_rounded(exact.forced * 100, 1),
        gaps_over_7_days_percent=_rounded(exact.over_7_days * 100, 1),
        gaps_over_14_days_percent=_rounded(exact.over_14_days * 100, 1),
        safe_days=[day for day in Weekday if day not in terms.call_days],
    )


def exact_figures(terms: DrawTerms) -> ExactFigures:
    """Compute the figures as fractions."""
    return _figures(
        frozenset(day.number for day in terms.call_days),
        Fraction(terms.hazard.tests, terms.hazard.opportunities),
        terms.cap_days,
    )


@lru_cache(maxsize=256)
def _figures(numbers: frozenset[int], hit: Fraction, cap: int | None) -> ExactFigures:
    miss, a_week = _ONE - hit, len(numbers)
    if cap is None:
        return ExactFigures(hit * a_week, Fraction(0), miss**a_week, miss ** (2 * a_week))
    offsets = {start: _offsets(numbers, start, cap) for start in numbers}
    # By the call days within the cap, which are all that matters once it is known how often each number of them comes.
    shares: dict[int, Fraction] = defaultdict(Fraction)
    for start, share in _shares(offsets, miss).items():
        shares[len(offsets[start])] += share
    return ExactFigures(
        a_week * hit / _mean(shares, lambda calls: _ONE - miss**calls),
        _mean(shares, lambda calls: miss ** (calls - 1)),
        _mean(shares, lambda calls: miss**a_week if calls > a_week else Fraction(0)),
        _mean(shares, lambda calls: miss ** (2 * a_week) if calls > 2 * a_week else Fraction(0)),
    )


def _mean(shares: Mapping[int, Fraction], figure: Callable[[int], Fraction]) -> Fraction:
    return sum((share * figure(calls) for calls, share in shares.items()), Fraction(0))


def _offsets(numbers: frozenset[int], start: int, cap: int) -> list[int]:
    return [offset for offset in range(1, cap + 1) if (start + offset) % _WEEK in numbers]


def _next_weekday(start: int, offsets: list[int], miss: Fraction) -> Mapping[int, Fraction]:
    hits = [(offset, miss**number * (_ONE - miss)) for number, offset in enumerate(offsets[:-1])]
    chances: dict[int, Fraction] = {}
    for offset, chance in (*hits, (offsets[-1], miss ** (len(offsets) - 1))):
        weekday = (start + offset) % _WEEK
        chances[weekday] = chances.get(weekday, Fraction(0)) + chance
    return chances


def _shares(offsets: Mapping[int, list[int]], miss: Fraction) -> Mapping[int, Fraction]:
    if len({len(days) for days in offsets.values()}) == 1:
        return dict.fromkeys(offsets, Fraction(1, len(offsets)))  # whichever the shares are, they change no figure
    return _settled({start: _next_weekday(start, days, miss) for start, days in offsets.items()})


def _settled(steps: Mapping[int, Mapping[int, Fraction]]) -> Mapping[int, Fraction]:
    """Solve for the share of tests on each weekday: what flows in equals what flows out, and all of them make one.

    The weekdays are taken away one by one, each step through them kept as a step around (Grassmann, Taksar and Heyman
    1985), which only adds, multiplies and divides by what is not zero.
    """
    order = sorted(steps)
    flow = {(a, b): steps[a].get(b, Fraction(0)) for a in order for b in order}
    for last in range(len(order) - 1, 0, -1):
        gone, left = order[last], order[:last]
        leaving = sum((flow[gone, other] for other in left), Fraction(0))
        for a in left:
            flow[a, gone] /= leaving
            for b in left:
                flow[a, b] += flow[a, gone] * flow[gone, b]
    weights = {order[0]: _ONE}
    for position, day in enumerate(order[1:], start=1):
        weights[day] = sum((weights[before] * flow[before, day] for before in order[:position]), Fraction(0))
    total = sum(weights.values(), Fraction(0))
    return {day: weight / total for day, weight in weights.items()}


def _rounded(figure: Fraction, digits: int) -> float:
    return float(round(figure, digits))
