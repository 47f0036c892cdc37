"""Checks 32 to 41: applications that prove themselves, and those that are not who they say."""

import asyncio
from collections import Counter
from collections.abc import Iterable
from typing import Any, Final
from uuid import UUID

from services.operator.drill.checklist.probes.applications import HOSTILE_ASSERTIONS, SERVICE, Application
from services.operator.drill.checklist.probes.calling import Answer, Caller
from services.operator.drill.checklist.probes.listening import counting_listener
from services.operator.drill.checklist.probes.signing import Key
from services.operator.drill.checklist.second import caller_at, second_gateway
from services.operator.drill.checklist.verdicts import all_within, check, require, same
from services.operator.drill.checklist.world import World

_AT_ONCE: Final = 8
_CREATED: Final = 201
_OF_33: Final = ("alg", "HS256")
_OF_34: Final = ("audience", "no audience", "empty list of audiences")
_OF_35: Final = ("expire", "no expiry", "expiry", "not before", "issued in the future")
_OF_37: Final = ("issuer of another", "subject of another")
_OF_38: Final = ("jku", "jwk", "x5u", "x5c", "crit", "key of a stranger", "type of")
_OF_39: Final = ("key id", "no key id")
_REFUSED_AT_ONCE: Final = (
    "http://keys.example/jwks.json", "https://user@keys.example/k", "https://keys.example/k#f", "file:///etc/passwd",
    "gopher://keys.example/",
)  # fmt: skip
_OURSELVES: Final = ("127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "2130706433", "0x7f000001", "127.1", "0", "localhost")


async def _ask(caller: Caller, service: Application, **changes: Any) -> Answer:
    form = {"grant_type": "client_credentials", "scope": "system/*.rs", **service.proof(), **changes}
    return await caller.form("/oauth/token", form)


async def _service(world: World) -> Application:
    return await world.application(key=Key(), **SERVICE)


async def _refuses(world: World, beginnings: Iterable[str]) -> None:
    """Send the hostile assertions whose names begin so, then a good one: the door must not just be shut."""
    service = await _service(world)
    chosen = [name for name in HOSTILE_ASSERTIONS if name.startswith(tuple(beginnings))]
    require(len(chosen) > 1, "nothing was tried")
    answers = {
        name: await _ask(world.caller(), service, client_assertion=HOSTILE_ASSERTIONS[name](service)) for name in chosen
    }
    found = {name: (answer.status, answer.error) for name, answer in answers.items()}
    all_within(found, {(401, "invalid_client")}, "assertions that were not refused")
    same((await _ask(world.caller(), service)).status, 200, "a good assertion afterwards")


@check(32, "RS384 and ES384 are taken")
async def check_32(world: World) -> None:
    """Prove with both."""
    for algorithm in ("RS384", "ES384"):
        service = await world.application(key=Key(algorithm), **SERVICE)
        same((await _ask(world.caller(), service)).status, 200, algorithm)


@check(33, "no algorithm but that of the registered key: not none, and no HMAC with the public key")
async def check_33(world: World) -> None:
    """Forge with what is public."""
    await _refuses(world, _OF_33)
    rsa = await world.application(key=Key("RS384"), **SERVICE)
    forged = rsa.assertion({"alg": "ES384"})
    same((await _ask(world.caller(), rsa, client_assertion=forged)).error, "invalid_client", "RS key, ES384 header")


@check(34, "an assertion for another server is refused, also where it names us too")
async def check_34(world: World) -> None:
    """Name others."""
    await _refuses(world, _OF_34)


@check(35, "an assertion is good for five minutes at most, and only in them")
async def check_35(world: World) -> None:
    """Come early, late, and with a validity without end."""
    await _refuses(world, _OF_35)


@check(36, "an assertion is used once: also in its last seconds, at the same moment, and at another gateway")
async def check_36(world: World) -> None:
    """Send it again and again."""
    service = await _service(world)
    proof = service.proof()
    statuses = [(await _ask(world.caller(), service, **proof)).status for _ in range(3)]
    same(statuses, [200, 401, 401], "one after the other")
    expiry = service.now + 15
    last = service.proof(exp=expiry)
    same((await _ask(world.caller(), service, **last)).status, 200, "shortly before its end")
    # Beyond its end by the leeway that a clock which goes slow would grant it.
    while service.now <= expiry + 6:
        same((await _ask(world.caller(), service, **last)).status, 401, "again, until after its end")
        await asyncio.sleep(1)
    proof = service.proof()
    answers = await world.caller().at_once(_AT_ONCE, lambda: _ask(world.caller(), service, **proof))
    counted = Counter(one.status for one in answers)
    require(set(counted) <= {200, 401, 503, 504}, f"statuses at the same moment are {dict(counted)}")
    same(counted[200], 1, f"taken at the same moment, of {dict(counted)}")
    async with second_gateway(world) as url:
        proof = service.proof()
        first = await _ask(world.caller(), service, **proof)
        second = await _ask(caller_at(world, url), service, **proof)
        fresh = await _ask(caller_at(world, url), service)
    same((first.status, second.status, fresh.status), (200, 401, 200), "at two gateways, and a fresh one")


@check(37, "issuer, subject and client_id are the same application")
async def check_37(world: World) -> None:
    """Be two at once."""
    await _refuses(world, _OF_37)
    service, other = await _service(world), await _service(world)
    for name in (other.id, str(UUID(int=3)), "x"):
        same((await _ask(world.caller(), service, client_id=name)).error, "invalid_client", "another client_id")


@check(38, "no key comes with the token: not by jku, jwk, x5u or x5c; and an unknown crit is refused")
async def check_38(world: World) -> None:
    """Bring a key along."""
    await _refuses(world, _OF_38)


@check(39, "two keys of one id are none, and a key id is no path and no SQL")
async def check_39(world: World) -> None:
    """Register two under one id, and name ids that mean something elsewhere."""
    await _refuses(world, _OF_39)
    key = Key()
    twice = {"keys": [key.jwk, Key().jwk]}
    answer = await world.register(key=key, **{**SERVICE, "jwks": twice})
    same(answer.status, 422, "two keys of one id at registration")


@check(40, "another type of assertion, or none, is refused")
async def check_40(world: World) -> None:
    """Call it something else, and leave it away."""
    service = await _service(world)
    saml = await _ask(world.caller(), service, client_assertion_type="urn:ietf:params:oauth:client-assertion-type:saml")
    form = {"grant_type": "client_credentials", "scope": "system/*.rs", "client_id": service.id}
    named = await world.caller().form("/oauth/token", form)
    secret = await world.caller().form("/oauth/token", {**form, "client_secret": "x"})
    basic = await world.caller().form("/oauth/token", form, authorization="Basic eDp4")
    statuses = [answer.status for answer in (saml, named, secret, basic)]
    require(set(statuses) <= {400, 401}, f"statuses are {statuses}")


@check(41, "a published key set is fetched from the open internet only, and rarely")
async def check_41(world: World) -> str:
    """Register addresses that lead to us, however they are spelled, behind which a listener counts."""
    key = Key()
    for url in _REFUSED_AT_ONCE:
        answer = await world.register(key=key, **{**SERVICE, "jwks": None, "jwks_uri": url})
        same(answer.status, 422, f"registering {url}")
    async with counting_listener() as (port, connections):
        for host in _OURSELVES:
            url = f"https://{host}:{port}/jwks.json"
            registered = await world.register(key=key, **{**SERVICE, "jwks": None, "jwks_uri": url})
            require(registered.status in {201, 422}, f"registering {host} is answered with {registered.status}")
            if registered.status == _CREATED:
                service = Application(registered.json()["id"], world.issuer, world.clock, key)
                same((await _ask(world.caller(), service)).error, "invalid_client", f"keys at {host}")
        same(connections(), 0, "connections to our own machine")
    return "how long a key set is kept, and how often it is asked for, needs a server on the internet: a test sees it"
