"""The drill of tokens finds nothing as things are, and has teeth: with a broken verifier it counts."""

from collections.abc import AsyncIterator
from typing import Any, NamedTuple

import httpx2
import pytest
from fastapi import FastAPI

from services.chassis.claims import Claims
from services.chassis.clock import Clock
from services.chassis.direct import DirectReads
from services.chassis.http import HttpClient
from services.chassis.tokens import InvalidTokenError, TokenType, TokenVerifier, _decode, _parse
from services.contracts.identity import Microservice
from services.gateway.equipment import make_equipment
from services.gateway.main import build
from services.gateway.passwords import Passwords
from services.gateway.proxy.hosts import LOOPBACK
from services.gateway.proxy.requests import IncomingRequest, read_request
from services.gateway.proxy.shortcut import _NOT_PLAIN
from services.operator.drill.tokens.command import (
    DOORS,
    MISPLACED,
    Ask,
    Door,
    Headers,
    Way,
    fields_of,
    try_tokens,
)
from services.operator.drill.tokens.forging import Forge
from services.operator.drill.tokens.hostile import HOSTILE
from services.policy.matching import routes_at
from tests.support.serving import call_in_process, nothing_to_open
from tests.support.tokens import ISSUER, Tokens, new_id_token_key

BOUND = [door for door in DOORS.values() if door.token_type is TokenType.ACCESS]
FRONT = "https://eventide.test"


class _Closed:
    """A database of which nothing can be asked."""

    def __getattr__(self, _name: str) -> Any:
        raise ConnectionError


class _Away(NamedTuple):
    """A process whose database cannot be opened: a token that is taken leads to 503, and never to data."""

    clock: Clock
    authenticator: Any
    database: _Closed = _Closed()


@pytest.fixture
async def gateway(tokens: Tokens, clock: Clock) -> AsyncIterator[FastAPI]:
    http = HttpClient()
    gateway, passwords = build(nothing_to_open), Passwords(threads=1, queue=1)
    gateway.state.equipment = make_equipment(
        keys=tokens.keys,
        issuer=ISSUER,
        clock=clock,
        http=http,
        upstreams={Microservice.RECORDS: "http://127.0.0.1:9", Microservice.SCHEDULER: "http://127.0.0.1:9"},
        passwords=passwords,
        sealing_key=bytes(32),
        hosts={"eventide.test", *LOOPBACK},
        public_url=FRONT,
        id_token_keys=(new_id_token_key(),),
    )
    gateway.state.process = _Away(clock, gateway.state.equipment.authenticator)
    yield gateway
    await http.close()
    passwords.close()


@pytest.fixture
async def ask(gateway: FastAPI, records_app: FastAPI, scheduler_app: FastAPI) -> AsyncIterator[Ask]:
    apps = {
        Microservice.GATEWAY: gateway,
        Microservice.RECORDS: records_app,
        Microservice.SCHEDULER: scheduler_app,
    }
    clients = {service: call_in_process(app) for service, app in apps.items()}

    async def send(door: Door, suffix: str, headers: Headers) -> int:
        client: httpx2.AsyncClient = clients[door.process]
        fields = fields_of(door, headers)
        answer = await client.request(door.method, door.path + suffix, headers=fields, content=door.body)
        # Nobody stands behind this gateway: 503 says that the token was taken, and not that something broke.
        return 200 if answer.status_code == 503 else answer.status_code

    yield send
    for client in clients.values():
        await client.aclose()


async def test_no_door_takes_a_hostile_token_and_every_door_takes_a_good_one(
    ask: Ask, tokens: Tokens, clock: Clock
) -> None:
    report = await try_tokens(ask, tokens.keys.signing_at(clock.now()), ISSUER, clock, front=FRONT)

    assert (report["accepted"], report["failures"], report["good_refused"]) == (0, 0, 0)
    assert report["vectors"] >= 100
    assert set(report["by_route_class"]) == set(DOORS)
    assert all(door["tried"] >= 100 for door in report["by_route_class"].values())


