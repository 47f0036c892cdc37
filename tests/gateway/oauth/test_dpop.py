"""Checklist 49 and 57: tokens that are bound to a key (DPoP, RFC 9449), and proofs of possession."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.chassis.clock import Clock
from services.chassis.database import Database, OpenDatabase
from services.contracts.identity import Microservice, Role
from services.gateway.dpop.logic import Proofs
from services.gateway.dpop.rules import AHEAD_SECONDS, NONCE_SECONDS, OLDEST_SECONDS, Nonces, Proof, read_proof
from services.gateway.proxy.engines import TrustedEngines
from services.operator.drill.checklist.probes.applications import SERVICE, Application
from services.operator.drill.checklist.probes.signing import Key, decoded
from services.operator.drill.tokens.possession import (
    HOSTILE_AT_A_RESOURCE,
    HOSTILE_PROOFS,
    TOKEN_ENDPOINT,
    Aim,
    FreshKey,
    Holder,
)
from services.operator.postgres.provision import DatabaseUrls
from tests.gateway.conftest import ORIGIN, PUBLIC_URL, GatewayFactory, Upstream
from tests.gateway.oauth.conftest import Flow, NewApplication, answer_of
from tests.support.serving import call_in_process
from tests.support.tokens import Tokens, principal

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
ME = "/v1/me"
BY_ROUTE_CLASS = {"gateway": ME, "records": "/v1/patients", "scheduler": "/v1/sites"}


@pytest.fixture
def holder(gateway_app: Any, clock: Clock) -> Holder:
    """Somebody with a key, and with a nonce that is good."""
    return Holder(PUBLIC_URL, clock, nonce=gateway_app.state.equipment.nonces.current(clock.now()))


@pytest.fixture
def bound_token(tokens: Tokens, holder: Holder, organization_id: UUID) -> str:
    """An access token that is bound to the holder's key."""
    url, now = f"{PUBLIC_URL}/oauth/token", holder.clock.now()
    proof = read_proof(holder.proof(TOKEN_ENDPOINT), method="POST", url=url, now=now)
    assert proof is not None
    caller = principal(Role.COUNSELLOR, organization=organization_id).model_copy(update={"proof_key": proof.key})
    return tokens.access(caller)


async def _redeemed(flow: Flow, application: Application, holder: Holder, **changes: str | None) -> httpx2.Response:
    code = (await flow.code(application, **changes))["code"]
    flow.browser.client.headers["dpop"] = holder.proof(TOKEN_ENDPOINT)
    answer = await flow.redeem(application, code)
    del flow.browser.client.headers["dpop"]
    return answer


async def _bound(flow: Flow, application: Application, holder: Holder) -> dict[str, Any]:
    answer = await _redeemed(flow, application, holder)
    assert answer.status_code == 200, answer.text
    tokens: dict[str, Any] = answer.json()
    return tokens


async def _refresh(flow: Flow, application: Application, token: str, proof: str | None) -> httpx2.Response:
    form = {"grant_type": "refresh_token", "refresh_token": token, **application.proof()}
    headers = {} if proof is None else {"dpop": proof}
    return await flow.browser.client.post("/oauth/token", data=form, headers=headers)


async def _ask(client: httpx2.AsyncClient, holder: Holder, aim: Aim, proof: str | None = None) -> httpx2.Response:
    return await client.request(aim.method, aim.path, headers=holder.fields(aim, proof))


