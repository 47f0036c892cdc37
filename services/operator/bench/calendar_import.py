"""`eventide bench import`: our calendar reader beside icalendar with recurring-ical-events.

Both parse and expand the same document in the same process, one after the other. The peer is a development
dependency: without it its figures are null.
"""

import argparse
import importlib
import importlib.util
from collections.abc import Callable
from datetime import UTC, datetime, time
from importlib.metadata import version
from typing import Any
from zoneinfo import ZoneInfo

import icalendar

from services.operator.bench.calendars import END, START, WEEKS, ZONE, weekly_series
from services.operator.bench.timing import Timing, machine, timed
from services.scheduler.commitments.ical import CalendarReading, read_calendar

RUNS = 7
SERIES = 500
_PEER = "recurring_ical_events"

Interval = tuple[datetime, datetime]


def measure(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the figures; those of the peer are null where it is not installed."""
    document = weekly_series(SERIES, arguments.seed)
    reading, own = timed(lambda: _read(document), RUNS)
    intervals = [(busy.start, busy.end) for busy in reading.busy]
    return {
        "seconds": own.seconds,
        "cpu_seconds": own.cpu_seconds,
        "occurrences": reading.occurrences,
        **_peer_figures(document, own, intervals),
        "series": SERIES,
        "weeks": WEEKS,
        "moved": document.count(b"RECURRENCE-ID"),
        "document_bytes": len(document),
        "runs": RUNS,
        "seed": arguments.seed,
        "machine": machine(),
    }


def table(figures: dict[str, Any]) -> str:
    """Word the figures."""
    lines = [
        f"{figures['series']} weekly series over {figures['weeks']} weeks, {figures['moved']} occurrences moved",
        f"{figures['occurrences']:,} occurrences from {figures['document_bytes']:,} bytes",
        f"median of {figures['runs']} runs after one to warm up, on {figures['machine']}",
        "",
        f"{'':<48}{'seconds':>8}{'cpu':>8}",
        f"{'eventide':<48}{figures['seconds']:>8.3f}{figures['cpu_seconds']:>8.3f}",
    ]
    if figures["peer"] is None:
        return "\n".join([*lines, "recurring-ical-events is not installed: nothing to compare with"])
    peer = f"{figures['peer']:<48}{figures['peer_seconds']:>8.3f}{figures['peer_cpu_seconds']:>8.3f}"
    equal = "the same" if figures["intervals_equal"] else "NOT the same"
    return "\n".join(
        [*lines, peer, "", f"{figures['ratio']:.1f} times the processor time; the busy intervals are {equal}"]
    )


def _read(document: bytes) -> CalendarReading:
    return read_calendar(document, zone=ZoneInfo(ZONE), start=START, end=END)


def _peer_figures(document: bytes, own: Timing, intervals: list[Interval]) -> dict[str, Any]:
    names = ("peer", "peer_seconds", "peer_cpu_seconds", "ratio", "intervals_equal")
    if importlib.util.find_spec(_PEER) is None:
        return dict.fromkeys(names)
    read = _peer()
    theirs, timing = timed(lambda: read(document), RUNS)
    name = f"icalendar {version('icalendar')} + recurring-ical-events {version(_PEER)}"
    ratio = timing.cpu_seconds / own.cpu_seconds
    equal = sorted(theirs) == intervals
    return dict(zip(names, (name, timing.seconds, timing.cpu_seconds, ratio, equal), strict=True))


def _peer() -> Callable[[bytes], list[Interval]]:
    """Return the peer's way from a document to intervals in UTC, in no order."""
    events = importlib.import_module(_PEER)
    zone = ZoneInfo(ZONE)
    start, end = (datetime.combine(day, time(), zone) for day in (START, END))

    def read(document: bytes) -> list[Interval]:
        found = events.of(icalendar.Calendar.from_ical(document)).between(start, end)
        return [(event.start.astimezone(UTC), event.end.astimezone(UTC)) for event in found]

    return read
