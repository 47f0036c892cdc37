"""Devices without a keyboard are let in by a person from another screen (RFC 8628)."""

import re
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from uuid import UUID

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import update

from services.chassis.database import Database
from services.contracts.identifiers import OrganizationId
from services.contracts.identity import Role
from services.gateway.attempts.rules import USER_CODE
from services.gateway.devices.device import DeviceStatus
from services.gateway.devices.rules import (
    GRACE,
    INTERVAL,
    LIFETIME,
    DeviceAnswer,
    answer_to,
    new_user_code,
    read_user_code,
)
from services.gateway.devices.tables import DeviceAuthorizationRow
from services.operator.drill.checklist.probes.applications import Application
from services.operator.drill.checklist.probes.signing import Key
from tests.gateway.conftest import PUBLIC_URL, GatewayFactory, NewAccount, Upstream
from tests.gateway.oauth.conftest import FHIR, Browser, NewApplication
from tests.gateway.oauth.test_authorize import records_that_shows

GRANT = "urn:ietf:params:oauth:grant-type:device_code"
DEVICE: dict[str, Any] = {"grant_types": [GRANT], "redirect_uris": [], "name": "Kiosk"}
SCOPE = "openid offline_access eventide/api"


class Kiosk:
    """A device at the door: asks, shows a code, and asks again."""

    def __init__(self, client: httpx2.AsyncClient, application: Application, database: Database) -> None:
        self.client = client
        self.application = application
        self.database = database
        self.told: dict[str, Any] = {}

    async def begin(self, **changes: str) -> httpx2.Response:
        form = {"scope": SCOPE, **self.application.proof(), **changes}
        answer = await self.client.post("/oauth/device_authorization", data=form)
        if answer.status_code == 200:
            self.told = answer.json()
        return answer

    async def poll(self, **changes: str) -> httpx2.Response:
        form = {"grant_type": GRANT, "device_code": self.told["device_code"], **self.application.proof(), **changes}
        return await self.client.post("/oauth/token", data=form)

    async def error(self) -> str:
        answer = await self.poll()
        assert answer.status_code == 400, answer.text
        return str(answer.json()["error"])

    async def pass_time(self, passed: timedelta) -> None:
        """Let its codes and its last question be older."""
        columns = ("expires_at", "polled_at", "created_at")
        older = {name: getattr(DeviceAuthorizationRow, name) - passed for name in columns}
        async with self.database.command(None) as db:
            await db.execute(update(DeviceAuthorizationRow).values(older))


@pytest.fixture
async def kiosk(
    new_application: NewApplication, web: Callable[[], httpx2.AsyncClient], gateway_database: Database
) -> Kiosk:
    return Kiosk(web(), await new_application(**DEVICE), gateway_database)


async def enter(browser: Browser, code: str) -> httpx2.Response:
    page = await browser.client.get("/oauth/device")
    found = re.search(r'name="csrf_token" value="([0-9a-f]{64})"', page.text)
    assert found is not None, page.text
    return await browser.client.post("/oauth/device", data={"user_code": code, "csrf_token": found[1]})


async def let_in(browser: Browser, kiosk: Kiosk, email: str = "ada@example.org", **more: str) -> httpx2.Response:
    page = await enter(browser, kiosk.told["user_code"])
    if 'name="password"' in page.text:
        page = await browser.sign_in(page, email)
    return await browser.decide(page, None, **more)


async def test_a_person_lets_a_device_in(kiosk: Kiosk, browser: Browser, ada: dict[str, Any]) -> None:
    begun = (await kiosk.begin()).json()
    waiting = await kiosk.error()
    done = await let_in(browser, kiosk)
    tokens = await kiosk.poll()

    assert waiting == "authorization_pending"
    assert re.fullmatch("[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}", begun["user_code"])
    assert begun["verification_uri"] == f"{PUBLIC_URL}/oauth/device"
    assert dict(parse_qsl(urlsplit(begun["verification_uri_complete"]).query)) == {"user_code": begun["user_code"]}
    assert (begun["expires_in"], begun["interval"]) == (600, 5)
    assert (done.status_code, done.headers["location"]) == (303, f"{PUBLIC_URL}/oauth/device?allowed=1")
    assert tokens.status_code == 200, tokens.text
    given_ = tokens.json()
    assert set(given_["scope"].split()) == set(SCOPE.split())
    assert tokens.headers["cache-control"] == "no-store"
    me = await kiosk.client.get("/v1/me", headers={"authorization": f"Bearer {given_['access_token']}"})
    assert me.json()["account_id"] == ada["id"]
    form = {"grant_type": "refresh_token", "refresh_token": given_["refresh_token"], **kiosk.application.proof()}
    assert (await kiosk.client.post("/oauth/token", data=form)).status_code == 200


