"""Content lines and components (RFC 5545 3.1 and 3.4 to 3.6), read in one bounded pass.

Only the properties that say when somebody is busy are kept.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from services.scheduler.commitments.ical.errors import (
    EmptyCalendarError,
    NestedTooDeepError,
    NotCalendarError,
    RecurrenceBombError,
    TooLargeError,
    TooManyEventsError,
)
from services.scheduler.commitments.ical.limits import Limits
from services.scheduler.commitments.ical.warnings import WarningCode, WarningLog

_HEAD = re.compile(r'[A-Za-z0-9-]+(?:;(?:[^":;]|"[^"]*")*+)*+(?=:)')
_NAME = re.compile(r"[A-Za-z0-9-]+")
_PARAMETER = re.compile(r';\s*([A-Za-z0-9-]+)\s*=((?:[^";]|"[^"]*")*+)')

_LONGEST_HEAD = 4_096

_OBSERVANCE = frozenset({"DTSTART", "TZOFFSETFROM", "TZOFFSETTO", "RRULE", "RDATE"})
_EXTENT = frozenset({"DTSTART", "DTEND", "DURATION"})
_SERIES = _EXTENT | {"UID", "SEQUENCE", "RRULE", "EXRULE", "RDATE", "EXDATE", "RECURRENCE-ID"}
_KEPT: dict[str, frozenset[str]] = {
    "VCALENDAR": frozenset({"METHOD", "CALSCALE", "X-WR-TIMEZONE"}),
    "VEVENT": _SERIES | {"STATUS", "TRANSP", "X-MICROSOFT-CDO-BUSYSTATUS", "ATTENDEE"},
    "VFREEBUSY": frozenset({"FREEBUSY"}),
    "VAVAILABILITY": _EXTENT | {"PRIORITY", "BUSYTYPE"},
    "AVAILABLE": _SERIES,
    "VTIMEZONE": frozenset({"TZID"}),
    "STANDARD": _OBSERVANCE,
    "DAYLIGHT": _OBSERVANCE,
}
_NOTHING: frozenset[str] = frozenset()
_COUNTED = frozenset({"VEVENT", "VFREEBUSY", "VAVAILABILITY", "AVAILABLE"})
_WITHIN_CALENDAR = frozenset({"VEVENT", "VFREEBUSY", "VAVAILABILITY", "VTIMEZONE"})


class Property(NamedTuple):
    """One property: its parameters by upper-case name, its raw value, and its line."""

    parameters: Mapping[str, str]
    value: str
    line: int


@dataclass(slots=True)
class Component:
    """A component with the properties kept of it, by upper-case name."""

    name: str
    line: int
    properties: dict[str, list[Property]] = field(default_factory=dict)
    children: list["Component"] = field(default_factory=list)

    def first(self, name: str) -> Property | None:
        """Return the first property of a name, if there is one."""
        found = self.properties.get(name)
        return found[0] if found else None

    def text(self, name: str) -> str:
        """Return the first value of a name in upper case, empty if there is none."""
        found = self.properties.get(name)
        return found[0].value.strip().upper() if found else ""


class _Head(NamedTuple):
    name: str
    parameters: Mapping[str, str]


def decode(document: bytes, limits: Limits, log: WarningLog) -> str:
    """Turn the document into text with one kind of line end.

    Raises:
        EmptyCalendarError: If there is nothing in it.
        TooLargeError: If it has too many bytes, lines or components.
        TooManyEventsError: If it has too many events.
        RecurrenceBombError: If it has too many recurrence rules.
    """
    if len(document) > limits.document_bytes:
        raise TooLargeError
    if not document.strip():
        raise EmptyCalendarError
    try:
        text = document.decode("utf-8-sig")
    except UnicodeDecodeError:
        log.add(WarningCode.NOT_UTF8)
        text = document.decode("latin-1")
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    # Counting is far cheaper than reading, so what is far too large costs next to nothing.
    if text.count("\n") > limits.lines or text.count("BEGIN:") > limits.components:
        raise TooLargeError
    if text.count("BEGIN:VEVENT") > limits.events:
        raise TooManyEventsError
    # Each costs as much as several events, even one whose occurrences lie elsewhere.
    if text.count("\nRRULE") > limits.repeating:
        raise RecurrenceBombError
    return text


def read_components(text: str, limits: Limits, log: WarningLog) -> list[Component]:
    """Return the VCALENDAR components of a document.

    Raises:
        NotCalendarError: If there is none.
        NestedTooDeepError: If components lie too deep inside each other.
        TooManyEventsError: If there are too many events.
        RecurrenceBombError: If there are too many recurrence rules, however they are spelled.
    """
    reader = _Reader(limits, log)
    for line, content in _unfolded(text):
        reader.read(line, content)
    reader.finish()
    calendars = [child for child in reader.root.children if child.name == "VCALENDAR"]
    if not calendars:
        raise NotCalendarError
    return calendars


def _unfolded(text: str) -> Iterator[tuple[int, str]]:
    """Join folded lines; each content line comes with the number of its first line."""
    number = 0
    pieces: list[str] = []
    for current, line in enumerate(text.split("\n"), 1):
        if line.startswith((" ", "\t")):
            pieces.append(line[1:])
            continue
        if pieces:
            yield number, pieces[0] if len(pieces) == 1 else "".join(pieces)
        pieces = [line]
        number = current
    yield number, "".join(pieces)


class _Reader:
    """Builds components from content lines; the open ones lie on a stack."""

    def __init__(self, limits: Limits, log: WarningLog) -> None:
        self.root = Component("", 0)
        self._limits = limits
        self._log = log
        self._stack = [self.root]
        self._kept = _NOTHING
        self._events = 0
        self._rules = 0
        self._heads: dict[str, _Head] = {}

    def read(self, line: int, content: str) -> None:
        text, colon, value = content.partition(":")
        if '"' in text:
            text, colon, value = _split_quoted(content)
        head = self._heads.get(text)
        if head is None:
            head = self._heads[text] = _parse_head(text)
        if head.name in self._kept and colon:
            if head.name == "RRULE":
                self._count_rule(line)
            found = Property(head.parameters, value, line)
            self._stack[-1].properties.setdefault(head.name, []).append(found)
        elif head.name == "BEGIN":
            self._open(value.strip().upper(), line)
        elif head.name == "END":
            self._close(value.strip().upper(), line)
        elif content.strip() and not (head.name and colon):
            self._log.add(WarningCode.UNPARSABLE_LINE, line)

    def finish(self) -> None:
        """Warn about what is still open."""
        for component in self._stack[1:]:
            self._log.add(WarningCode.TRUNCATED, component.line)

    def _count_rule(self, line: int) -> None:
        self._rules += 1
        if self._rules > self._limits.repeating:
            raise RecurrenceBombError(line)

    def _open(self, name: str, line: int) -> None:
        if name in _WITHIN_CALENDAR:
            # These lie in nothing but a calendar, so one still open has lost its end.
            while self._stack[-1].name not in {"VCALENDAR", ""}:
                self._log.add(WarningCode.TRUNCATED, self._stack.pop().line)
        if len(self._stack) > self._limits.depth:
            raise NestedTooDeepError(line)
        self._events += name in _COUNTED
        if self._events > self._limits.events:
            raise TooManyEventsError(line)
        component = Component(name, line)
        if name in _KEPT:
            self._stack[-1].children.append(component)
        self._stack.append(component)
        self._kept = _KEPT.get(name, _NOTHING)

    def _close(self, name: str, line: int) -> None:
        if self._stack[-1].name == name != "":
            self._stack.pop()
        else:
            self._log.add(WarningCode.UNBALANCED_COMPONENT, line)
            if name in {component.name for component in self._stack[1:]}:
                while self._stack.pop().name != name:
                    pass
        self._kept = _KEPT.get(self._stack[-1].name, _NOTHING)


def _split_quoted(content: str) -> tuple[str, str, str]:
    """Split at the first colon that no quotation marks enclose."""
    match = _HEAD.match(content)
    if match is None:
        return content, "", ""
    return match[0], ":", content[match.end() + 1 :]


def _parse_head(text: str) -> _Head:
    name, semicolon, _ = text.partition(";")
    name = name.strip()
    if len(text) > _LONGEST_HEAD or _NAME.fullmatch(name) is None:
        return _Head("", {})
    if not semicolon:
        return _Head(name.upper(), {})
    found = _PARAMETER.findall(text)
    return _Head(name.upper(), {key.upper(): value.strip().strip('"') for key, value in found})
