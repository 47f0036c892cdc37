"""Which zone a TZID means: the IANA database, the document's own definition, or Windows' name."""

import re
from collections.abc import Iterable
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from zoneinfo import ZoneInfo

from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

from services.scheduler.commitments.ical.expansion import expand
from services.scheduler.commitments.ical.limits import Budget, Limits
from services.scheduler.commitments.ical.lines import Component, Property
from services.scheduler.commitments.ical.recurrence import parse_rule
from services.scheduler.commitments.ical.values import (
    DAY,
    Form,
    UnreadableValueError,
    WrittenTime,
    parse_offset,
    parse_time,
)
from services.scheduler.commitments.ical.warnings import WarningCode, WarningLog
from services.scheduler.commitments.ical.zones import Transition, Zone, defined_zone, fixed_zone, named_zone

ZONE_VERSION = version("tzdata")
"""Release of the zone data, which is the package's, never the machine's."""

_IANA = {name.casefold(): name for name in (files("tzdata") / "zones").read_text().split()}
_WINDOWS: dict[str, str] = {
    **{name.casefold(): zone for name, zone in WINDOWS_TO_OLSON.items()},
    "tzone://microsoft/utc": "Etc/UTC",
}
# Such as UTC-05:00; no offset is larger than 14 hours. A name like "(UTC-05:00) Eastern Time" is more than one.
_OFFSET = re.compile(r"(?:UTC|GMT)([+-])(\d|0\d|1[0-4])(?::?([0-5]\d))?", re.ASCII | re.IGNORECASE)
# Such as America/Argentina/Ushuaia.
_LONGEST_NAME = 3
# Definitions often begin in 1601; no offset from before this is asked for.
_OLDEST = parse_time("19700101").wall


@cache
def _load(name: str) -> ZoneInfo:
    """Read a zone by its exact IANA name."""
    path = files("tzdata") / "zoneinfo"
    for part in name.split("/"):
        path /= part
    with path.open("rb") as file:
        return ZoneInfo.from_file(file, key=name)


class ZoneBook:
    """The zones of one document.

    Attributes:
        site: The site's zone.
        utc: The zone without offset.
    """

    def __init__(self, site: ZoneInfo, last: int, limits: Limits, budget: Budget, log: WarningLog) -> None:
        """Take the site's zone and the last wall time that definitions have to reach."""
        self.utc = fixed_zone(0)
        self._last = last
        self._limits = limits
        self._budget = budget
        self._log = log
        self._definitions: dict[str, Component] = {}
        self._named: dict[str, Zone] = {}
        self._by_tzid: dict[str, Zone] = {}
        self.site = self._iana(site.key) if site.key in _IANA.values() else named_zone(site)

    def define(self, components: Iterable[Component]) -> None:
        """Take the document's VTIMEZONE components."""
        for component in components:
            tzid = component.first("TZID")
            if tzid is not None:
                self._definitions.setdefault(tzid.value.strip().strip('"'), component)

    def zone(self, tzid: str, line: int) -> Zone:
        """Return the zone a TZID means, the site's if that cannot be told.

        IANA names are taken from the database, which knows more than definitions do. Where a
        zone had to be mapped or guessed, its first line is warned about.
        """
        if tzid not in self._by_tzid:
            self._by_tzid[tzid] = self._resolve(tzid, line)
        return self._by_tzid[tzid]

    def _resolve(self, tzid: str, line: int) -> Zone:
        name = _iana_name(tzid)
        if name is not None:
            return self._iana(name)
        definition = self._definitions.get(tzid)
        defined = None if definition is None else self._defined(definition)
        if defined is not None:
            return defined
        windows = _WINDOWS.get(tzid.casefold())
        if windows is not None:
            self._log.add(WarningCode.MAPPED_ZONE, line)
            return self._iana(windows)
        offset = _OFFSET.fullmatch(tzid)
        if offset is not None:
            self._log.add(WarningCode.FIXED_OFFSET, line)
            sign, hours, minutes = offset.groups()
            return fixed_zone(parse_offset(f"{sign}{hours:0>2}{minutes or '00'}"))
        self._log.add(WarningCode.UNKNOWN_ZONE, line)
        return self.site

    def _iana(self, name: str) -> Zone:
        if name not in self._named:
            self._named[name] = named_zone(_load(name))
        return self._named[name]

    def _defined(self, definition: Component) -> Zone | None:
        self._budget.open_series(definition.line)
        transitions: list[Transition] = []
        for observance in definition.children:
            if observance.name in {"STANDARD", "DAYLIGHT"}:
                try:
                    transitions += self._transitions(observance)
                except UnreadableValueError:
                    self._log.add(WarningCode.UNUSABLE_ZONE, observance.line)
        return defined_zone(sorted(transitions)) if transitions else None

    def _transitions(self, observance: Component) -> list[Transition]:
        """Return the onsets of an observance, which are wall times before the change."""
        before = parse_offset(_required(observance, "TZOFFSETFROM").value.strip())
        after = parse_offset(_required(observance, "TZOFFSETTO").value.strip())
        start = parse_time(_required(observance, "DTSTART").value.strip()).wall
        onsets = {start}
        for listed in observance.properties.get("RDATE", ()):
            dates = listed.value.split(",")
            self._budget.spend(len(dates))
            onsets.update(parse_time(date.strip().partition("/")[0]).wall for date in dates)
        for rule in observance.properties.get("RRULE", ())[: self._limits.rules]:
            onsets.update(self._onsets(rule, start, before))
        return [Transition(wall - before, before, after) for wall in onsets]

    def _onsets(self, written: Property, start: int, before: int) -> list[int]:
        rule = parse_rule(written.value.strip(), self._limits)
        last = self._last if rule.until is None else min(self._last, _bound(rule.until, before))
        return expand(rule, start, _OLDEST, last, self._budget)


def _iana_name(tzid: str) -> str | None:
    """Find the IANA name in a TZID, which some programs prefix with a path of their own."""
    name = tzid.casefold()
    parts = name.rsplit("/", _LONGEST_NAME) if name.startswith("/") else []
    tails = ("/".join(parts[n:]) for n in range(1, len(parts)))
    return next((_IANA[tail] for tail in (name, *tails) if tail in _IANA), None)


def _required(component: Component, name: str) -> Property:
    found = component.first(name)
    if found is None:
        raise UnreadableValueError
    return found


def _bound(until: WrittenTime, before: int) -> int:
    """Return the last wall time of an UNTIL, which counts in UTC when it is written so."""
    if until.form is Form.DATE:
        return until.wall + DAY - 1
    return until.wall + before if until.form is Form.UTC else until.wall