async def test_a_kiosk_records_who_has_come_and_does_nothing_else(
    kiosk: Kiosk, browser: Browser, ada: dict[str, Any], upstream: Upstream, new_application: NewApplication
) -> None:
    """Before, a kiosk at the door held everything that the person may who let it in."""
    assert ada["roles"] == ["counsellor"]
    kiosk.application = await new_application(**DEVICE, scopes=["eventide/check_in", "offline_access"])
    await kiosk.begin(scope="eventide/check_in offline_access")
    await let_in(browser, kiosk)
    tokens = (await kiosk.poll()).json()
    own = {"authorization": f"Bearer {tokens['access_token']}"}
    site, appointment = UUID(int=1), UUID(int=2)

    async def status(method: str, path: str) -> int:
        return (await kiosk.client.request(method, path, headers=own)).status_code

    assert set(tokens["scope"].split()) == {"eventide/check_in", "offline_access"}
    assert await status("GET", f"/v1/sites/{site}/appointments") == 200
    assert await status("POST", f"/v1/appointments/{appointment}/attendances") == 200
    reached = upstream.calls
    elsewhere = [
        await status("GET", f"/v1/appointments/{appointment}/attendances"),
        await status("GET", "/v1/patients"),
        await status("GET", f"/v1/patients/{UUID(int=3)}"),
        await status("POST", f"/v1/appointments/{appointment}:book"),
        await status("GET", "/v1/login_sessions"),
        await status("GET", "/v1/me"),
    ]
    assert elsewhere == [403] * 6
    assert upstream.calls == reached


async def test_what_a_device_was_granted_is_told_once(kiosk: Kiosk, browser: Browser, ada: dict[str, Any]) -> None:
    assert ada["id"]
    await kiosk.begin()
    await let_in(browser, kiosk)

    assert (await kiosk.poll()).status_code == 200
    assert await kiosk.error() == "invalid_grant"


async def test_a_device_whose_tokens_could_not_be_made_asks_again_and_gets_them(
    kiosk: Kiosk, browser: Browser, ada: dict[str, Any], gateway_app: Any
) -> None:
    assert ada["id"]
    await kiosk.begin()
    await let_in(browser, kiosk)
    equipment = gateway_app.state.equipment
    key = equipment.audit_key

    # A key that seals nothing makes writing the event fail.
    object.__setattr__(equipment, "audit_key", None)
    failed = await kiosk.poll()
    object.__setattr__(equipment, "audit_key", key)

    assert failed.status_code == 500
    assert (await kiosk.poll()).status_code == 200


async def test_a_device_code_that_is_used_again_ends_what_it_gave_and_is_told(
    *, kiosk: Kiosk, browser: Browser, ada: dict[str, Any], gateway: GatewayFactory, clinic: UUID
) -> None:
    await kiosk.begin()
    await let_in(browser, kiosk)
    tokens = (await kiosk.poll()).json()

    # Another question may have been on its way when the tokens were given.
    assert await kiosk.error() == "invalid_grant"
    assert await refreshed(kiosk, tokens["refresh_token"]) == 200
    await kiosk.pass_time(GRACE)
    assert await kiosk.error() == "invalid_grant"

    assert await refreshed(kiosk, tokens["refresh_token"]) == 400
    me = await kiosk.client.get("/v1/me", headers={"authorization": f"Bearer {tokens['access_token']}"})
    assert me.status_code == 401
    answer = await gateway(Role.AUDITOR, organization=clinic).get("/v1/security_events?kind=tokens_reused")
    (told,) = answer.json()["items"]
    assert (told["oauth_client_id"], told["account_id"]) == (kiosk.application.id, ada["id"])


async def refreshed(kiosk: Kiosk, token: str) -> int:
    form = {"grant_type": "refresh_token", "refresh_token": token, **kiosk.application.proof()}
    return (await kiosk.client.post("/oauth/token", data=form)).status_code


