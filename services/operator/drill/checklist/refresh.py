"""Checks 42 to 53: refresh tokens, revocation and introspection."""

import asyncio
from time import perf_counter
from typing import Any, Final

from services.contracts.identity import Role
from services.operator.drill.checklist.probes.applications import SERVICE, Application
from services.operator.drill.checklist.probes.browsing import Flow
from services.operator.drill.checklist.probes.calling import Answer
from services.operator.drill.checklist.probes.signing import Key
from services.operator.drill.checklist.second import caller_at, second_gateway
from services.operator.drill.checklist.verdicts import CheckFailedError, check, require, same
from services.operator.drill.checklist.world import Moment, Person, World
from services.operator.drill.tokens.possession import Holder

_AT_ONCE: Final = 20
_TRIES: Final = 600
_BETWEEN_SECONDS: Final = 0.1
_LONGEST_SECONDS: Final = 2.0


async def _begun(world: World, **changes: str | None) -> tuple[Flow, Application, dict[str, Any]]:
    flow, application = await world.flow(), await world.application()
    return flow, application, await flow.tokens(application, **changes)


@check(42, "a refresh token is replaced at each use")
async def check_42(world: World) -> None:
    """Use three in a row."""
    flow, application, tokens = await _begun(world)
    seen = [tokens["refresh_token"]]
    for _ in range(3):
        given = await flow.refresh(application, seen[-1])
        same(given.status, 200, "the current one")
        same(await flow.me(given.json()["access_token"]), 200, "its access token")
        seen.append(given.json()["refresh_token"])
    same(len(set(seen)), 4, "different refresh tokens")


@check(43, "a refresh token that comes again ends its family, and it is written down")
async def check_43(world: World) -> None:
    """Use one again after its successor was used, and another long after it was replaced."""
    person = await world.person()
    flow, application = await world.flow(person), await world.application()
    tokens = await flow.tokens(application)
    second = (await flow.refresh(application, tokens["refresh_token"])).json()
    third = (await flow.refresh(application, second["refresh_token"])).json()
    same((await flow.refresh(application, tokens["refresh_token"])).error, "invalid_grant", "the first one again")
    await _is_dead(flow, application, third)
    require("tokens_reused" in await _told(world, person), "the reuse is not in the trail")
    late = await flow.tokens(application)
    after = (await flow.refresh(application, late["refresh_token"])).json()
    await world.until(Moment.A_CODE_IS_OLD)
    same((await flow.refresh(application, late["refresh_token"])).error, "invalid_grant", "after the grace")
    await _is_dead(flow, application, after)


async def _is_dead(flow: Flow, application: Application, tokens: dict[str, Any]) -> None:
    same((await flow.refresh(application, tokens["refresh_token"])).error, "invalid_grant", "the newest of the family")
    same(await flow.me(tokens["access_token"]), 401, "the access token of the newest")


async def _told(world: World, person: Person) -> set[str]:
    auditor = world.as_role(Role.AUDITOR, organization=person.organization_id)
    items: list[dict[str, Any]] = []
    token: str | None = ""
    while token is not None:
        query = f"?page_size=200&page_token={token}" if token else "?page_size=200"
        page = (await auditor.get("/v1/security_events" + query)).json()
        items += page["items"]
        token = page["next_page_token"]
    return {item["kind"] for item in items if item["account_id"] == person.id}


@check(44, "who lost the answer gets the same successor for a short while")
async def check_44(world: World) -> None:
    """Use one twice at once, as after a lost answer."""
    flow, application, tokens = await _begun(world)
    first = (await flow.refresh(application, tokens["refresh_token"])).json()
    again = (await flow.refresh(application, tokens["refresh_token"])).json()
    same(again["refresh_token"], first["refresh_token"], "the successor given again")
    same(await flow.me(again["access_token"]), 200, "its access token")
    same((await flow.refresh(application, again["refresh_token"])).status, 200, "the successor used")