@pytest.mark.parametrize("algorithm", ["ES384", "RS384"])
async def test_57_a_token_is_bound_to_the_key_that_asked_for_it(
    flow: Flow, application: Application, holder: Holder, upstream: Upstream, algorithm: str
) -> None:
    holder.key = Key(algorithm)

    tokens = await _bound(flow, application, holder)

    assert tokens["token_type"] == "DPoP"
    assert set(decoded(tokens["access_token"])["cnf"]) == {"jkt"}
    for path in BY_ROUTE_CLASS.values():
        answer = await _ask(flow.browser.client, holder, Aim("GET", path, tokens["access_token"]))
        assert answer.status_code == 200, path
        assert answer.headers["dpop-nonce"] == holder.nonce
    heard = (await _ask(flow.browser.client, holder, Aim("GET", "/v1/sites", tokens["access_token"]))).json()
    sent = dict(heard["headers"])
    assert "dpop" not in sent
    assert "cnf" not in decoded(sent["authorization"].removeprefix("Bearer "))
    assert upstream.calls == 3


@pytest.mark.parametrize("path", BY_ROUTE_CLASS.values(), ids=BY_ROUTE_CLASS.keys())
async def test_57_a_bound_token_is_worth_nothing_to_its_bearer(
    flow: Flow, application: Application, holder: Holder, upstream: Upstream, path: str
) -> None:
    tokens = await _bound(flow, application, holder)

    refused = await flow.browser.client.get(path, headers={"authorization": f"Bearer {tokens['access_token']}"})

    assert (refused.status_code, refused.json()["code"]) == (401, "dpop-proof-required")
    assert refused.headers["www-authenticate"] == (
        'DPoP realm="eventide", error="invalid_token", algs="ES256 ES384 RS256 RS384", '
        f'resource_metadata="{PUBLIC_URL}/.well-known/oauth-protected-resource"'
    )
    assert upstream.calls == 0


@pytest.mark.parametrize("name", [*HOSTILE_PROOFS, *HOSTILE_AT_A_RESOURCE])
async def test_57_a_hostile_proof_opens_no_route(
    gateway: GatewayFactory, holder: Holder, bound_token: str, upstream: Upstream, name: str
) -> None:
    make = {**HOSTILE_PROOFS, **HOSTILE_AT_A_RESOURCE}[name]

    for path in BY_ROUTE_CLASS.values():
        aim = Aim("GET", path, bound_token)
        answer = await _ask(gateway(), holder, aim, make(holder, aim))
        assert (answer.status_code, answer.json()["code"]) == (401, "invalid-dpop-proof"), path
        assert 'DPoP realm="eventide", error="invalid_dpop_proof"' in answer.headers["www-authenticate"]
    assert upstream.calls == 0


async def test_57_a_good_proof_opens_them(gateway: GatewayFactory, holder: Holder, bound_token: str) -> None:
    for path in BY_ROUTE_CLASS.values():
        assert (await _ask(gateway(), holder, Aim("GET", path, bound_token))).status_code == 200


@pytest.mark.parametrize("path", BY_ROUTE_CLASS.values(), ids=BY_ROUTE_CLASS.keys())
async def test_57_a_proof_opens_once(
    gateway: GatewayFactory, holder: Holder, bound_token: str, upstream: Upstream, path: str
) -> None:
    aim = Aim("GET", path, bound_token)
    proof = holder.proof(aim)

    first, second = await _ask(gateway(), holder, aim, proof), await _ask(gateway(), holder, aim, proof)

    assert (first.status_code, second.status_code) == (200, 401)
    assert second.json()["code"] == "invalid-dpop-proof"
    assert upstream.calls == (path != ME)


@pytest.mark.parametrize("path", BY_ROUTE_CLASS.values(), ids=BY_ROUTE_CLASS.keys())
async def test_57_a_proof_that_comes_again_is_told_and_a_nonce_asked_for_is_not(
    gateway: GatewayFactory, holder: Holder, bound_token: str, organization_id: UUID, path: str
) -> None:
    aim, good = Aim("GET", path, bound_token), holder.nonce
    holder.nonce = "x"
    asked = await _ask(gateway(), holder, aim)
    holder.nonce = good
    proof = holder.proof(aim)
    used = [(await _ask(gateway(), holder, aim, proof)).status_code for _ in range(2)]

    assert (asked.json()["code"], used) == ("use-dpop-nonce", [200, 401])
    answer = await gateway(Role.AUDITOR, organization=organization_id).get("/v1/security_events?kind=access_denied")
    assert [event["reason"] for event in answer.json()["items"]] == ["proof-replayed"]