@pytest.mark.parametrize("is_decided_elsewhere", [False, True])
async def test_a_device_that_is_over_leaves_no_grant_and_no_consent(
    *,
    kiosk: Kiosk,
    browser: Browser,
    ada: dict[str, Any],
    gateway: GatewayFactory,
    clinic: UUID,
    is_decided_elsewhere: bool,
) -> None:
    await kiosk.begin()
    page = await browser.sign_in(await enter(browser, kiosk.told["user_code"]), ada["email"])
    if is_decided_elsewhere:
        await let_in(browser, kiosk, decision="deny")
    else:
        await kiosk.pass_time(LIFETIME)

    done = await browser.decide(page)

    assert "error=expired_token" in done.headers["location"]
    async with kiosk.database.read(OrganizationId(clinic)) as read:
        assert await read.connection.fetchval("select count(*) from grants") == 0
    answer = await gateway(Role.AUDITOR, organization=clinic).get("/v1/security_events?kind=consent_given")
    assert answer.json()["items"] == []


async def test_a_device_is_declined_where_the_person_ticks_nothing(
    kiosk: Kiosk, browser: Browser, ada: dict[str, Any]
) -> None:
    await kiosk.begin()
    page = await browser.sign_in(await enter(browser, kiosk.told["user_code"]), ada["email"])

    done = await browser.decide(page, [])

    assert "error=access_denied" in done.headers["location"]
    assert await kiosk.error() == "access_denied"


async def test_a_device_is_declined_where_the_person_may_not_see_the_patient(
    kiosk: Kiosk, browser: Browser, ada: dict[str, Any], upstream: Upstream
) -> None:
    records_that_shows(upstream, UUID(int=11), UUID(int=12))
    await kiosk.begin(scope="openid patient/Patient.rs", aud=FHIR)
    page = await browser.sign_in(await enter(browser, kiosk.told["user_code"]), ada["email"])

    done = await browser.decide(page, patient_id=str(UUID(int=99)))

    assert "error=access_denied" in done.headers["location"]
    assert await kiosk.error() == "access_denied"


async def test_the_person_sees_the_code_and_whose_device_it_is_and_is_asked_each_time(
    kiosk: Kiosk, browser: Browser, ada: dict[str, Any]
) -> None:
    assert ada["id"]
    for number in range(2):
        code = (await kiosk.begin()).json()["user_code"]
        page = await enter(browser, code.lower().replace("-", " "))
        if number == 0:
            page = await browser.sign_in(page, "ada@example.org")

        assert page.status_code == 200
        assert code in page.text
        assert "Kiosk" in page.text
        assert 'value="allow"' in page.text
        await browser.decide(page)


async def test_a_device_that_is_declined_is_told_so_once(kiosk: Kiosk, browser: Browser, ada: dict[str, Any]) -> None:
    assert ada["id"]
    await kiosk.begin()
    done = await let_in(browser, kiosk, decision="deny")

    assert "error=access_denied" in done.headers["location"]
    assert "not let in" in (await browser.client.get(done.headers["location"])).text
    assert await kiosk.error() == "access_denied"
    assert await kiosk.error() == "invalid_grant"


async def test_a_device_that_asks_too_often_has_to_wait_longer_each_time(kiosk: Kiosk) -> None:
    await kiosk.begin()

    assert [await kiosk.error() for _ in range(3)] == ["authorization_pending", "slow_down", "slow_down"]
    await kiosk.pass_time(INTERVAL + timedelta(seconds=1))
    assert await kiosk.error() == "slow_down"  # it was told to wait for 15 seconds, and now for 20
    await kiosk.pass_time(timedelta(seconds=21))
    assert await kiosk.error() == "authorization_pending"


async def test_codes_are_over_after_ten_minutes(kiosk: Kiosk, browser: Browser, ada: dict[str, Any]) -> None:
    await kiosk.begin()
    page = await browser.sign_in(await enter(browser, kiosk.told["user_code"]), ada["email"])
    await kiosk.pass_time(LIFETIME)

    assert (await enter(browser, kiosk.told["user_code"])).status_code == 400
    done = await browser.decide(page)
    assert "error=expired_token" in done.headers["location"]
    assert await kiosk.error() == "expired_token"
    await kiosk.pass_time(LIFETIME)
    await kiosk.begin()
    assert await kiosk.error() == "authorization_pending"


