"""What a process tells of its requests: one line each, and measures that Prometheus reads."""

import asyncio
import io
from uuid import RFC_4122, UUID

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from typing_extensions import override

from services.chassis import telemetry
from services.chassis.telemetry import Metrics, RequestLines

REQUEST = UUID("018f0000-0000-7000-8000-000000000000")


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["list_patients", "read_me", "none"]),
            st.sampled_from([200, 404, None]),
            st.floats(0, 20) | st.sampled_from([0.005, 0.1, 10.0]),
        )
    )
)
def test_measures_read_as_those_of_the_library(answers: list[tuple[str, int | None, float]]) -> None:
    registry, metrics = CollectorRegistry(), Metrics()
    requests = Counter("eventide_requests", "Requests answered.", ("operation_id", "status"), registry=registry)
    labels = ("operation_id",)
    duration = Histogram("eventide_request_duration_seconds", "Time to answer.", labels, registry=registry)
    for operation_id, status, seconds in answers:
        requests.labels(operation_id, status or 0).inc()
        duration.labels(operation_id).observe(seconds)
        metrics.observe(operation_id, status, seconds)

    def lines(one: CollectorRegistry) -> list[str]:
        return sorted(line for line in generate_latest(one).decode().splitlines() if "_created" not in line)

    assert lines(metrics.registry) == lines(registry)


async def test_a_line_tells_of_an_answer_what_is_on_the_list_and_nothing_else() -> None:
    output, lines = io.BytesIO(), RequestLines()
    lines.open("gateway", output)

    lines.add(REQUEST, "list_patients", "GET", 200, 0.01234)
    lines.add(None, "none", "POST", None, 1)
    lines.add(None, "none", "POST", None, 1)
    lines.flush()

    told = [orjson.loads(line) for line in output.getvalue().splitlines()]
    assert told[0].pop("timestamp").endswith("Z")
    assert told[0] == {
        "event": "request", "level": "info", "service": "gateway", "request_id": str(REQUEST),
        "operation_id": "list_patients", "method": "GET", "status": 200, "duration_ms": 12.3,
    }  # fmt: skip
    assert (told[1]["status"], len(told)) == (None, 3)
    fresh = {UUID(line["request_id"]) for line in told}
    assert (len(fresh), {(one.version, one.variant) for one in fresh - {REQUEST}}) == (3, {(4, RFC_4122)})
    assert all(set(line) <= telemetry._ALLOWED for line in told)


class Heard(io.BytesIO):
    """An output that tells when it was written to."""

    def __init__(self) -> None:
        super().__init__()
        self.is_written = asyncio.Event()

    @override
    def flush(self) -> None:
        self.is_written.set()


async def test_lines_are_written_without_being_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telemetry, "_MOMENT_SECONDS", 0)
    output, lines = Heard(), RequestLines()
    lines.open("gateway", output)

    for _ in range(2):
        output.is_written.clear()
        lines.add(REQUEST, "list_patients", "GET", 200, 0.01)
        await asyncio.wait_for(output.is_written.wait(), 20)

    assert output.getvalue().count(b"\n") == 2


async def test_where_nobody_wants_lines_none_is_kept() -> None:
    output, lines = io.BytesIO(), RequestLines()
    lines.open("gateway", None)

    lines.add(REQUEST, "list_patients", "GET", 200, 0.01)
    lines.open("gateway", output)
    lines.flush()

    assert output.getvalue() == b""
