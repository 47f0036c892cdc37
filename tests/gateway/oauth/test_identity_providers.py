"""People sign in with their organization's provider, once they have linked the account; nobody's word alone lets in."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from uuid import UUID, uuid4

import httpx2
import pyotp
import pytest
from sqlalchemy import text

from services.chassis.clock import Clock
from services.chassis.database import Database
from services.chassis.edge import Receive, Scope, Send
from services.chassis.fetching import Fetcher
from services.chassis.http import HttpClient
from services.chassis.wiring import Process
from services.contracts.identifiers import LoginSessionId, OrganizationId
from services.contracts.identity import Assurance, Microservice, Role, SignIn
from services.gateway.equipment import make_equipment
from services.gateway.login.sessions import SessionTimes
from services.gateway.main import build
from services.gateway.openapi.documents import read_published
from services.gateway.passwords import Passwords
from services.gateway.proxy.hosts import LOOPBACK
from services.operator.drill.checklist.probes.applications import Application
from services.operator.drill.checklist.probes.signing import Key, challenge_of, decoded
from tests.gateway.conftest import PASSWORD, GatewayFactory, NewAccount, answer_json, read_body
from tests.gateway.oauth.conftest import Browser, Flow, answer_of
from tests.support.serving import nothing_to_open, served
from tests.support.tokens import ISSUER, Tokens, new_id_token_key, principal

PROVIDERS = "/v1/identity_providers"
LINKS = "/v1/me/identity_links"
SECRET = "between us alone: ü & %"


def query_of(url: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(url).query, keep_blank_values=True))


@dataclass
class PlayedProvider:
    """A clinic's provider as it should be, but for what a test changes; it serves discovery, keys and tokens."""

    clock: Clock
    issuer: str = ""
    key: Key = field(default_factory=Key)
    subject: str = "0042"
    claims: dict[str, Any] = field(default_factory=dict)
    header: dict[str, Any] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    signer: Key | None = None
    published: list[dict[str, str]] | None = None
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    authorization: str = ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"].endswith("openid-configuration"):
            found: Any = {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize?clinic=1",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/keys",
                "authorization_response_iss_parameter_supported": True,
                **self.metadata,
            }
        elif scope["path"] == "/keys":
            found = {"keys": [self.key.jwk] if self.published is None else self.published}
        else:
            headers = dict(scope["headers"])
            self.authorization = headers.get(b"authorization", b"").decode()
            found = self.redeem(dict(parse_qsl((await read_body(receive)).decode())))
        await answer_json(send, found, status=400 if "error" in found else 200)

    def authorize(self, url: str, **changes: str) -> dict[str, str]:
        """Sign the person in; returns what the browser brings back."""
        asked = query_of(url)
        assert (asked["clinic"], asked["response_type"], asked["scope"]) == ("1", "code", "openid")
        assert (asked["client_id"], asked["code_challenge_method"]) == ("eventide", "S256")
        code = str(uuid4())
        self.codes[code] = asked
        return {"code": code, "state": asked["state"], "iss": self.issuer, **changes}

    def redeem(self, form: dict[str, str]) -> dict[str, Any]:
        asked = self.codes.pop(form.get("code", ""), None)
        if asked is None or challenge_of(form["code_verifier"]) != asked["code_challenge"]:
            return {"error": "invalid_grant"}
        assert form["redirect_uri"] == asked["redirect_uri"]
        now = int(self.clock.now().timestamp())
        claims = {"iss": self.issuer, "sub": self.subject, "aud": "eventide", "iat": now, "exp": now + 300,
                  "nonce": asked["nonce"], "auth_time": now, "email": "ada@example.org", **self.claims}  # fmt: skip
        return {
            "access_token": "x",
            "token_type": "Bearer",
            "id_token": (self.signer or self.key).token(self.header, claims),
        }


@pytest.fixture
async def provider(clock: Clock) -> AsyncIterator[PlayedProvider]:
    played = PlayedProvider(clock)
    async with served(played) as played.issuer:
        yield played


