"""Events and their repetitions as occupied times of a horizon (RFC 5545 3.8.4.4 and 3.8.5)."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from operator import attrgetter
from typing import NamedTuple

from services.scheduler.commitments.ical.events import NO_TIME, Event, Moment, Presence
from services.scheduler.commitments.ical.expansion import expand
from services.scheduler.commitments.ical.limits import Budget
from services.scheduler.commitments.ical.recurrence import RecurrenceRule
from services.scheduler.commitments.ical.values import DAY, Form, Span, WrittenTime
from services.scheduler.commitments.ical.warnings import WarningCode, WarningLog

Occupied = tuple[int, int, int]
"""An occupied time: its first instant, the one after its last, and the line of its event."""


class Horizon(NamedTuple):
    """The instants between which occupied times are wanted."""

    start: int
    end: int


@dataclass(slots=True)
class Occupancy:
    """The occupied times found that reach into the horizon, in no order."""

    busy: list[Occupied] = field(default_factory=list)
    tentative: list[Occupied] = field(default_factory=list)


@dataclass(slots=True)
class _Exclusions:
    """The days and instants that EXDATE takes away, or that another component replaces."""

    days: set[int] = field(default_factory=set)
    instants: set[int] = field(default_factory=set)

    def add(self, moment: Moment, series: Moment) -> None:
        """Exclude a day, or an instant; a time without zone is in that of the series."""
        if Form.DATE in (moment.form, series.form):
            self.days.add(moment.wall // DAY)
        elif moment.is_floating:
            self.instants.add(series.zone.instant_at(moment.wall))
        else:
            self.instants.add(moment.instant)


class _Change(NamedTuple):
    """A component that replaces an occurrence and those after it (RANGE=THISANDFUTURE)."""

    instant: int
    shift: int
    event: Event


class _Changes:
    """The changes of one series, in order.

    Attributes:
        reach: The most, in seconds, that one of them moves or lengthens an occurrence.
    """

    def __init__(self, series: Event, overrides: Sequence[Event]) -> None:
        changes = (_change(series, override) for override in overrides if override.is_range)
        self._changes = sorted(filter(None, changes), key=attrgetter("instant"))
        self._instants = [change.instant for change in self._changes]
        self.reach = max((abs(change.shift) + _length(change.event.span) for change in self._changes), default=0)

    def __bool__(self) -> bool:
        return bool(self._changes)

    def at(self, instant: int) -> _Change | None:
        """Return the last change that covers an occurrence."""
        position = bisect_right(self._instants, instant)
        return self._changes[position - 1] if position else None


class SeriesExpander:
    """Expands events over a horizon, each series with the components that change it."""

    def __init__(self, horizon: Horizon, budget: Budget, log: WarningLog, *, keeps_start: bool = True) -> None:
        """Take whether a start counts, with a warning, that its rule does not name; RFC 5545 leaves it undefined."""
        self.occupancy = Occupancy()
        self._keeps_start = keeps_start
        self._horizon = horizon
        self._budget = budget
        self._log = log

    def expand_all(self, events: Iterable[Event]) -> None:
        """Expand the events of a document.

        Raises:
            RecurrenceBombError: If the budget does not reach.
        """
        by_uid: dict[str, list[Event]] = {}
        for event in events:
            # Without a UID nothing can belong to the event.
            by_uid.setdefault(event.uid or f"\n{event.line}", []).append(event)
        for group in by_uid.values():
            self._expand_group(group)

    def _expand_group(self, group: list[Event]) -> None:
        series = _latest([event for event in group if event.replaces is None])
        overrides = _latest_each([event for event in group if event.replaces is not None])
        single = [override for override in overrides if not override.is_range]
        for extra in series[1:]:
            self._log.add(WarningCode.DUPLICATE_UID, extra.line)
        for event in series:
            self._expand_series(event, overrides)
        for override in overrides:
            if not override.is_range:
                self._expand_series(override, ())
            elif override.rules or not series:
                self._expand_series(override, single)

    def _expand_series(self, series: Event, overrides: Sequence[Event]) -> None:
        self._budget.open_series(series.line)
        self._budget.spend(1 + len(overrides) + len(series.excluded) + len(series.dates))
        changes = _Changes(series, overrides)
        if series.presence is Presence.FREE and not changes:
            return
        excluded = _exclusions(series, overrides)
        own_spans = _own_spans(series)
        walls = self._walls(series, own_spans, changes.reach)
        if excluded.days:
            walls = [wall for wall in walls if wall // DAY not in excluded.days]
        if not changes and not own_spans:
            self._occupy(series, walls, series.span, excluded.instants)
            return
        for wall in walls:
            instant = series.start.zone.instant_at(wall)
            change = changes.at(instant)
            if instant in excluded.instants:
                continue
            if change is None:
                self._occupy(series, (wall,), own_spans.get(wall, series.span))
            elif not change.event.rules:
                moved = change.event.start.zone.wall_at(instant) + change.shift
                self._occupy(change.event, (moved,), change.event.span)

    def _occupy(
        self,
        event: Event,
        walls: Sequence[int],
        span: Span,
        excluded: AbstractSet[int] = frozenset(),
    ) -> None:
        if event.presence is Presence.FREE or span == NO_TIME:
            return
        is_busy = event.presence is Presence.BUSY
        found = self.occupancy.busy if is_busy else self.occupancy.tentative
        offset_at, line = event.start.zone.offset_at, event.line
        low, high = self._horizon
        days, seconds = span.days * DAY, span.seconds
        starts = [wall - offset_at(wall) for wall in walls]
        ends = [start + seconds for start in starts]
        if days:
            ends = [wall + days - offset_at(wall + days) + seconds for wall in walls]
        found += [
            (start, end, line)
            for start, end in zip(starts, ends, strict=True)
            if start < high and end > low and start not in excluded
        ]

    def _walls(self, series: Event, own_spans: dict[int, Span], reach: int) -> Sequence[int]:
        """Return the wall times at which the series may start to fill the horizon, in order."""
        start = series.start.wall
        longest = max(map(_length, [series.span, *own_spans.values()]))
        # A day on both sides is more than any offset from UTC.
        first = self._horizon.start - DAY - longest - reach
        last = self._horizon.end + DAY + reach
        if not series.rules and not series.dates:
            return (start,) if first <= start <= last else ()
        ruled = [self._rule_walls(rule, series, first, last) for rule in series.rules]
        is_outside = bool(ruled) and first <= start <= last and not any(walls[:1] == [start] for walls in ruled)
        if is_outside and self._keeps_start:
            self._log.add(WarningCode.START_OUTSIDE_RULE, series.line)
        elif len(ruled) == 1 and not series.dates and not series.excluding_rules:
            return ruled[0]
        listed = [_wall_in(series, moment) for moment, _ in series.dates]
        if not is_outside or self._keeps_start:
            listed.append(start)
        walls = {wall for wall in listed if first <= wall <= last}
        walls.update(*ruled)
        for rule in series.excluding_rules:
            walls.difference_update(self._rule_walls(rule, series, first, last))
        return sorted(walls)

    def _rule_walls(self, rule: RecurrenceRule, series: Event, first: int, last: int) -> list[int]:
        start = series.start
        if rule.until is None:
            return expand(rule, start.wall, first, last, self._budget)
        bound, until = _until(rule.until, start)
        walls = expand(rule, start.wall, first, min(last, bound), self._budget)
        if until is None:
            return walls
        offset_at = start.zone.offset_at
        return [wall for wall in walls if wall - offset_at(wall) <= until]


def _latest(series: list[Event]) -> list[Event]:
    """Keep the newest revisions of a series (RFC 5546 2.1.5)."""
    newest = max((event.sequence for event in series), default=0)
    return [event for event in series if event.sequence == newest]


def _latest_each(overrides: list[Event]) -> list[Event]:
    """Keep the newest revision of each changed occurrence."""
    newest: dict[tuple[int, bool], Event] = {}
    for override in overrides:
        if override.replaces is not None:
            key = (override.replaces.instant, override.is_range)
            known = newest.get(key)
            if known is None or override.sequence >= known.sequence:
                newest[key] = override
    return list(newest.values())


def _exclusions(series: Event, overrides: Sequence[Event]) -> _Exclusions:
    excluded = _Exclusions()
    for moment in series.excluded:
        excluded.add(moment, series.start)
    for override in overrides:
        if override.replaces is not None and not override.is_range:
            excluded.add(override.replaces, series.start)
    return excluded


def _length(span: Span) -> int:
    """Return at least how long a span lasts, whatever the offset does meanwhile."""
    return (span.days + 1) * DAY + span.seconds if span.days else span.seconds


def _change(series: Event, override: Event) -> _Change | None:
    if override.replaces is None:
        return None
    zone = override.start.zone
    instant = series.start.zone.instant_at(_wall_in(series, override.replaces))
    return _Change(instant, override.start.wall - zone.wall_at(instant), override)


def _wall_in(series: Event, moment: Moment) -> int:
    """Return a listed time on the wall clock of the series."""
    start = series.start
    if moment.form is Form.DATE or start.form is Form.DATE:
        return moment.wall // DAY * DAY + start.wall % DAY
    if moment.is_floating or moment.zone is start.zone:
        return moment.wall
    return start.zone.wall_at(moment.instant)


def _own_spans(series: Event) -> dict[int, Span]:
    """Return the listed periods, which bring their own length."""
    return {_wall_in(series, moment): span for moment, span in series.dates if span is not None}


def _until(until: WrittenTime, start: Moment) -> tuple[int, int | None]:
    """Return the last wall time UNTIL leaves and, where it is an instant, that instant.

    A date lets the whole day through, and so does a midnight in UTC that ends a series of days,
    which is how some programs write a date.
    """
    wall, form = until
    if start.form is Form.DATE:
        is_instant = form is Form.UTC and wall % DAY
        wall = start.zone.wall_at(wall) if is_instant else wall
        return wall // DAY * DAY, None
    if form is Form.DATE:
        return wall + DAY - 1, None
    if form is Form.LOCAL:
        return wall, None
    # Around a change of offset the wall clock may show the instant's time at either offset.
    return wall + max(start.zone.offset_at(wall + day) for day in (-DAY, DAY)), wall
