"""Checks 54 to 57: tokens at the routes that ask for them."""

from typing import Final

from services.chassis.settings import ServiceSettings
from services.chassis.tokens import ACCESS_AUDIENCE, KeyRing, TokenType
from services.operator.drill.checklist.verdicts import CheckFailedError, all_within, check, require, same
from services.operator.drill.checklist.world import World
from services.operator.drill.tokens.command import MISPLACED
from services.operator.drill.tokens.forging import Forge
from services.operator.drill.tokens.hostile import HOSTILE
from services.operator.state import StateFolder

_REFUSED: Final = {400, 401, 431}
_LONGEST_SENT: Final = 16_000


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
    """See whether tokens can be bound at all."""
    if "dpop_signing_alg_values_supported" not in await world.documents():
        raise CheckFailedError("tokens cannot be bound to a key (RFC 9449): not built")
    raise CheckFailedError("DPoP is advertised, and this check does not know it yet")
