"""An application, a person and a browser, as the authorization server meets them."""

import re
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from html import unescape
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from uuid import UUID

import httpx2
import pytest

from services.chassis.clock import Clock
from services.contracts.identity import Role
from services.operator.drill.checklist.probes.applications import REDIRECT, SCOPES, VERIFIER, Application
from services.operator.drill.checklist.probes.signing import Key
from tests.gateway.conftest import PASSWORD, PUBLIC_URL, GatewayFactory, NewAccount, NewOrganization

FHIR = f"{PUBLIC_URL}/fhir/R4"


def answer_of(response: httpx2.Response) -> dict[str, str]:
    assert response.status_code == 303, response.text
    return dict(parse_qsl(urlsplit(response.headers["location"]).query, keep_blank_values=True))


class Browser:
    """A browser at the authorization endpoint: keeps cookies, follows nothing, fills in forms."""

    def __init__(self, client: httpx2.AsyncClient) -> None:
        self.client = client

    async def open(self, parameters: dict[str, str]) -> httpx2.Response:
        return await self.client.get("/oauth/authorize", params=parameters)

    async def sign_in(
        self, page: httpx2.Response, email: str, password: str = PASSWORD, **more: str
    ) -> httpx2.Response:
        form = {"request": handle_in(page), "email": email, "password": password, **more}
        return await self.client.post("/oauth/authorize/sign_in", data=form)

    async def decide(self, page: httpx2.Response, scopes: list[str] | None = None, **more: str) -> httpx2.Response:
        ticked = scopes_in(page) if scopes is None else scopes
        form = {"request": handle_in(page), "decision": "allow", "scope": ticked, **more}
        return await self.client.post("/oauth/authorize/decision", data=form)

    async def turn(self, page: httpx2.Response, more: str, scopes: list[str] | None = None) -> httpx2.Response:
        ticked = scopes_in(page) if scopes is None else scopes
        form = {"request": handle_in(page), "scope": ticked, "more": more}
        return await self.client.post("/oauth/authorize/decision", data=form)


def handle_in(page: httpx2.Response) -> str:
    found = re.search(r'name="request" value="([^"]+)"', page.text)
    assert found is not None, page.text
    return found[1]


def scopes_in(page: httpx2.Response) -> list[str]:
    return [unescape(value) for value in re.findall(r'name="scope" value="([^"]+)"', page.text)]


@pytest.fixture
def web(gateway_app: Any, clients: AsyncExitStack) -> Callable[[], httpx2.AsyncClient]:
    """Clients that speak https, so that secure cookies go with them."""

    def make() -> httpx2.AsyncClient:
        transport = httpx2.ASGITransport(app=gateway_app, raise_app_exceptions=False)
        made = httpx2.AsyncClient(transport=transport, base_url=PUBLIC_URL)
        clients.push_async_callback(made.aclose)
        return made

    return make


@pytest.fixture
def browser(web: Callable[[], httpx2.AsyncClient]) -> Browser:
    return Browser(web())


@pytest.fixture
async def clinic(new_organization: NewOrganization) -> UUID:
    return await new_organization()


@pytest.fixture
async def ada(new_account: NewAccount, clinic: UUID) -> dict[str, Any]:
    return await new_account(organization=clinic, email="ada@example.org", roles=(Role.COUNSELLOR,))


NewApplication = Callable[..., Awaitable[Application]]


@pytest.fixture
def new_application(gateway: GatewayFactory, clinic: UUID, clock: Clock) -> NewApplication:
    async def make(*, key: Key | None = None, organization: UUID | None = None, **changes: Any) -> Application:
        body = {
            "name": "Chart <b>Viewer</b>",
            "kind": "public" if key is None else "confidential",
            "grant_types": ["authorization_code"],
            "redirect_uris": [REDIRECT],
            "scopes": SCOPES,
            **({} if key is None else {"jwks": {"keys": [key.jwk]}}),
            **changes,
        }
        administrator = gateway(Role.ORGANIZATION_ADMIN, organization=organization or clinic)
        made = await administrator.post("/v1/oauth_clients", json=body)
        assert made.status_code == 201, made.text
        return Application(made.json()["id"], PUBLIC_URL, clock, key)

    return make


@pytest.fixture
async def application(new_application: NewApplication) -> Application:
    return await new_application()


@dataclass
class Flow:
    """The usual way: open, sign in, allow, redeem."""

    browser: Browser
    email: str

    async def code(self, application: Application, **changes: str | None) -> dict[str, str]:
        page = await self.browser.open(application.request(**changes))
        if 'name="password"' in page.text:
            page = await self.browser.sign_in(page, self.email)
        if page.status_code == 200:
            page = await self.browser.decide(page)
        return answer_of(page)

    async def redeem(self, application: Application, code: str, **changes: str) -> httpx2.Response:
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT, "code_verifier": VERIFIER,
                **application.proof(), **changes}  # fmt: skip
        return await self.browser.client.post("/oauth/token", data=form)

    async def tokens(self, application: Application, **changes: str | None) -> dict[str, Any]:
        answer = await self.code(application, **changes)
        given = await self.redeem(application, answer["code"])
        assert given.status_code == 200, given.text
        tokens: dict[str, Any] = given.json()
        return tokens

    async def refresh(self, application: Application, token: str, **more: str) -> httpx2.Response:
        form = {"grant_type": "refresh_token", "refresh_token": token, **application.proof(), **more}
        return await self.browser.client.post("/oauth/token", data=form)

    async def me(self, token: str) -> int:
        answer = await self.browser.client.get("/v1/me", headers={"authorization": f"Bearer {token}"})
        return answer.status_code


@pytest.fixture
def flow(browser: Browser, ada: dict[str, Any]) -> Flow:
    return Flow(browser, ada["email"])