async def test_57_a_proof_that_comes_many_times_at_once_is_good_once(
    databases: dict[str, DatabaseUrls], clock: Clock
) -> None:
    opened = [OpenDatabase(databases["gateway"].app, pool_size=4) for _ in range(2)]
    processes = [await one.open() for one in opened]
    proof = Proof(uuid4().hex, uuid4().hex, int(clock.now().timestamp()), None)
    try:
        taken = await asyncio.gather(*(Proofs(one, clock).use(proof) for one in processes * 6))
    finally:
        for one in opened:
            await one.close()

    assert taken.count(True) == 1


async def test_57_what_was_used_is_forgotten_when_it_is_too_old_anyway(
    gateway_database: Database, clock: Clock
) -> None:
    old = [Proof("k", str(n), int(clock.now().timestamp()), None) for n in range(30)]
    for proof in old:
        assert await Proofs(gateway_database, clock).use(proof)
    later = Clock(clock.now() - Clock().now() + timedelta(seconds=OLDEST_SECONDS + AHEAD_SECONDS + 1))

    for n in range(2):
        assert await Proofs(gateway_database, later).use(Proof("k", f"new {n}", old[0].issued_at + 90, None))

    async with gateway_database.read(None) as read:
        assert await read.connection.fetchval("select count(*) from used_proofs") == 2


async def test_57_a_nonce_is_taken_while_it_is_good_and_another_is_told(
    gateway: GatewayFactory, holder: Holder, bound_token: str
) -> None:
    aim, good = Aim("GET", ME, bound_token), holder.nonce
    holder.nonce = "x"
    refused = await _ask(gateway(), holder, aim)
    holder.nonce = None
    without = await _ask(gateway(), holder, aim)

    assert (refused.status_code, refused.json()["code"]) == (401, "use-dpop-nonce")
    assert 'error="use_dpop_nonce"' in refused.headers["www-authenticate"]
    assert refused.headers["dpop-nonce"] == good
    assert without.status_code == 200


async def test_57_a_token_that_is_bound_to_nothing_is_not_taken_with_a_proof(
    gateway: GatewayFactory, tokens: Tokens, holder: Holder, organization_id: UUID
) -> None:
    aim = Aim("GET", ME, tokens.access(principal(Role.COUNSELLOR, organization=organization_id)))

    refused = await _ask(gateway(), holder, aim)

    assert (refused.status_code, refused.json()["code"]) == (401, "invalid-token")
    assert refused.headers["www-authenticate"].startswith('DPoP realm="eventide", error="invalid_token", algs=')


async def test_57_who_proves_and_may_not_is_told_so_in_that_scheme(
    flow: Flow, application: Application, holder: Holder
) -> None:
    tokens = (await _redeemed(flow, application, holder, scope="openid")).json()

    refused = await _ask(flow.browser.client, holder, Aim("GET", "/v1/patients", tokens["access_token"]))

    assert refused.status_code == 403
    assert refused.headers["www-authenticate"].startswith('DPoP realm="eventide", error="insufficient_scope", algs=')


async def test_57_two_proofs_are_none(gateway: GatewayFactory, holder: Holder, bound_token: str) -> None:
    aim = Aim("GET", ME, bound_token)
    fields = [("authorization", f"DPoP {aim.token}"), ("dpop", holder.proof(aim)), ("dpop", holder.proof(aim))]

    assert (await gateway().get(ME, headers=fields)).status_code == 400


