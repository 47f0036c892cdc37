"""Events as written (RFC 5545 3.6.1), with every time in its zone."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple, TypeVar

from services.scheduler.commitments.ical.errors import RecurrenceBombError, TooManyEventsError
from services.scheduler.commitments.ical.limits import Limits
from services.scheduler.commitments.ical.lines import Component, Property
from services.scheduler.commitments.ical.recurrence import (
    Frequency,
    RecurrenceRule,
    UnsupportedRuleError,
    parse_rule,
)
from services.scheduler.commitments.ical.values import (
    DAY,
    Form,
    Span,
    UnreadableValueError,
    WrittenTime,
    parse_duration,
    parse_period,
    parse_time,
)
from services.scheduler.commitments.ical.warnings import WarningCode, WarningLog
from services.scheduler.commitments.ical.zonebook import ZoneBook
from services.scheduler.commitments.ical.zones import Zone

NO_TIME = Span(0, 0)
_ONE_DAY = Span(1, 0)
_LONGEST_SEQUENCE = 9

_T = TypeVar("_T")


class Presence(Enum):
    """What an event does to the person's time."""

    BUSY = "busy"
    TENTATIVE = "tentative"
    FREE = "free"


class Moment(NamedTuple):
    """A written time in the zone it counts in."""

    wall: int
    form: Form
    zone: Zone
    is_floating: bool

    @property
    def instant(self) -> int:
        """The instant, in UTC seconds."""
        return self.zone.instant_at(self.wall)


@dataclass(slots=True, kw_only=True)
class Event:
    """One event, a series, or a changed occurrence of a series.

    Attributes:
        line: Line of the document where the component begins.
        uid: Empty where the event has none.
        dates: RDATE; a period brings its own length.
        replaces: RECURRENCE-ID.
        is_range: Whether it replaces the occurrences after that one too.
    """

    line: int
    uid: str
    sequence: int
    start: Moment
    span: Span
    presence: Presence
    rules: list[RecurrenceRule] = field(default_factory=list)
    excluding_rules: list[RecurrenceRule] = field(default_factory=list)
    dates: list[tuple[Moment, Span | None]] = field(default_factory=list)
    excluded: list[Moment] = field(default_factory=list)
    replaces: Moment | None = None
    is_range: bool = False