@check(45, "of twenty uses at the same moment comes one family with one refresh token")
async def check_45(world: World) -> None:
    """Race, and count who is alive."""
    flow, application, tokens = await _begun(world)
    answers = await flow.browser.caller.at_once(_AT_ONCE, lambda: flow.refresh(application, tokens["refresh_token"]))
    statuses = {answer.status for answer in answers}
    require(statuses <= {200, 400, 503, 504}, f"statuses are {statuses}")
    successors = {answer.json()["refresh_token"] for answer in answers if answer.status == 200}  # noqa: PLR2004
    same(len(successors), 1, "refresh tokens that came of it")
    revoked = await flow.browser.caller.form("/oauth/revoke", {"token": successors.pop(), **application.proof()})
    same(revoked.status, 200, "the end of the family")
    alive = [await flow.me(one.json()["access_token"]) for one in answers if "access_token" in (one.json() or {})]
    same(set(alive), {401}, "access tokens of the race after its family has ended")


@check(46, "of a revocation and a refresh at the same moment nothing stays alive")
async def check_46(world: World) -> None:
    """Race both, several times."""
    for _ in range(5):
        flow, application, tokens = await _begun(world)
        form = {"token": tokens["refresh_token"], **application.proof()}
        revoke = flow.browser.caller.form("/oauth/revoke", form)
        answers = await asyncio.gather(*(flow.refresh(application, tokens["refresh_token"]) for _ in range(3)), revoke)
        same(answers[-1].status, 200, "the revocation")
        for given in [tokens, *(one.json() for one in answers[:-1] if one.status == 200)]:  # noqa: PLR2004
            await _is_dead(flow, application, given)


@check(47, "scopes grow narrower and never wider")
async def check_47(world: World) -> None:
    """Ask for less, then for more."""
    flow, application, tokens = await _begun(world)
    narrow = (await flow.refresh(application, tokens["refresh_token"], scope="openid")).json()
    same(narrow["scope"], "openid", "a narrower scope")
    wide = await flow.refresh(application, narrow["refresh_token"], scope="openid user/Patient.rs")
    same((wide.status, wide.error), (400, "invalid_scope"), "a wider scope")


@check(48, "a refresh token is of no use to another application")
async def check_48(world: World) -> None:
    """Use it as another, public and confidential."""
    flow, application, tokens = await _begun(world)
    for other in (await world.application(), await world.application(key=Key())):
        same((await flow.refresh(other, tokens["refresh_token"])).error, "invalid_grant", "another's")
    same((await flow.refresh(application, tokens["refresh_token"])).status, 200, "its own afterwards")


@check(49, "a refresh token that is bound to a key is refused with another key (DPoP)")
async def check_49(world: World) -> None:
    """Use it with the key of a thief, with none, and with its own."""
    flow, application = await world.flow(), await world.application()
    holder = Holder(world.issuer, world.clock)
    tokens = await flow.bound_tokens(application, holder)
    same(tokens["token_type"], "DPoP", "its token type")
    thief = Holder(world.issuer, world.clock, nonce=holder.nonce)
    for other, whose in ((thief, "another key"), (None, "no key")):
        refused = await flow.refresh(application, tokens["refresh_token"], holder=other)
        same(refused.error, "invalid_grant", whose)
    given = await flow.refresh(application, tokens["refresh_token"], holder=holder)
    same((given.status, given.json().get("token_type")), (200, "DPoP"), "its own key afterwards")
    again = await flow.refresh(application, tokens["refresh_token"], holder=thief)
    same(again.error, "invalid_grant", "another key within the grace")
    same(await flow.me(given.json()["access_token"]), 401, "the access token as a bearer's")


@check(50, "a revoked access token opens nothing any more, at no gateway, though both remember it")
async def check_50(world: World) -> str:
    """Use it at two gateways, revoke it at one, and see how long the other takes it; once more where that is long."""
    async with second_gateway(world) as url:
        seconds = await _seconds_taken(world, url)
        if seconds > _LONGEST_SECONDS:
            # On a busy machine one round may come late, and hardly two in a row.
            seconds = await _seconds_taken(world, url)
    require(seconds <= _LONGEST_SECONDS, f"the other gateway took it for {seconds:.1f} s, twice for longer than two")
    return f"the other gateway took it for {seconds:.1f} s; two are allowed"


