"""How often one address may call a public route."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typing_extensions import override

from services.chassis.clock import Clock
from services.contracts.identity import Microservice
from services.gateway.errors import CalledTooOftenError
from services.gateway.proxy.limiting import CallLimits
from services.policy.route import Route
from services.policy.routes import BY_OPERATION, ROUTES
from tests.gateway.conftest import GatewayFactory


class StandingClock(Clock):
    """A clock that goes on when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.at = datetime(2026, 10, 2, 12, tzinfo=UTC)

    @override
    def now(self) -> datetime:
        return self.at


def limited(most: int, operation: str = "assess") -> Route:
    return Route(operation, Microservice.RECORDS, "POST", "/", frozenset(), public=True, calls_per_minute=most)


def calls(limits: CallLimits, route: Route, address: str | None, times: int) -> int:
    allowed = 0
    for _ in range(times):
        try:
            limits.take(route, None if address is None else (address, 1))
        except CalledTooOftenError:
            continue
        allowed += 1
    return allowed


def test_an_address_is_let_through_again_as_time_passes() -> None:
    clock = StandingClock()
    limits, route = CallLimits(clock), limited(6)

    assert calls(limits, route, "192.0.2.1", 10) == 6
    with pytest.raises(CalledTooOftenError) as refused:
        limits.take(route, ("192.0.2.1", 1))
    assert refused.value.retry_after_seconds == 10
    clock.at += timedelta(seconds=10)
    assert calls(limits, route, "192.0.2.1", 3) == 1
    clock.at += timedelta(hours=1)
    assert calls(limits, route, "192.0.2.1", 10) == 6


@pytest.mark.parametrize(
    ("first", "second", "shared"),
    [
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8::1", "2001:db8::2", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        (None, "not-an-address", True),
    ],
)
def test_whose_calls_are_counted_together(first: str | None, second: str | None, *, shared: bool) -> None:
    limits, route = CallLimits(StandingClock()), limited(4)
    calls(limits, route, first, 4)

    assert calls(limits, route, second, 4) == (0 if shared else 4)


def test_routes_are_counted_apart_and_one_without_a_limit_is_not_counted() -> None:
    limits = CallLimits(StandingClock())
    calls(limits, limited(4), "192.0.2.1", 4)

    assert calls(limits, limited(4, "other"), "192.0.2.1", 4) == 4
    assert calls(limits, BY_OPERATION["read_key_set"], "192.0.2.1", 500) == 500


def test_what_is_remembered_is_bounded() -> None:
    limits = CallLimits(StandingClock(), most_remembered=3)
    for number in range(50):
        calls(limits, limited(4), f"192.0.2.{number}", 1)

    assert len(limits._buckets) == 3


@given(
    most=st.integers(1, 60),
    waits=st.lists(st.integers(0, 90), min_size=1, max_size=40),
)
def test_no_minute_holds_more_than_a_bucket_and_its_refill(most: int, waits: list[int]) -> None:
    clock = StandingClock()
    limits, route, allowed = CallLimits(clock), limited(most), []
    for wait in waits:
        clock.at += timedelta(seconds=wait)
        allowed += [clock.at] * calls(limits, route, "192.0.2.1", most + 1)

    for start in allowed:
        within = [at for at in allowed if start <= at < start + timedelta(minutes=1)]
        assert len(within) <= 2 * most


async def test_the_gateway_refuses_before_the_service_is_asked(
    gateway: GatewayFactory, gateway_app: Any, upstream: Any
) -> None:
    gateway_app.state.equipment.front.decisions._limits = CallLimits(StandingClock())
    most = BY_OPERATION["create_placement_inquiry"].calls_per_minute or 0
    answers = [await gateway().post("/v1/placement_inquiries", content=b"{}") for _ in range(most + 3)]

    refused = [one for one in answers if one.status_code == 429]
    assert [one.status_code for one in answers] == [200] * most + [429] * 3
    assert upstream.calls == most
    assert all(1 <= int(one.headers["retry-after"]) <= 60 for one in refused)
    assert refused[0].json()["type"] == "urn:eventide:problem:too-many-requests"


async def test_renewals_are_limited_before_each_is_told(gateway: GatewayFactory, gateway_app: Any) -> None:
    gateway_app.state.equipment.front.decisions._limits = CallLimits(StandingClock())
    most = BY_OPERATION["refresh_login_session"].calls_per_minute or 0
    client = gateway()

    body = {"session_secret": "x"}
    statuses = [(await client.post("/v1/login_sessions:refresh", json=body)).status_code for _ in range(most + 2)]

    assert statuses == [401] * most + [429] * 2


async def test_the_authorization_server_is_limited_too(gateway: GatewayFactory, gateway_app: Any) -> None:
    gateway_app.state.equipment.front.decisions._limits = CallLimits(StandingClock())
    most = BY_OPERATION["create_oauth_token"].calls_per_minute or 0
    client = gateway()

    statuses = [(await client.post("/oauth/token", content=b"")).status_code for _ in range(most + 2)]

    assert statuses == [400] * most + [429] * 2
    assert (await client.get("/oauth/authorize")).status_code == 400


def test_every_route_that_anybody_may_call_at_the_authorization_server_is_limited() -> None:
    public = [route for route in ROUTES if route.public and route.path.startswith("/oauth/")]

    assert len(public) >= 8
    assert [route.operation_id for route in public if route.calls_per_minute is None] == []


def test_only_public_routes_are_limited_by_address() -> None:
    assert [route.operation_id for route in ROUTES if route.calls_per_minute is not None and not route.public] == []
