"""How often one address may call a public route, and one caller any other."""

import math
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from typing_extensions import override

from services.chassis.clock import Clock
from services.chassis.database import Database
from services.contracts.identifiers import OauthClientId
from services.contracts.identity import Delegation, Microservice, Principal, Role
from services.gateway.errors import CalledTooOftenError
from services.gateway.passkeys.tables import ChallengeRow
from services.gateway.proxy.engines import Engine
from services.gateway.proxy.limiting import USUAL_CALLS_PER_MINUTE, CallLimits
from services.policy.route import DEAR_CALLS_PER_MINUTE, Route
from services.policy.routes import BY_OPERATION, ROUTES
from services.policy.smart.words import API
from tests.gateway.conftest import GatewayFactory
from tests.gateway.proxy.corpus import Asked, as_engine
from tests.gateway.proxy.short_way import ShortWay
from tests.gateway.proxy.test_engines import call
from tests.support.tokens import Tokens, principal


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

    assert len(limits._addresses) == 3


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


# Public routes that change something and are counted in another way, or come from one address for everybody.
OTHERWISE = {
    # Wrong passwords and passkeys hold up the address and the name.
    "create_login_session": "attempts",
    "create_login_session_with_passkey": "attempts",
    # Signed by a service or a carrier of ours; who calls too often from its address would stop it for all.
    "receive_emergency_event": "signed",
    "receive_attendance_event": "signed",
    "receive_site_event": "signed",
    "exchange_record_seals": "signed",
    "create_notice_receipt": "signed",
}


def test_every_public_route_that_may_write_is_limited_by_address() -> None:
    """Before, anybody could have challenges of passkeys kept, as many as they liked."""
    public = [route for route in ROUTES if route.public]
    writing = [route for route in public if route.method != "GET" or route.path.startswith("/oauth/")]
    secret = [route for route in public if "{token}" in route.path]

    unlimited = {route.operation_id for route in [*writing, *secret] if route.calls_per_minute is None}
    assert unlimited == set(OTHERWISE)
    assert {route.operation_id for route in secret} == {"read_feed"}


async def test_challenges_of_passkeys_are_limited_before_each_is_kept(
    gateway: GatewayFactory, gateway_app: Any, gateway_database: Database
) -> None:
    gateway_app.state.equipment.front.decisions._limits = CallLimits(StandingClock())
    most = BY_OPERATION["create_passkey_challenge"].calls_per_minute or 0
    client = gateway()
    async with gateway_database.command(None) as db:
        # Other tests leave theirs behind, and what has expired is forgotten with each call.
        before = set(await db.scalars(select(ChallengeRow.challenge_hash)))

    statuses = [(await client.post("/v1/passkey_challenges")).status_code for _ in range(most + 2)]

    assert statuses == [201] * most + [429] * 2
    async with gateway_database.command(None) as db:
        assert len(set(await db.scalars(select(ChallengeRow.challenge_hash))) - before) == most


def of_callers(limits: CallLimits, route: Route, caller: Principal, times: int) -> int:
    allowed = 0
    for _ in range(times):
        try:
            limits.take_of_caller(route, caller)
        except CalledTooOftenError:
            continue
        allowed += 1
    return allowed


ORGANIZATION, ACCOUNT, CLIENT = (UUID(int=number) for number in (1, 2, 3))
DELEGATION = Delegation(
    oauth_client_id=OauthClientId(CLIENT), scopes=frozenset({API}), patient_id=None, encounter_id=None
)
SOLVE, READ = BY_OPERATION["create_solve"], BY_OPERATION["list_patients"]


def test_a_caller_calls_each_route_as_often_as_it_allows_and_again_as_time_passes() -> None:
    clock = StandingClock()
    limits, caller = CallLimits(clock), principal(Role.FRONT_DESK, organization=ORGANIZATION, account=ACCOUNT)

    assert of_callers(limits, SOLVE, caller, 100) == DEAR_CALLS_PER_MINUTE
    assert of_callers(limits, READ, caller, 2000) == USUAL_CALLS_PER_MINUTE
    clock.at += timedelta(seconds=10)
    assert of_callers(limits, SOLVE, caller, 100) == DEAR_CALLS_PER_MINUTE / 6


def test_callers_are_counted_apart_and_so_is_an_application_in_their_name() -> None:
    limits = CallLimits(StandingClock())
    callers = [
        principal(Role.FRONT_DESK, organization=ORGANIZATION, account=ACCOUNT),
        principal(Role.FRONT_DESK, organization=ORGANIZATION, account=UUID(int=9)),
        principal(Role.FRONT_DESK, organization=ORGANIZATION, account=ACCOUNT).model_copy(
            update={"delegation": DELEGATION}
        ),
    ]

    assert [of_callers(limits, SOLVE, caller, 100) for caller in callers] == [DEAR_CALLS_PER_MINUTE] * 3


