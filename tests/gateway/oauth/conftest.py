"""An application, a person and a browser, as the authorization server meets them."""

import base64
import hashlib
import re
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from html import unescape
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from uuid import UUID

import httpx2
import orjson
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from services.chassis.clock import Clock
from services.contracts.identity import Role
from tests.gateway.conftest import PASSWORD, PUBLIC_URL, GatewayFactory, NewAccount, NewOrganization

REDIRECT = "https://app.example.org/callback"
VERIFIER = "v" * 43
FHIR = f"{PUBLIC_URL}/fhir/R4"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
SCOPES = ["openid", "fhirUser", "eventide/api", "offline_access", "online_access", "user/Patient.rs", "launch",
          "launch/patient", "patient/*.rs"]  # fmt: skip


def challenge_of(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def decoded(token: str) -> dict[str, Any]:
    part = token.split(".")[1]
    claims: dict[str, Any] = orjson.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return claims


def answer_of(response: httpx2.Response) -> dict[str, str]:
    assert response.status_code == 303, response.text
    return dict(parse_qsl(urlsplit(response.headers["location"]).query, keep_blank_values=True))


class Key:
    """The key of an application: ES384 or RS384."""

    def __init__(self, algorithm: str = "ES384", key_id: str = "one") -> None:
        self.algorithm, self.key_id = algorithm, key_id
        self._key: Any = (
            ec.generate_private_key(ec.SECP384R1())
            if algorithm == "ES384"
            else rsa.generate_private_key(public_exponent=65537, key_size=2048)
        )

    @property
    def jwk(self) -> dict[str, str]:
        numbers = self._key.public_key().public_numbers()
        common = {"kid": self.key_id, "alg": self.algorithm, "use": "sig"}
        if self.algorithm == "ES384":
            point = {"x": encode(numbers.x.to_bytes(48)), "y": encode(numbers.y.to_bytes(48))}
            return {"kty": "EC", "crv": "P-384", **point, **common}
        modulus = encode(numbers.n.to_bytes((numbers.n.bit_length() + 7) // 8))
        return {"kty": "RSA", "n": modulus, "e": "AQAB", **common}

    def sign(self, signing_input: bytes) -> bytes:
        if self.algorithm == "ES384":
            r, s = decode_dss_signature(self._key.sign(signing_input, ec.ECDSA(hashes.SHA384())))
            return r.to_bytes(48) + s.to_bytes(48)
        signature: bytes = self._key.sign(signing_input, padding.PKCS1v15(), hashes.SHA384())
        return signature

    def token(self, header: dict[str, Any], claims: Any) -> str:
        head = {"alg": self.algorithm, "kid": self.key_id, "typ": "JWT", **header}
        parts = [{name: value for name, value in part.items() if value is not ...} for part in (head, claims)]
        signing_input = ".".join(encode(orjson.dumps(part)) for part in parts)
        return f"{signing_input}.{encode(self.sign(signing_input.encode()))}"


@dataclass
class Application:
    """A registered application, as its maker runs it."""

    id: str
    clock: Clock
    key: Key | None = None
    serial: list[int] = field(default_factory=lambda: [0])

    def claims(self, **changes: Any) -> dict[str, Any]:
        self.serial[0] += 1
        now = int(self.clock.now().timestamp())
        claims = {"iss": self.id, "sub": self.id, "aud": f"{PUBLIC_URL}/oauth/token", "exp": now + 240,
                  "jti": f"{self.id} {self.serial[0]}"}  # fmt: skip
        return {**claims, **changes}

    def proof(self, header: dict[str, Any] | None = None, **changes: Any) -> dict[str, str]:
        """The parameters with which the application proves to be itself, or names itself if it has no key."""
        if self.key is None:
            return {"client_id": self.id}
        assertion = self.key.token(header or {}, self.claims(**changes))
        return {"client_assertion_type": ASSERTION_TYPE, "client_assertion": assertion}

    def request(self, **changes: str | None) -> dict[str, str]:
        parameters: dict[str, str | None] = {
            "response_type": "code",
            "client_id": self.id,
            "redirect_uri": REDIRECT,
            "scope": "openid offline_access eventide/api",
            "state": "st/a te&=%",
            "nonce": "n-1",
            "code_challenge": challenge_of(VERIFIER),
            "code_challenge_method": "S256",
        }
        parameters |= changes
        return {name: value for name, value in parameters.items() if value is not None}


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
        return Application(made.json()["id"], clock, key)

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