async def test_57_no_service_takes_a_bound_token_without_the_front_door(
    scheduler_app: Any, tokens: Tokens, holder: Holder, organization_id: UUID
) -> None:
    service, path = Microservice.SCHEDULER, "/v1/sites"
    caller = principal(Role.COUNSELLOR, organization=organization_id)
    bound = tokens.internal(caller.model_copy(update={"proof_key": "x"}), service)
    aim = Aim("GET", path, bound)

    async with call_in_process(scheduler_app) as client:
        statuses = [
            (await client.get(path, headers={"authorization": f"Bearer {bound}"})).status_code,
            (await _ask(client, holder, aim)).status_code,
            (await client.get(path, headers={"authorization": f"DPoP {tokens.internal(caller, service)}"})).status_code,
            (
                await client.get(path, headers={"authorization": f"Bearer {tokens.internal(caller, service)}"})
            ).status_code,
        ]

    assert statuses == [401, 401, 401, 200]


@pytest.mark.parametrize("path", BY_ROUTE_CLASS.values(), ids=BY_ROUTE_CLASS.keys())
async def test_57_an_engine_gets_the_same_decision(
    gateway_app: Any, gateway: GatewayFactory, holder: Holder, bound_token: str, path: str
) -> None:
    equipment, engines = gateway_app.state.equipment, TrustedEngines([ip_network("127.0.0.0/8")])
    gateway_app.state.equipment = replace(equipment, front=replace(equipment.front, engines=engines))
    aim = Aim("GET", path, bound_token)
    asked = {"x-original-method": "GET", "x-original-uri": path, "x-original-host": "eventide.test",
             "x-original-client": "203.0.113.7"}  # fmt: skip
    bearer = {"authorization": f"Bearer {aim.token}"}
    proof = holder.proof(aim)

    answers = [
        await gateway().get("/authz/nginx", headers={**asked, **fields})
        for fields in (bearer, holder.fields(aim, proof), holder.fields(aim, proof))
    ]

    again = 200 if path == ME else 401
    assert [answer.status_code for answer in answers] == [401, 200, again]
    assert answers[1].headers["x-decision-cache"] == "no"
    # What the gateway answers itself comes here next, with the proof that the question had.
    assert (await _ask(gateway(), holder, aim, proof)).status_code == again


@pytest.mark.parametrize("name", HOSTILE_PROOFS)
async def test_57_a_hostile_proof_binds_no_token(
    flow: Flow, application: Application, holder: Holder, name: str
) -> None:
    proof = HOSTILE_PROOFS[name](holder, TOKEN_ENDPOINT)

    refused = await _refresh(flow, application, "x", proof)

    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_dpop_proof")
    assert refused.headers["cache-control"] == "no-store"


async def test_57_the_token_endpoint_wants_a_nonce_and_tells_it(
    flow: Flow, application: Application, holder: Holder
) -> None:
    good, code = holder.nonce, (await flow.code(application))["code"]
    for wrong in (None, "x"):
        holder.nonce = wrong
        flow.browser.client.headers["dpop"] = holder.proof(TOKEN_ENDPOINT)
        refused = await flow.redeem(application, code)
        assert (refused.status_code, refused.json()["error"]) == (400, "use_dpop_nonce")
        assert refused.headers["dpop-nonce"] == good

    holder.nonce = good
    flow.browser.client.headers["dpop"] = holder.proof(TOKEN_ENDPOINT)
    assert (await flow.redeem(application, code)).json()["token_type"] == "DPoP"


async def test_57_the_token_endpoint_takes_a_proof_once(flow: Flow, application: Application, holder: Holder) -> None:
    tokens = await _bound(flow, application, holder)
    proof = holder.proof(TOKEN_ENDPOINT)

    first = await _refresh(flow, application, tokens["refresh_token"], proof)
    second = await _refresh(flow, application, first.json()["refresh_token"], proof)

    assert (first.status_code, second.status_code) == (200, 400)
    assert second.json()["error"] == "invalid_dpop_proof"


