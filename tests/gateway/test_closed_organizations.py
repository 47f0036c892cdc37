"""An organization that is closed lets nobody in, at once and everywhere, and loses nothing."""

import asyncio
from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest
from starlette.types import Receive, Scope, Send

from services.chassis.clock import Clock
from services.chassis.database import Database
from services.chassis.errors import UpstreamUnavailableError
from services.chassis.http import HttpClient
from services.clients import gateway as asking
from services.contracts.identifiers import OrganizationId
from services.contracts.identity import Role
from services.gateway.ended import EndedTokens
from services.gateway.login.endings import EndingsWatch
from services.gateway.proxy.requests import IncomingRequest
from services.operator.drill.checklist.probes.applications import SERVICE
from services.operator.drill.checklist.probes.signing import Key
from tests.gateway.conftest import PASSWORD, GatewayFactory, NewAccount, NewOrganization, Upstream, answer_json
from tests.gateway.oauth.conftest import (  # noqa: F401 - fixtures
    Flow,
    NewApplication,
    ada,
    browser,
    clinic,
    flow,
    new_application,
    web,
)
from tests.support.serving import served
from tests.support.tokens import principal

SESSIONS = "/v1/login_sessions"
LOGIN = {"email": "ada@example.org", "password": PASSWORD}


def bearer(session: Mapping[str, Any]) -> dict[str, str]:
    return {"authorization": f"Bearer {session['access_token']}"}