@pytest.fixture
def administrator(gateway: GatewayFactory, tokens: Tokens, clinic: UUID, clock: Clock) -> httpx2.AsyncClient:
    """Has just proved a second factor."""
    return fresh(gateway, tokens, clinic, clock)


def fresh(gateway: GatewayFactory, tokens: Tokens, organization: UUID, clock: Clock) -> httpx2.AsyncClient:
    client = gateway()
    sign_in = SignIn(
        login_session_id=LoginSessionId(uuid4()), auth_time=clock.now(), amr=("pwd", "otp", "mfa"), acr=Assurance.AAL2
    )
    caller = principal(Role.ORGANIZATION_ADMIN, organization=organization, sign_in=sign_in)
    client.headers["authorization"] = f"Bearer {tokens.access(caller)}"
    return client


async def add(client: httpx2.AsyncClient, issuer: str, **changes: Any) -> dict[str, Any]:
    body = {
        "name": "The <b>Clinic</b>",
        "issuer": issuer,
        "authentication": "client_secret_basic",
        "id_token_algorithm": "ES384",
        **changes,
    }
    made = await client.post(PROVIDERS, json=body)
    assert made.status_code == 201, made.text
    answer: dict[str, Any] = made.json()
    return answer


async def activate(client: httpx2.AsyncClient, provider: dict[str, Any], **body: str) -> dict[str, Any]:
    made = await client.post(f"{PROVIDERS}/{provider['id']}:activate", json=body)
    assert made.status_code == 200, made.text
    answer: dict[str, Any] = made.json()
    return answer


async def register(client: httpx2.AsyncClient, issuer: str, **changes: Any) -> dict[str, Any]:
    provider = await add(client, issuer, **changes)
    return await activate(client, provider, client_id="eventide", client_secret=SECRET)


@dataclass
class Clinic:
    """An organization with a provider, and a browser in which its people link and sign in."""

    provider: PlayedProvider
    registered: dict[str, Any]
    browser: Browser
    application: Application

    @property
    def client(self) -> httpx2.AsyncClient:
        return self.browser.client

    async def bearer(self, **more: str) -> dict[str, str]:
        body = {"email": "ada@example.org", "password": PASSWORD, **more}
        answer = await self.client.post("/v1/login_sessions", json=body)
        assert answer.status_code == 201, answer.text
        return {"authorization": f"Bearer {answer.json()['access_token']}"}

    async def ask_to_link(self, bearer: dict[str, str], password: str | None = PASSWORD) -> httpx2.Response:
        body = {"provider_id": self.registered["id"], "password": password}
        return await self.client.post(LINKS, json=body, headers=bearer)

    async def link(self, **changes: str) -> httpx2.Response:
        begun = await self.ask_to_link(await self.bearer())
        assert begun.status_code == 201, begun.text
        return await self.come_back(self.provider.authorize(begun.json()["authorization_url"], **changes))

    async def come_back(self, brought: dict[str, str], browser: Browser | None = None) -> httpx2.Response:
        path = urlsplit(self.registered["redirect_uri"]).path
        return await (browser or self.browser).client.get(path, params=brought)

    async def leave(self, **asked: str) -> str:
        """Go from the sign-in page to the provider; returns the URL there."""
        page = await self.browser.open(self.application.request(**asked))
        assert "Sign in with The &lt;b&gt;Clinic&lt;/b&gt;" in page.text
        link = page.text.partition('href="')[2].partition('"')[0]
        sent = await self.client.get(link)
        assert sent.status_code == 303, sent.text
        return str(sent.headers["location"])

    async def sign_in(self, **changes: str) -> httpx2.Response:
        return await self.come_back(self.provider.authorize(await self.leave(), **changes))


@pytest.fixture
async def at_clinic(
    provider: PlayedProvider,
    administrator: httpx2.AsyncClient,
    application: Application,
    ada: dict[str, Any],
    browser: Browser,
) -> Clinic:
    assert ada["email"] == "ada@example.org"
    return Clinic(provider, await register(administrator, provider.issuer), browser, application)


