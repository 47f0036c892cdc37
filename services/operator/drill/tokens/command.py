"""`eventide drill tokens`: every hostile token at every kind of route, counted and judged."""

import argparse
import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from enum import StrEnum
from time import perf_counter
from typing import Any, Final, NamedTuple
from uuid import UUID

import aiohttp

from services.chassis.clock import Clock
from services.chassis.settings import ServiceSettings
from services.chassis.tokens import ACCESS_AUDIENCE, KeyRing, SigningKey, TokenType
from services.contracts.identity import Microservice
from services.operator.drill.tokens.forging import Forge
from services.operator.drill.tokens.hostile import HOSTILE
from services.operator.drill.tokens.possession import (
    HOSTILE_AT_A_RESOURCE,
    HOSTILE_PROOFS,
    Aim,
    Holder,
)
from services.operator.lifecycle import say
from services.operator.stack import Addresses, running_stack
from services.operator.state import StateFolder

_NOBODY: Final = UUID(int=8)
_BROKEN: Final = 500
_REFUSALS: Final = frozenset({400, 401, 431})
_NOT_ANSWERED: Final = 0
_SHED: Final = frozenset({503, 504})
_TRIES: Final = 3


class Way(StrEnum):
    """How a request is carried out where it is let in: who decides on it differs, and so could the decision."""

    APPLICATION = "application"
    """As the framework does it; at the gateway behind its own dispatcher."""
    SHORT = "short"
    """In callbacks, without a task: a plain read through the gateway (ADR 0024)."""
    DIRECT = "direct"
    """With what it depends on called in a row: a read of a service (ADR 0023)."""


Fields = tuple[tuple[str, str], ...]


class Door(NamedTuple):
    """One kind of route: which process answers, what is asked, and which tokens open it."""

    process: Microservice
    method: str
    path: str
    token_type: TokenType
    audience: str
    body: bytes | None = None
    knows: frozenset[tuple[TokenType, str]] = frozenset()
    """Other tokens that name a caller here, whom the policy then judges."""
    way: Way = Way.APPLICATION
    fields: Fields = ()
    """Header fields that belong to the kind of request."""


# A time of one's own is nothing that a plain request has: the same route, and the application decides.
_NOT_PLAIN: Final = (("eventide-timeout-ms", "20000"),)


def _of_the_gateway(
    method: str, path: str, *, way: Way = Way.APPLICATION, body: bytes | None = None, fields: Fields = ()
) -> Door:
    return Door(
        Microservice.GATEWAY, method, path, TokenType.ACCESS, ACCESS_AUDIENCE, body=body, way=way, fields=fields
    )


def _of_a_service(
    service: Microservice, method: str, path: str, *, way: Way = Way.APPLICATION, body: bytes | None = None
) -> Door:
    return Door(service, method, path, TokenType.INTERNAL, service, body=body, way=way)


DOORS: Final[Mapping[str, Door]] = {
    "gateway": _of_the_gateway("GET", "/v1/me"),
    "admin": _of_the_gateway("GET", f"/v1/organizations/{_NOBODY}/accounts"),
    "records": _of_the_gateway("GET", "/v1/patients", way=Way.SHORT),
    "scheduler": _of_the_gateway("GET", "/v1/sites", way=Way.SHORT),
    "records, not plain": _of_the_gateway("GET", "/v1/patients", fields=_NOT_PLAIN),
    "scheduler, not plain": _of_the_gateway("GET", "/v1/sites", fields=_NOT_PLAIN),
    "records, a change": _of_the_gateway("POST", "/v1/patients", body=b"{}"),
    "scheduler, a change": _of_the_gateway("POST", "/v1/sites", body=b"{}"),
    "stream": _of_the_gateway("GET", f"/v1/solves/{_NOBODY}/events"),
    "exchange": Door(
        Microservice.GATEWAY,
        "POST",
        "/v1/internal_tokens:exchange",
        TokenType.INTERNAL,
        Microservice.SCHEDULER,
        b'{"audience":"records"}',
        frozenset({(TokenType.ACCESS, ACCESS_AUDIENCE), (TokenType.INTERNAL, Microservice.RECORDS.value)}),
    ),
    "records, past the gateway": _of_a_service(Microservice.RECORDS, "GET", "/v1/patients", way=Way.DIRECT),
    "scheduler, past the gateway": _of_a_service(Microservice.SCHEDULER, "GET", "/v1/sites", way=Way.DIRECT),
    "records, a change past the gateway": _of_a_service(Microservice.RECORDS, "POST", "/v1/patients", body=b"{}"),
    "scheduler, a change past the gateway": _of_a_service(Microservice.SCHEDULER, "POST", "/v1/sites", body=b"{}"),
}
"""By name; together every kind of route that asks for a token, and every way on which one is looked at."""

