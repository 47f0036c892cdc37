"""Checks 54 to 57: tokens at the routes that ask for them."""

from typing import Final

from services.chassis.settings import ServiceSettings
from services.chassis.tokens import ACCESS_AUDIENCE, KeyRing, TokenType
from services.operator.drill.checklist.second import caller_at, second_gateway
from services.operator.drill.checklist.verdicts import all_within, check, require, same
from services.operator.drill.checklist.world import World
from services.operator.drill.tokens.command import MISPLACED
from services.operator.drill.tokens.forging import Forge
from services.operator.drill.tokens.hostile import HOSTILE
from services.operator.drill.tokens.possession import (
    HOSTILE_AT_A_RESOURCE,
    HOSTILE_PROOFS,
    Aim,
    Holder,
)
from services.operator.state import StateFolder

_REFUSED: Final = {400, 401, 431}
_LONGEST_SENT: Final = 16_000
_PATHS: Final = ("/v1/me", "/v1/patients", "/v1/sites")
_AT_ONCE: Final = 10


@check(54, "a token that is anything but good is refused, and breaks nothing")
async def check_54(world: World) -> None:
    """Forge with the installation's own key and one thing wrong, and take an ID token for an access token."""
    keys = KeyRing.from_directory(StateFolder(world.state).signing_keys)
    issuer = ServiceSettings.model_fields["issuer"].default
    forge = Forge(keys.signing_at(world.clock.now()), world.clock, TokenType.ACCESS, ACCESS_AUDIENCE, issuer)
    found: dict[str, int] = {}
    for name, make in HOSTILE.items():
        token = make(forge)
        if token.isascii() and token.isprintable() and token == token.strip() and len(token) < _LONGEST_SENT:
            found[name] = (await world.caller(token).get("/v1/me")).status
    require(len(found) > 80, "too few were tried")  # noqa: PLR2004 - the list of the issue
    all_within(found, _REFUSED, "forged tokens taken")
    flow, application = await world.flow(), await world.application()
    tokens = await flow.tokens(application)
    for name in ("id_token", "refresh_token"):
        same(await flow.me(tokens[name]), 401, f"{name} as an access token")
    same((await world.caller(forge.with_claims()).get("/v1/me")).status, 200, "a good one afterwards")


@check(55, "a token counts in the Authorization header and nowhere else")
async def check_55(world: World) -> None:
    """Put a good one everywhere else."""
    session = await world.session(await world.person())
    token = session["access_token"]
    for name, place in MISPLACED.items():
        suffix, headers = place(token)
        status = (await world.caller().send("GET", f"/v1/me{suffix}", dict(headers))).status
        require(status in _REFUSED, f"a token {name} gets {status}")
    same((await world.caller().form("/v1/me", {"access_token": token})).status, 405, "a token in a form")
    same((await world.caller(token).get("/v1/me")).status, 200, "in the Authorization header")


@check(56, "a refusal says what is wrong with the token, and where to get one")
async def check_56(world: World) -> None:
    """Read WWW-Authenticate (RFC 6750, 3; RFC 9728, 5.1)."""
    nothing = (await world.caller().get("/v1/patients")).headers.get("www-authenticate", "")
    bad = (await world.caller("x.y.z").get("/v1/patients")).headers.get("www-authenticate", "")
    require(nothing.startswith("Bearer ") and "error=" not in nothing, f"without a token: {nothing}")
    flow, application = await world.flow(), await world.application()
    narrow = (await flow.tokens(application, scope="openid"))["access_token"]
    scope = (await world.caller(narrow).get("/v1/patients")).headers.get("www-authenticate", "")
    require('error="insufficient_scope"' in scope, f"with too narrow a scope: {scope}")
    require('error="invalid_token"' in bad, f"with a bad token: {bad}")
    require("resource_metadata=" in bad, f"where to get a token is not told: {bad}")


@check(57, "a proof of possession is checked whole, and a bound token is refused without one (DPoP)")
async def check_57(world: World) -> None:
    """Prove with one thing wrong at a route of each service, and use a good proof twice: at once, and elsewhere."""
    flow, holder = await world.flow(), Holder(world.issuer, world.clock)
    token = (await flow.bound_tokens(await world.application(), holder))["access_token"]
    caller, found = world.caller(), dict[str, int]()
    for path in _PATHS:
        bearer = await world.caller(token).get(path)
        same(bearer.status, 401, f"the token as a bearer's at {path}")
        require('DPoP realm="eventide", error="invalid_token"' in bearer.headers["www-authenticate"], "no challenge")
        for name, make in {**HOSTILE_PROOFS, **HOSTILE_AT_A_RESOURCE}.items():
            aim = Aim("GET", path, token)
            answer = await caller.send("GET", path, holder.fields(aim, make(holder, aim)))
            found[f"{name} at {path}"] = answer.status
            require("invalid_dpop_proof" in answer.headers["www-authenticate"], f"{name}: not called a bad proof")
        same(
            (await caller.send("GET", path, holder.fields(Aim("GET", path, token)))).status,
            200,
            f"a good proof at {path}",
        )
    all_within(found, {401}, "bad proofs taken")
    await _is_taken_once(world, holder, Aim("GET", "/v1/me", token))
    other = Holder(world.issuer, world.clock, holder.key, "x")
    stale = await caller.send("GET", "/v1/me", other.fields(Aim("GET", "/v1/me", token)))
    require("use_dpop_nonce" in stale.headers["www-authenticate"], "another nonce than ours is taken")
    same(stale.headers.get("dpop-nonce"), holder.nonce, "the nonce told")


async def _is_taken_once(world: World, holder: Holder, aim: Aim) -> None:
    fields = holder.fields(aim)
    answers = await world.caller().at_once(_AT_ONCE, lambda: world.caller().send("GET", aim.path, fields))
    same(sorted(answer.status for answer in answers), [200] + [401] * (_AT_ONCE - 1), "one proof at the same moment")
    async with second_gateway(world) as url:
        same(
            (await caller_at(world, url).send("GET", aim.path, fields)).status, 401, "the same proof at another gateway"
        )
        fresh = holder.fields(aim)
        same((await caller_at(world, url).send("GET", aim.path, fresh)).status, 200, "a fresh one there")
        same((await world.caller().send("GET", aim.path, fresh)).status, 401, "and then here")