Reasons = Callable[[], Any]


@pytest.fixture
def reasons(gateway: GatewayFactory, clinic: UUID) -> Reasons:
    async def read() -> list[str]:
        auditor = gateway(Role.AUDITOR, organization=clinic)
        found = (await auditor.get("/v1/security_events", params={"kind": "sign_in_refused"})).json()["items"]
        return [event["reason"] for event in found]

    return read


def is_let_in(answer: httpx2.Response) -> bool:
    return "__Host-eventide-session=" in str(answer.headers.get_list("set-cookie"))


async def test_who_has_linked_the_account_signs_in_with_the_provider(at_clinic: Clinic, flow: Flow) -> None:
    linked = await at_clinic.link()
    consent = await at_clinic.sign_in()
    code = answer_of(await at_clinic.browser.decide(consent))["code"]
    claims = decoded((await flow.redeem(at_clinic.application, code)).json()["id_token"])

    assert (linked.status_code, "Your account is linked" in linked.text) == (200, True)
    assert (claims["amr"], claims["acr"]) == (["fed"], "aal1")
    assert at_clinic.provider.authorization.startswith("Basic ")
    shown = (await at_clinic.client.get(LINKS, headers=await at_clinic.bearer())).json()["items"]
    assert [(one["provider_id"], one["last_used_at"] is None) for one in shown] == [(at_clinic.registered["id"], False)]


async def test_an_address_that_a_provider_tells_of_opens_nothing(at_clinic: Clinic, reasons: Reasons) -> None:
    refused = await at_clinic.sign_in()

    assert (refused.status_code, is_let_in(refused)) == (400, False)
    assert "Nobody has linked this account" in refused.text
    assert await reasons() == ["not-linked"]


async def test_what_a_provider_calls_somebody_else_opens_nothing(at_clinic: Clinic) -> None:
    await at_clinic.link()
    at_clinic.provider.subject = "0043"

    assert not is_let_in(await at_clinic.sign_in())


_LATER = 10_000
Change = Callable[[PlayedProvider], None]


def _claim(**changes: Any) -> Change:
    return lambda provider: provider.claims.update(changes)


def _head(**changes: Any) -> Change:
    return lambda provider: provider.header.update(changes)


def _now(name: str, seconds: int) -> Change:
    return lambda provider: provider.claims.update({name: int(provider.clock.now().timestamp()) + seconds})


def _signed_by_a_stranger(provider: PlayedProvider) -> None:
    provider.signer = Key(key_id=provider.key.key_id)


def _two_keys_of_one_name(provider: PlayedProvider) -> None:
    provider.published = [provider.key.jwk, Key(key_id=provider.key.key_id).jwk]


def _another_algorithm(provider: PlayedProvider) -> None:
    provider.key = Key("RS384")


HOSTILE: dict[str, Change] = {
    "another issuer": _claim(iss="https://evil.example"),
    "another audience": _claim(aud="somebody-else"),
    "an audience besides us": _claim(aud=["eventide", "somebody-else"]),
    "no audience": _claim(aud=...),
    "another authorized party": _claim(azp="somebody-else"),
    "another nonce": _claim(nonce="x"),
    "no nonce": _claim(nonce=...),
    "expired": _now("exp", 0),
    "no expiry": _claim(exp=...),
    "expiry as text": _claim(exp="9999999999"),
    "issued in the future": _now("iat", 100),
    "issued long ago": _now("iat", -_LATER),
    "not yet": _now("nbf", 100),
    "no instant of authentication": _claim(auth_time=...),
    "authenticated in the future": _now("auth_time", 100),
    "authenticated before the calendar": _claim(auth_time=-1),
    "authenticated yesterday": _now("auth_time", -86_400),
    "no subject": _claim(sub=...),
    "empty subject": _claim(sub=""),
    "subject as a number": _claim(sub=42),
    "alg none": _head(alg="none"),
    "alg HS256": _head(alg="HS256"),
    "alg of another key": _head(alg="RS256"),
    "no key id": _head(kid=...),
    "unknown key": _head(kid="two"),
    "what must be understood": _head(crit=["exp"]),
    "type of an access token": _head(typ="at+jwt"),
    "signed by a stranger": _signed_by_a_stranger,
    "two keys of one name": _two_keys_of_one_name,
    "a key of another algorithm": _another_algorithm,
}


