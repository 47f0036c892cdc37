"""What goes on to a service that is slow or away (gateway checklist 73)."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import ExitStack
from typing import Any

import pytest

from services.chassis.context import TIMEOUT_HEADER
from services.chassis.edge import Edge, Receive, Scope, Send
from services.chassis.errors import UpstreamUnavailableError
from services.contracts.identity import Microservice, Role
from services.gateway.errors import ServiceBusyError
from services.gateway.proxy.admission import Gate
from services.policy.criticality import _CRITICAL, _SHEDDABLE, Criticality, criticality
from services.policy.routes import BY_OPERATION, ROUTES
from tests.gateway.conftest import GatewayFactory, Upstream, answer_json, read_body

REPORT, USUAL, CARE = (BY_OPERATION[name] for name in ("read_kpis", "list_sites", "record_attendance"))
WAIT = 30


def _admits(gate: Gate, route: Any) -> bool:
    try:
        with gate.admitted(route):
            return True
    except ServiceBusyError:
        return False


@pytest.mark.parametrize(
    ("in_hand", "admitted"),
    [(0, [True] * 3), (4, [True] * 3), (5, [False, True, True]), (8, [False, True, True]),
     (9, [False, False, True]), (10, [False] * 3)],
)  # fmt: skip
def test_73_what_can_wait_is_refused_first(in_hand: int, admitted: list[bool]) -> None:
    gate = Gate(Microservice.SCHEDULER, most=10)

    with ExitStack() as stack:
        for _ in range(in_hand):
            stack.enter_context(gate.admitted(CARE))
        found = [_admits(gate, route) for route in (REPORT, USUAL, CARE)]

    assert found == admitted
    assert _admits(gate, REPORT)


def _fail(gate: Gate) -> None:
    with pytest.raises(UpstreamUnavailableError), gate.admitted(USUAL):
        raise UpstreamUnavailableError(Microservice.SCHEDULER)


def test_73_while_nobody_answers_only_few_try_and_the_first_that_gets_through_opens_the_way() -> None:
    gate = Gate(Microservice.SCHEDULER)
    for _ in range(5):
        _fail(gate)

    with ExitStack() as stack:
        for _ in range(4):
            stack.enter_context(gate.admitted(USUAL))
        with pytest.raises(UpstreamUnavailableError), gate.admitted(CARE):
            pytest.fail("a fifth was admitted")
        gate.answered()
        for _ in range(20):
            stack.enter_context(gate.admitted(USUAL))


def test_73_failures_that_are_not_in_a_row_shut_nothing() -> None:
    gate = Gate(Microservice.SCHEDULER)
    for _ in range(20):
        for _ in range(4):
            _fail(gate)
        gate.answered()

    with ExitStack() as stack:
        for _ in range(20):
            stack.enter_context(gate.admitted(USUAL))


def test_a_stream_takes_no_more_places_than_a_report() -> None:
    streams = [route for route in ROUTES if route.deadline_seconds is not None]

    assert streams
    assert {criticality(route) for route in streams} == {Criticality.SHEDDABLE}


def test_what_is_ranked_exists_and_is_ranked_once() -> None:
    assert set(BY_OPERATION) >= _CRITICAL | _SHEDDABLE
    assert not _CRITICAL & _SHEDDABLE


class Silent:
    """A service that takes requests and never answers, until it is told to."""

    def __init__(self) -> None:
        self.speaks = asyncio.Event()
        self.asked: asyncio.Queue[None] = asyncio.Queue()

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        await read_body(receive)
        await self.asked.put(None)
        if self.speaks.is_set():
            await answer_json(send, "done")
        else:
            assert (await receive())["type"] == "http.disconnect"


@pytest.fixture
def silent(gateway_app: Any, upstream: Upstream) -> Silent:
    """Behind the way to the scheduler, which counts any silence until a deadline."""
    gate = Gate(Microservice.SCHEDULER, hung_after=0.0)
    gateway_app.state.equipment.front.forwarder._gates[Microservice.SCHEDULER] = gate
    upstream.answer = silent = Silent()
    return silent


@pytest.fixture
def edge(gateway_app: Any) -> Edge:
    """The layer that knows how long an operation may take."""
    layer = gateway_app.middleware_stack = gateway_app.build_middleware_stack()
    while not isinstance(layer, Edge):
        layer = vars(layer).get("_app") or layer.app
    return layer


SOON = {TIMEOUT_HEADER: "60"}


async def test_73_a_service_that_hangs_shuts_the_way_and_the_first_answer_opens_it(
    gateway: GatewayFactory, silent: Silent, upstream: Upstream, edge: Edge
) -> None:
    director = gateway(Role.PROGRAMME_DIRECTOR)
    edge._timeout = 0.06
    hung = [await director.get("/v1/sites") for _ in range(5)]
    edge._timeout = WAIT
    probes = [asyncio.create_task(director.get("/v1/sites")) for _ in range(4)]
    for _ in [*hung, *probes]:
        await asyncio.wait_for(silent.asked.get(), WAIT)

    at_once = await director.get("/v1/sites")
    calls = upstream.calls
    for probe in probes:
        probe.cancel()
    await asyncio.gather(*probes, return_exceptions=True)
    silent.speaks.set()
    answered = [await director.get("/v1/sites") for _ in range(2)]

    assert [one.status_code for one in hung] == [504] * 5
    assert (at_once.status_code, calls) == (503, 9)
    assert [one.status_code for one in answered] == [200, 200]


async def test_73_a_deadline_of_the_caller_s_own_shuts_nothing_however_long_it_was(
    gateway: GatewayFactory, gateway_app: Any, silent: Silent
) -> None:
    director = gateway(Role.PROGRAMME_DIRECTOR)

    hurried = [await director.get("/v1/sites", headers=SOON) for _ in range(6)]
    silent.speaks.set()

    gate = gateway_app.state.equipment.front.forwarder._gates[Microservice.SCHEDULER]
    assert {one.status_code for one in hurried} == {504}
    assert gate._failures == 0


async def test_73_a_slow_body_shuts_nothing(
    gateway: GatewayFactory, gateway_app: Any, silent: Silent, edge: Edge
) -> None:
    director = gateway(Role.PROGRAMME_DIRECTOR)
    edge._timeout = 0.06

    async def endless() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.Event().wait()

    dribbling = [await director.post("/v1/sites", content=endless()) for _ in range(6)]
    gateway_app.state.equipment.front.forwarder._gates[Microservice.SCHEDULER]._hung_after = 5.0
    late = [await director.get("/v1/sites") for _ in range(6)]
    silent.speaks.set()

    gate = gateway_app.state.equipment.front.forwarder._gates[Microservice.SCHEDULER]
    assert {one.status_code for one in [*dribbling, *late]} == {504}
    assert gate._failures == 0


async def test_73_a_report_is_refused_while_a_slow_service_still_takes_care_first(
    gateway: GatewayFactory, gateway_app: Any, upstream: Upstream
) -> None:
    gateway_app.state.equipment.front.forwarder._gates[Microservice.SCHEDULER] = Gate(Microservice.SCHEDULER, most=4)
    arrived: asyncio.Queue[None] = asyncio.Queue()
    go_on = asyncio.Event()

    async def wait(_scope: Scope, _receive: Receive, send: Send) -> None:
        await arrived.put(None)
        await go_on.wait()
        await answer_json(send, "done")

    upstream.answer = wait
    director = gateway(Role.PROGRAMME_DIRECTOR)
    slow = [asyncio.create_task(director.get("/v1/sites")) for _ in range(2)]
    for _ in slow:
        await asyncio.wait_for(arrived.get(), WAIT)

    report = await director.get("/v1/sites/018f0000-0000-7000-8000-000000000000/kpis")
    other = asyncio.create_task(director.get("/v1/sites"))
    await asyncio.wait_for(arrived.get(), WAIT)
    elsewhere = asyncio.create_task(director.get("/v1/patients"))
    await asyncio.wait_for(arrived.get(), WAIT)
    go_on.set()
    answers = await asyncio.gather(*slow, other, elsewhere)
    afterwards = await director.get("/v1/sites/018f0000-0000-7000-8000-000000000000/kpis")

    assert (report.status_code, report.json()["code"]) == (503, "busy")
    assert int(report.headers["retry-after"]) > 0
    assert [one.status_code for one in [*answers, afterwards]] == [200] * 5
