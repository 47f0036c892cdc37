"""The sign-in and consent pages in a real browser with an authenticator of its own (checklist 21, 22, 85)."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx2
import orjson
import pytest

from services.chassis.clock import Clock
from services.chassis.id_tokens import IdTokenKey, IdTokenSigner
from services.gateway.passkeys.rules import RelyingParty
from services.operator.drill.checklist.probes.applications import REDIRECT, VERIFIER, Application
from services.operator.drill.checklist.probes.signing import decoded
from services.operator.tools import ToolMissingError, debian_tool
from tests.gateway.conftest import PASSWORD
from tests.support.browser import Tab, browsing

DEVICE = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
          "isUserVerified": True, "automaticPresenceSimulation": True}  # fmt: skip
ASKED = "openid offline_access eventide/api"


def _program() -> str:
    try:
        return debian_tool("chromium", "chromium")
    except ToolMissingError as missing:
        pytest.skip(f"NOT TRIED in a real browser: {missing}")


@pytest.fixture
def site(gateway_app: Any, gateway_url: str, id_token_key: IdTokenKey, clock: Clock) -> str:
    """The gateway under a name that browsers take for safe without TLS, and that passkeys can be made for."""
    url = gateway_url.replace("127.0.0.1", "localhost")
    equipment = gateway_app.state.equipment
    id_tokens = IdTokenSigner((id_token_key,), issuer=url, clock=clock)
    oauth = replace(equipment.oauth, issuer=url, id_tokens=id_tokens)
    gateway_app.state.equipment = replace(equipment, party=RelyingParty.of(url), oauth=oauth)
    return url


@pytest.fixture
async def tab(tmp_path: Path) -> AsyncIterator[Tab]:
    async with browsing(_program(), tmp_path, elsewhere="https://app.example.org/*") as made:
        yield made


def authorize(site: str, application: Application, **changes: str) -> str:
    return f"{site}/oauth/authorize?{urlencode(application.request(**{'scope': ASKED, **changes}))}"


def answer_at(url: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(url).query))


async def allow_without(tab: Tab, scope: str) -> str:
    """Untick a scope on the consent page and allow the rest; returns where the browser went."""
    assert await tab.until("document.querySelector('h1')?.textContent === 'Allow access?'")
    await tab.evaluate(f"document.querySelector('input[value=\"{scope}\"]').click()")
    await tab.evaluate("document.querySelector('button[value=allow]').click()")
    return await tab.left()


async def redeem(site: str, application: Application, code: str) -> dict[str, Any]:
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT, "code_verifier": VERIFIER}
    async with httpx2.AsyncClient(base_url=site) as http:
        given = await http.post("/oauth/token", data=form | application.proof())
    assert given.status_code == 200, given.text
    tokens: dict[str, Any] = given.json()
    return tokens


async def add_passkey(tab: Tab, site: str, email: str) -> None:
    """Let the browser's authenticator make a passkey, as a front end of ours would."""
    async with httpx2.AsyncClient(base_url=site) as http:
        session = (await http.post("/v1/login_sessions", json={"email": email, "password": PASSWORD})).json()
        bearer = {"authorization": f"Bearer {session['access_token']}"}
        begun = await http.post("/v1/me/passkeys:options", json={"password": PASSWORD}, headers=bearer)
        options = orjson.dumps(begun.json()["public_key"]).decode()
        made = await tab.evaluate(
            "(async () => {"
            f"  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON({options});"
            "  return JSON.stringify((await navigator.credentials.create({publicKey})).toJSON());"
            "})()"
        )
        body = {"name": "This browser", "credential": orjson.loads(made)}
        added = await http.post("/v1/me/passkeys", json=body, headers=bearer)
        assert added.status_code == 201, added.text


async def test_85_a_person_signs_in_with_a_passkey_and_allows_part_of_what_is_asked(
    tab: Tab, site: str, application: Application, ada: dict[str, Any]
) -> None:
    await tab.call("WebAuthn.enable")
    device = (await tab.call("WebAuthn.addVirtualAuthenticator", options=DEVICE))["authenticatorId"]
    await tab.open(authorize(site, application))
    await add_passkey(tab, site, ada["email"])

    # A device that cannot tell who holds it signs nothing, and the page says so.
    await tab.call("WebAuthn.setUserVerified", authenticatorId=device, isUserVerified=False)
    await tab.until("!document.getElementById('with-passkey').hidden")
    await tab.evaluate("document.getElementById('with-passkey').click()")
    told = await tab.until("document.getElementById('passkey-told').textContent")
    await tab.call("WebAuthn.setUserVerified", authenticatorId=device, isUserVerified=True)
    await tab.evaluate("document.getElementById('with-passkey').click()")
    answer = answer_at(await allow_without(tab, "offline_access"))
    tokens = await redeem(site, application, answer["code"])

    assert told.startswith("No passkey was used.")
    assert tokens["scope"] == "openid eventide/api"
    claims = decoded(tokens["id_token"])
    assert (claims["sub"], claims["iss"]) == (ada["id"], site)
    assert (claims["amr"], claims["acr"]) == (["pop", "user", "mfa"], "aal2")


async def sign_in(tab: Tab, email: str) -> None:
    await tab.until("document.querySelector('input[name=password]') !== null")
    await tab.evaluate(f"document.querySelector('input[name=email]').value = {email!r}")
    await tab.evaluate(f"document.querySelector('input[name=password]').value = {PASSWORD!r}")
    await tab.evaluate("document.querySelector('button[type=submit]').click()")


async def test_21_who_has_agreed_before_signs_in_and_goes_on_at_once(
    tab: Tab, site: str, application: Application, ada: dict[str, Any]
) -> None:
    await tab.open(authorize(site, application))
    await sign_in(tab, ada["email"])
    first = answer_at(await allow_without(tab, "offline_access"))
    await tab.open(authorize(site, application, scope="openid eventide/api", prompt="login"))
    await sign_in(tab, ada["email"])
    second = answer_at(await tab.left(2))

    assert (first["iss"], first["state"]) == (second["iss"], second["state"]) == (site, "st/a te&=%")
    assert (await redeem(site, application, first["code"]))["scope"] == "openid eventide/api"
    assert (await redeem(site, application, second["code"]))["scope"] == "openid eventide/api"
