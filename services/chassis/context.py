"""What travels along with a request inside the process: its id, its trace and its deadline."""

import secrets
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cached_property
from os import urandom
from time import monotonic
from typing import Final
from uuid import UUID, uuid4

from opentelemetry import trace
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

TIMEOUT_HEADER: Final = "eventide-timeout-ms"
"""Milliseconds that the caller still waits; relative, so that no two clocks need agree."""

_PROPAGATOR: Final = TraceContextTextMapPropagator()
TRACE_HEADER: Final = "traceparent"
_TRACE_FIELDS: Final = (TRACE_HEADER.encode(), b"tracestate")


@dataclass(frozen=True)
class RequestContext:
    """One request."""

    request_id: UUID = field(default_factory=uuid4)
    deadline: float | None = None
    """The instant of the monotonic clock at which the caller stops waiting, or none."""
    is_hurried: bool = False
    """Whether the caller chose to wait less long than the operation may take."""
    told: Mapping[str, str] = field(default_factory=dict)
    """The headers of the caller's trace (W3C Trace Context), if there are any."""

    @cached_property
    def trace(self) -> SpanContext:
        """The caller's trace, or a new one: made only where it is asked for, since most requests call nobody."""
        return continue_trace(self.told)

    def remaining(self) -> float | None:
        """Return the seconds left, never below zero, or None where there is no deadline."""
        return None if self.deadline is None else max(0.0, self.deadline - monotonic())


_CURRENT: Final[ContextVar[RequestContext]] = ContextVar("request")


def current() -> RequestContext:
    """Return the context of the present request; outside of one, an empty context."""
    return _CURRENT.get(None) or RequestContext()


def enter(context: RequestContext) -> None:
    """Make this the context of the present task."""
    _CURRENT.set(context)


def trace_told(headers: Mapping[bytes, bytes]) -> dict[str, str]:
    """Return those of a request's headers, named in lower case, that tell its trace."""
    return {name.decode(): headers[name].decode("latin-1") for name in _TRACE_FIELDS if name in headers}


def continue_trace(headers: Mapping[str, str]) -> SpanContext:
    """Return the caller's trace (W3C Trace Context), or a new one where its header is missing or malformed."""
    if TRACE_HEADER in headers:
        span = trace.get_current_span(_PROPAGATOR.extract(dict(headers))).get_span_context()
        if span.is_valid:
            return span
    return SpanContext(
        secrets.randbits(128) or 1,
        secrets.randbits(64) or 1,
        is_remote=False,
        trace_flags=TraceFlags(1),
    )


def new_traceparent() -> bytes:
    """Return the header of a trace that begins here (W3C Trace Context, 3.2)."""
    drawn = urandom(24).hex()
    return f"00-{drawn[:32]}-{drawn[32:]}-01".encode()


def outgoing_headers(span: SpanContext | None = None) -> dict[str, str]:
    """Return the headers by which the next service continues the trace and knows the time left."""
    headers: dict[str, str] = {}
    context = _CURRENT.get(None)
    if span is None and context is not None:
        span = context.trace
    if span is not None:
        _PROPAGATOR.inject(headers, context=trace.set_span_in_context(NonRecordingSpan(span)))
    remaining = None if context is None else context.remaining()
    if remaining is not None:
        headers[TIMEOUT_HEADER] = str(int(remaining * 1000))
    return headers