async def test_49_a_bound_refresh_token_is_refused_with_another_key_and_lives_on(
    flow: Flow, application: Application, holder: Holder
) -> None:
    tokens = await _bound(flow, application, holder)
    thief = Holder(holder.issuer, holder.clock, nonce=holder.nonce)

    refused = [
        await _refresh(flow, application, tokens["refresh_token"], proof)
        for proof in (None, thief.proof(TOKEN_ENDPOINT))
    ]
    good = await _refresh(flow, application, tokens["refresh_token"], holder.proof(TOKEN_ENDPOINT))
    lost = await _refresh(flow, application, tokens["refresh_token"], thief.proof(TOKEN_ENDPOINT))

    assert [answer.json()["error"] for answer in (*refused, lost)] == ["invalid_grant"] * 3
    assert good.json()["token_type"] == "DPoP"
    aim = Aim("GET", ME, good.json()["access_token"])
    assert (await _ask(flow.browser.client, holder, aim)).status_code == 200


async def test_49_an_application_with_a_key_of_its_own_may_change_the_other_one(
    flow: Flow, new_application: NewApplication, holder: Holder
) -> None:
    application = await new_application(key=Key())
    tokens = await _bound(flow, application, holder)
    other = Holder(holder.issuer, holder.clock, nonce=holder.nonce)

    refreshed = await _refresh(flow, application, tokens["refresh_token"], other.proof(TOKEN_ENDPOINT))

    aim = Aim("GET", ME, refreshed.json()["access_token"])
    assert (await _ask(flow.browser.client, other, aim)).status_code == 200
    assert (await _ask(flow.browser.client, holder, aim)).status_code == 401


async def test_an_application_that_must_prove_gets_nothing_without(
    flow: Flow, new_application: NewApplication, holder: Holder
) -> None:
    application = await new_application(dpop_bound_access_tokens=True)
    code = (await flow.code(application))["code"]

    refused = await flow.redeem(application, code)
    flow.browser.client.headers["dpop"] = holder.proof(TOKEN_ENDPOINT)
    given = await flow.redeem(application, code)

    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_dpop_proof")
    assert given.json()["token_type"] == "DPoP"


async def test_a_code_that_was_asked_for_with_a_key_is_redeemed_with_it_alone(
    flow: Flow, application: Application, holder: Holder
) -> None:
    thief = Holder(holder.issuer, holder.clock, nonce=holder.nonce)

    async def redeemed(by: Holder | None) -> httpx2.Response:
        code = (await flow.code(application, dpop_jkt=holder.jkt))["code"]
        flow.browser.client.headers.pop("dpop", None)
        if by is not None:
            flow.browser.client.headers["dpop"] = by.proof(TOKEN_ENDPOINT)
        return await flow.redeem(application, code)

    refused = [await redeemed(None), await redeemed(thief)]

    assert [answer.json()["error"] for answer in refused] == ["invalid_grant"] * 2
    assert (await redeemed(holder)).json()["token_type"] == "DPoP"


@pytest.mark.parametrize("jkt", ["x", "A" * 42, "B" * 43, "A" * 44])
async def test_a_key_that_is_no_thumbprint_is_refused(flow: Flow, application: Application, jkt: str) -> None:
    assert (await flow.code(application, dpop_jkt=jkt))["error"] == "invalid_request"


async def test_a_proof_that_is_pushed_along_names_the_key(flow: Flow, application: Application, holder: Holder) -> None:
    post, par = flow.browser.client.post, Aim("POST", "/oauth/par")

    async def pushed(proof: str, **more: str) -> httpx2.Response:
        return await post("/oauth/par", data={**application.request(), **more}, headers={"dpop": proof})

    wrong = [
        await pushed(holder.proof(TOKEN_ENDPOINT)),
        await pushed(holder.proof(par), dpop_jkt=Holder(holder.issuer, holder.clock).jkt),
    ]
    good = await pushed(holder.proof(par), dpop_jkt=holder.jkt)
    handle = {"client_id": application.id, "request_uri": (await pushed(holder.proof(par))).json()["request_uri"]}
    page = await flow.browser.sign_in(await flow.browser.open(handle), flow.email)
    code = answer_of(await flow.browser.decide(page))["code"]

    assert [answer.json()["error"] for answer in wrong] == ["invalid_dpop_proof"] * 2
    assert good.status_code == 201
    assert (await flow.redeem(application, code)).json()["error"] == "invalid_grant"