async def test_an_application_that_is_not_registered_for_devices_gets_no_code(
    new_application: NewApplication, web: Callable[[], httpx2.AsyncClient], gateway_database: Database
) -> None:
    kiosk = Kiosk(web(), await new_application(), gateway_database)

    answer = await kiosk.begin()
    kiosk.told = {"device_code": "x" * 43}

    assert (answer.status_code, answer.json()["error"]) == (400, "unauthorized_client")
    assert await kiosk.error() == "unauthorized_client"


async def test_another_application_learns_nothing_of_a_device(
    kiosk: Kiosk, new_application: NewApplication, browser: Browser, ada: dict[str, Any]
) -> None:
    assert ada["id"]
    await kiosk.begin()
    await let_in(browser, kiosk)
    other = Kiosk(kiosk.client, await new_application(**DEVICE), kiosk.database)
    other.told = kiosk.told

    assert await other.error() == "invalid_grant"
    assert (await kiosk.poll()).status_code == 200


async def test_a_device_that_can_keep_a_key_proves_itself(
    new_application: NewApplication, web: Callable[[], httpx2.AsyncClient], gateway_database: Database
) -> None:
    kiosk = Kiosk(web(), await new_application(key=Key(), **DEVICE), gateway_database)

    assert (await kiosk.begin()).status_code == 200
    unproved = await kiosk.client.post(
        "/oauth/device_authorization", data={"scope": SCOPE, "client_id": kiosk.application.id}
    )

    assert (unproved.status_code, unproved.json()["error"]) == (401, "invalid_client")


async def test_a_person_of_another_organization_lets_no_device_in(
    kiosk: Kiosk, browser: Browser, new_account: NewAccount
) -> None:
    await new_account(email="bob@example.org", roles=(Role.COUNSELLOR,))
    await kiosk.begin()

    page = await browser.sign_in(await enter(browser, kiosk.told["user_code"]), "bob@example.org")

    assert "error=access_denied" in page.headers["location"]
    assert await kiosk.error() == "authorization_pending"


async def test_who_types_codes_that_no_device_shows_is_held_up_and_nobody_else(
    kiosk: Kiosk, browser: Browser, ada: dict[str, Any]
) -> None:
    assert ada["id"]
    guesses = [(await enter(browser, "BCDF-BCDF")).status_code for _ in range(USER_CODE.most + 2)]
    await kiosk.begin()
    right = await enter(browser, kiosk.told["user_code"])

    assert guesses == [400] * USER_CODE.most + [429] * 2
    assert right.status_code == 429
    assert await kiosk.error() == "authorization_pending"


async def test_what_another_site_lets_browsers_send_holds_nobody_up(
    kiosk: Kiosk, browser: Browser, web: Callable[[], httpx2.AsyncClient]
) -> None:
    form = {"user_code": "BCDF-BCDF", "csrf_token": "0" * 64}
    sent = [(await web().post("/oauth/device", data=form)).status_code for _ in range(USER_CODE.most + 2)]
    await kiosk.begin()

    assert sent == [400] * (USER_CODE.most + 2)
    assert (await enter(browser, kiosk.told["user_code"])).status_code == 200


async def test_who_has_signed_in_on_a_device_is_not_held_up_by_others_of_the_network(
    kiosk: Kiosk, browser: Browser, web: Callable[[], httpx2.AsyncClient], ada: dict[str, Any]
) -> None:
    assert ada["id"]
    await kiosk.begin()
    await let_in(browser, kiosk)
    stranger = Browser(web())
    guesses = [(await enter(stranger, "BCDF-BCDF")).status_code for _ in range(USER_CODE.most + 2)]
    await kiosk.begin()

    assert guesses == [400] * USER_CODE.most + [429] * 2
    assert (await enter(browser, kiosk.told["user_code"])).status_code == 200
    own = [(await enter(browser, "BCDF-BCDF")).status_code for _ in range(USER_CODE.most + 1)]
    assert own == [400] * USER_CODE.most + [429]


async def test_typing_right_codes_holds_nobody_up(kiosk: Kiosk, browser: Browser) -> None:
    await kiosk.begin()

    assert {(await enter(browser, kiosk.told["user_code"])).status_code for _ in range(USER_CODE.most + 2)} == {200}


