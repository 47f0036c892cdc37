"""Reads an untrusted iCalendar document (RFC 5545) into busy intervals.

Pure: bytes in, intervals and warnings out. Nothing read here keeps a title, a location or an
attendee, and no warning or refusal repeats a word of the document.
"""

from services.scheduler.commitments.ical.errors import (
    CalendarRefusedError,
    EmptyCalendarError,
    NestedTooDeepError,
    NotCalendarError,
    RecurrenceBombError,
    TooLargeError,
    TooManyEventsError,
)
from services.scheduler.commitments.ical.limits import DEFAULT_LIMITS, Limits
from services.scheduler.commitments.ical.reader import read_calendar
from services.scheduler.commitments.ical.reading import BusyInterval, CalendarReading
from services.scheduler.commitments.ical.warnings import CalendarWarning, WarningCode

__all__ = [
    "DEFAULT_LIMITS",
    "BusyInterval",
    "CalendarReading",
    "CalendarRefusedError",
    "CalendarWarning",
    "EmptyCalendarError",
    "Limits",
    "NestedTooDeepError",
    "NotCalendarError",
    "RecurrenceBombError",
    "TooLargeError",
    "TooManyEventsError",
    "WarningCode",
    "read_calendar",
]