Headers = list[tuple[str, str]]
MISPLACED: Final[Mapping[str, Callable[[str], tuple[str, Headers]]]] = {
    "in the query": lambda token: (f"?access_token={token}", []),
    "in a cookie": lambda token: ("", [("cookie", f"access_token={token}")]),
    "as a password": lambda token: ("", [("authorization", f"Basic {token}")]),
    "as a proof": lambda token: ("", [("authorization", f"DPoP {token}")]),
    "without a scheme": lambda token: ("", [("authorization", token)]),
    "in a field of one's own": lambda token: ("", [("x-authorization", f"Bearer {token}")]),
    "as a proxy's": lambda token: ("", [("proxy-authorization", f"Bearer {token}")]),
    "behind another": lambda token: ("", [("authorization", f"Bearer x, Bearer {token}")]),
}
"""Good tokens where no token is looked for: what to add to the path, and the header fields."""

Ask = Callable[[Door, str, Headers], Awaitable[int]]
"""Sends a request, with so much added to the path; the status, or 0 where the connection ended without an answer."""


def run(arguments: argparse.Namespace) -> int:
    """Try every token at a stack of one's own; the status is 1 where one was taken, or a good one was not."""
    with running_stack(progress=say) as addresses:
        report = asyncio.run(at_the_stack(addresses))
    print(json.dumps(report) if arguments.json else "\n".join(f"{name:<16} {of}" for name, of in report.items()))
    return 1 if report["accepted"] or report["failures"] or report["good_refused"] else 0


async def at_the_stack(addresses: Addresses) -> dict[str, Any]:
    """Try every token at a running stack of one's own, and report."""
    base = {
        Microservice.GATEWAY: addresses.gateway,
        Microservice.RECORDS: addresses.records,
        Microservice.SCHEDULER: addresses.scheduler,
    }
    # The worst thief: who holds the key that the installation signs with, and gets one thing wrong.
    keys = KeyRing.from_directory(StateFolder(addresses.secrets.parent).signing_keys)
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:

        async def ask(door: Door, suffix: str, headers: Headers) -> int:
            fields = fields_of(door, headers)
            url = base[door.process] + door.path + suffix
            status = _NOT_ANSWERED
            # That a busy machine had no time says nothing of the token.
            for _ in range(_TRIES):
                try:
                    async with session.request(door.method, url, headers=fields, data=door.body) as answer:
                        status = answer.status
                except aiohttp.ClientError:
                    # A server may end the connection under a head that is far too large.
                    return _NOT_ANSWERED
                if status not in _SHED:
                    break
            return status

        clock = Clock(addresses.ahead)
        key, issuer = keys.signing_at(clock.now()), ServiceSettings.model_fields["issuer"].default
        return await try_tokens(ask, key, issuer, clock, front=addresses.gateway.rstrip("/"))


def fields_of(door: Door, headers: Headers) -> Headers:
    """Return all header fields of a request at a door."""
    own = [*headers, *door.fields]
    return [*own, ("content-type", "application/json")] if door.body else own


