"""What the gateway's trail tells of applications, of consent, and of the tokens that came of it."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import pytest

from services.contracts.identity import Role
from services.gateway.security_events.rules import INSTALLATION
from services.operator.drill.checklist.probes.applications import Application
from services.operator.drill.checklist.probes.signing import Key
from tests.gateway.conftest import GatewayFactory
from tests.gateway.oauth.conftest import Flow, NewApplication

Events = Callable[[], Awaitable[list[dict[str, Any]]]]


@pytest.fixture
def events(gateway: GatewayFactory, clinic: UUID) -> Events:
    """What was told of applications, to the clinic's auditor."""

    async def read() -> list[dict[str, Any]]:
        answer = await gateway(Role.AUDITOR, organization=clinic).get("/v1/security_events")
        assert answer.status_code == 200, answer.text
        return [event for event in answer.json()["items"] if event["oauth_client_id"] is not None]

    return read


async def test_a_grant_is_told_from_consent_to_reuse(
    flow: Flow, application: Application, ada: dict[str, Any], events: Events
) -> None:
    tokens = await flow.tokens(application)
    second = (await flow.refresh(application, tokens["refresh_token"])).json()
    await flow.refresh(application, second["refresh_token"])
    assert (await flow.refresh(application, tokens["refresh_token"])).status_code == 400

    told = await events()
    assert [event["kind"] for event in told] == [
        "oauth_client_registered",
        "consent_given",
        "tokens_granted",
        "tokens_refreshed",
        "tokens_refreshed",
        "tokens_reused",
    ]
    assert {event["oauth_client_id"] for event in told} == {application.id}
    assert {event["account_id"] for event in told[1:]} == {ada["id"]}
    assert told[1]["by"] == ada["id"]
    assert told[1]["scopes"] == told[2]["scopes"] == ["eventide/api", "offline_access", "openid"]
    assert str(INSTALLATION) not in str(told)


async def test_what_is_taken_back_is_told(
    *, flow: Flow, application: Application, gateway: GatewayFactory, clinic: UUID, ada: dict[str, Any], events: Events
) -> None:
    tokens = await flow.tokens(application)
    form = {"token": tokens["refresh_token"], **application.proof()}
    assert (await flow.browser.client.post("/oauth/revoke", data=form)).status_code == 200
    person = gateway(Role.COUNSELLOR, organization=clinic, account=UUID(ada["id"]))
    assert (await person.post(f"/v1/oauth_consents/{application.id}:revoke")).status_code == 204
    administrator = gateway(Role.ORGANIZATION_ADMIN, organization=clinic)
    assert (await administrator.post(f"/v1/oauth_clients/{application.id}:disable")).status_code == 200

    told = await events()
    assert [event["kind"] for event in told[3:]] == ["tokens_revoked", "consent_withdrawn", "oauth_client_disabled"]
    assert told[4]["by"] == ada["id"]


async def test_another_application_s_attempt_to_revoke_tells_nothing(
    flow: Flow, application: Application, new_application: NewApplication, events: Events
) -> None:
    tokens = await flow.tokens(application)
    other = await new_application()
    form = {"token": tokens["refresh_token"], **other.proof()}
    assert (await flow.browser.client.post("/oauth/revoke", data=form)).status_code == 200

    assert "tokens_revoked" not in {event["kind"] for event in await events()}


async def test_a_service_s_tokens_are_nobody_s_account(
    flow: Flow, new_application: NewApplication, events: Events
) -> None:
    service = await new_application(
        key=Key(), grant_types=["client_credentials"], redirect_uris=[], scopes=["system/*.rs"]
    )
    form = {"grant_type": "client_credentials", "scope": "system/*.rs", **service.proof()}
    assert (await flow.browser.client.post("/oauth/token", data=form)).status_code == 200

    granted = (await events())[-1]
    assert (granted["kind"], granted["oauth_client_id"]) == ("tokens_granted", service.id)
    assert (granted["account_id"], granted["by"], granted["scopes"]) == (None, None, ["system/*.rs"])
