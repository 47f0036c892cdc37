"""Logs with an allow-list of fields, and metrics by route; no value that a person sent reaches either."""

import logging
import sys
import traceback
from collections.abc import MutableMapping
from typing import Any, Final

import orjson
import structlog
from prometheus_client import CollectorRegistry, Counter, Histogram

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


def frames(error: BaseException) -> list[str]:
    """Return where an error came from, without its message: messages may hold a person's data."""
    return [
        f"{frame.filename.rsplit('/', 3)[-1]}:{frame.lineno}:{frame.name}"
        for frame in traceback.extract_tb(error.__traceback__)[-12:]
    ]


class Metrics:
    """The measures of one application: rate, errors and duration by operation."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "eventide_requests",
            "Requests answered.",
            ("operation_id", "status"),
            registry=self.registry,
        )
        self.duration = Histogram(
            "eventide_request_duration_seconds",
            "Time to answer.",
            ("operation_id",),
            registry=self.registry,
        )