@pytest.mark.parametrize("name", HOSTILE)
async def test_an_id_token_that_is_no_answer_to_us_opens_nothing(
    at_clinic: Clinic, reasons: Reasons, gateway_app: Any, name: str
) -> None:
    await at_clinic.link()
    # What was kept of its keys is too old to be used.
    gateway_app.state.equipment.oauth.providers._kept.clear()
    HOSTILE[name](at_clinic.provider)

    refused = await at_clinic.sign_in()

    assert (refused.status_code, is_let_in(refused)) == (400, False)
    assert await reasons() in (["id-token"], ["too-long-ago"])


_AN_HOUR = 3600


@pytest.mark.parametrize(
    ("asked", "is_open"),
    [({}, True), ({"max_age": "7200"}, True), ({"max_age": "600"}, False), ({"prompt": "login"}, False)],
)
async def test_how_young_a_sign_in_must_be_is_checked_though_the_browser_asked_for_less(
    at_clinic: Clinic, reasons: Reasons, asked: dict[str, str], *, is_open: bool
) -> None:
    await at_clinic.link()
    _now("auth_time", -_AN_HOUR)(at_clinic.provider)

    answer = await at_clinic.come_back(at_clinic.provider.authorize(await at_clinic.leave(**asked)))

    assert is_let_in(answer) is is_open
    assert await reasons() == ([] if is_open else ["too-long-ago"])


async def test_an_account_is_linked_only_by_who_was_authenticated_for_it(at_clinic: Clinic, reasons: Reasons) -> None:
    _now("auth_time", -_AN_HOUR)(at_clinic.provider)

    refused = await at_clinic.link()

    assert refused.status_code == 400
    assert await reasons() == ["too-long-ago"]
    assert (await at_clinic.client.get(LINKS, headers=await at_clinic.bearer())).json()["items"] == []


async def test_a_session_ends_as_long_after_the_proof_elsewhere_as_after_one_here(at_clinic: Clinic) -> None:
    await at_clinic.link()
    _now("auth_time", -_AN_HOUR)(at_clinic.provider)
    await at_clinic.sign_in()

    listed = (await at_clinic.client.get("/v1/login_sessions", headers=await at_clinic.bearer())).json()["items"]

    assert [one["amr"] for one in listed if one["amr"] == ["fed"]] == [["fed"]]
    for one in listed:
        lasts = datetime.fromisoformat(one["expires_at"]) - datetime.fromisoformat(one["auth_time"])
        assert lasts == SessionTimes().longest


async def test_what_a_browser_brings_back_opens_once_and_only_there(
    at_clinic: Clinic, web: Callable[[], httpx2.AsyncClient], reasons: Reasons
) -> None:
    await at_clinic.link()
    brought = at_clinic.provider.authorize(await at_clinic.leave())
    again = at_clinic.provider.authorize(await at_clinic.leave(), code="planted")

    elsewhere = await at_clinic.come_back(brought, Browser(web()))
    first, second = await at_clinic.come_back(brought), await at_clinic.come_back(brought)
    planted = await at_clinic.come_back(again)
    garbage = [await at_clinic.come_back({**brought, "state": text}) for text in ("", "x", "A" * 64)]

    assert [is_let_in(one) for one in (elsewhere, first, second, planted, *garbage)] == [False, True] + [False] * 5
    assert {one.status_code for one in (elsewhere, second, planted, *garbage)} == {400}
    assert await reasons() == ["provider-unreachable"]