async def test_a_service_gets_a_bound_token_and_introspection_tells_its_key(
    flow: Flow, new_application: NewApplication, holder: Holder
) -> None:
    service = await new_application(key=Key(), **SERVICE)
    form = {"grant_type": "client_credentials", "scope": "system/*.rs", **service.proof()}
    post = flow.browser.client.post

    token = (await post("/oauth/token", data=form, headers={"dpop": holder.proof(TOKEN_ENDPOINT)})).json()
    told = (await post("/oauth/introspect", data={"token": token["access_token"], **service.proof()})).json()

    assert (token["token_type"], told["token_type"]) == ("DPoP", "DPoP")
    assert told["cnf"] == decoded(token["access_token"])["cnf"]


async def test_who_proves_nothing_gets_bearer_tokens_as_before(flow: Flow, application: Application) -> None:
    answer = await flow.code(application)
    given = await flow.redeem(application, answer["code"])

    assert given.json()["token_type"] == "Bearer"
    assert "cnf" not in decoded(given.json()["access_token"])
    assert "dpop-nonce" not in given.headers


async def test_metadata_tells_what_may_be_proved_with(gateway: GatewayFactory) -> None:
    server = (await gateway().get("/.well-known/oauth-authorization-server")).json()
    resource = (await gateway().get("/.well-known/oauth-protected-resource")).json()

    assert server["dpop_signing_alg_values_supported"] == ["ES256", "ES384", "RS256", "RS384"]
    assert resource["dpop_signing_alg_values_supported"] == server["dpop_signing_alg_values_supported"]
    assert resource["dpop_bound_access_tokens_required"] is False


async def test_a_page_may_send_a_proof_and_read_the_nonce(web: Callable[[], httpx2.AsyncClient]) -> None:
    headers = {"origin": ORIGIN, "access-control-request-method": "GET"}
    preflight = await web().options(ME, headers=headers)
    answer = await web().get(ME, headers={"origin": ORIGIN})

    assert "dpop" in preflight.headers["access-control-allow-headers"].split(", ")
    assert "dpop-nonce" in answer.headers["access-control-expose-headers"].split(", ")


@given(st.integers(0, 3 * NONCE_SECONDS), st.binary(min_size=32, max_size=32))
def test_a_nonce_is_good_for_one_to_two_periods_and_of_one_installation(seconds: int, key: bytes) -> None:
    nonces, later = Nonces(key), NOW + timedelta(seconds=seconds)
    began = int(NOW.timestamp()) % NONCE_SECONDS

    assert nonces.is_good(nonces.current(NOW), later) is (began + seconds < 2 * NONCE_SECONDS)
    assert not Nonces(key + b"x").is_good(nonces.current(NOW), NOW)


@given(st.integers(-200, 200))
def test_a_proof_is_good_for_a_minute(ago: int) -> None:
    holder = Holder(PUBLIC_URL, Clock(NOW - Clock().now()), _KEY)
    made = holder.proof(TOKEN_ENDPOINT, iat=int(NOW.timestamp()) - ago)

    proof = read_proof(made, method="POST", url=f"{PUBLIC_URL}/oauth/token", now=NOW)

    assert (proof is not None) is (-AHEAD_SECONDS <= ago <= OLDEST_SECONDS)
    assert proof is None or proof.forgotten_at > NOW


_KEY = FreshKey()


@given(st.text(), st.text())
def test_no_text_breaks_the_reading_of_a_proof(head: str, rest: str) -> None:
    for text in (head, f"{head}.{rest}", f"{head}.{rest}.{rest}"):
        assert read_proof(text, method="GET", url=PUBLIC_URL, now=NOW, access_token=rest) is None