async def test_a_verifier_that_forgets_one_thing_is_found_at_every_door(
    ask: Ask, tokens: Tokens, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(TokenVerifier, "_check", lambda *_: None)

    report = await try_tokens(ask, tokens.keys.signing_at(clock.now()), ISSUER, clock, front=FRONT)

    # A stream's end is set by its token's: one that is over is refused there once more.
    over = {"expired", "expires now"}
    for name, door in report["by_route_class"].items():
        found = {"audience of others", "issuer of others"} | (over if name != "stream" else set())
        assert found <= set(door["accepted"]), name


async def test_a_verifier_that_skips_the_signature_is_found(
    ask: Ask, tokens: Tokens, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def believe(self: TokenVerifier, token: str, _keys: object) -> Claims:
        self._header(token)
        try:
            claims = Claims.model_validate(_parse(_decode(token.split(".")[1])))
        except ValueError:
            raise InvalidTokenError from None
        self._check(claims)
        return claims

    monkeypatch.setattr(TokenVerifier, "verify", believe)

    report = await try_tokens(ask, tokens.keys.signing_at(clock.now()), ISSUER, clock, front=FRONT)

    for name, door in report["by_route_class"].items():
        assert {"zeros", "r is zero", "claims changed after signing"} <= set(door["accepted"]), name


async def test_a_door_that_takes_nothing_at_all_does_not_pass(tokens: Tokens, clock: Clock) -> None:
    async def closed(_door: Door, _suffix: str, _headers: Headers) -> int:
        return 401

    report = await try_tokens(closed, tokens.keys.signing_at(clock.now()), ISSUER, clock, front=FRONT)

    assert (report["accepted"], report["good_refused"]) == (0, 2 * len(DOORS) + len(BOUND))


async def test_a_door_that_breaks_is_counted(tokens: Tokens, clock: Clock) -> None:
    async def broken(_door: Door, _suffix: str, _headers: Headers) -> int:
        return 500

    report = await try_tokens(broken, tokens.keys.signing_at(clock.now()), ISSUER, clock, front=FRONT)

    assert report["failures"] == sum(door["tried"] for door in report["by_route_class"].values())


def test_there_are_enough_to_mean_something() -> None:
    assert len(HOSTILE) + len(MISPLACED) >= 100


def asked_at(door: Door, token: str) -> IncomingRequest:
    fields = fields_of(door, [("authorization", f"Bearer {token}"), ("host", "eventide.test")])
    return read_request(
        {
            "method": door.method,
            "raw_path": door.path.encode(),
            "path": door.path,
            "query_string": b"",
            "headers": [(name.encode(), value.encode()) for name, value in fields],
        }
    )


@pytest.mark.parametrize("name", [name for name, door in DOORS.items() if door.token_type is TokenType.ACCESS])
def test_a_door_of_the_gateway_leads_the_way_that_it_names(
    name: str, gateway: FastAPI, tokens: Tokens, clock: Clock
) -> None:
    door, decisions = DOORS[name], gateway.state.equipment.front.decisions
    token = Forge(tokens.keys.signing_at(clock.now()), clock, door.token_type, door.audience, ISSUER).with_claims()

    request = asked_at(door, token)

    is_plain = _NOT_PLAIN.isdisjoint(request.headers) and door.method == "GET"
    assert (is_plain and decisions.decide_at_once(request) is not None) is (door.way is Way.SHORT)


@pytest.mark.parametrize("name", [name for name, door in DOORS.items() if door.process is not Microservice.GATEWAY])
def test_a_door_of_a_service_leads_the_way_that_it_names(
    name: str, records_app: FastAPI, scheduler_app: FastAPI
) -> None:
    door = DOORS[name]
    app = records_app if door.process is Microservice.RECORDS else scheduler_app
    layers: list[Any] = list(app.user_middleware)
    (layer,) = [one for one in layers if one.cls is DirectReads]
    operation_id = routes_at(door.path)[door.method].operation_id

    direct = DirectReads(app, **layer.kwargs).read(operation_id)

    assert (door.method == "GET" and direct is not None) is (door.way is Way.DIRECT)


def test_each_way_is_tried_at_both_services() -> None:
    ways = {(routes_at(door.path)[door.method].service, door.process, door.way) for door in DOORS.values()}

    for service in (Microservice.RECORDS, Microservice.SCHEDULER):
        for process, way in (
            (Microservice.GATEWAY, Way.SHORT),
            (Microservice.GATEWAY, Way.APPLICATION),
            (service, Way.DIRECT),
            (service, Way.APPLICATION),
        ):
            assert (service, process, way) in ways
