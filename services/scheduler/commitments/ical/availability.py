"""Availability (RFC 7953): what a person does not offer is busy."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from services.scheduler.commitments.ical.busy import united, without
from services.scheduler.commitments.ical.events import Event, EventReader
from services.scheduler.commitments.ical.limits import Budget
from services.scheduler.commitments.ical.lines import Component, Property
from services.scheduler.commitments.ical.series import Horizon, Occupancy, Occupied, SeriesExpander
from services.scheduler.commitments.ical.warnings import WarningCode, WarningLog

_PRIORITIES = {str(number): number for number in range(1, 10)}
_NO_PRIORITY = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Availability:
    """One VAVAILABILITY.

    Attributes:
        priority: 1 is the highest; one that is not given, or given as 0, is the lowest.
        extent: When it counts, clipped to the horizon; nothing is said about the time outside.
        is_tentative: Whether the rest of the extent is busy only tentatively (BUSYTYPE).
        offered: The AVAILABLE components.
    """

    priority: int
    extent: Occupied
    is_tentative: bool
    offered: tuple[Event, ...]


class AvailabilityReader:
    """Turns VAVAILABILITY components into busy times."""

    def __init__(self, events: EventReader, horizon: Horizon, budget: Budget, log: WarningLog) -> None:
        self._events = events
        self._horizon = horizon
        self._budget = budget
        self._log = log

    def read(self, component: Component) -> Availability:
        """Read a component; what is not readable in it is left out with a warning.

        Raises:
            TooManyEventsError: If the document lists too many dates.
            RecurrenceBombError: If a rule is refused unexpanded.
        """
        first, last = self._events.extent(component, *self._horizon)
        offered = (self._events.event(child) for child in component.children if child.name == "AVAILABLE")
        return Availability(
            priority=self._priority(component.first("PRIORITY")),
            extent=(max(first, self._horizon.start), min(last, self._horizon.end), component.line),
            is_tentative=component.text("BUSYTYPE") == "BUSY-TENTATIVE",
            offered=tuple(filter(None, offered)),
        )

    def _priority(self, written: Property | None) -> int:
        if written is None or written.value.strip() == "0":
            return _NO_PRIORITY
        if written.value.strip() not in _PRIORITIES:
            self._log.add(WarningCode.UNREADABLE_VALUE, written.line)
        return _PRIORITIES.get(written.value.strip(), _NO_PRIORITY)

    def busy(self, found: Iterable[Availability]) -> Occupancy:
        """Return the busy times of availabilities together (RFC 7953 4).

        Where extents overlap, the higher priority counts alone; among equals what one of them offers is free.

        Raises:
            RecurrenceBombError: If the budget does not reach.
        """
        levels: defaultdict[int, list[Availability]] = defaultdict(list)
        for availability in found:
            start, end, _ = availability.extent
            if start < end:
                levels[availability.priority].append(availability)
        occupancy = Occupancy()
        for priority in sorted(levels, reverse=True):
            occupancy = self._overlaid(occupancy, levels[priority])
        return occupancy

    def _overlaid(self, lower: Occupancy, level: list[Availability]) -> Occupancy:
        covered = list(united(each.extent for each in level))
        firm = united(each.extent for each in level if not each.is_tentative)
        tentative = united(each.extent for each in level if each.is_tentative)
        free = list(united(time for each in level for time in self._offered(each)))
        return Occupancy(
            busy=sorted([*without(lower.busy, covered), *without(firm, free)]),
            tentative=sorted([*without(lower.tentative, covered), *without(tentative, free)]),
        )

    def _offered(self, availability: Availability) -> Iterator[Occupied]:
        """Yield the times offered within the extent."""
        start, end, line = availability.extent
        # The standard's own examples start on a Sunday and mean Monday to Friday.
        expander = SeriesExpander(Horizon(start, end), self._budget, self._log, keeps_start=False)
        expander.expand_all(availability.offered)
        offered = expander.occupancy.busy
        # Clipping and carving them out costs as much again as finding them.
        self._budget.spend(len(offered))
        if not offered and (start, end) == self._horizon:
            self._log.add(WarningCode.NEVER_AVAILABLE, line)
        for offered_start, offered_end, offered_line in offered:
            yield max(offered_start, start), min(offered_end, end), offered_line
