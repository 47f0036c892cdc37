"""What was understood differently from how it was written, or not at all."""

from dataclasses import dataclass
from enum import StrEnum


class WarningCode(StrEnum):
    """Stable names of what can be wrong with a part of a document that is still read."""

    NOT_UTF8 = "not-utf8"
    NO_EVENTS = "no-events"
    UNPARSABLE_LINE = "unparsable-line"
    UNBALANCED_COMPONENT = "unbalanced-component"
    TRUNCATED = "truncated"
    UNSUPPORTED_SCALE = "unsupported-scale"
    UNSUPPORTED_RULE = "unsupported-rule"
    UNREADABLE_VALUE = "unreadable-value"
    EVENT_WITHOUT_START = "event-without-start"
    EVENT_WITHOUT_END = "event-without-end"
    END_BEFORE_START = "end-before-start"
    UNKNOWN_ZONE = "unknown-zone"
    MAPPED_ZONE = "mapped-zone"
    FIXED_OFFSET = "fixed-offset"
    CALENDAR_ZONE = "calendar-zone"
    UNUSABLE_ZONE = "unusable-zone"
    UNREADABLE_RULE = "unreadable-rule"
    START_OUTSIDE_RULE = "start-outside-rule"
    EXCLUSION_RULE = "exclusion-rule"
    THIS_AND_PRIOR = "this-and-prior"
    DUPLICATE_UID = "duplicate-uid"
    DECLINED = "declined"
    NEVER_AVAILABLE = "never-available"
    MORE_WARNINGS = "more-warnings"


_MESSAGES = {
    WarningCode.NOT_UTF8: "The document is not UTF-8; it was read as Latin-1.",
    WarningCode.NO_EVENTS: "The calendar holds no event, so nothing is busy.",
    WarningCode.UNPARSABLE_LINE: "This line is not a property of the form NAME:value.",
    WarningCode.UNBALANCED_COMPONENT: "This END does not close the component that is open.",
    WarningCode.TRUNCATED: "The document ends before this component does.",
    WarningCode.UNSUPPORTED_SCALE: "Only the Gregorian calendar is read.",
    WarningCode.UNSUPPORTED_RULE: "RSCALE and SKIP (RFC 7529) are not supported; only the start is kept.",
    WarningCode.UNREADABLE_VALUE: "The value of this property is not readable; it is left out.",
    WarningCode.EVENT_WITHOUT_START: "The event has no readable start; it is left out.",
    WarningCode.EVENT_WITHOUT_END: "The event has neither end nor duration; it blocks no time.",
    WarningCode.END_BEFORE_START: "The event ends before it starts; its length is not taken.",
    WarningCode.UNKNOWN_ZONE: "The time zone is not known; the site's zone is used.",
    WarningCode.MAPPED_ZONE: "The Windows time zone name was taken as its IANA zone.",
    WarningCode.FIXED_OFFSET: "The time zone was taken as an offset from UTC that is the same all year.",
    WarningCode.CALENDAR_ZONE: "Times without a zone were taken in the calendar's (X-WR-TIMEZONE), not the site's.",
    WarningCode.UNUSABLE_ZONE: "The definition of the time zone is not usable.",
    WarningCode.UNREADABLE_RULE: "The recurrence rule is not readable; only the start is kept.",
    WarningCode.START_OUTSIDE_RULE: "The start is not one of the rule's dates; it is kept too.",
    WarningCode.EXCLUSION_RULE: "EXRULE is deprecated; it is honoured.",
    WarningCode.THIS_AND_PRIOR: "THISANDPRIOR is not in the standard; one occurrence is changed.",
    WarningCode.DUPLICATE_UID: "Another event has the same UID; both are kept.",
    WarningCode.DECLINED: "The only person invited declined; the time is taken as free.",
    WarningCode.NEVER_AVAILABLE: "This availability leaves no time free.",
    WarningCode.MORE_WARNINGS: "There are more warnings than are listed.",
}


@dataclass(frozen=True, slots=True)
class CalendarWarning:
    """One thing a person should look at.

    Attributes:
        code: Stable name, for programs.
        line: Line of the document, counted from 1; 0 where it concerns the whole document.
        message: The fact in words. Never repeats the document.
    """

    code: WarningCode
    line: int
    message: str


class WarningLog:
    """Collects warnings, each once, up to a limit."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._found: dict[tuple[WarningCode, int], None] = {}
        self._overflowed = False

    def add(self, code: WarningCode, line: int = 0) -> None:
        """Note a warning about a line."""
        if len(self._found) < self._limit:
            self._found[code, line] = None
        else:
            self._overflowed = True

    def listed(self) -> tuple[CalendarWarning, ...]:
        """Return the warnings in the order of the document."""
        found = sorted(self._found, key=lambda warning: warning[1])
        if self._overflowed:
            found.append((WarningCode.MORE_WARNINGS, 0))
        return tuple(CalendarWarning(code, line, _MESSAGES[code]) for code, line in found)