async def test_who_comes_back_for_a_request_that_is_over_opens_no_session(at_clinic: Clinic) -> None:
    await at_clinic.link()
    page = await at_clinic.browser.open(at_clinic.application.request())
    link = page.text.partition('href="')[2].partition('"')[0]
    first, second = [
        at_clinic.provider.authorize(str((await at_clinic.client.get(link)).headers["location"])) for _ in range(2)
    ]

    done = await at_clinic.browser.decide(await at_clinic.come_back(first))
    late = await at_clinic.come_back(second)
    listed = (await at_clinic.client.get("/v1/login_sessions", headers=await at_clinic.bearer())).json()["items"]

    assert "code" in answer_of(done)
    assert (late.status_code, is_let_in(late)) == (400, False)
    assert [one["amr"] for one in listed].count(["fed"]) == 1


async def test_one_provider_is_not_taken_for_another(
    at_clinic: Clinic, administrator: httpx2.AsyncClient, reasons: Reasons
) -> None:
    await at_clinic.link()
    other = await register(administrator, at_clinic.provider.issuer, name="Z, another")

    named = await at_clinic.sign_in(iss="https://evil.example")
    brought = at_clinic.provider.authorize(await at_clinic.leave())
    del brought["iss"]
    unnamed = await at_clinic.come_back(brought)
    elsewhere = await at_clinic.client.get(
        urlsplit(other["redirect_uri"]).path, params=at_clinic.provider.authorize(await at_clinic.leave())
    )

    assert not any(is_let_in(one) for one in (named, unnamed, elsewhere))
    assert await reasons() == ["issuer", "issuer"]


@pytest.mark.parametrize(
    "metadata",
    [{"issuer": "https://evil.example"}, {"token_endpoint": "http://169.254.169.254/"}, {"jwks_uri": None}],
)
async def test_a_provider_whose_word_of_itself_is_not_good_is_not_gone_to(
    at_clinic: Clinic, metadata: dict[str, Any]
) -> None:
    at_clinic.provider.metadata.update(metadata)

    begun = await at_clinic.ask_to_link(await at_clinic.bearer())

    assert (begun.status_code, begun.json()["code"]) == (503, "provider-unreachable")


async def test_who_declines_at_the_provider_is_told_what_to_do(at_clinic: Clinic, reasons: Reasons) -> None:
    refused = await at_clinic.sign_in(error="access_denied")

    assert (refused.status_code, is_let_in(refused)) == (400, False)
    assert await reasons() == ["provider-declined"]


@pytest.mark.parametrize(
    ("is_believed", "amr", "is_open"), [(False, ["mfa"], False), (True, ["pwd"], False), (True, ["mfa"], True)]
)
async def test_who_has_a_second_factor_here_needs_two_there(
    *,
    at_clinic: Clinic,
    administrator: httpx2.AsyncClient,
    clock: Clock,
    reasons: Reasons,
    is_believed: bool,
    amr: list[str],
    is_open: bool,
) -> None:
    at_clinic.registered = await register(
        administrator, at_clinic.provider.issuer, proves_two_factors=is_believed, name="A <b>Clinic</b>"
    )
    bearer = await at_clinic.bearer()
    at_clinic.provider.claims["amr"] = amr
    linked = await at_clinic.link()
    begun = await at_clinic.client.post("/v1/me/totp", json={"password": PASSWORD}, headers=bearer)
    code = pyotp.TOTP(begun.json()["secret"]).at(clock.now())
    await at_clinic.client.post("/v1/me/totp:confirm", json={"one_time_code": code}, headers=bearer)

    page = await at_clinic.browser.open(at_clinic.application.request())
    href = next(part.partition('"')[0] for part in page.text.split('href="') if at_clinic.registered["id"] in part)
    url = (await at_clinic.client.get(href)).headers["location"]
    answer = await at_clinic.come_back(at_clinic.provider.authorize(url))

    assert linked.status_code == 200
    assert is_let_in(answer) is is_open
    assert await reasons() == ([] if is_open else ["second-factor"])


