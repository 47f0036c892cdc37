"""The facts for which a whole document is refused."""

from typing import ClassVar


class CalendarRefusedError(Exception):
    """The document cannot be read as a calendar.

    Attributes:
        code: Stable name of the fact, for programs.
        sentence: The fact in words, for people. Never repeats the document.
        line: Line of the document that shows the fact, counted from 1, where one line does.
    """

    code: ClassVar[str]
    sentence: ClassVar[str]

    def __init__(self, line: int | None = None) -> None:
        super().__init__(self.sentence)
        self.line = line


class EmptyCalendarError(CalendarRefusedError):
    """There is nothing in the document."""

    code = "empty"
    sentence = "The document is empty."


class NotCalendarError(CalendarRefusedError):
    """The document holds no VCALENDAR (RFC 5545 3.4)."""

    code = "not-icalendar"
    sentence = "The document is not an iCalendar document: it has no BEGIN:VCALENDAR line."


class TooLargeError(CalendarRefusedError):
    """The document has more bytes, lines or components than the limits allow."""

    code = "too-large"
    sentence = "The document is larger than a calendar may be."


class TooManyEventsError(CalendarRefusedError):
    """The document has more events, or lists more dates, than the limits allow."""

    code = "too-many-events"
    sentence = "The document has more events or listed dates than a calendar may have."


class NestedTooDeepError(CalendarRefusedError):
    """Components lie inside each other deeper than any calendar needs."""

    code = "nested-too-deep"
    sentence = "The components of the document are nested too deeply."


class RecurrenceBombError(CalendarRefusedError):
    """A recurrence repeats without end in sight, or costs more work than the limits allow."""

    code = "recurrence-bomb"
    sentence = "A recurrence in the document repeats too often to be a commitment."
