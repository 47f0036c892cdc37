"""What falls out of several weeks, cut into what falls out of each. Pure."""

from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from services.contracts.scheduler.disruptions import DisruptionBatchRequest, DisruptionRequest
from services.contracts.scheduler.sites import Practitioner
from services.contracts.vocabulary import WeeklyWindow
from services.scheduler.weeks import WeekGrid

_WEEK: Final = timedelta(weeks=1)


def weeks_of(
    request: DisruptionBatchRequest, zone: ZoneInfo, in_week: Callable[[date], Practitioner | None]
) -> Iterator[DisruptionRequest]:
    """Yield what falls out of each week, in order; a week of which no slot is touched has nothing.

    Days of a week on which changed hours do not hold yet, or no longer, have the practitioner's usual ones, as
    `in_week` knows them of each week.
    """
    told = request.model_dump(include={"site_id", "kind", "reason", "practitioner_id", "room_id"})
    if request.start is not None and request.end is not None:
        for monday in _mondays(request.start.astimezone(zone).date(), request.end.astimezone(zone).date()):
            grid = WeekGrid(zone, monday)
            start, end = max(request.start, grid.start), min(request.end, grid.end)
            if start < end and grid.busy([(start, end)]):
                yield DisruptionRequest(week=monday, start=start, end=end, **told)
    elif request.first_day is not None and request.last_day is not None:
        for monday in _mondays(request.first_day, request.last_day):
            if (practitioner := in_week(monday)) is None:
                continue
            days = {day for day in range(7) if request.first_day <= monday + timedelta(days=day) <= request.last_day}
            yield DisruptionRequest(
                week=monday,
                shifts=_on(request.shifts or [], practitioner.shifts, days),
                breaks=_on(request.breaks, practitioner.breaks, days),
                **told,
            )


def _mondays(first: date, last: date) -> Iterator[date]:
    monday = first - timedelta(days=first.weekday())
    while monday <= last:
        yield monday
        monday += _WEEK


def _on(changed: Sequence[WeeklyWindow], usual: Sequence[WeeklyWindow], days: set[int]) -> list[WeeklyWindow]:
    return [
        *(window for window in usual if window.weekday.number not in days),
        *(window for window in changed if window.weekday.number in days),
    ]