async def test_nobody_links_with_a_token_that_was_found(at_clinic: Clinic, clock: Clock) -> None:
    bearer = await at_clinic.bearer()
    wrong = await at_clinic.ask_to_link(bearer, "wrong horse battery staple")
    none = await at_clinic.ask_to_link(bearer, None)
    begun = await at_clinic.client.post("/v1/me/totp", json={"password": PASSWORD}, headers=bearer)
    code = pyotp.TOTP(begun.json()["secret"]).at(clock.now())
    await at_clinic.client.post("/v1/me/totp:confirm", json={"one_time_code": code}, headers=bearer)
    one_factor = await at_clinic.ask_to_link(bearer)

    assert [(one.status_code, one.json()["code"]) for one in (wrong, none)] == [(403, "password-refused")] * 2
    assert one_factor.status_code == 401
    assert "insufficient_user_authentication" in one_factor.headers["www-authenticate"]


async def test_an_account_is_linked_only_in_the_browser_that_asked_and_while_its_session_lasts(
    at_clinic: Clinic, web: Callable[[], httpx2.AsyncClient]
) -> None:
    bearer = await at_clinic.bearer()
    session = (await at_clinic.client.get("/v1/login_sessions", headers=bearer)).json()["items"][0]["id"]
    urls = [(await at_clinic.ask_to_link(bearer)).json()["authorization_url"] for _ in range(2)]

    lured = await at_clinic.come_back(at_clinic.provider.authorize(urls[0]), Browser(web()))
    await at_clinic.client.post(f"/v1/login_sessions/{session}:end", headers=bearer)
    late = await at_clinic.come_back(at_clinic.provider.authorize(urls[1]))

    assert (lured.status_code, late.status_code) == (400, 400)
    assert "Your session ended meanwhile" in late.text
    assert (await at_clinic.client.get(LINKS, headers=await at_clinic.bearer())).json()["items"] == []


async def test_an_identity_is_one_person_s_and_may_be_given_up(
    at_clinic: Clinic, new_account: NewAccount, clinic: UUID
) -> None:
    await at_clinic.link()
    await new_account(organization=clinic, email="bob@example.org")
    bob = await at_clinic.bearer(email="bob@example.org")

    begun = await at_clinic.ask_to_link(bob)
    taken = await at_clinic.come_back(at_clinic.provider.authorize(begun.json()["authorization_url"]))
    ada = await at_clinic.bearer()
    path = f"{LINKS}/{at_clinic.registered['id']}:remove"
    removed = [(await at_clinic.client.post(path, headers=ada)).status_code for _ in range(2)]
    after = await at_clinic.sign_in()

    assert (taken.status_code, "linked with somebody already" in taken.text) == (400, True)
    assert removed == [204, 404]
    assert not is_let_in(after)


async def test_who_is_shut_out_here_is_not_let_in_by_a_provider(
    at_clinic: Clinic, gateway: GatewayFactory, clinic: UUID, ada: dict[str, Any], reasons: Reasons
) -> None:
    await at_clinic.link()
    desk = gateway(Role.ORGANIZATION_ADMIN, organization=clinic)
    await desk.post(f"/v1/organizations/{clinic}/accounts/{ada['id']}:disable")

    assert not is_let_in(await at_clinic.sign_in())
    assert await reasons() == ["not-linked"]


async def test_a_disabled_provider_lets_nobody_in(at_clinic: Clinic, administrator: httpx2.AsyncClient) -> None:
    await at_clinic.link()
    under_way = at_clinic.provider.authorize(await at_clinic.leave())

    shown = [(await administrator.post(f"{PROVIDERS}/{at_clinic.registered['id']}:disable")).json() for _ in range(2)]

    assert shown[0] == shown[1]
    assert shown[0]["disabled_at"] is not None
    assert not is_let_in(await at_clinic.come_back(under_way))
    page = await at_clinic.browser.open(at_clinic.application.request())
    assert "Sign in with The" not in page.text