def test_a_crowd_of_addresses_makes_no_caller_s_calls_forgotten() -> None:
    limits, caller = CallLimits(StandingClock(), most_remembered=3), principal(Role.FRONT_DESK, organization=ACCOUNT)
    of_callers(limits, SOLVE, caller, 100)
    for number in range(50):
        calls(limits, limited(4), f"192.0.2.{number}", 1)

    assert of_callers(limits, SOLVE, caller, 1) == 0


@pytest.mark.parametrize(("allowance", "allowed"), [(0.5, 30), (2.0, 120), (math.inf, 500)])
def test_an_installation_allows_callers_more_or_less(allowance: float, allowed: int) -> None:
    limits, caller = CallLimits(StandingClock(), caller_allowance=allowance), principal(organization=ORGANIZATION)

    assert of_callers(limits, SOLVE, caller, 500) == allowed


@given(waits=st.lists(st.integers(0, 90), min_size=1, max_size=20))
def test_no_minute_holds_more_of_a_caller_than_a_bucket_and_its_refill(waits: list[int]) -> None:
    clock, caller = StandingClock(), principal(Role.FRONT_DESK, organization=ORGANIZATION, account=ACCOUNT)
    limits, allowed = CallLimits(clock), list[datetime]()
    for wait in waits:
        clock.at += timedelta(seconds=wait)
        allowed += [clock.at] * of_callers(limits, SOLVE, caller, DEAR_CALLS_PER_MINUTE + 1)

    for start in allowed:
        within = [at for at in allowed if start <= at < start + timedelta(minutes=1)]
        assert len(within) <= 2 * DEAR_CALLS_PER_MINUTE


@pytest.mark.parametrize(
    ("method", "path", "status", "most"),
    [
        ("POST", "/v1/solves", 200, 3), ("GET", "/v1/patients", 200, 60), ("GET", "/v1/me/factors", 200, 60),
        ("POST", "/v1/directory_programmes:import", 403, 60),
    ],
    ids=["dear", "usual", "our own", "refused"],
)  # fmt: skip
async def test_who_holds_a_token_is_held_up_when_they_call_too_often(
    *, gateway: GatewayFactory, gateway_app: Any, method: str, path: str, status: int, most: int
) -> None:
    """Before, a token opened its routes as often as a thief or a broken program liked."""
    gateway_app.state.equipment.front.decisions._limits = CallLimits(StandingClock(), caller_allowance=0.05)
    thief, other = (gateway(Role.FRONT_DESK, account=UUID(int=number)) for number in (7, 8))

    body = b"{}" if method == "POST" else None
    answers = [await thief.request(method, path, content=body) for _ in range(most + 2)]

    assert [one.status_code for one in answers] == [status] * most + [429] * 2
    assert answers[-1].json()["type"] == "urn:eventide:problem:too-many-requests"
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 60
    assert (await other.request(method, path, content=body)).status_code == status


async def test_the_short_way_counts_as_the_long_one_does(way: ShortWay) -> None:
    way.app.state.equipment.front.decisions._limits = CallLimits(StandingClock(), caller_allowance=0.01)

    # The first finds no connection to the service, and is decided on twice.
    while way.idle:
        way.idle.pop().end()
    statuses = [(await way.ask()).status for _ in range(14)]

    assert statuses == [200] * 12 + [429] * 2
    assert way.taken > 0


@pytest.mark.parametrize("engine", list(Engine))
async def test_engines_are_told_who_calls_too_often(trusting_app: Any, tokens: Tokens, engine: Engine) -> None:
    trusting_app.state.equipment.front.decisions._limits = CallLimits(StandingClock(), caller_allowance=0.05)
    bearer = f"Bearer {tokens.access(principal(Role.FRONT_DESK, organization=ORGANIZATION, account=ACCOUNT))}"
    asked = Asked("solve", "POST", "/v1/solves", (("Authorization", bearer),))

    told = [await call(trusting_app, *as_engine(engine, asked)) for _ in range(4)]

    assert [one.status for one in told] == [200] * 3 + [403 if engine is Engine.NGINX else 429]
    assert (told[-1].headers["x-gw-status"], int(told[-1].headers["retry-after"]) >= 1) == ("429", True)


@pytest.mark.parametrize("path", ["/v1/me/factors", "/v1/solves/018f0000-0000-7000-8000-000000000000/events"])
async def test_what_an_engine_hands_over_is_counted_once(trusting_app: Any, tokens: Tokens, path: str) -> None:
    trusting_app.state.equipment.front.decisions._limits = limits = CallLimits(StandingClock())
    caller = principal(Role.FRONT_DESK, organization=ORGANIZATION, account=ACCOUNT)
    asked = Asked("ours", "GET", path, (("Authorization", f"Bearer {tokens.access(caller)}"),))

    assert (await call(trusting_app, *as_engine(Engine.ENVOY, asked))).status == 200
    assert len(limits._callers) == 0
