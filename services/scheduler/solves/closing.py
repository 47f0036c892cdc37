"""The hours in which a site is closed, as the solver reads them: it is not open then, and nobody is on shift. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from services.scheduler.closures.hours import ClosedHours
from services.scheduler.weeks import SLOTS_A_DAY, SlotInterval, WeekGrid


def with_closures(instance: Mapping[str, Any], closed: Sequence[ClosedHours], grid: WeekGrid) -> dict[str, Any]:
    """Return the instance without the hours in which the site is closed.

    Where only the building is, whoever is on shift may still be seen by video.
    """
    building = grid.busy((hours.start, hours.end) for hours in closed)
    nobody = grid.busy((hours.start, hours.end) for hours in closed if hours.for_all)
    return {
        **instance,
        "site_open": list(_without(instance["site_open"], building)),
        "practitioners": [
            {**practitioner, "shifts": list(_without(practitioner["shifts"], nobody))}
            for practitioner in instance["practitioners"]
        ],
        "medication_pool": _emptied(instance["medication_pool"], nobody),
        "nurse_pool": _emptied(instance["nurse_pool"], nobody),
    }


def _without(intervals: Iterable[Sequence[int]], closed: Sequence[SlotInterval]) -> Iterator[SlotInterval]:
    for day, start, end in intervals:
        begin = start
        for gap in closed:
            if gap.day != day or gap.end <= begin or end <= gap.start:
                continue
            if begin < gap.start:
                yield SlotInterval(day, begin, gap.start)
            begin = gap.end
        if begin < end:
            yield SlotInterval(day, begin, end)


def _emptied(pool: Sequence[int], closed: Iterable[SlotInterval]) -> list[int]:
    emptied = list(pool)
    for day, start, end in closed:
        for slot in range(day * SLOTS_A_DAY + start, day * SLOTS_A_DAY + end):
            emptied[slot] = 0
    return emptied