async def test_a_secret_is_never_shown_and_a_key_only_by_its_public_half(
    at_clinic: Clinic, administrator: httpx2.AsyncClient, gateway_database: Database
) -> None:
    keyed = await add(administrator, at_clinic.provider.issuer, authentication="private_key_jwt")
    listed = await administrator.get(PROVIDERS)

    assert SECRET not in listed.text
    assert set(keyed["jwks"]["keys"][0]) == {"kty", "crv", "x", "y", "kid", "alg", "use"}
    async with gateway_database.command(UUID(keyed["organization_id"])) as db:  # type: ignore[arg-type] # an id is one
        rows = (await (await db.connection()).exec_driver_sql("select secret from identity_providers")).all()
    assert len(rows) == 2
    assert all(b"PRIVATE" not in row.secret and SECRET.encode() not in row.secret for row in rows)


@pytest.mark.parametrize(
    ("pointer", "changes"),
    [
        ("/issuer", {"issuer": "http://clinic.example"}),
        ("/issuer", {"issuer": "https://clinic.example/?a=1"}),
        ("/issuer", {"issuer": "https://user@clinic.example"}),
        ("/id_token_algorithm", {"id_token_algorithm": "HS256"}),
        ("/name", {"name": ""}),
    ],
)
async def test_a_registration_that_cannot_be_is_refused_and_said_where(
    administrator: httpx2.AsyncClient, pointer: str, changes: dict[str, Any]
) -> None:
    body = {"name": "Clinic", "issuer": "https://clinic.example", "authentication": "private_key_jwt", **changes}
    refused = await administrator.post(PROVIDERS, json=body)

    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, pointer)


async def test_a_provider_is_activated_once_with_what_goes_with_it(
    administrator: httpx2.AsyncClient, browser: Browser, application: Application
) -> None:
    secret, keyed = [
        await add(administrator, "https://clinic.example", authentication=how)
        for how in ("client_secret_basic", "private_key_jwt")
    ]
    page = await browser.open(application.request())
    refused = [
        await administrator.post(f"{PROVIDERS}/{one['id']}:activate", json={"client_id": "a", **more})
        for one, more in ((secret, {}), (keyed, {"client_secret": "x"}))
    ]
    await activate(administrator, keyed, client_id="a")
    again = await administrator.post(f"{PROVIDERS}/{keyed['id']}:activate", json={"client_id": "b"})

    assert "Sign in with The" not in page.text
    assert [one.json()["errors"][0]["pointer"] for one in refused] == ["/client_secret"] * 2
    assert (again.status_code, again.json()["code"]) == (409, "provider-active")
    assert (await administrator.get(f"{PROVIDERS}/{keyed['id']}")).json()["client_id"] == "a"


async def test_providers_are_their_organization_s_own(
    *,
    at_clinic: Clinic,
    gateway: GatewayFactory,
    tokens: Tokens,
    clock: Clock,
    clinic: UUID,
    organization_id: UUID,
) -> None:
    one = f"{PROVIDERS}/{at_clinic.registered['id']}"
    stranger = fresh(gateway, tokens, organization_id, clock)
    stale = gateway(Role.ORGANIZATION_ADMIN, organization=clinic)
    nurse = gateway(Role.NURSE, organization=clinic)

    assert [(await stranger.get(one)).status_code, (await stranger.post(f"{one}:disable")).status_code] == [404, 404]
    assert (await stranger.get(PROVIDERS)).json()["items"] == []
    assert {(await nurse.get(path)).status_code for path in (one, PROVIDERS)} == {403}
    assert (await stale.post(PROVIDERS, json={})).status_code == 401


@dataclass
class OtherGateway:
    """Another installation of ours, as the provider: a process of its own in all but name, on a port of loopback."""

    url: str
    browser: Browser


