"""The one way in: a document, a horizon, and what it says about it."""

from collections.abc import Iterator
from datetime import date, timedelta
from hashlib import sha256
from zoneinfo import ZoneInfo

from services.scheduler.commitments.ical.busy import merge
from services.scheduler.commitments.ical.events import Event, EventReader
from services.scheduler.commitments.ical.limits import DEFAULT_LIMITS, Budget, Limits
from services.scheduler.commitments.ical.lines import Component, decode, read_components
from services.scheduler.commitments.ical.reading import CalendarReading
from services.scheduler.commitments.ical.series import Horizon, SeriesExpander
from services.scheduler.commitments.ical.values import DAY
from services.scheduler.commitments.ical.warnings import WarningCode, WarningLog
from services.scheduler.commitments.ical.zonebook import ZONE_VERSION, ZoneBook, site_zone

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
        zone: The site's zone: the horizon's, that of floating times and all-day events, and of
            times whose own zone is not known.
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
    site = site_zone(zone)
    horizon = Horizon(*(site.instant_at(day.toordinal() * DAY) for day in (start, end)))
    zones = ZoneBook(site, horizon.end + 2 * DAY, limits, budget, log)
    zones.define(_children(calendars, "VTIMEZONE"))
    events = list(_events(calendars, EventReader(zones, limits, log), log))
    if not events:
        log.add(WarningCode.NO_EVENTS)
    expander = SeriesExpander(horizon, budget, log)
    expander.expand_all(events)
    found = expander.occupancy
    return CalendarReading(
        busy=merge(found, horizon),
        occurrences=len(found.busy) + len(found.tentative),
        events_read=len(events),
        warnings=log.listed(),
        version=sha256(document).hexdigest(),
        zone_version=ZONE_VERSION,
    )


def _children(calendars: list[Component], name: str) -> Iterator[Component]:
    for calendar in calendars:
        for component in calendar.children:
            if component.name == name:
                yield component


def _events(calendars: list[Component], reader: EventReader, log: WarningLog) -> Iterator[Event]:
    for calendar in calendars:
        is_cancelled = calendar.text("METHOD") == "CANCEL"
        if calendar.text("CALSCALE") not in {"", "GREGORIAN"}:
            log.add(WarningCode.UNSUPPORTED_SCALE, calendar.line)
        for component in calendar.children:
            if component.name == "VEVENT":
                event = reader.event(component, is_cancelled=is_cancelled)
                if event is not None:
                    yield event
            elif component.name == "VFREEBUSY":
                yield from reader.periods(component)
            elif component.name == "VAVAILABILITY":
                log.add(WarningCode.UNSUPPORTED_COMPONENT, component.line)