async def try_tokens(ask: Ask, key: SigningKey, issuer: str, clock: Clock, *, front: str) -> dict[str, Any]:
    """Try good tokens, hostile ones, misplaced ones, those of other doors and hostile proofs, at every door.

    `front` is where the gateway says that it is, for which proofs of possession are made.
    """
    started, holder = perf_counter(), Holder(front, clock)
    forges = {name: Forge(key, clock, door.token_type, door.audience, issuer) for name, door in DOORS.items()}
    tallies = {name: await _try_door(ask, name, forges, holder) for name in DOORS}
    names = {name for tally in tallies.values() for name in tally.tried}
    return {
        "vectors": len(names),
        "accepted": sum(len(tally.accepted) for tally in tallies.values()),
        "failures": sum(len(tally.failed) for tally in tallies.values()),
        "good_refused": sum(tally.good_refused for tally in tallies.values()),
        "by_route_class": {
            name: {
                "way": DOORS[name].way,
                "tried": len(tally.tried),
                "accepted": tally.accepted,
                "failed": tally.failed,
                "answers": dict(sorted(tally.answers.items())),
            }
            for name, tally in tallies.items()
        },
        "seconds": round(perf_counter() - started, 1),
    }


class _Tally:
    """What one door answered."""

    def __init__(self) -> None:
        self.tried: list[str] = []
        self.accepted: list[str] = []
        self.failed: list[str] = []
        self.answers: Counter[int] = Counter()
        self.good_refused = 0

    def hear(self, name: str, status: int) -> None:
        self.tried.append(name)
        self.answers[status] += 1
        if status >= _BROKEN:
            self.failed.append(name)
        elif status != _NOT_ANSWERED and status not in _REFUSALS:
            self.accepted.append(name)


async def _try_door(ask: Ask, name: str, forges: Mapping[str, Forge], holder: Holder) -> _Tally:
    door, forge, tally = DOORS[name], forges[name], _Tally()
    # First: what comes after a good one meets a token that is remembered, and a connection that waits for a request.
    tally.good_refused += await _is_refused(ask, door, _bearer(forge.with_claims()))
    for vector, make in HOSTILE.items():
        token = make(forge)
        if _is_sendable(token):
            tally.hear(vector, await ask(door, "", _bearer(token)))
    for vector, place in MISPLACED.items():
        tally.hear(f"good token {vector}", await ask(door, *place(forge.with_claims())))
    for other, its_forge in forges.items():
        kind = its_forge.token_type, str(its_forge.audience)
        if kind not in door.knows | {(door.token_type, str(door.audience))}:
            tally.hear(f"token of {other}", await ask(door, "", _bearer(its_forge.with_claims())))
    await _try_proofs(ask, door, forge.with_claims(cnf={"jkt": holder.jkt}), holder, tally)
    # Last, so that a door that died on the way is noticed: were good tokens refused, nothing would have been tried.
    tally.good_refused += await _is_refused(ask, door, _bearer(forge.with_claims()))
    return tally


async def _is_refused(ask: Ask, door: Door, headers: Headers) -> bool:
    return await ask(door, "", headers) in _REFUSALS | {_NOT_ANSWERED}


async def _try_proofs(ask: Ask, door: Door, token: str, holder: Holder, tally: _Tally) -> None:
    aim = Aim(door.method, door.path, token)
    tally.hear("bound token without a proof", await ask(door, "", [("authorization", f"DPoP {token}")]))
    tally.hear("bound token as a bearer's", await ask(door, "", _bearer(token)))
    for vector, make in {**HOSTILE_PROOFS, **HOSTILE_AT_A_RESOURCE}.items():
        fields = holder.fields(aim, make(holder, aim))
        tally.hear(f"bound token, proof: {vector}", await ask(door, "", list(fields.items())))
    if door.token_type is TokenType.ACCESS:
        tally.good_refused += await _is_refused(ask, door, list(holder.fields(aim).items()))


def _bearer(token: str) -> Headers:
    return [("authorization", f"Bearer {token}")]


def _is_sendable(token: str) -> bool:
    """Say whether a header field can carry it at all; a space in front would belong to the field."""
    return token.isascii() and (token == "" or token.isprintable()) and not token.startswith(" ")
