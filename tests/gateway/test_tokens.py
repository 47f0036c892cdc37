from typing import Any
from uuid import UUID

import httpx2
import pytest

from services.contracts.identity import Microservice, Principal, Role
from tests.gateway.conftest import GatewayFactory
from tests.support.tokens import Tokens, principal

PATH = "/v1/internal_tokens:exchange"


@pytest.fixture
def caller(organization_id: UUID) -> Principal:
    return principal(Role.FRONT_DESK, organization=organization_id)


async def _exchange(client: httpx2.AsyncClient, token: str, audience: Any) -> httpx2.Response:
    return await client.post(PATH, json={"audience": audience}, headers={"authorization": f"Bearer {token}"})


async def test_a_service_gets_a_token_for_another_that_names_the_person_and_the_service(
    gateway: GatewayFactory, tokens: Tokens, caller: Principal
) -> None:
    presented = tokens.internal(caller, Microservice.SCHEDULER)

    answer = await _exchange(gateway(), presented, "records")

    assert answer.status_code == 200
    given = answer.json()
    assert (given["token_type"], given["expires_in"]) == ("Bearer", 60)
    claims = tokens.verifier(Microservice.RECORDS).verify(given["access_token"], tokens.keys)
    assert (claims.sub, claims.org, claims.roles) == (caller.account_id, caller.organization_id, caller.roles)
    assert claims.act is Microservice.SCHEDULER
    assert claims.exp - claims.iat == 60


async def test_a_person_cannot_exchange(gateway: GatewayFactory, tokens: Tokens, caller: Principal) -> None:
    answer = await _exchange(gateway(), tokens.access(caller), "records")

    assert answer.status_code == 403


async def test_what_was_exchanged_is_not_exchanged_again(
    gateway: GatewayFactory, tokens: Tokens, caller: Principal
) -> None:
    first = await _exchange(gateway(), tokens.internal(caller, Microservice.SCHEDULER), "records")

    second = await _exchange(gateway(), first.json()["access_token"], "scheduler")

    assert second.status_code == 401


@pytest.mark.parametrize("audience", ["scheduler", "gateway", "eventide", "", None, ["records"]])
async def test_an_audience_that_makes_no_sense_is_refused(
    gateway: GatewayFactory, tokens: Tokens, caller: Principal, audience: Any
) -> None:
    answer = await _exchange(gateway(), tokens.internal(caller, Microservice.SCHEDULER), audience)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/audience"


async def test_a_token_for_the_gateway_is_none_that_a_service_was_called_with(
    gateway: GatewayFactory, tokens: Tokens, caller: Principal
) -> None:
    answer = await _exchange(gateway(), tokens.internal(caller, Microservice.GATEWAY), "records")

    assert answer.status_code == 401


async def test_the_key_set_is_public_and_holds_public_halves_only(gateway: GatewayFactory, tokens: Tokens) -> None:
    answer = await gateway().get("/.well-known/jwks.json")

    assert answer.status_code == 200
    published = answer.json()["keys"]
    assert all(dict(key) in published for key in tokens.keys.key_set["keys"])
    assert {(key["kty"], key["use"]) for key in published} == {("EC", "sig"), ("RSA", "sig")}
    assert not any({"d", "p", "q", "dp", "dq", "qi", "k"} & set(key) for key in published)


async def test_me_says_who_the_token_speaks_of(gateway: GatewayFactory, organization_id: UUID) -> None:
    account = UUID(int=5)

    answer = await gateway(Role.NURSE, Role.COUNSELLOR, account=account).get("/v1/me")

    assert answer.json() == {
        "account_id": str(account), "organization_id": str(organization_id), "roles": ["counsellor", "nurse"]
    }  # fmt: skip


async def test_a_platform_operator_is_in_no_organization(operator: httpx2.AsyncClient) -> None:
    answer = await operator.get("/v1/me")

    assert answer.json()["organization_id"] is None
