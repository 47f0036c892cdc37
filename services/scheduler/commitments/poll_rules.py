"""What is true of polls: when the next one is due, and what an outcome means to a person."""

from datetime import timedelta
from types import MappingProxyType
from typing import Final

from services.contracts.scheduler.commitments import PollOutcome, SourceKind

EVERY: Final = MappingProxyType(
    {
        SourceKind.URL: timedelta(hours=1),
        SourceKind.CALDAV: timedelta(minutes=30),
        # What was entered by hand changes with the days that come into reach.
        SourceKind.MANUAL: timedelta(days=7),
    }
)
"""How often a source is read again; a file is not."""
READ_WHOLE_EVERY: Final = timedelta(days=7)
"""However little a calendar changes: the days that are kept move on."""
FIRST_PAUSE: Final = timedelta(minutes=15)
LONGEST_PAUSE: Final = timedelta(days=1)
_MOST_DOUBLINGS: Final = 10
_SPREAD: Final = 0.1

SENTENCES: Final = MappingProxyType(
    {
        PollOutcome.READ: "The calendar was read.",
        PollOutcome.UNCHANGED: "The calendar has not changed.",
        PollOutcome.ADDRESS_REFUSED: "The address is not one of the open internet: subscribe to a public one.",
        PollOutcome.UNREACHABLE: "The calendar's server could not be reached; it is tried again.",
        PollOutcome.TIMED_OUT: "The calendar's server took too long; it is tried again.",
        PollOutcome.CERTIFICATE_REFUSED: "The certificate of the calendar's server is not trusted.",
        PollOutcome.ACCESS_REFUSED: "The calendar's server refuses access: subscribe again with a valid address or "
        "password.",
        PollOutcome.GONE: "The calendar is no longer at its address: subscribe again with the new one.",
        PollOutcome.SERVER_FAILED: "The calendar's server has a failure of its own; it is tried again.",
        PollOutcome.TOO_LARGE: "The calendar has more than 5 MiB: subscribe to a smaller one.",
        PollOutcome.TOO_MANY_REDIRECTS: "The address leads in circles: subscribe with the address it ends at.",
        PollOutcome.NOT_UNDERSTOOD: "What is at the address is no answer of a calendar's server.",
        PollOutcome.CALENDAR_REFUSED: "What is at the address cannot be read as a calendar.",
    }
)


def next_pause(kind: SourceKind, failures: int, *, spread: float, retry_after: timedelta | None = None) -> timedelta:
    """Return how long to wait for the next attempt: as usual, or doubling from a quarter of an hour to a day.

    `spread` in [0, 1) keeps sources that were made together apart, by a tenth at most; a server that asks for more
    time gets it, up to a day.
    """
    pause = EVERY[kind]
    if failures:
        pause = min(FIRST_PAUSE * 2 ** min(failures - 1, _MOST_DOUBLINGS), LONGEST_PAUSE)
    if retry_after is not None:
        pause = min(max(pause, retry_after), LONGEST_PAUSE)
    return pause * (1 + _SPREAD * spread)
