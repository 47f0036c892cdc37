"""Applications register themselves (RFC 7591, RFC 7592) where the installation and an organization let them."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest

from services.chassis.clock import Clock
from services.chassis.database import Database, OpenDatabase
from services.chassis.wiring import Process
from services.contracts.gateway.oauth_clients import OauthClient
from services.contracts.identifiers import LoginSessionId, OauthClientId
from services.contracts.identity import Assurance, Role, SignIn
from services.gateway.oauth_clients.storage import OauthClientStorage
from services.operator.drill.checklist.probes.applications import REDIRECT, SERVICE, Application
from services.operator.drill.checklist.probes.signing import Key
from services.operator.postgres.provision import DatabaseUrls
from services.policy.oauth_routes import REGISTRATION
from tests.gateway.conftest import PUBLIC_URL, GatewayFactory, NewOrganization
from tests.gateway.oauth.conftest import Flow, answer_of
from tests.gateway.oauth.test_tokens import _service_token
from tests.support.tokens import Tokens, principal

PATH = "/oauth/register"
PERMITS = "/v1/registration_permits"
SCOPES = ["openid", "offline_access", "user/Patient.rs", "system/*.rs"]
KEY = Key()
GOOD: dict[str, Any] = {
    "client_name": "Viewer", "redirect_uris": [REDIRECT], "token_endpoint_auth_method": "private_key_jwt",
    "grant_types": ["authorization_code", "refresh_token"], "scope": "openid offline_access user/Patient.rs",
    "jwks": {"keys": [KEY.jwk]}, "logo_uri": "http://169.254.169.254/latest", "tos_uri": "file:///etc/passwd",
}  # fmt: skip
OF_A_SERVICE: dict[str, Any] = {
    **GOOD, **{name: SERVICE[name] for name in ("grant_types", "redirect_uris")}, "response_types": [],
    "scope": "system/*.rs",
}  # fmt: skip


def fresh(gateway: GatewayFactory, tokens: Tokens, organization: UUID, clock: Clock) -> httpx2.AsyncClient:
    client = gateway()
    sign_in = SignIn(
        login_session_id=LoginSessionId(uuid4()), auth_time=clock.now(), amr=("pwd", "otp", "mfa"), acr=Assurance.AAL2
    )
    caller = principal(Role.ORGANIZATION_ADMIN, organization=organization, sign_in=sign_in)
    client.headers["authorization"] = f"Bearer {tokens.access(caller)}"
    return client


@pytest.fixture
def administrator(gateway: GatewayFactory, tokens: Tokens, clinic: UUID, clock: Clock) -> httpx2.AsyncClient:
    """Has just proved a second factor."""
    return fresh(gateway, tokens, clinic, clock)


async def permit(client: httpx2.AsyncClient, **changes: Any) -> dict[str, Any]:
    made = await client.post(PERMITS, json={"name": "A maker", "scopes": SCOPES, "uses": 50, **changes})
    assert made.status_code == 201, made.text
    found: dict[str, Any] = made.json()
    return found


@pytest.fixture
async def token(switched_on: None, administrator: httpx2.AsyncClient) -> str:
    assert switched_on is None
    found: str = (await permit(administrator))["initial_access_token"]
    return found


@pytest.fixture
def anybody(gateway: GatewayFactory) -> httpx2.AsyncClient:
    return gateway()


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


async def register(client: httpx2.AsyncClient, token: str, **changes: Any) -> httpx2.Response:
    body = {name: value for name, value in {**GOOD, **changes}.items() if value is not None}
    return await client.post(PATH, json=body, headers=bearer(token))


async def registered(client: httpx2.AsyncClient, token: str, **changes: Any) -> dict[str, Any]:
    made = await register(client, token, **changes)
    assert made.status_code == 201, made.text
    found: dict[str, Any] = made.json()
    return found


def address_of(client: Mapping[str, Any]) -> str:
    uri: str = client["registration_client_uri"]
    assert uri.startswith(PUBLIC_URL)
    return uri.removeprefix(PUBLIC_URL)


async def confirm(administrator: httpx2.AsyncClient, client_id: str) -> httpx2.Response:
    path = f"/v1/oauth_clients/{client_id}"
    seen = await administrator.get(path)
    return await administrator.post(f"{path}:confirm", headers={"if-match": seen.headers["etag"]})


async def test_what_is_off_is_not_there(anybody: httpx2.AsyncClient, administrator: httpx2.AsyncClient) -> None:
    nowhere = await anybody.post("/oauth/nowhere", json=GOOD, headers=bearer("x"))
    asked = [
        await anybody.request(method, path, headers=bearer("x"), json=GOOD if method in {"POST", "PUT"} else None)
        for path in (PATH, f"{PATH}/{uuid4()}")
        for method in ("POST", "GET", "PUT", "DELETE")
    ]
    asked.append(await administrator.post(PERMITS, json={"name": "x", "scopes": SCOPES}))
    asked.append(await administrator.get(PERMITS))
    asked.append(await administrator.post(f"/v1/oauth_clients/{uuid4()}:confirm"))

    assert nowhere.status_code == 404
    for answer in asked:
        assert answer.status_code == 404
        assert {**answer.json(), "instance": ""} == {**nowhere.json(), "instance": ""}
        assert answer.headers.keys() == nowhere.headers.keys()
    assert len(REGISTRATION) == 8


@pytest.mark.parametrize("path", ["oauth-authorization-server", "openid-configuration", "smart-configuration"])
async def test_discovery_names_the_endpoint_only_where_it_is_on(
    anybody: httpx2.AsyncClient, request: pytest.FixtureRequest, path: str
) -> None:
    off = (await anybody.get(f"/.well-known/{path}")).json()
    request.getfixturevalue("switched_on")
    on = (await anybody.get(f"/.well-known/{path}")).json()

    assert "registration_endpoint" not in off
    assert on == {**off, "registration_endpoint": f"{PUBLIC_URL}{PATH}"}


async def test_who_registers_gets_what_was_asked_for_and_nothing_more(anybody: httpx2.AsyncClient, token: str) -> None:
    made = await register(anybody, token)

    told = made.json()
    assert (made.status_code, made.headers["cache-control"]) == (201, "no-store")
    asked = set(GOOD) - {"logo_uri", "tos_uri", "jwks"}
    assert {name: told[name] for name in asked} == {name: GOOD[name] for name in asked}
    assert [(key["x"], key["y"]) for key in told["jwks"]["keys"]] == [(KEY.jwk["x"], KEY.jwk["y"])]
    assert not {"logo_uri", "tos_uri"} & told.keys()
    assert told["response_types"] == ["code"]
    assert "client_secret" not in told
    read = await anybody.get(address_of(told), headers=bearer(told["registration_access_token"]))
    assert (read.status_code, read.json()) == (200, told)


@pytest.mark.usefixtures("ada")
async def test_it_works_as_any_application_until_a_week_is_over_and_then_only_where_it_was_confirmed(
    *, flow: Flow, token: str, gateway_app: Any, administrator: httpx2.AsyncClient, clock: Clock
) -> None:
    client = flow.browser.client
    people, forgotten = [await registered(client, token) for _ in range(2)]
    service = await registered(client, token, **OF_A_SERVICE)
    applications = [Application(one["client_id"], PUBLIC_URL, clock, KEY) for one in (people, forgotten, service)]

    tokens = await flow.tokens(applications[0], scope="openid offline_access")
    given = await _service_token(client, applications[2], **applications[2].proof())
    for one in (people, service):
        confirmed = await confirm(administrator, one["client_id"])
        assert (confirmed.status_code, confirmed.json()["expires_at"]) == (200, None)
    process, later = gateway_app.state.process, Clock(clock.now() - Clock().now() + timedelta(days=7, minutes=1))
    gateway_app.state.process = Process(later, process.database, process.authenticator)
    for application in applications:
        application.clock = later

    page = await flow.browser.open(applications[1].request(scope="openid"))
    own = await client.get(address_of(forgotten), headers=bearer(forgotten["registration_access_token"]))
    again = await _service_token(client, applications[2], **applications[2].proof())

    assert tokens["scope"]
    assert given.status_code == 200, given.text
    assert (page.status_code, page.headers.get("location")) == (400, None)
    assert own.status_code == 401
    assert again.status_code == 200, again.text


@pytest.mark.parametrize(
    ("changes", "error", "member"),
    [
        ({"redirect_uris": ["http://app.example.org/"]}, "invalid_redirect_uri", "redirect_uris"),
        ({"redirect_uris": ["http://127.0.0.1/"]}, "invalid_redirect_uri", "redirect_uris"),
        ({"redirect_uris": ["org.example.app:/back"]}, "invalid_redirect_uri", "redirect_uris"),
        ({"redirect_uris": ["https://*.example.org/"]}, "invalid_redirect_uri", "redirect_uris"),
        ({"redirect_uris": ["https://app.example.org/#x"]}, "invalid_redirect_uri", "redirect_uris"),
        ({"redirect_uris": []}, "invalid_redirect_uri", "redirect_uris"),
        ({"redirect_uris": "https://app.example.org/"}, "invalid_client_metadata", "redirect_uris"),
        ({"token_endpoint_auth_method": None}, "invalid_client_metadata", "token_endpoint_auth_method"),
        ({"token_endpoint_auth_method": "none"}, "invalid_client_metadata", "token_endpoint_auth_method"),
        ({"token_endpoint_auth_method": "client_secret_post"}, "invalid_client_metadata", "token_endpoint_auth_method"),
        ({"grant_types": ["implicit"]}, "invalid_client_metadata", "grant_types"),
        ({"grant_types": ["password"]}, "invalid_client_metadata", "grant_types"),
        ({"grant_types": ["refresh_token"]}, "invalid_client_metadata", "grant_types"),
        ({"grant_types": []}, "invalid_client_metadata", "grant_types"),
        ({"response_types": ["token"]}, "invalid_client_metadata", "response_types"),
        ({"response_types": ["code", "id_token"]}, "invalid_client_metadata", "response_types"),
        ({"application_type": "native"}, "invalid_client_metadata", "application_type"),
        ({"scope": "openid eventide/api"}, "invalid_client_metadata", "scope"),
        ({"scope": "openid user/*.cruds"}, "invalid_client_metadata", "scope"),
        ({"scope": "system/*.rs"}, "invalid_client_metadata", "scope"),
        ({"scope": "openid  offline_access"}, "invalid_client_metadata", "scope"),
        ({"scope": None}, "invalid_client_metadata", "scope"),
        ({"client_name": None}, "invalid_client_metadata", "client_name"),
        ({"client_name": "a\u0000b"}, "invalid_client_metadata", "client_name"),
        ({"jwks": None}, "invalid_client_metadata", "jwks"),
        ({"jwks": {"keys": [{**KEY.jwk, "d": "AAAA"}]}}, "invalid_client_metadata", "jwks"),
        ({"jwks": {"keys": []}}, "invalid_client_metadata", "jwks"),
        ({"jwks_uri": "https://app.example.org/jwks"}, "invalid_client_metadata", "jwks"),
        ({"jwks": None, "jwks_uri": "https://169.254.169.254/jwks"}, "invalid_client_metadata", "jwks_uri"),
        ({"jwks": None, "jwks_uri": "https://[::ffff:10.0.0.1]/jwks"}, "invalid_client_metadata", "jwks_uri"),
        ({"jwks": None, "jwks_uri": "http://app.example.org/jwks"}, "invalid_client_metadata", "jwks_uri"),
        ({"jwks": None, "jwks_uri": "file:///etc/passwd"}, "invalid_client_metadata", "jwks_uri"),
        ({"dpop_bound_access_tokens": "yes"}, "invalid_client_metadata", "dpop_bound_access_tokens"),
        ({"software_statement": "e30.e30.e30"}, "unapproved_software_statement", "software_statement"),
    ],
)  # fmt: skip
async def test_what_is_not_given_here_is_refused_in_the_standard_s_words_and_uses_nothing(
    *,
    anybody: httpx2.AsyncClient,
    administrator: httpx2.AsyncClient,
    switched_on: None,
    changes: dict[str, Any],
    error: str,
    member: str,
) -> None:
    assert switched_on is None
    made = await permit(administrator, uses=1)

    refused = await register(anybody, made["initial_access_token"], **changes)

    assert (refused.status_code, refused.json()["error"]) == (400, error), refused.text
    assert member in refused.json()["error_description"]
    assert refused.headers["cache-control"] == "no-store"
    for value in changes.values():
        if isinstance(value, str):
            assert value not in refused.json()["error_description"]
    assert (await register(anybody, made["initial_access_token"])).status_code == 201


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"{", b'{"scope":"a","scope":"b"}', b"[" * 50000, b"\xff"])
async def test_what_is_no_metadata_is_refused_whatever_it_is(
    anybody: httpx2.AsyncClient, token: str, body: bytes
) -> None:
    headers = {**bearer(token), "content-type": "application/json"}

    refused = await anybody.post(PATH, content=body, headers=headers)
    as_form = await anybody.post(PATH, data={"client_name": "x"}, headers=bearer(token))

    for answer in (refused, as_form):
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_client_metadata")


async def test_only_a_permit_that_is_good_now_lets_anybody_register(
    *,
    anybody: httpx2.AsyncClient,
    administrator: httpx2.AsyncClient,
    operator: httpx2.AsyncClient,
    clinic: UUID,
    gateway_app: Any,
    switched_on: None,
    clock: Clock,
) -> None:
    assert switched_on is None
    once, revoked, brief, closed = [await permit(administrator, uses=1, days=days) for days in (1, 90, 1, 90)]
    assert (await register(anybody, once["initial_access_token"])).status_code == 201
    said = await administrator.post(f"{PERMITS}/{revoked['id']}:revoke")
    assert said.json()["revoked_at"] is not None
    bad = [
        "",
        "x",
        once["initial_access_token"][:-1] + "A",
        once["initial_access_token"],
        revoked["initial_access_token"],
    ]

    answers = [await register(anybody, one) for one in bad]
    answers.append(await anybody.post(PATH, json=GOOD))
    await operator.post(f"/v1/organizations/{clinic}:close")
    answers.append(await register(anybody, closed["initial_access_token"]))
    await operator.post(f"/v1/organizations/{clinic}:reopen")
    process, later = gateway_app.state.process, Clock(clock.now() - Clock().now() + timedelta(days=1, seconds=1))
    gateway_app.state.process = Process(later, process.database, process.authenticator)
    answers.append(await register(anybody, brief["initial_access_token"]))

    for answer in answers:
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_token")
        assert answer.headers["www-authenticate"].startswith('Bearer error="invalid_token"')


async def test_an_application_changes_itself_and_all_it_had_ends(
    *, flow: Flow, ada: dict[str, Any], token: str, administrator: httpx2.AsyncClient, clock: Clock
) -> None:
    client = flow.browser.client
    made = await registered(client, token)
    own, application = bearer(made["registration_access_token"]), Application(made["client_id"], PUBLIC_URL, clock, KEY)
    tokens = await flow.tokens(application, scope="openid offline_access")
    await confirm(administrator, made["client_id"])
    body = {**GOOD, "client_id": made["client_id"], "client_name": "Other", "scope": "openid"}

    wider = await client.put(address_of(made), json={**body, "scope": "openid eventide/api"}, headers=own)
    another = await client.put(address_of(made), json={**body, "client_id": str(uuid4())}, headers=own)
    changed = await client.put(address_of(made), json=body, headers=own)

    assert ada["roles"] == ["counsellor"]
    assert [answer.status_code for answer in (wider, another)] == [400, 400]
    assert (changed.status_code, changed.json()["client_name"], changed.json()["scope"]) == (200, "Other", "openid")
    assert changed.json()["client_id_issued_at"] == made["client_id_issued_at"]
    assert (await flow.refresh(application, tokens["refresh_token"])).status_code == 400
    seen = (await administrator.get(f"/v1/oauth_clients/{made['client_id']}")).json()
    assert (seen["name"], seen["scopes"], seen["expires_at"] is not None) == ("Other", ["openid"], True)


def _shift(gateway_app: Any, clock: Clock, days: float) -> Clock:
    process, later = gateway_app.state.process, Clock(clock.now() - Clock().now() + timedelta(days=days))
    gateway_app.state.process = Process(later, process.database, process.authenticator)
    return later


@pytest.mark.parametrize("is_revoked", [False, True])
async def test_who_keeps_changing_itself_gets_no_more_time_unconfirmed(
    *, anybody: httpx2.AsyncClient, administrator: httpx2.AsyncClient, switched_on: None, gateway_app: Any,
    clock: Clock, is_revoked: bool,
) -> None:  # fmt: skip
    assert switched_on is None
    made = await permit(administrator)
    client = await registered(anybody, made["initial_access_token"], **OF_A_SERVICE)
    own, application = (
        bearer(client["registration_access_token"]),
        Application(client["client_id"], PUBLIC_URL, clock, KEY),
    )
    body = {**OF_A_SERVICE, "client_id": client["client_id"]}
    if is_revoked:
        await administrator.post(f"{PERMITS}/{made['id']}:revoke")

    application.clock = _shift(gateway_app, clock, 6)
    changed = await anybody.put(address_of(client), json=body, headers=own)
    on_time = await _service_token(anybody, application, **application.proof())
    application.clock = _shift(gateway_app, clock, 8)
    read = await anybody.get(address_of(client), headers=own)
    late = await _service_token(anybody, application, **application.proof())

    assert changed.status_code == (401 if is_revoked else 200), changed.text
    assert on_time.status_code == 200, on_time.text
    assert read.status_code == 401
    assert late.status_code in {400, 401}
    assert late.json()["error"] == "invalid_client"


async def test_nobody_becomes_another_application_by_a_permit_that_was_revoked(
    *, anybody: httpx2.AsyncClient, administrator: httpx2.AsyncClient, switched_on: None
) -> None:
    assert switched_on is None
    made = await permit(administrator)
    client = await registered(anybody, made["initial_access_token"])
    own = bearer(client["registration_access_token"])
    await confirm(administrator, client["client_id"])
    await administrator.post(f"{PERMITS}/{made['id']}:revoke")

    changed = await anybody.put(address_of(client), json={**GOOD, "client_id": client["client_id"]}, headers=own)

    assert (changed.status_code, changed.json()["error"]) == (401, "invalid_token")
    seen = (await administrator.get(f"/v1/oauth_clients/{client['client_id']}")).json()
    assert (seen["name"], seen["expires_at"]) == (GOOD["client_name"], None)


@pytest.mark.usefixtures("ada")
async def test_who_agreed_to_an_application_is_asked_anew_when_it_became_another(
    *, flow: Flow, token: str, clock: Clock
) -> None:
    client, elsewhere = flow.browser.client, "https://elsewhere.example.org/back"
    made = await registered(client, token)
    application = Application(made["client_id"], PUBLIC_URL, clock, KEY)
    await flow.tokens(application, scope="openid")
    remembered = await flow.browser.open(application.request(scope="openid"))
    body = {**GOOD, "client_id": made["client_id"], "redirect_uris": [elsewhere], "jwks": {"keys": [Key().jwk]}}

    changed = await client.put(address_of(made), json=body, headers=bearer(made["registration_access_token"]))
    asked = await flow.browser.open(application.request(scope="openid", redirect_uri=elsewhere))

    assert changed.status_code == 200, changed.text
    assert "code" in answer_of(remembered)
    assert (asked.status_code, asked.headers.get("location")) == (200, None)
    assert 'value="allow"' in asked.text


@pytest.mark.usefixtures("ada")
@pytest.mark.parametrize(
    "changes",
    [{"redirect_uris": ["https://elsewhere.example.org/back"]}, {"scope": "openid"}, {"client_name": "Other"}],
)
async def test_nobody_decides_on_what_an_application_asked_before_it_became_another(
    *, flow: Flow, token: str, clock: Clock, changes: dict[str, Any]
) -> None:
    client = flow.browser.client
    made = await registered(client, token)
    application = Application(made["client_id"], PUBLIC_URL, clock, KEY)
    page = await flow.browser.open(application.request(scope="openid offline_access"))
    page = await flow.browser.sign_in(page, flow.email)
    body = {**GOOD, "client_id": made["client_id"], **changes}

    changed = await client.put(address_of(made), json=body, headers=bearer(made["registration_access_token"]))
    decided = await flow.browser.decide(page)

    assert changed.status_code == 200, changed.text
    assert (decided.status_code, decided.headers.get("location")) == (400, None)


async def test_what_is_confirmed_is_what_was_looked_at(
    *, anybody: httpx2.AsyncClient, token: str, administrator: httpx2.AsyncClient
) -> None:
    made = await registered(anybody, token)
    own, path = bearer(made["registration_access_token"]), f"/v1/oauth_clients/{made['client_id']}"
    body = {**GOOD, "client_id": made["client_id"], "redirect_uris": ["https://elsewhere.example.org/back"]}
    seen = await administrator.get(path)
    tag = {"if-match": seen.headers["etag"]}

    await anybody.put(address_of(made), json=body, headers=own)
    unnamed, stale = (
        await administrator.post(f"{path}:confirm"),
        await administrator.post(f"{path}:confirm", headers=tag),
    )
    unconfirmed = await administrator.get(path)
    confirmed = await confirm(administrator, made["client_id"])
    again = await administrator.post(f"{path}:confirm", headers={"if-match": confirmed.headers["etag"]})

    assert (seen.headers["etag"], seen.json()["version"]) == ('"1"', 1)
    assert (unnamed.status_code, unnamed.json()["type"]) == (428, "urn:eventide:problem:version-required")
    assert (stale.status_code, stale.json()["type"]) == (412, "urn:eventide:problem:stale-version")
    assert "read it again" in stale.json()["detail"]
    assert unconfirmed.json()["expires_at"] is not None
    assert unconfirmed.json()["redirect_uris"] == body["redirect_uris"]
    assert (confirmed.status_code, confirmed.json()) == (
        200,
        {**unconfirmed.json(), "expires_at": None, "version": unconfirmed.json()["version"] + 1},
    )
    assert (await administrator.get(path)).json() == confirmed.json() == again.json()


async def test_whoever_changes_an_application_changes_its_tag(
    anybody: httpx2.AsyncClient, token: str, administrator: httpx2.AsyncClient
) -> None:
    made = await registered(anybody, token)
    path = f"/v1/oauth_clients/{made['client_id']}"

    answers = [await administrator.get(path), await confirm(administrator, made["client_id"])]
    answers += [await administrator.post(f"{path}:disable") for _ in range(2)]
    answers.append(await administrator.get(path))

    assert [answer.status_code for answer in answers] == [200] * 5
    assert [answer.headers["etag"] for answer in answers] == ['"1"', '"2"', '"3"', '"3"', '"3"']
    assert [answer.json()["version"] for answer in answers] == [1, 2, 3, 3, 3]


@pytest.mark.usefixtures("ada")
async def test_who_is_asked_while_it_is_confirmed_decides_on_the_same_application(
    *, flow: Flow, token: str, administrator: httpx2.AsyncClient, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = flow.browser.client
    made = await registered(client, token)
    application = Application(made["client_id"], PUBLIC_URL, clock, KEY)
    page = await flow.browser.open(application.request(scope="openid"))
    page = await flow.browser.sign_in(page, flow.email)
    hold, confirmed = OauthClientStorage.hold, []

    async def confirmed_meanwhile(self: OauthClientStorage, client_id: OauthClientId) -> OauthClient | None:
        confirmed.append(await confirm(administrator, str(client_id)))
        return await hold(self, client_id)

    monkeypatch.setattr(OauthClientStorage, "hold", confirmed_meanwhile)
    decided = await flow.browser.decide(page)

    assert [answer.status_code for answer in confirmed] == [200]
    assert "code" in answer_of(decided)


async def test_an_application_ends_itself(
    *, flow: Flow, ada: dict[str, Any], token: str, administrator: httpx2.AsyncClient, clock: Clock
) -> None:
    client = flow.browser.client
    made = await registered(client, token)
    own, application = bearer(made["registration_access_token"]), Application(made["client_id"], PUBLIC_URL, clock, KEY)
    tokens = await flow.tokens(application, scope="openid offline_access")

    ended = await client.delete(address_of(made), headers=own)
    again = [await client.delete(address_of(made), headers=own), await client.get(address_of(made), headers=own)]
    refreshed = await flow.refresh(application, tokens["refresh_token"])

    assert ada
    assert (ended.status_code, ended.content) == (204, b"")
    assert {answer.status_code for answer in again} == {401}
    assert refreshed.status_code in {400, 401}
    seen = (await administrator.get(f"/v1/oauth_clients/{made['client_id']}")).json()
    assert seen["disabled_at"] is not None


async def test_nobody_reads_or_changes_another_application(
    *, anybody: httpx2.AsyncClient, token: str, administrator: httpx2.AsyncClient
) -> None:
    mine, other = [await registered(anybody, token) for _ in range(2)]
    by_hand = await administrator.post(
        "/v1/oauth_clients",
        json={"name": "V", "kind": "public", "grant_types": ["authorization_code"], "redirect_uris": [REDIRECT],
              "scopes": ["openid"]},
    )  # fmt: skip
    own = bearer(mine["registration_access_token"])
    addresses = [address_of(other), f"{PATH}/{by_hand.json()['id']}", f"{PATH}/{uuid4()}", f"{PATH}/x"]
    body = {**GOOD, "client_id": other["client_id"]}

    answers = [await anybody.get(one, headers=own) for one in addresses]
    answers += [
        await anybody.put(addresses[0], json=body, headers=own),
        await anybody.delete(addresses[0], headers=own),
    ]
    answers += [await anybody.get(address_of(mine), headers=bearer(token)), await anybody.get(address_of(mine))]

    told = {(answer.status_code, answer.content) for answer in answers}
    assert len(told) == 1
    assert told.pop()[0] == 401
    assert (await anybody.get(address_of(other), headers=bearer(other["registration_access_token"]))).status_code == 200


@pytest.mark.usefixtures("switched_on")
async def test_permits_and_confirmations_are_for_administrators_of_the_organization(
    *,
    gateway: GatewayFactory,
    tokens: Tokens,
    administrator: httpx2.AsyncClient,
    anybody: httpx2.AsyncClient,
    new_organization: NewOrganization,
    clinic: UUID,
    clock: Clock,
) -> None:
    made = await permit(administrator)
    client = await registered(anybody, made["initial_access_token"])
    stranger = fresh(gateway, tokens, await new_organization("Other"), clock)
    without_factor = gateway(Role.ORGANIZATION_ADMIN, organization=clinic)
    director = gateway(Role.PROGRAMME_DIRECTOR, organization=clinic)
    confirming, version = f"/v1/oauth_clients/{client['client_id']}:confirm", {"if-match": '"1"'}

    assert [one["id"] for one in (await administrator.get(PERMITS)).json()["items"]] == [made["id"]]
    assert made["initial_access_token"] not in (await administrator.get(PERMITS)).text
    assert (await stranger.get(PERMITS)).json()["items"] == []
    assert (await stranger.post(f"{PERMITS}/{made['id']}:revoke")).status_code == 404
    assert (await stranger.post(confirming, headers=version)).status_code == 404
    assert (await without_factor.post(confirming, headers=version)).status_code == 401
    assert (await director.post(confirming, headers=version)).status_code == 403
    assert (await without_factor.post(PERMITS, json={"name": "x", "scopes": SCOPES})).status_code == 401
    assert (await director.get(PERMITS)).status_code == 403
    bad = await administrator.post(PERMITS, json={"name": "x", "scopes": ["openid", "everything"]})
    assert (bad.status_code, bad.json()["errors"][0]["pointer"]) == (422, "/scopes/1")


async def test_what_happens_is_told_in_the_organization_s_trail(
    *, anybody: httpx2.AsyncClient, token: str, administrator: httpx2.AsyncClient, gateway: GatewayFactory, clinic: UUID
) -> None:
    made = await registered(anybody, token)
    await confirm(administrator, made["client_id"])
    own = bearer(made["registration_access_token"])
    await anybody.put(address_of(made), json={**GOOD, "client_id": made["client_id"]}, headers=own)
    await anybody.delete(address_of(made), headers=own)

    auditor = gateway(Role.AUDITOR, organization=clinic)
    events = (await auditor.get("/v1/security_events", params={"page_size": 200})).json()["items"]
    told = [(event["kind"], event["oauth_client_id"], event["by"] is None) for event in events]
    assert [one for one in told if one[0].startswith(("oauth_client", "registration"))] == [
        ("registration_permitted", None, False),
        ("oauth_client_registered", made["client_id"], True),
        ("oauth_client_confirmed", made["client_id"], False),
        ("oauth_client_changed", made["client_id"], True),
        ("oauth_client_disabled", made["client_id"], True),
    ]


@pytest.mark.usefixtures("switched_on")
async def test_who_registers_too_often_from_one_address_waits(anybody: httpx2.AsyncClient) -> None:
    answers = [await register(anybody, "x") for _ in range(12)]

    assert [answer.status_code for answer in answers] == [401] * 10 + [429] * 2
    assert answers[-1].headers["retry-after"]


class TestAtTheSameTime:
    """A permit for one is used once, however many come at once."""

    pytestmark = pytest.mark.committed

    @pytest.fixture
    async def gateway_database(self, databases: Mapping[str, DatabaseUrls]) -> AsyncIterator[Database]:
        opened = OpenDatabase(databases["gateway"].app, pool_size=8)
        yield await opened.open()
        await opened.close()

    @pytest.mark.usefixtures("switched_on")
    async def test_one_of_many_registers_by_a_permit_for_one(
        self, administrator: httpx2.AsyncClient, anybody: httpx2.AsyncClient
    ) -> None:
        made = await permit(administrator, uses=1)

        answers = await asyncio.gather(*(register(anybody, made["initial_access_token"]) for _ in range(6)))

        assert sorted(answer.status_code for answer in answers) == [201] + [401] * 5

    @pytest.mark.usefixtures("switched_on")
    async def test_what_became_another_at_the_very_moment_is_not_confirmed(
        self, administrator: httpx2.AsyncClient, anybody: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        made = await registered(anybody, (await permit(administrator))["initial_access_token"])
        path, own = f"/v1/oauth_clients/{made['client_id']}", bearer(made["registration_access_token"])
        confirming, changed = OauthClientStorage.confirm, []

        async def changed_meanwhile(self: OauthClientStorage, seen: OauthClient) -> bool:
            body = {**GOOD, "client_id": made["client_id"]}
            changed.append(await anybody.put(address_of(made), json=body, headers=own))
            return await confirming(self, seen)

        monkeypatch.setattr(OauthClientStorage, "confirm", changed_meanwhile)
        answer = await administrator.post(f"{path}:confirm", headers={"if-match": '"1"'})

        assert [one.status_code for one in changed] == [200]
        assert answer.status_code == 412
        assert (await administrator.get(path)).json()["expires_at"] is not None