async def _seconds_taken(world: World, url: str) -> float:
    flow, application, tokens = await _begun(world)
    both = [world.caller(tokens["access_token"]), caller_at(world, url, tokens["access_token"])]
    same([(await one.get("/v1/me")).status for one in both], [200, 200], "before")
    form = {"token": tokens["access_token"], **application.proof()}
    same((await flow.browser.caller.form("/oauth/revoke", form)).status, 200, "the revocation")
    revoked = taken = perf_counter()
    same((await both[0].get("/v1/me")).status, 401, "where it was revoked")
    for _ in range(_TRIES):
        asked = perf_counter()
        status = (await both[1].get("/v1/me")).status
        if status != 200:  # noqa: PLR2004 - it is still taken
            same(status, 401, "at the other gateway")
            return taken - revoked
        taken = asked
        await asyncio.sleep(_BETWEEN_SECONDS)
    raise CheckFailedError("the other gateway still takes it a minute later")


@check(51, "introspection tells who may know what a token is good for, and of others only that it is not")
async def check_51(world: World) -> None:
    """Ask as its application, as a stranger, as nobody, and about nothing."""
    flow, application = await world.flow(), await world.application(key=Key())
    tokens = await flow.tokens(application, scope="openid fhirUser offline_access eventide/api")
    known = (await _introspect(world, application, tokens["access_token"])).json()
    require(known["active"] is True, "a good token is not active")
    require({"scope", "client_id", "exp", "iss", "sub", "fhirUser"} <= set(known), f"only {sorted(known)} are told")
    same((known["client_id"], known["iss"]), (application.id, world.issuer), "client_id and iss")
    current = (await _introspect(world, application, tokens["refresh_token"])).json()
    require(current["active"] is True, "a current refresh token is not active")
    elsewhere = await world.home("Elsewhere")
    stranger = await world.application(key=Key(), organization=elsewhere, **SERVICE)
    for token, who in (
        ("x", application),
        (tokens["access_token"][:-6], application),
        (tokens["access_token"], stranger),
    ):
        same((await _introspect(world, who, token)).json(), {"active": False}, "what is not to be known")
    public = await world.application()
    same((await _introspect(world, public, tokens["access_token"])).status, 401, "a public application that asks")


async def _introspect(world: World, application: Application, token: str) -> Answer:
    return await world.caller().form("/oauth/introspect", {"token": token, **application.proof()})


@check(52, "online access dies with the session, and offline access does not")
async def check_52(world: World) -> None:
    """End the session in which both were granted."""
    person = await world.person()
    flow, application, other = await world.flow(person), await world.application(), await world.application()
    online = await flow.tokens(application, scope="openid eventide/api online_access")
    offline = await flow.tokens(other)
    own = await world.signed_in(person)
    for session in (await own.get("/v1/login_sessions")).json()["items"]:
        if not session["is_current"]:
            same((await own.post(f"/v1/login_sessions/{session['id']}:end")).status, 204, "the session's end")
    same((await flow.refresh(application, online["refresh_token"])).error, "invalid_grant", "online access")
    same(await flow.me(online["access_token"]), 401, "the access token of online access")
    same((await flow.refresh(other, offline["refresh_token"])).status, 200, "offline access")


@check(53, "a family is over at a fixed time, however often it was used")
async def check_53(world: World) -> None:
    """Use it shortly before, and afterwards."""
    flow, application, tokens = await _begun(world)
    await world.until(Moment.A_FAMILY_IS_OLD)
    young = await flow.refresh(application, tokens["refresh_token"])
    same(young.status, 200, "after 89 days")
    await world.until(Moment.A_FAMILY_IS_OVER)
    same((await flow.refresh(application, young.json()["refresh_token"])).error, "invalid_grant", "after 91 days")