async def close(operator: httpx2.AsyncClient, organization: object, act: str = "close") -> dict[str, Any]:
    answer = await operator.post(f"/v1/organizations/{organization}:{act}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


class Slow:
    """A gateway that says after so many seconds that an organization is open, by the clock that it moves on."""

    def __init__(self, seconds: float) -> None:
        self.now = 1000.0
        self.asked = 0
        self._seconds = seconds

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        self.asked += 1
        self.now += self._seconds
        await answer_json(send, {"id": scope["path"].rpartition("/")[2]})


async def test_all_access_ends_at_once_in_every_service_and_in_every_process(
    *,
    gateway: GatewayFactory,
    gateway_database: Database,
    operator: httpx2.AsyncClient,
    new_account: NewAccount,
    upstream: Upstream,
    clock: Clock,
) -> None:
    account, anybody = await new_account(), gateway()
    session = (await anybody.post(SESSIONS, json=LOGIN)).json()
    # Of no session, as a token that the operator's command has made.
    made = gateway(Role.NURSE, organization=UUID(account["organization_id"]))
    ended = EndedTokens()
    elsewhere = EndingsWatch(lambda: gateway_database, ended, clock)

    before = [
        (await made.get("/v1/patients")).status_code,
        (await anybody.get("/v1/me", headers=bearer(session))).status_code,
    ]
    closed = await close(operator, account["organization_id"])
    reached = upstream.calls
    refused = [await anybody.get(path, headers=bearer(session)) for path in ("/v1/me", "/v1/patients", "/v1/sites")]
    refused += [await made.get(path) for path in ("/v1/patients", "/v1/sites")]
    refused.append(await anybody.post(f"{SESSIONS}:refresh", json={"session_secret": session["session_secret"]}))
    await elsewhere.refresh()

    assert before == [200, 200]
    assert closed["closed_at"] is not None
    assert {answer.status_code for answer in refused} == {401}
    assert upstream.calls == reached
    assert ended.refuses(principal(Role.NURSE, organization=UUID(account["organization_id"])))
    assert not ended.refuses(principal(Role.NURSE, organization=uuid4()))


async def test_signing_in_tells_nothing_of_it_and_who_works_elsewhere_goes_on_there(
    gateway: GatewayFactory, operator: httpx2.AsyncClient, new_account: NewAccount
) -> None:
    here, anybody = await new_account(), gateway()
    await close(operator, here["organization_id"])
    right = await anybody.post(SESSIONS, json=LOGIN)
    wrong = await anybody.post(SESSIONS, json=LOGIN | {"password": "wrong horse battery staple"})
    there = await new_account()
    elsewhere = await anybody.post(SESSIONS, json=LOGIN)

    assert [one.json() | {"instance": ""} for one in (right,)] == [wrong.json() | {"instance": ""}]
    assert right.status_code == 401
    assert (elsewhere.status_code, elsewhere.json()["organization_id"]) == (201, there["organization_id"])


async def test_one_that_is_opened_again_takes_sign_ins_and_no_token_of_before(
    gateway: GatewayFactory, operator: httpx2.AsyncClient, new_account: NewAccount
) -> None:
    account, anybody = await new_account(roles=(Role.NURSE,)), gateway()
    session = (await anybody.post(SESSIONS, json=LOGIN)).json()
    first = await close(operator, account["organization_id"])
    again = await close(operator, account["organization_id"])
    opened = await close(operator, account["organization_id"], "reopen")
    new = await anybody.post(SESSIONS, json=LOGIN)

    assert first == again
    assert opened["closed_at"] is None
    assert (new.status_code, new.json()["roles"]) == (201, ["nurse"])
    secret = {"session_secret": session["session_secret"]}
    assert (await anybody.post(f"{SESSIONS}:refresh", json=secret)).status_code == 401


async def test_a_token_of_before_is_refused_after_the_reopening_though_it_has_not_expired(
    *,
    gateway_app: Any,
    gateway_database: Database,
    gateway: GatewayFactory,
    operator: httpx2.AsyncClient,
    new_account: NewAccount,
    clock: Clock,
) -> None:
    account, anybody = await new_account(roles=(Role.NURSE,)), gateway()
    session = (await anybody.post(SESSIONS, json=LOGIN)).json()
    made = gateway(Role.NURSE, organization=UUID(account["organization_id"]))
    for act in ("close", "reopen"):
        await close(operator, account["organization_id"], act)

    # As each process does twice a second.
    await EndingsWatch(lambda: gateway_database, gateway_app.state.equipment.ended, clock).refresh()
    new = (await anybody.post(SESSIONS, json=LOGIN)).json()

    assert (await anybody.get("/v1/me", headers=bearer(session))).status_code == 401
    assert (await made.get("/v1/patients")).status_code == 401
    assert (await anybody.get("/v1/me", headers=bearer(new))).status_code == 200


@pytest.mark.usefixtures("ada")
async def test_applications_get_nothing_of_it_any_more(
    flow: Flow,  # noqa: F811 - the fixture
    new_application: NewApplication,  # noqa: F811 - the fixture
    operator: httpx2.AsyncClient,
    clinic: UUID,  # noqa: F811 - the fixture
) -> None:
    application, service = await new_application(), await new_application(key=Key(), **SERVICE)
    form = {"grant_type": "client_credentials", "scope": "system/*.rs"}
    tokens = await flow.tokens(application)
    works = await flow.browser.client.post("/oauth/token", data=form | service.proof())
    await close(operator, clinic)

    refreshed = await flow.refresh(application, tokens["refresh_token"])
    granted = await flow.browser.client.post("/oauth/token", data=form | service.proof())

    assert works.status_code == 200, works.text
    assert await flow.me(tokens["access_token"]) == 401
    assert [one.status_code for one in (refreshed, granted)] in ([400, 401], [401, 401], [400, 400], [401, 400])
    await close(operator, clinic, "reopen")
    assert (await flow.refresh(application, tokens["refresh_token"])).status_code == 400
    assert await flow.me(tokens["access_token"]) == 401


async def test_it_is_told_in_the_trail_once(
    *,
    gateway_app: Any,
    gateway_database: Database,
    gateway: GatewayFactory,
    operator: httpx2.AsyncClient,
    new_account: NewAccount,
    clock: Clock,
) -> None:
    account = await new_account(roles=(Role.AUDITOR,))
    for act in ("close", "close", "reopen", "reopen"):
        await close(operator, account["organization_id"], act)

    # As each process does twice a second.
    await EndingsWatch(lambda: gateway_database, gateway_app.state.equipment.ended, clock).refresh()
    auditor = gateway()
    session = (await auditor.post(SESSIONS, json=LOGIN)).json()
    events = (await auditor.get("/v1/security_events", headers=bearer(session))).json()["items"]
    told = [event["kind"] for event in events if event["kind"].startswith("organization_")]
    assert told == ["organization_closed", "organization_reopened"]


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.PLATFORM_OPERATOR}))
async def test_nobody_but_the_operator_closes_one(gateway: GatewayFactory, organization_id: UUID, role: Role) -> None:
    client = gateway(role)
    for act in ("close", "reopen"):
        assert (await client.post(f"/v1/organizations/{organization_id}:{act}")).status_code == 403


