"""What the gateway's trail tells of applications, of consent, and of the tokens that came of it."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import pytest

from services.contracts.identity import Role
from services.gateway.security_events.rules import INSTALLATION
from services.operator.drill.checklist.probes.applications import SERVICE, Application
from services.operator.drill.checklist.probes.signing import Key
from tests.gateway.conftest import GatewayFactory, Upstream
from tests.gateway.oauth.conftest import Flow, NewApplication
from tests.gateway.oauth.test_authorize import own_token, records_that_shows

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


async def test_who_declines_is_told(flow: Flow, application: Application, ada: dict[str, Any], events: Events) -> None:
    consent = await flow.browser.sign_in(await flow.browser.open(application.request()), flow.email)
    await flow.browser.decide(consent, decision="deny")

    told = (await events())[-1]
    assert (told["kind"], told["by"], told["oauth_client_id"]) == ("consent_declined", ada["id"], application.id)
    assert told["scopes"] == ["eventide/api", "offline_access", "openid"]


async def test_who_pretends_to_be_an_application_is_told_once_and_strangers_fill_no_trail(
    flow: Flow, new_application: NewApplication, gateway: GatewayFactory, events: Events
) -> None:
    service = await new_application(key=Key(), **SERVICE)
    forged = {"grant_type": "client_credentials", "scope": "system/*.rs", **service.proof(aud="https://evil.test")}
    secret = {"grant_type": "client_credentials", "client_id": service.id, "client_secret": "x"}
    nobody = [{**secret, "client_id": name} for name in (str(UUID(int=9)), "x", "", "\0")]
    for form in (forged, secret, forged, *nobody, {**forged, "client_assertion": "x.W10.y"}):
        assert (await flow.browser.client.post("/oauth/token", data=form)).status_code == 401

    told = [event for event in await events() if event["kind"] == "oauth_client_refused"]
    assert [(one["oauth_client_id"], one["by"], one["account_id"]) for one in told] == [(service.id, None, None)]
    assert told[0]["network"]
    installation = await gateway(Role.PLATFORM_OPERATOR).get("/v1/security_events?kind=oauth_client_refused")
    assert installation.json()["items"] == []


async def test_a_proof_that_is_good_tells_of_no_refusal(
    flow: Flow, new_application: NewApplication, events: Events
) -> None:
    service = await new_application(key=Key(), **SERVICE)
    form = {"grant_type": "client_credentials", "scope": "system/*.rs", **service.proof()}
    assert (await flow.browser.client.post("/oauth/token", data=form)).status_code == 200

    assert "oauth_client_refused" not in {event["kind"] for event in await events()}


async def test_the_start_of_an_application_from_a_chart_is_told_without_whose_chart_it_is(
    *, flow: Flow, application: Application, upstream: Upstream, ada: dict[str, Any], events: Events
) -> None:
    patient = UUID(int=11)
    records_that_shows(upstream, patient, UUID(int=12))
    body = {"oauth_client_id": application.id, "patient_id": str(patient)}

    made = await flow.browser.client.post("/v1/launches", json=body, headers=await own_token(flow.browser.client))

    assert made.status_code == 201, made.text
    (told,) = [event for event in await events() if event["kind"] == "launch_created"]
    assert (told["by"], told["oauth_client_id"]) == (ada["id"], application.id)
    assert str(patient) not in str(told)
    assert made.json()["launch"] not in str(told)
