"""Logs with an allow-list of fields, and metrics by route; no value that a person sent reaches either."""

import asyncio
import logging
import sys
import traceback
from bisect import bisect_left
from collections.abc import Iterator, MutableMapping
from datetime import timedelta
from itertools import accumulate
from os import urandom
from time import monotonic
from typing import Any, BinaryIO, Final
from uuid import UUID

import orjson
import structlog
from prometheus_client import CollectorRegistry, Histogram
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString
from typing_extensions import override

from services.chassis.clock import Clock

_MOMENT_SECONDS: Final = 0.1
# Whatever week an installation rehearses, a log is read beside those of other machines.
_WALL_CLOCK: Final = Clock()
_AS_LINE: Final = orjson.OPT_APPEND_NEWLINE | orjson.OPT_UTC_Z
_BOUNDS: Final = tuple(map(float, Histogram.DEFAULT_BUCKETS))
_ALLOWED: Final = frozenset(
    {
        "event", "level", "timestamp", "service", "request_id", "trace_id", "operation_id", "method", "status",
        "duration_ms", "problem", "error_type", "frames", "solve_id", "attempt", "worker", "port", "reason", "outcome",
        "notice_id",
    }
)  # fmt: skip


def _keep_allowed(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return {name: value for name, value in event.items() if name in _ALLOWED}


def configure_logging(service: str, level: str) -> None:
    """Write JSON lines on stderr; a field that is not on the list is dropped, not written."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _keep_allowed,
            structlog.processors.JSONRenderer(orjson.dumps),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=structlog.BytesLoggerFactory(sys.stderr.buffer),
        cache_logger_on_first_use=False,
    )
    structlog.contextvars.bind_contextvars(service=service)
    is_telling = logging.getLevelNamesMapping()[level] <= logging.INFO
    request_lines.open(service, sys.stderr.buffer if is_telling else None)


def _fresh_ids(most: int) -> Iterator[str]:
    """Draw ids as they are written (RFC 9562, 5.4): to make an object of each costs as much as its line."""
    drawn = urandom(16 * most).hex()
    for at in range(0, len(drawn), 32):
        one = drawn[at : at + 32]
        yield f"{one[:8]}-{one[8:12]}-4{one[13:16]}-a{one[17:20]}-{one[20:]}"


_Answer = tuple[float, UUID | None, str, str, int | None, float]
"""When it was given by the monotonic clock, and what there is to say of it."""


class RequestLines:
    """One line of the log for each answer, with the fields of the list above; those of a moment are written together.

    They are most of all lines, and by the usual way each costs more than the decision about its request. A process that
    is killed takes the lines of its last moment with it; what was done is in the audit trail.
    """

    def __init__(self) -> None:
        self._answers: list[_Answer] = []
        self._service = ""
        self._output: BinaryIO | None = None

    def open(self, service: str, output: BinaryIO | None) -> None:
        """Write there from now on, or nothing where nobody wants such lines."""
        self._service, self._output = service, output

    def add(self, request_id: UUID | None, operation_id: str, method: str, status: int | None, seconds: float) -> None:
        """Tell of one answer, or that there was none; without an id it gets one, which nobody else was told."""
        if self._output is None:
            return
        if not self._answers:
            asyncio.get_running_loop().call_later(_MOMENT_SECONDS, self.flush)
        self._answers.append((monotonic(), request_id, operation_id, method, status, seconds))

    def flush(self) -> None:
        """Write what waits; also called when the process ends."""
        answers, self._answers = self._answers, []
        if answers and self._output is not None:
            self._output.write(b"".join(self._lines(answers)))
            self._output.flush()

    def _lines(self, answers: "list[_Answer]") -> Iterator[bytes]:
        now, ticks = _WALL_CLOCK.now(), monotonic()
        fresh = _fresh_ids(len(answers))
        for at, request_id, operation_id, method, status, seconds in answers:
            line = {
                "event": "request",
                "level": "info",
                "timestamp": now - timedelta(seconds=ticks - at),
                "service": self._service,
                "request_id": request_id or next(fresh),
                "operation_id": operation_id,
                "method": method,
                "status": status,
                "duration_ms": round(seconds * 1000, 1),
            }
            yield orjson.dumps(line, option=_AS_LINE)


request_lines: Final = RequestLines()
"""Of this process."""


def frames(error: BaseException) -> list[str]:
    """Return where an error came from, without its message: messages may hold a person's data."""
    return [
        f"{frame.filename.rsplit('/', 3)[-1]}:{frame.lineno}:{frame.name}"
        for frame in traceback.extract_tb(error.__traceback__)[-12:]
    ]


class _Measure:
    """What was measured of one operation."""

    def __init__(self) -> None:
        self.statuses: dict[int, int] = {}
        self.within = [0] * len(_BOUNDS)
        self.seconds = 0.0


class Metrics(Collector):
    """The measures of one application: rate, errors and duration by operation.

    They are plain numbers, counted by one thread, and become what Prometheus reads when it asks.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.registry.register(self)
        self._measures: dict[str, _Measure] = {}

    def observe(self, operation_id: str, status: int | None, seconds: float) -> None:
        """Count one answer; without a status where there was none."""
        measure = self._measures.get(operation_id)
        if measure is None:
            measure = self._measures[operation_id] = _Measure()
        status = status or 0
        measure.statuses[status] = measure.statuses.get(status, 0) + 1
        measure.within[bisect_left(_BOUNDS, seconds)] += 1
        measure.seconds += seconds

    @override
    def collect(self) -> Iterator[Metric]:
        """Give the measures as they are now."""
        requests = CounterMetricFamily("eventide_requests", "Requests answered.", labels=("operation_id", "status"))
        duration = HistogramMetricFamily(
            "eventide_request_duration_seconds", "Time to answer.", labels=("operation_id",)
        )
        for operation_id, measure in self._measures.items():
            for status, count in measure.statuses.items():
                requests.add_metric((operation_id, str(status)), count)
            buckets = zip(map(floatToGoString, _BOUNDS), accumulate(measure.within), strict=True)
            duration.add_metric((operation_id,), list(buckets), measure.seconds)
        yield requests
        yield duration