async def test_one_that_is_not_there_is_not_found(operator: httpx2.AsyncClient) -> None:
    assert (await operator.post(f"/v1/organizations/{uuid4()}:close")).status_code == 404


async def test_services_learn_within_a_second_that_an_organization_is_closed(
    *,
    gateway_url: str,
    operator: httpx2.AsyncClient,
    new_organization: NewOrganization,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 1000.0
    monkeypatch.setattr(asking, "monotonic", lambda: now)
    organization, http = OrganizationId(await new_organization()), HttpClient()
    client = asking.GatewayClient(http, gateway_url)

    told = [await client.is_open(organization), await client.is_open(OrganizationId(uuid4()))]
    await close(operator, organization)
    told.append(await client.is_open(organization))
    now += 1.0
    told.append(await client.is_open(organization))
    await close(operator, organization, "reopen")
    now += 1.0
    told.append(await client.is_open(organization))
    await http.close()

    assert told == [True, False, True, False, True]


@pytest.mark.parametrize(("seconds", "asked"), [(0.75, 2), (1.0, 3), (1.5, 3)])
async def test_an_answer_is_as_old_as_the_question(monkeypatch: pytest.MonkeyPatch, seconds: float, asked: int) -> None:
    slow = Slow(seconds)
    monkeypatch.setattr(asking, "monotonic", lambda: slow.now)
    organization, http = OrganizationId(uuid4()), HttpClient()

    async with served(slow) as url:
        client = asking.GatewayClient(http, url)
        told = [await client.is_open(organization), await client.is_open(organization)]
        slow.now += 0.25
        told.append(await client.is_open(organization))
        await http.close()

    assert told == [True] * 3
    assert slow.asked == asked


async def test_an_answer_older_than_access_may_last_counts_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    slow = Slow(2.0)
    monkeypatch.setattr(asking, "monotonic", lambda: slow.now)
    organization, http = OrganizationId(uuid4()), HttpClient()

    async with served(slow) as url:
        client = asking.GatewayClient(http, url)
        for _ in range(2):
            with pytest.raises(UpstreamUnavailableError):
                await client.is_open(organization)
        await http.close()

    assert slow.asked == 2


async def test_nobody_waits_longer_for_an_answer_than_it_would_count(monkeypatch: pytest.MonkeyPatch) -> None:
    never, http = asyncio.Event(), HttpClient(timeout_seconds=3600)

    async def silent(_scope: Scope, _receive: Receive, _send: Send) -> None:
        await never.wait()

    monkeypatch.setattr(asking, "_BELIEVED_SECONDS", 0.0)
    async with served(silent) as url:
        with pytest.raises(UpstreamUnavailableError):
            await asking.GatewayClient(http, url).is_open(OrganizationId(uuid4()))
        never.set()
        await http.close()


async def test_whoever_asks_often_keeps_nobody_else_at_their_address_from_an_answer(
    gateway_app: Any, gateway: GatewayFactory, new_organization: NewOrganization
) -> None:
    """Before, strangers behind the same proxy as a service could close its doors for all organizations."""
    path = f"/v1/open_organizations/{await new_organization()}"
    asked = IncomingRequest("GET", path, "", {b"host": b"eventide.test"})
    for _ in range(20_000):
        gateway_app.state.equipment.front.decisions.decide(asked, ("127.0.0.1", 1))

    assert (await gateway().get(path)).status_code == 200
