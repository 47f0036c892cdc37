"""Checklist 1 to 6 and 41: who registers applications, keys published elsewhere, and what discovery says."""

from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from services.contracts.identity import Role
from services.operator.drill.checklist.probes.applications import REDIRECT, SERVICE, Application
from services.operator.drill.checklist.probes.signing import Key
from tests.gateway.conftest import PUBLIC_URL, GatewayFactory, NewOrganization, Upstream, answer_json
from tests.gateway.oauth.conftest import Flow, NewApplication
from tests.gateway.oauth.test_tokens import _service_token

PATH = "/v1/oauth_clients"
GOOD: dict[str, Any] = {
    "name": "Viewer", "kind": "public", "grant_types": ["authorization_code"], "redirect_uris": [REDIRECT],
    "scopes": ["openid", "user/Patient.rs"],
}  # fmt: skip
SMALL = {"kty": "RSA", "kid": "x", "alg": "RS384", "e": "AQAB", "n": "x" * 170}


@pytest.mark.parametrize(
    "role", [role for role in Role if role not in {Role.ORGANIZATION_ADMIN, Role.PLATFORM_OPERATOR}]
)
async def test_only_administrators_register_applications(gateway: GatewayFactory, role: Role) -> None:
    assert (await gateway(role).post(PATH, json=GOOD)).status_code == 403
    assert (await gateway(role).get(PATH)).status_code == 403


async def test_an_application_is_seen_by_its_own_organization_only(
    gateway: GatewayFactory, new_organization: NewOrganization, operator: httpx2.AsyncClient
) -> None:
    own, other = await new_organization("Own"), await new_organization("Other")
    administrator = gateway(Role.ORGANIZATION_ADMIN, organization=own)
    stranger = gateway(Role.ORGANIZATION_ADMIN, organization=other)
    made = await administrator.post(PATH, json=GOOD)
    installation = await operator.post(PATH, json=GOOD)
    path = made.headers["location"]

    assert (await administrator.get(path)).json() == made.json()
    assert [one["id"] for one in (await administrator.get(PATH)).json()["items"]] == [made.json()["id"]]
    for outsider in (stranger, operator):
        assert (await outsider.get(path)).status_code == 404
        assert (await outsider.post(f"{path}:disable")).status_code == 404
    assert (await stranger.get(PATH)).json()["items"] == []
    assert installation.json()["organization_id"] is None


@pytest.mark.parametrize(
    ("pointer", "changes"),
    [
        ("/redirect_uris", {"redirect_uris": []}),
        ("/redirect_uris/0", {"redirect_uris": ["http://app.example.org/"]}),
        ("/redirect_uris/0", {"redirect_uris": ["https://app.example.org/#x"]}),
        ("/redirect_uris/0", {"redirect_uris": ["https://*.example.org/"]}),
        ("/redirect_uris/0", {"redirect_uris": ["https://a@b.example.org/"]}),
        ("/redirect_uris/0", {"redirect_uris": ["javascript:alert(1)"]}),
        ("/redirect_uris/0", {"redirect_uris": ["http://localhost/"]}),
        ("/scopes/0", {"scopes": ["system/*.rs"]}),
        ("/scopes/0", {"scopes": ["everything"]}),
        ("/kind", {"grant_types": ["client_credentials"], "redirect_uris": [], "scopes": ["system/*.rs"]}),
        ("/jwks", {"jwks": {"keys": []}}),
        ("/jwks", {"kind": "confidential"}),
        ("/jwks", {"kind": "confidential", "jwks": {"keys": []}}),
        ("/jwks", {"kind": "confidential", "jwks": {"keys": [SMALL]}}),
        ("/jwks", {"kind": "confidential", "jwks": {"keys": [{**Key().jwk, "d": "AAAA"}]}}),
        ("/jwks", {"kind": "confidential", "jwks": {"keys": [{**Key().jwk, "crv": "P-256"}]}}),
        ("/jwks", {"kind": "confidential", "jwks": {"keys": [Key().jwk, Key().jwk]}}),
        ("/jwks_uri", {"kind": "confidential", "jwks_uri": "http://app.example.org/jwks.json"}),
        ("/jwks_uri", {"kind": "confidential", "jwks_uri": "file:///etc/passwd"}),
        ("/jwks_uri", {"kind": "confidential", "jwks_uri": "https://app.example.org@evil.test/"}),
    ],
)  # fmt: skip
async def test_what_does_not_fit_together_is_refused_and_said_where(
    gateway: GatewayFactory, pointer: str, changes: dict[str, Any]
) -> None:
    refused = await gateway(Role.ORGANIZATION_ADMIN).post(PATH, json={**GOOD, **changes})

    assert refused.status_code == 422, refused.text
    assert refused.json()["errors"][0]["pointer"] == pointer