@pytest.fixture
async def other_gateway(
    *,
    gateway_database: Database,
    upstream_url: str,
    tokens: Tokens,
    clock: Clock,
    passwords: Passwords,
    clients: AsyncExitStack,
) -> AsyncIterator[OtherGateway]:
    http, app = HttpClient(), build(nothing_to_open)
    app.state.published = read_published()
    async with served(app) as url:
        equipment = make_equipment(
            keys=tokens.keys,
            issuer=ISSUER,
            clock=clock,
            http=http,
            upstreams={Microservice.RECORDS: upstream_url, Microservice.SCHEDULER: upstream_url},
            passwords=passwords,
            hosts=LOOPBACK,
            public_url=url,
            id_token_keys=(new_id_token_key(),),
            fetcher=Fetcher(largest=64 * 1024, allows_loopback=True),
            sealing_key=bytes(32),
        )
        app.state.equipment = equipment
        app.state.process = Process(clock, gateway_database, equipment.authenticator)
        transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
        # Secure cookies go with https alone.
        client = httpx2.AsyncClient(transport=transport, base_url=url.replace("http:", "https:"))
        clients.push_async_callback(client.aclose)
        yield OtherGateway(url, Browser(client))
        equipment.front.forwarder.close()
    await http.close()


async def test_another_gateway_of_ours_is_a_provider_proved_to_by_key(
    *,
    other_gateway: OtherGateway,
    administrator: httpx2.AsyncClient,
    gateway: GatewayFactory,
    new_account: NewAccount,
    application: Application,
    ada: dict[str, Any],
    browser: Browser,
    flow: Flow,
) -> None:
    there = await new_account(email="ada@hq.example", password="another horse and battery")
    head = gateway(Role.ORGANIZATION_ADMIN, organization=UUID(there["organization_id"]))
    keyed = {"authentication": "private_key_jwt", "id_token_algorithm": "RS256"}
    provider = await add(administrator, other_gateway.url, **keyed)
    body = {"name": "Eventide", "kind": "confidential", "grant_types": ["authorization_code"], "scopes": ["openid"],
            "redirect_uris": [provider["redirect_uri"]], "jwks": provider["jwks"]}  # fmt: skip
    client = await head.post("/v1/oauth_clients", json=body)
    assert client.status_code == 201, client.text
    await activate(administrator, provider, client_id=client.json()["id"])

    async def at_the_other(url: str) -> dict[str, str]:
        page = await other_gateway.browser.open(query_of(url))
        if 'name="password"' in page.text:
            page = await other_gateway.browser.sign_in(page, "ada@hq.example", "another horse and battery")
        return answer_of(await other_gateway.browser.decide(page) if page.status_code == 200 else page)

    login = await browser.client.post("/v1/login_sessions", json={"email": ada["email"], "password": PASSWORD})
    bearer = {"authorization": f"Bearer {login.json()['access_token']}"}
    begun = await browser.client.post(LINKS, json={"provider_id": provider["id"], "password": PASSWORD}, headers=bearer)
    assert begun.status_code == 201, begun.text
    back = urlsplit(provider["redirect_uri"]).path
    linked = await browser.client.get(back, params=await at_the_other(begun.json()["authorization_url"]))
    page = await browser.open(application.request(max_age="600"))
    sent = await browser.client.get(page.text.partition('href="')[2].partition('"')[0])
    consent = await browser.client.get(back, params=await at_the_other(sent.headers["location"]))
    code = answer_of(await browser.decide(consent))["code"]
    claims = decoded((await flow.redeem(application, code)).json()["id_token"])

    assert "Your account is linked" in linked.text
    assert (claims["sub"], claims["amr"]) == (ada["id"], ["fed"])


async def test_a_gateway_of_before_that_does_not_say_since_when_is_no_error(
    at_clinic: Clinic, gateway_database: Database, clinic: UUID
) -> None:
    await at_clinic.leave()
    names = "organization_id, state_hash, provider_id, browser_hash, handle, expires_at"
    async with gateway_database.command(OrganizationId(clinic)) as db:
        gone = f"delete from provider_requests returning {names}"  # noqa: S608 - our own names
        before = dict((await db.execute(text(gone))).mappings().one())
        values = ", ".join(f":{name}" for name in before)
        again = f"insert into provider_requests ({names}) values ({values}) returning authenticated_after = now()"  # noqa: S608 - as above
        since = await db.scalar(text(again), before)

    assert since is True
