from typing import Any
from uuid import UUID

import pytest

from services.chassis.tokens import ACCESS_AUDIENCE, TokenType
from services.contracts.identity import Microservice, Role
from services.operator.drill.tokens.hostile import HOSTILE
from tests.gateway.conftest import PUBLIC_URL, GatewayFactory, Upstream
from tests.support.serving import call_in_process
from tests.support.tokens import Tokens

# What a header field can carry at all (a space in front belongs to the field); the verifier's own tests have the rest.
NOT_SENDABLE = {"line break at the end", "NUL at the end", "wide digits", "space in front"}
SENDABLE = [name for name in HOSTILE if name not in NOT_SENDABLE]
BY_ROUTE_CLASS = {"gateway": "/v1/me", "records": "/v1/patients", "scheduler": "/v1/sites"}


def _bearer(token: str) -> dict[bytes, bytes]:
    return {b"authorization": f"Bearer {token}".encode("latin-1")}


@pytest.mark.parametrize("name", SENDABLE)
async def test_no_route_of_the_gateway_takes_a_hostile_token(
    gateway: GatewayFactory, upstream: Upstream, tokens: Tokens, name: str
) -> None:
    token = HOSTILE[name](tokens.forge(TokenType.ACCESS, ACCESS_AUDIENCE))

    answers = {
        route_class: await gateway().get(path, headers=_bearer(token)) for route_class, path in BY_ROUTE_CLASS.items()
    }

    refused = 431 if len(token) > 16_384 else 401
    for route_class, answer in answers.items():
        assert answer.status_code == refused, route_class
    assert upstream.calls == 0


@pytest.mark.parametrize("path", BY_ROUTE_CLASS.values(), ids=BY_ROUTE_CLASS.keys())
async def test_every_route_class_takes_a_good_one(gateway: GatewayFactory, tokens: Tokens, path: str) -> None:
    token = tokens.forge(TokenType.ACCESS, ACCESS_AUDIENCE).with_claims()

    answer = await gateway().get(path, headers=_bearer(token))

    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("service", "path"), [(Microservice.RECORDS, "/v1/patients"), (Microservice.SCHEDULER, "/v1/sites")]
)
async def test_no_service_takes_a_hostile_internal_token(
    records_app: Any, scheduler_app: Any, tokens: Tokens, service: Microservice, path: str
) -> None:
    apps = {Microservice.RECORDS: records_app, Microservice.SCHEDULER: scheduler_app}
    forge = tokens.forge(TokenType.INTERNAL, service)

    async with call_in_process(apps[service]) as client:
        statuses = {
            name: (await client.get(path, headers=_bearer(HOSTILE[name](forge)))).status_code for name in SENDABLE
        }
        good = await client.get(path, headers=_bearer(forge.with_claims()))

    assert {name: status for name, status in statuses.items() if status != 401} == {}
    assert good.status_code == 200


@pytest.mark.parametrize(
    "authorization", ["", "Bearer", "Bearer ", "Basic dTpw", "Token x", "Bearerx", "Bearer a b", "DPoP x"]
)
async def test_another_scheme_or_no_token_is_challenged(gateway: GatewayFactory, authorization: str) -> None:
    answers = [await gateway().get(path, headers={"authorization": authorization}) for path in BY_ROUTE_CLASS.values()]

    for answer in answers:
        assert answer.status_code == 401
        # Who came with a scheme that we know is answered in it.
        assert answer.headers["www-authenticate"].startswith("DPoP" if authorization.startswith("DPoP") else "Bearer")
        assert answer.json()["type"] == "urn:eventide:problem:authentication-required"


async def test_a_token_in_the_query_is_not_looked_at(gateway: GatewayFactory, tokens: Tokens) -> None:
    token = tokens.forge(TokenType.ACCESS, ACCESS_AUDIENCE).with_claims()

    answer = await gateway().get(f"/v1/me?access_token={token}")

    assert answer.status_code == 401


async def test_the_services_own_tokens_open_no_door_of_the_gateway(
    gateway: GatewayFactory, upstream: Upstream, tokens: Tokens
) -> None:
    internal = [tokens.forge(TokenType.INTERNAL, s).with_claims() for s in ("records", "scheduler", "gateway")]

    answers = [
        await gateway().get(path, headers=_bearer(token)) for token in internal for path in BY_ROUTE_CLASS.values()
    ]

    assert {answer.status_code for answer in answers} == {401}
    assert upstream.calls == 0


@pytest.mark.parametrize("path", BY_ROUTE_CLASS.values(), ids=BY_ROUTE_CLASS.keys())
async def test_56_a_bad_token_is_called_bad_and_no_token_is_not(gateway: GatewayFactory, path: str) -> None:
    bad = await gateway().get(path, headers=_bearer("x.y.z"))
    nothing = await gateway().get(path)

    assert (bad.status_code, bad.json()["code"]) == (401, "invalid-token")
    assert 'error="invalid_token"' in bad.headers["www-authenticate"]
    assert nothing.status_code == 401
    assert "error=" not in nothing.headers["www-authenticate"]


async def test_56_a_challenge_leads_to_where_tokens_are_given(gateway: GatewayFactory) -> None:
    challenge = (await gateway().get("/v1/patients")).headers["www-authenticate"]
    url = challenge.partition('resource_metadata="')[2].partition('"')[0]
    resource = await gateway().get(url)
    (issuer,) = resource.json()["authorization_servers"]
    server = (await gateway().get(f"{issuer}/.well-known/oauth-authorization-server")).json()

    assert url.startswith(f"{PUBLIC_URL}/.well-known/")
    assert resource.headers["access-control-allow-origin"] == "*"
    assert resource.json()["resource"] == server["issuer"] == PUBLIC_URL
    assert set(resource.json()["scopes_supported"]) <= set(server["scopes_supported"])


async def test_56_what_a_service_challenges_leads_there_too(gateway: GatewayFactory, upstream: Upstream) -> None:
    async def refuse(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 401,
                    "headers": [(b"www-authenticate", b'Bearer realm="eventide"')]})  # fmt: skip
        await send({"type": "http.response.body", "body": b""})

    upstream.answer = refuse
    answer = await gateway(Role.NURSE).get("/v1/patients")

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == (
        f'Bearer realm="eventide", resource_metadata="{PUBLIC_URL}/.well-known/oauth-protected-resource"'
    )


@pytest.mark.parametrize("path", BY_ROUTE_CLASS.values(), ids=BY_ROUTE_CLASS.keys())
async def test_56_an_application_without_the_scope_is_told_so(
    gateway: GatewayFactory, upstream: Upstream, tokens: Tokens, path: str
) -> None:
    forge = tokens.forge(TokenType.ACCESS, ACCESS_AUDIENCE)
    token = forge.with_claims(client_id=str(UUID(int=9)), scope="user/*.cruds launch")

    answer = await gateway().get(path, headers=_bearer(token))

    assert answer.status_code == 403
    assert answer.json()["code"] == "insufficient-scope"
    assert 'error="insufficient_scope"' in answer.headers["www-authenticate"]
    assert upstream.calls == 0


@pytest.mark.parametrize("path", BY_ROUTE_CLASS.values(), ids=BY_ROUTE_CLASS.keys())
async def test_an_application_with_the_scope_gets_through(gateway: GatewayFactory, tokens: Tokens, path: str) -> None:
    forge = tokens.forge(TokenType.ACCESS, ACCESS_AUDIENCE)

    answer = await gateway().get(
        path, headers=_bearer(forge.with_claims(client_id=str(UUID(int=9)), scope="eventide/api openid"))
    )

    assert answer.status_code == 200