async def test_a_decision_counts_only_in_the_browser_that_was_asked(
    kiosk: Kiosk, browser: Browser, web: Callable[[], httpx2.AsyncClient], ada: dict[str, Any]
) -> None:
    await kiosk.begin()
    page = await browser.sign_in(await enter(browser, kiosk.told["user_code"]), ada["email"])

    stolen = await Browser(web()).decide(page)

    assert stolen.status_code == 400
    assert await kiosk.error() == "authorization_pending"


async def test_a_code_shown_is_let_in_once(kiosk: Kiosk, browser: Browser, ada: dict[str, Any]) -> None:
    assert ada["id"]
    await kiosk.begin()
    await let_in(browser, kiosk)

    assert (await enter(browser, kiosk.told["user_code"])).status_code == 400


async def test_what_is_kept_of_a_device_gives_no_code_away(kiosk: Kiosk) -> None:
    await kiosk.begin()

    async with kiosk.database.read(None) as read:
        (row,) = await read.connection.fetch("select * from device_authorizations")
    assert kiosk.told["device_code"] not in str(dict(row))
    assert kiosk.told["user_code"] not in str(dict(row))


async def test_letting_a_device_in_and_declining_one_are_told(
    kiosk: Kiosk, browser: Browser, ada: dict[str, Any], gateway: GatewayFactory, clinic: UUID
) -> None:
    for decision in ("allow", "deny"):
        await kiosk.begin()
        await let_in(browser, kiosk, decision=decision)
        await kiosk.poll()

    answer = await gateway(Role.AUDITOR, organization=clinic).get("/v1/security_events")
    told = [event for event in answer.json()["items"] if event["oauth_client_id"] == kiosk.application.id]
    assert [event["kind"] for event in told] == [
        "oauth_client_registered", "consent_given", "tokens_granted", "consent_declined",
    ]  # fmt: skip
    assert {event["account_id"] for event in told[1:]} == {ada["id"]}
    assert kiosk.told["user_code"] not in answer.text


# One of them begins with a full-width letter, which looks like ours.
@pytest.mark.parametrize("typed", ["", "BCDF", "BCDF-BCDFB", "AEIO-UYAE", "1234-5678", "ＢCDF-BCDF", "x" * 10_000])  # noqa: RUF001
async def test_what_cannot_be_a_code_is_refused(browser: Browser, typed: str) -> None:
    assert (await enter(browser, typed)).status_code == 400


async def test_the_page_shows_the_code_of_its_link_as_text_and_can_be_framed_by_nobody(browser: Browser) -> None:
    page = await browser.client.get("/oauth/device", params={"user_code": '"><script>alert(1)</script>'})

    assert page.status_code == 200
    assert "<script>" not in page.text
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]


def test_user_codes_have_no_vowel_no_digit_and_enough_of_chance() -> None:
    codes = [new_user_code() for _ in range(2000)]

    assert len(set(codes)) == len(codes)
    letters = Counter("".join(codes).replace("-", ""))
    assert set(letters) == set("BCDFGHJKLMNPQRSTVWXZ")
    assert max(letters.values()) < 2 * min(letters.values())
    assert all(read_user_code(code.lower().replace("-", "")) == code for code in codes)


AT = datetime.fromisoformat("2026-11-30T10:00:00+00:00")


@given(
    st.sampled_from(DeviceStatus), st.integers(-700, 700), st.none() | st.integers(0, 60), st.integers(5, 60)
)  # fmt: skip
def test_a_device_is_told_what_holds(status: DeviceStatus, left: int, since: int | None, interval: int) -> None:
    answer = answer_to(
        status,
        now=AT,
        expires_at=AT + timedelta(seconds=left),
        polled_at=None if since is None else AT - timedelta(seconds=since),
        interval=timedelta(seconds=interval),
    )

    assert (answer is DeviceAnswer.EXPIRED) is (left <= 0)
    assert (answer is DeviceAnswer.TOKENS) is (left > 0 and status is DeviceStatus.ALLOWED)
    assert (answer is DeviceAnswer.REUSED) is (
        left > 0 and status is DeviceStatus.TOLD and (since is None or timedelta(seconds=since) >= GRACE)
    )
    too_soon = status is DeviceStatus.PENDING and since is not None and since < interval
    assert (answer is DeviceAnswer.SLOW_DOWN) is (left > 0 and too_soon)
