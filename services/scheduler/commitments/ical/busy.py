"""Occupied times merged into intervals that do not overlap."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from operator import attrgetter

from services.scheduler.commitments.ical.reading import BusyInterval
from services.scheduler.commitments.ical.series import Horizon, Occupancy, Occupied
from services.scheduler.commitments.ical.values import DAY
from services.scheduler.commitments.ical.zones import ORIGIN


def merge(occupancy: Occupancy, horizon: Horizon) -> tuple[BusyInterval, ...]:
    """Return disjoint intervals in order, clipped to the horizon.

    Where something is firm, it hides what is tentative.
    """
    busy = list(united(occupancy.busy))
    tentative = list(without(united(occupancy.tentative), busy))
    merged = [_interval(found, horizon, is_tentative=False) for found in busy]
    merged += [_interval(found, horizon, is_tentative=True) for found in tentative]
    return tuple(sorted(merged, key=attrgetter("start")))


def united(found: Iterable[Occupied]) -> Iterator[Occupied]:
    """Yield in order what is left when times that overlap or touch are joined."""
    found = sorted(found)
    start, end, line = found[0] if found else (0, 0, 0)
    for next_start, next_end, next_line in found:
        if next_start > end:
            yield start, end, line
            start, end, line = next_start, next_end, next_line
        elif next_end > end:
            end = next_end
    if found:
        yield start, end, line


def without(found: Iterable[Occupied], taken: Sequence[Occupied]) -> Iterator[Occupied]:
    """Cut the taken times, which are disjoint and in order, out of others that are too."""
    position = 0
    for start, end, line in found:
        rest = start
        while position < len(taken) and taken[position][0] < end:
            taken_start, taken_end, _ = taken[position]
            if rest < taken_start:
                yield rest, taken_start, line
            rest = max(rest, taken_end)
            if taken_end > end:
                break
            position += 1
        if rest < end:
            yield rest, end, line


def _interval(found: Occupied, horizon: Horizon, *, is_tentative: bool) -> BusyInterval:
    start, end, line = found
    return BusyInterval(
        ORIGIN + timedelta(0, max(start, horizon.start) - DAY),
        ORIGIN + timedelta(0, min(end, horizon.end) - DAY),
        is_tentative,
        line,
    )
