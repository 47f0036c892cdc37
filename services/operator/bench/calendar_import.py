"""`eventide bench import`: our calendar reader beside icalendar with recurring-ical-events.

Both parse and expand the same document in the same process, one after the other. The peer is a development
dependency: without it its figures are null. Ours then meets calendars made to hang it, each of which is refused.
"""

import argparse
import importlib
import importlib.util
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from functools import partial
from importlib.metadata import version
from typing import Any
from zoneinfo import ZoneInfo

import icalendar

from services.operator.bench.bombs import bombs
from services.operator.bench.calendars import END, START, WEEKS, ZONE, weekly_series
from services.operator.bench.timing import Timing, machine, timed
from services.scheduler.commitments.ical import CalendarReading, CalendarRefusedError, read_calendar

RUNS = 7
SERIES = 500
BOMB_RUNS = 3
_TWO_YEARS = timedelta(days=731)
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
        **_bomb_figures(),
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
    return "\n".join([*lines, *_worded_peer(figures), "", *_worded_bombs(figures)])


def _worded_peer(figures: dict[str, Any]) -> list[str]:
    if figures["peer"] is None:
        return ["recurring-ical-events is not installed: nothing to compare with"]
    equal = "the same" if figures["intervals_equal"] else "NOT the same"
    return [
        f"{figures['peer']:<48}{figures['peer_seconds']:>8.3f}{figures['peer_cpu_seconds']:>8.3f}",
        "",
        f"{figures['ratio']:.1f} times the processor time; the busy intervals are {equal}",
    ]


def _worded_bombs(figures: dict[str, Any]) -> list[str]:
    wrong = figures["bombs_answered_otherwise"]
    met = "each refused by its name" if not wrong else f"NOT refused by their names: {', '.join(wrong)}"
    worst = f"the slowest, {figures['worst_bomb']}, in {figures['worst_bomb_milliseconds']:.1f} ms"
    return [f"{figures['bombs']} calendars made to hang the reader, {met}; {worst}"]


def _bomb_figures() -> dict[str, Any]:
    """Return how long each bomb took to be refused over two years, and those that met another answer than theirs."""
    milliseconds: dict[str, float] = {}
    answered_otherwise: list[str] = []
    for name, bomb in bombs().items():
        code, timing = timed(partial(_refusal, bomb.document), BOMB_RUNS)
        milliseconds[name] = round(timing.seconds * 1000, 2)
        if code != bomb.code:
            answered_otherwise.append(name)
    worst = max(milliseconds, key=milliseconds.__getitem__)
    return {
        "bombs": len(milliseconds),
        "bombs_answered_otherwise": answered_otherwise,
        "bomb_milliseconds": milliseconds,
        "worst_bomb": worst,
        "worst_bomb_milliseconds": milliseconds[worst],
    }


def _refusal(document: bytes) -> str | None:
    try:
        read_calendar(document, zone=ZoneInfo(ZONE), start=START, end=START + _TWO_YEARS)
    except CalendarRefusedError as refusal:
        return refusal.code
    return None


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
