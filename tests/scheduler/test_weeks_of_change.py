"""Sessions in every week of twenty years in which clocks change, for every zone, against an oracle of its own."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from services.scheduler.weeks import SLOTS_A_DAY, WeekGrid
from tests.support.zones import behaviours, instant_of, local

QUARTER = timedelta(minutes=15)


def weeks_of_change(zone: ZoneInfo, changes: tuple[datetime, ...]) -> dict[date, set[date]]:
    """The Mondays of weeks with a change, each with the day of the change and the one after."""
    weeks: dict[date, set[date]] = {}
    for change in changes:
        for days in (0, 1):
            day = local(change, zone).date() + timedelta(days=days)
            weeks.setdefault(day - timedelta(days=day.weekday()), set()).add(day)
    return weeks


def spans_of(grid: WeekGrid, day: date) -> list[tuple[datetime, datetime]]:
    """The sessions of one slot of a day. In UTC, for datetimes of one zone compare by what the clock shows."""
    spans = (grid.span(day.weekday(), slot, 1) for slot in range(SLOTS_A_DAY))
    return [(start.astimezone(UTC), end.astimezone(UTC)) for start, end in spans]


def test_no_session_is_lost_doubled_or_shifted_where_clocks_change() -> None:
    days = 0
    odd: set[tuple[str, date]] = set()
    for zone, changes in behaviours():
        for monday, affected in weeks_of_change(zone, changes).items():
            grid = WeekGrid(zone, monday)
            for day in affected:
                days += 1
                spans = spans_of(grid, day)
                # One after the other: none is in two places, and none reaches into the next.
                assert all(earlier[1] == later[0] for earlier, later in pairwise(spans))
                walls = [datetime.combine(day, time(7)) + QUARTER * number for number in range(SLOTS_A_DAY + 1)]
                found = [spans[0][0], *(end for _, end in spans)]
                if any(end - start != QUARTER for start, end in spans):
                    odd.add((zone.key, day))
                    hold_each(walls, found, zone)
                else:
                    # Each lasts as long as it says, so the two ends of the day tell for all that lies between.
                    hold_each([walls[0], walls[-1]], [found[0], found[-1]], zone)
    assert days > 1_000
    # Clocks change by night, but for a few that did so late in the evening, at noon, or left a whole day out.
    assert len(odd) < days // 20, odd


def hold_each(walls: list[datetime], found: list[datetime], zone: ZoneInfo) -> None:
    latest = found[0]
    for wall, edge in zip(walls, found, strict=True):
        # Where a time is left out the edge is the last one that there was: a session may be short, never turned around.
        latest = max(latest, instant_of(wall, zone))
        assert edge == latest, (zone.key, wall)