async def test_the_operator_registers_no_service_because_it_belongs_to_nobody(operator: httpx2.AsyncClient) -> None:
    body = {**GOOD, **SERVICE, "kind": "confidential", "jwks": {"keys": [Key().jwk]}}

    assert (await operator.post(PATH, json=body)).json()["errors"][0]["pointer"] == "/grant_types"


async def test_41_keys_are_read_where_they_are_published_and_not_with_every_unknown_key(
    flow: Flow, new_application: NewApplication, upstream: Upstream, upstream_url: str
) -> None:
    first, second = Key(key_id="first"), Key(key_id="second")
    published = {"keys": [first.jwk]}

    async def answer(_scope: Any, _receive: Any, send: Any) -> None:
        await answer_json(send, published)

    upstream.answer = answer
    service = await new_application(key=first, jwks=None, jwks_uri=f"{upstream_url}/jwks.json", **SERVICE)
    client = flow.browser.client
    statuses = [(await _service_token(client, service)).status_code for _ in range(3)]
    fetched = upstream.calls
    stranger = Application(service.id, PUBLIC_URL, service.clock, second)
    statuses += [(await _service_token(client, stranger)).status_code for _ in range(3)]

    assert statuses == [200, 200, 200, 401, 401, 401]
    assert (fetched, upstream.calls) == (1, 1)


async def test_41_a_key_set_that_cannot_be_read_opens_nothing(
    flow: Flow, new_application: NewApplication, upstream: Upstream, upstream_url: str
) -> None:
    answers: list[Any] = [[], {"keys": "x"}, {"keys": [{"kty": "oct", "k": "AAAA", "kid": "one", "alg": "HS256"}]}]

    async def answer(_scope: Any, _receive: Any, send: Any) -> None:
        await answer_json(send, answers[upstream.calls - 1])

    upstream.answer = answer
    for _ in range(len(answers)):
        service = await new_application(key=Key(), jwks=None, jwks_uri=f"{upstream_url}/jwks.json", **SERVICE)

        assert (await _service_token(flow.browser.client, service)).status_code == 401
    assert upstream.calls == len(answers)


DOCUMENTS = (
    "/.well-known/openid-configuration", "/.well-known/oauth-authorization-server",
    "/.well-known/smart-configuration", "/fhir/R4/.well-known/smart-configuration",
)  # fmt: skip


@pytest.mark.parametrize("path", DOCUMENTS)
async def test_01_02_03_discovery_says_the_same_everywhere(web: Callable[[], httpx2.AsyncClient], path: str) -> None:
    answer = await web().get(path, headers={"accept": "text/html", "origin": "https://app.example.org"})
    found = answer.json()

    assert answer.headers["content-type"].startswith("application/json")
    assert answer.headers["access-control-allow-origin"] == "*"
    assert found["issuer"] == PUBLIC_URL
    assert found["code_challenge_methods_supported"] == ["S256"]
    assert found["token_endpoint"] == f"{PUBLIC_URL}/oauth/token"
    assert all(
        value.startswith(f"{PUBLIC_URL}/") for name, value in found.items() if name.endswith(("_endpoint", "_uri"))
    )


async def test_06_every_endpoint_that_is_advertised_is_there(web: Callable[[], httpx2.AsyncClient]) -> None:
    found = (await web().get(DOCUMENTS[0])).json()

    for name, url in found.items():
        if name == "jwks_uri":
            assert (await web().get(url)).status_code == 200
        elif name == "authorization_endpoint":
            assert (await web().get(url)).status_code == 400
        elif name.endswith("_endpoint"):
            assert (await web().post(url, data={"x": "y"})).status_code in {400, 401}, name


async def test_04_the_key_set_has_a_key_for_id_tokens_and_no_private_part(
    flow: Flow, application: Application, id_token_key: Any
) -> None:
    tokens = await flow.tokens(application)
    keys = (await flow.browser.client.get("/.well-known/jwks.json")).json()["keys"]

    assert {key["alg"] for key in keys} == {"ES256", "RS256"}
    assert all(not {"d", "p", "q", "k"} & set(key) for key in keys)
    assert tokens["id_token"].count(".") == 2
    assert id_token_key.key_id in {key["kid"] for key in keys}
