"""The sign-in page takes a passkey or a second factor's code, and says what to do where neither opens."""

import re
from collections.abc import Callable
from html import unescape
from typing import Any
from uuid import UUID

import httpx2
import orjson
import pyotp
import pytest

from services.chassis.clock import Clock
from services.gateway.attempts.rules import PAIR
from services.operator.drill.checklist.probes.applications import Application
from services.operator.drill.checklist.probes.passkeys import Passkey
from services.operator.drill.checklist.probes.signing import decoded
from tests.gateway.conftest import PASSWORD, PUBLIC_URL, NewAccount, NewOrganization
from tests.gateway.oauth.conftest import Browser, Flow, answer_of, handle_in

WRONG = "wrong horse battery staple"


def options_in(page: httpx2.Response) -> dict[str, Any]:
    found = re.search(r'data-options="([^"]+)"', page.text)
    assert found is not None, page.text
    options: dict[str, Any] = orjson.loads(unescape(found[1]))
    return options


async def bearer_of(browser: Browser, **body: str) -> dict[str, str]:
    answer = await browser.client.post("/v1/login_sessions", json={"password": PASSWORD, **body})
    assert answer.status_code == 201, answer.text
    return {"authorization": f"Bearer {answer.json()['access_token']}"}


async def add_passkey(browser: Browser, bearer: dict[str, str]) -> Passkey:
    device = Passkey(PUBLIC_URL, "eventide.test")
    begun = await browser.client.post("/v1/me/passkeys:options", json={"password": PASSWORD}, headers=bearer)
    body = {"name": "Phone", "credential": device.create(begun.json()["public_key"])}
    added = await browser.client.post("/v1/me/passkeys", json=body, headers=bearer)
    assert added.status_code == 201, added.text
    return device


async def show(browser: Browser, page: httpx2.Response, device: Passkey, **more: str) -> httpx2.Response:
    """Send what the page's script would, and a password manager's guesses along with it."""
    shown = orjson.dumps(device.get(options_in(page))).decode()
    form = {"request": handle_in(page), "email": "", "password": "", "passkey": shown, **more}
    return await browser.client.post("/oauth/authorize/sign_in", data=form)


async def test_85_a_passkey_signs_in_on_the_page(flow: Flow, application: Application) -> None:
    device = await add_passkey(flow.browser, await bearer_of(flow.browser, email="ada@example.org"))
    page = await flow.browser.open(application.request())
    consent = await show(flow.browser, page, device)
    again = await show(flow.browser, page, device)
    code = answer_of(await flow.browser.decide(consent))["code"]

    claims = decoded((await flow.redeem(application, code)).json()["id_token"])
    assert (claims["amr"], claims["acr"]) == (["pop", "user", "mfa"], "aal2")
    assert "This passkey does not sign you in" in again.text  # a challenge opens once


async def test_85_a_passkey_answers_only_the_page_it_was_asked_on(
    flow: Flow, application: Application, web: Callable[[], httpx2.AsyncClient]
) -> None:
    device = await add_passkey(flow.browser, await bearer_of(flow.browser, email="ada@example.org"))
    theirs = Browser(web())
    page, other = await flow.browser.open(application.request()), await theirs.open(application.request())

    stolen = orjson.dumps(device.get(options_in(page))).decode()
    form = {"request": handle_in(other), "passkey": stolen}
    elsewhere = await theirs.client.post("/oauth/authorize/sign_in", data=form)
    by_program = await theirs.client.post(
        "/v1/login_sessions:with_passkey", json={"credential": device.get(options_in(page))}
    )

    assert "This passkey does not sign you in" in elsewhere.text
    assert "set-cookie" not in elsewhere.headers or "__Host-eventide-session" not in elsewhere.headers["set-cookie"]
    assert by_program.status_code == 401


@pytest.mark.parametrize("text", ["{", "null", "[]", "[" * 5000, '{"id": 1}'])
async def test_85_what_is_no_passkey_is_refused_on_the_page(
    browser: Browser, application: Application, text: str
) -> None:
    page = await browser.open(application.request())
    answer = await browser.client.post("/oauth/authorize/sign_in", data={"request": handle_in(page), "passkey": text})

    assert answer.status_code == 200
    assert 'role="alert"' in answer.text
    assert "__Host-eventide-session" not in str(answer.headers)


async def test_84_a_person_with_a_second_factor_is_asked_for_its_code(
    flow: Flow, application: Application, clock: Clock
) -> None:
    bearer = await bearer_of(flow.browser, email="ada@example.org")
    begun = await flow.browser.client.post("/v1/me/totp", json={"password": PASSWORD}, headers=bearer)
    code = pyotp.TOTP(begun.json()["secret"]).at(clock.now())
    confirmed = await flow.browser.client.post("/v1/me/totp:confirm", json={"one_time_code": code}, headers=bearer)
    recovery = confirmed.json()["codes"][0]

    page = await flow.browser.open(application.request())
    asked = await flow.browser.sign_in(page, "ada@example.org")
    wrong = await flow.browser.sign_in(asked, "ada@example.org", recovery_code="aaaa-bbbb")
    consent = await flow.browser.sign_in(wrong, "ada@example.org", recovery_code=recovery)

    assert 'name="one_time_code"' not in page.text
    assert all('name="one_time_code"' in shown.text for shown in (asked, wrong))
    assert "with a code of your second factor" in asked.text
    assert "Allow access?" in consent.text
    assert set(answer_of(await flow.browser.decide(consent))) == {"code", "state", "iss"}


async def test_83_who_tries_too_often_is_told_so_on_the_page(flow: Flow, application: Application) -> None:
    page = await flow.browser.open(application.request())
    for _ in range(PAIR.most):
        page = await flow.browser.sign_in(page, "ada@example.org", WRONG)
    held_up = await flow.browser.sign_in(page, "ada@example.org")

    assert held_up.status_code == 200
    assert "Too many attempts have failed" in held_up.text
    assert 'name="password"' in held_up.text


async def test_85_who_works_in_several_places_chooses_one_and_uses_the_passkey_again(
    browser: Browser, application: Application, clinic: UUID, new_account: NewAccount, new_organization: NewOrganization
) -> None:
    for place in (clinic, await new_organization("Birch")):
        await new_account(organization=place)
    bearer = await bearer_of(browser, email="ada@example.org", organization_id=str(clinic))
    device = await add_passkey(browser, bearer)
    page = await browser.open(application.request())

    asked = await show(browser, page, device)
    consent = await show(browser, asked, device, organization_id=str(clinic))

    assert "choose one, and sign in again" in asked.text
    assert f'<option value="{clinic}">' in asked.text
    assert "Allow access?" in consent.text