class EventReader:
    """Turns components into events; what it cannot read it leaves out with a warning.

    Attributes:
        is_cancelled: Whether the open calendar is a message that takes its events back (METHOD:CANCEL).
    """

    def __init__(self, zones: ZoneBook, limits: Limits, log: WarningLog) -> None:
        self._zones = zones
        self._limits = limits
        self._log = log
        self._dates = 0
        self._calendar_zone: Property | None = None
        self.is_cancelled = False

    def open_calendar(self, calendar: Component) -> None:
        """Take what a calendar says about all that it holds."""
        self.is_cancelled = calendar.text("METHOD") == "CANCEL"
        self._calendar_zone = calendar.first("X-WR-TIMEZONE")
        if calendar.text("CALSCALE") not in {"", "GREGORIAN"}:
            self._log.add(WarningCode.UNSUPPORTED_SCALE, calendar.line)

    def event(self, component: Component) -> Event | None:
        """Read a VEVENT, or an AVAILABLE in the same terms; None if it has no readable start.

        Raises:
            TooManyEventsError: If the document lists too many dates.
            RecurrenceBombError: If a rule is refused unexpanded.
        """
        replaced = component.first("RECURRENCE-ID")
        replaces = self._time(component, "RECURRENCE-ID")
        written = component.first("DTSTART")
        start = replaces if written is None else self._tried(self._moment, written)
        if start is None:
            self._log.add(WarningCode.EVENT_WITHOUT_START, component.line)
            return None
        presence = self._presence(component)
        event = Event(
            line=component.line,
            uid=component.properties["UID"][0].value if "UID" in component.properties else "",
            sequence=_sequence(component.text("SEQUENCE")),
            start=start,
            span=self._span(component, start, presence),
            presence=presence,
            replaces=replaces,
        )
        if replaced is not None:
            event.is_range = self._is_range(replaced)
        self._add_recurrence(component, event)
        return event

    def periods(self, component: Component) -> Iterator[Event]:
        """Read the busy periods of a VFREEBUSY (RFC 5545 3.6.4).

        Raises:
            TooManyEventsError: If the document lists too many dates.
        """
        for listed in component.properties.get("FREEBUSY", ()):
            kind = listed.parameters.get("FBTYPE", "BUSY").upper()
            if kind == "FREE":
                continue
            presence = Presence.TENTATIVE if kind == "BUSY-TENTATIVE" else Presence.BUSY
            for start, span in self._listed(listed):
                yield Event(
                    line=listed.line,
                    uid="",
                    sequence=0,
                    start=start,
                    span=span or NO_TIME,
                    presence=presence,
                )

    def extent(self, component: Component, first: int, last: int) -> tuple[int, int]:
        """Return from which to which instant a VAVAILABILITY counts; an end it leaves open is the given one."""
        start = self._time(component, "DTSTART")
        if start is None:
            end = self._time(component, "DTEND")
            return first, last if end is None else end.instant
        span = self._length(component, start)
        if span is None:
            return start.instant, last
        return start.instant, start.zone.instant_at(start.wall + span.days * DAY) + span.seconds

    def _time(self, component: Component, name: str) -> Moment | None:
        written = component.first(name)
        return None if written is None else self._tried(self._moment, written)

    def _tried(self, read: Callable[[Property], _T], written: Property) -> _T | None:
        try:
            return read(written)
        except UnreadableValueError:
            self._log.add(WarningCode.UNREADABLE_VALUE, written.line)
            return None

    def _moment(self, written: Property) -> Moment:
        return self._placed(parse_time(written.value.strip()), written)

    def _placed(self, time: WrittenTime, written: Property) -> Moment:
        """Put a time in the zone its property names."""
        if time.form is Form.UTC:
            return Moment(time.wall, time.form, self._zones.utc, is_floating=False)
        if time.form is Form.DATE:
            return Moment(time.wall, time.form, self._zones.site, is_floating=True)
        tzid = written.parameters.get("TZID")
        if not tzid:
            return Moment(time.wall, time.form, self._floating_zone(), is_floating=True)
        zone = self._zones.zone(tzid, written.line)
        return Moment(time.wall, time.form, zone, is_floating=False)

    def _floating_zone(self) -> Zone:
        """Return the zone of times without one: the calendar's or else the site's; days are always the site's."""
        named = self._calendar_zone
        if named is None or not named.value.strip():
            return self._zones.site
        zone = self._zones.zone(named.value.strip(), named.line)
        if zone is not self._zones.site:
            self._log.add(WarningCode.CALENDAR_ZONE, named.line)
        return zone

    def _span(self, component: Component, start: Moment, presence: Presence) -> Span:
        """Return the length, that of a day or none where the event does not say it."""
        span = self._length(component, start)
        if span is not None:
            return span
        if start.form is Form.DATE:
            return _ONE_DAY
        if presence is not Presence.FREE:
            self._log.add(WarningCode.EVENT_WITHOUT_END, component.line)
        return NO_TIME

    def _length(self, component: Component, start: Moment) -> Span | None:
        """Return the length given: exact if by an end, nominal if by a duration (RFC 5545 3.8.5.3)."""
        written = component.first("DTEND")
        end = None if written is None else self._tried(self._moment, written)
        if written is not None and end is not None:
            return self._until(start, end, written.line)
        written = component.first("DURATION")
        return None if written is None else self._tried(_duration, written)

    def _until(self, start: Moment, end: Moment, line: int) -> Span:
        if start.form is Form.DATE and end.form is Form.DATE:
            days = (end.wall - start.wall) // DAY
            if days < 1:
                self._log.add(WarningCode.END_BEFORE_START, line)
            return Span(max(days, 1), 0)
        seconds = end.instant - start.instant
        if seconds < 0:
            self._log.add(WarningCode.END_BEFORE_START, line)
        return Span(0, max(seconds, 0))

    def _presence(self, component: Component) -> Presence:
        status = component.text("STATUS")
        outlook = component.text("X-MICROSOFT-CDO-BUSYSTATUS")
        is_transparent = component.text("TRANSP") == "TRANSPARENT" or outlook == "FREE"
        if self.is_cancelled or status == "CANCELLED" or is_transparent:
            return Presence.FREE
        if _is_declined(component):
            self._log.add(WarningCode.DECLINED, component.line)
            return Presence.FREE
        return Presence.TENTATIVE if "TENTATIVE" in {status, outlook} else Presence.BUSY

    def _is_range(self, replaced: Property) -> bool:
        reach = replaced.parameters.get("RANGE", "").upper()
        if reach == "THISANDPRIOR":
            self._log.add(WarningCode.THIS_AND_PRIOR, replaced.line)
        return reach == "THISANDFUTURE"

    def _add_recurrence(self, component: Component, event: Event) -> None:
        properties = component.properties
        if "RRULE" in properties:
            event.rules = self._rules(properties["RRULE"], event.start)
        if "EXRULE" in properties:
            event.excluding_rules = self._rules(properties["EXRULE"], event.start)
            self._log.add(WarningCode.EXCLUSION_RULE, properties["EXRULE"][0].line)
        for listed in properties.get("RDATE", ()):
            event.dates += self._listed(listed)
        for listed in properties.get("EXDATE", ()):
            event.excluded += (moment for moment, _ in self._listed(listed))

    def _rules(self, written: list[Property], start: Moment) -> list[RecurrenceRule]:
        if len(written) > self._limits.rules:
            raise RecurrenceBombError(written[0].line)
        rules = []
        for each in written:
            try:
                rules.append(_rule(each, start, self._limits))
            except UnsupportedRuleError:
                self._log.add(WarningCode.UNSUPPORTED_RULE, each.line)
            except UnreadableValueError:
                self._log.add(WarningCode.UNREADABLE_RULE, each.line)
            except RecurrenceBombError:
                raise RecurrenceBombError(each.line) from None
        return rules

    def _listed(self, listed: Property) -> Iterator[tuple[Moment, Span | None]]:
        """Yield the times of a comma-separated list, with the length of those that are periods."""
        self._dates += listed.value.count(",") + 1
        if self._dates > self._limits.dates:
            raise TooManyEventsError(listed.line)
        for text in filter(None, map(str.strip, listed.value.split(","))):
            try:
                yield self._time_or_period(text, listed)
            except UnreadableValueError:
                self._log.add(WarningCode.UNREADABLE_VALUE, listed.line)

    def _time_or_period(self, text: str, listed: Property) -> tuple[Moment, Span | None]:
        if "/" not in text:
            return self._placed(parse_time(text), listed), None
        time, end = parse_period(text)
        start = self._placed(time, listed)
        if isinstance(end, Span):
            return start, end
        return start, self._until(start, self._placed(end, listed), listed.line)


def _is_declined(component: Component) -> bool:
    """Say whether the only attendee declined.

    A file does not say whose it is. Where guests may not see each other, the one attendee listed is its owner; where
    the owner invited one person, the meeting will not be. With more attendees it could be anybody.
    """
    attendees = component.properties.get("ATTENDEE", ())
    return len(attendees) == 1 and attendees[0].parameters.get("PARTSTAT", "").upper() == "DECLINED"


def _sequence(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) <= _LONGEST_SEQUENCE else 0


def _duration(written: Property) -> Span:
    return parse_duration(written.value.strip())


def _rule(written: Property, start: Moment, limits: Limits) -> RecurrenceRule:
    rule = parse_rule(written.value.strip(), limits)
    if start.form is not Form.DATE:
        return rule
    if rule.frequency < Frequency.DAILY:
        raise UnreadableValueError
    # RFC 5545 3.3.10: parts that name a time are ignored where the start is a date.
    return rule.without_times() if rule.by_hour or rule.by_minute or rule.by_second else rule
