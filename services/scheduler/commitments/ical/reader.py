"""The one way in: a document, a horizon, and what it says about it."""

from collections.abc import Iterator
from datetime import date, timedelta
from hashlib import sha256
from zoneinfo import ZoneInfo

from services.scheduler.commitments.ical.availability import Availability, AvailabilityReader
from services.scheduler.commitments.ical.busy import merge
from services.scheduler.commitments.ical.events import Event, EventReader
from services.scheduler.commitments.ical.limits import DEFAULT_LIMITS, Budget, Limits
from services.scheduler.commitments.ical.lines import Component, decode, read_components
from services.scheduler.commitments.ical.reading import CalendarReading
from services.scheduler.commitments.ical.series import Horizon, Occupancy, SeriesExpander
from services.scheduler.commitments.ical.values import DAY
from services.scheduler.commitments.ical.warnings import WarningCode, WarningLog
from services.scheduler.commitments.ical.zonebook import ZONE_VERSION, ZoneBook

LONGEST_HORIZON = timedelta(days=731)


def read_calendar(
    document: bytes,
    *,
    zone: ZoneInfo,
    start: date,
    end: date,
    limits: Limits = DEFAULT_LIMITS,
) -> CalendarReading:
    """Read when a person is busy from midnight of `start` to midnight of `end`.

    Args:
        document: An iCalendar document, untrusted.
        zone: The site's zone: the horizon's, that of all-day events, of floating times unless the
            calendar names another, and of times whose own zone is not known.
        start: First day of the horizon.
        end: Day after the last one, at most two years after the first.
        limits: What the document may cost.

    Raises:
        CalendarRefusedError: If the document as a whole is refused; one subclass a fact.
        ValueError: If the horizon is empty or longer than two years.
    """
    if not timedelta(0) < end - start <= LONGEST_HORIZON:
        raise ValueError("A horizon is at least a day and at most two years long.")
    log = WarningLog(limits.warnings)
    budget = Budget(limits)
    calendars = read_components(decode(document, limits, log), limits, log)
    # Two days after the horizon are after it in any zone.
    zones = ZoneBook(zone, (end.toordinal() + 2) * DAY, limits, budget, log)
    zones.define(_children(calendars, "VTIMEZONE"))
    horizon = Horizon(*(zones.site.instant_at(day.toordinal() * DAY) for day in (start, end)))
    reader = EventReader(zones, limits, log)
    availabilities = AvailabilityReader(reader, horizon, budget, log)
    expander = SeriesExpander(horizon, budget, log)
    events: list[Event] = []
    offers: list[Availability] = []
    for calendar in calendars:
        reader.open_calendar(calendar)
        events += _events(calendar, reader)
        if not reader.is_cancelled:
            offers += map(availabilities.read, _children([calendar], "VAVAILABILITY"))
    if not events and not offers:
        log.add(WarningCode.NO_EVENTS)
    expander.expand_all(events)
    found, closed = expander.occupancy, availabilities.busy(offers)
    occupancy = Occupancy(found.busy + closed.busy, found.tentative + closed.tentative)
    return CalendarReading(
        busy=merge(occupancy, horizon),
        occurrences=len(occupancy.busy) + len(occupancy.tentative),
        events_read=len(events) + len(offers),
        series=sum(bool(event.rules or event.dates) for event in events),
        warnings=log.listed(),
        version=sha256(document).hexdigest(),
        zone_version=ZONE_VERSION,
    )


def _children(calendars: list[Component], name: str) -> Iterator[Component]:
    for calendar in calendars:
        for component in calendar.children:
            if component.name == name:
                yield component


def _events(calendar: Component, reader: EventReader) -> Iterator[Event]:
    for component in calendar.children:
        if component.name == "VEVENT":
            event = reader.event(component)
            if event is not None:
                yield event
        elif component.name == "VFREEBUSY":
            yield from reader.periods(component)
