"""The drill of tokens finds nothing as things are, and has teeth: with a broken verifier it counts."""

from collections.abc import AsyncIterator
from typing import Any, NamedTuple

import httpx2
import pytest
from fastapi import FastAPI

from services.chassis.claims import Claims
from services.chassis.clock import Clock
from services.chassis.http import HttpClient
from services.chassis.tokens import InvalidTokenError, TokenType, TokenVerifier, _decode, _parse
from services.contracts.identity import Microservice
from services.gateway.equipment import make_equipment
from services.gateway.main import build
from services.gateway.passwords import Passwords
from services.gateway.proxy.hosts import LOOPBACK
from services.operator.drill.tokens.command import DOORS, MISPLACED, Ask, Door, Headers, try_tokens
from services.operator.drill.tokens.hostile import HOSTILE
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
async def ask(records_app: FastAPI, scheduler_app: FastAPI, tokens: Tokens, clock: Clock) -> AsyncIterator[Ask]:
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
    apps = {
        Microservice.GATEWAY: gateway,
        Microservice.RECORDS: records_app,
        Microservice.SCHEDULER: scheduler_app,
    }
    clients = {service: call_in_process(app) for service, app in apps.items()}

    async def send(door: Door, suffix: str, headers: Headers) -> int:
        client: httpx2.AsyncClient = clients[door.process]
        fields = [*headers, ("content-type", "application/json")] if door.body else headers
        answer = await client.request(door.method, door.path + suffix, headers=fields, content=door.body)
        # Nobody stands behind this gateway: 503 says that the token was taken, and not that something broke.
        return 200 if answer.status_code == 503 else answer.status_code

    yield send
    for client in clients.values():
        await client.aclose()
    await http.close()
    passwords.close()


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

    assert (report["accepted"], report["good_refused"]) == (0, len(DOORS) + len(BOUND))


async def test_a_door_that_breaks_is_counted(tokens: Tokens, clock: Clock) -> None:
    async def broken(_door: Door, _suffix: str, _headers: Headers) -> int:
        return 500

    report = await try_tokens(broken, tokens.keys.signing_at(clock.now()), ISSUER, clock, front=FRONT)

    assert report["failures"] == sum(door["tried"] for door in report["by_route_class"].values())


def test_there_are_enough_to_mean_something() -> None:
    assert len(HOSTILE) + len(MISPLACED) >= 100
