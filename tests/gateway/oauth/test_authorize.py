"""Checklist 7 to 22: what is asked, by whom, and where the answer goes."""

import base64
import hashlib
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import httpx2
import pyotp
import pytest

from services.chassis.clock import Clock
from services.contracts.identity import Role
from services.operator.drill.checklist.probes.applications import REDIRECT, VERIFIER, Application
from services.operator.drill.checklist.probes.signing import Key, decoded
from tests.gateway.conftest import (
    PASSWORD,
    PUBLIC_URL,
    GatewayFactory,
    NewAccount,
    NewOrganization,
    Upstream,
    answer_json,
)
from tests.gateway.oauth.conftest import FHIR, Browser, Flow, NewApplication, answer_of, handle_in, scopes_in


async def test_07_a_person_allows_and_the_application_gets_its_tokens(
    flow: Flow, application: Application, ada: dict[str, Any], clinic: UUID
) -> None:
    answer = await flow.code(application)

    assert set(answer) == {"code", "state", "iss"}
    assert answer["iss"] == PUBLIC_URL
    assert answer["state"] == "st/a te&=%"  # 19: echoed exactly
    given = await flow.redeem(application, answer["code"])
    assert given.status_code == 200, given.text
    tokens = given.json()
    assert tokens["scope"] == "openid offline_access eventide/api"
    access = decoded(tokens["access_token"])
    assert (access["sub"], access["org"], access["roles"]) == (ada["id"], str(clinic), ["counsellor"])
    assert (access["client_id"], access["scope"]) == (application.id, "eventide/api offline_access openid")
    claims = decoded(tokens["id_token"])
    assert (claims["iss"], claims["aud"], claims["sub"], claims["nonce"]) == (
        PUBLIC_URL, application.id, ada["id"], "n-1"
    )  # fmt: skip
    assert (claims["amr"], claims["acr"]) == (["pwd"], "aal1")
    assert await flow.me(tokens["access_token"]) == 200


@pytest.mark.parametrize(
    "changes",
    [
        {"code_challenge": None, "code_challenge_method": None}, {"code_challenge": None},
        {"code_challenge_method": None}, {"code_challenge_method": "plain"}, {"code_challenge": VERIFIER + "="},
        {"code_challenge": "short"}, {"code_challenge": "a" * 42 + "B"},
    ],
)  # fmt: skip
async def test_08_09_without_a_challenge_there_is_no_code(
    browser: Browser, application: Application, changes: dict[str, Any]
) -> None:
    answer = answer_of(await browser.open(application.request(**changes)))

    assert answer["error"] == "invalid_request"
    assert "code" not in answer
    assert (answer["state"], answer["iss"]) == ("st/a te&=%", PUBLIC_URL)


@pytest.mark.parametrize("verifier", ["", "w" * 43, "v" * 42, "v" * 44, "v" * 129, "ü" * 43])
async def test_10_a_code_needs_its_own_verifier(flow: Flow, application: Application, verifier: str) -> None:
    answer = await flow.code(application)

    refused = await flow.redeem(application, answer["code"], code_verifier=verifier)

    assert refused.status_code == 400
    assert refused.json()["error"] in {"invalid_grant", "invalid_request"}


@pytest.mark.parametrize(
    "uri",
    [
        REDIRECT + "/", REDIRECT + "/more", REDIRECT + "?x=1", REDIRECT.upper(), "http" + REDIRECT[5:],
        "https://app.example.org:8443/callback", "https://app.example.org/", "https://evil.test/callback",
        "https://app.example.org.evil.test/callback", "https://app.example.org@evil.test/callback", "//evil.test",
        "javascript:alert(1)", "data:text/html,x", "", "https://app.example.org/callback#f", REDIRECT[:-1],
        "https://app.example.org/%63allback", "https://app.example.org/x/../callback", "http://127.0.0.1/callback",
    ],
)  # fmt: skip
async def test_11_12_nothing_is_sent_to_a_redirect_that_is_not_registered(
    browser: Browser, application: Application, uri: str
) -> None:
    page = await browser.open(application.request(redirect_uri=uri))

    assert page.status_code == 400
    assert "location" not in page.headers
    assert "text/html" in page.headers["content-type"]


async def test_11_a_native_application_listens_on_any_port_of_its_own_machine(
    browser: Browser, new_application: NewApplication
) -> None:
    native = await new_application(redirect_uris=["http://127.0.0.1/callback", "org.example.app:/callback"])

    async def status(uri: str) -> int:
        return (await browser.open(native.request(redirect_uri=uri))).status_code

    assert await status("http://127.0.0.1:49152/callback") == 200
    assert await status("org.example.app:/callback") == 200
    assert await status("http://127.0.0.1:49152/other") == 400
    assert await status("http://127.0.0.2:49152/callback") == 400
    assert await status("http://localhost:49152/callback") == 400
    assert await status("http://user@127.0.0.1:49152/callback") == 400
    assert await status("http://127.0.0.1.evil.test:49152/callback") == 400


@pytest.mark.parametrize("client_id", [None, "", "nobody", "0" * 32, str(UUID(int=1)), "' or 1=1 --"])
async def test_12_an_unknown_application_gets_a_page_and_no_redirect(
    browser: Browser, application: Application, client_id: str | None
) -> None:
    page = await browser.open(application.request(client_id=client_id))

    assert page.status_code == 400
    assert "location" not in page.headers


@pytest.mark.parametrize("response_type", ["token", "id_token", "code token", "code id_token", None, "none"])
async def test_13_only_a_code_is_given(browser: Browser, application: Application, response_type: str | None) -> None:
    answer = answer_of(await browser.open(application.request(response_type=response_type)))

    assert answer["error"] == "unsupported_response_type"


@pytest.mark.parametrize("aud", [None, "https://evil.test/fhir/R4", PUBLIC_URL, f"{FHIR}/Patient", FHIR.upper()])
async def test_15_clinical_scopes_are_for_this_fhir_server(
    browser: Browser, application: Application, aud: str | None
) -> None:
    answer = answer_of(await browser.open(application.request(scope="openid user/Patient.rs", aud=aud)))

    assert answer["error"] == "invalid_request"
    assert "code" not in answer


async def test_14_16_the_right_audience_is_taken_by_get_and_by_post(browser: Browser, application: Application) -> None:
    parameters = application.request(scope="openid user/Patient.rs", aud=FHIR)

    opened = await browser.open(parameters)
    posted = await browser.client.post("/oauth/authorize", data=parameters)

    assert (opened.status_code, posted.status_code) == (200, 200)
    assert 'name="password"' in posted.text


async def test_18_pushed_parameters_are_used_once_and_by_their_application(
    flow: Flow, new_application: NewApplication
) -> None:
    key = Key()
    application, other = await new_application(key=key), await new_application()
    pushed = await flow.browser.client.post("/oauth/par", data={**application.request(), **application.proof()})
    assert pushed.status_code == 201, pushed.text
    reference = {"client_id": application.id, "request_uri": pushed.json()["request_uri"]}

    stolen = await flow.browser.open({**reference, "client_id": other.id})
    first = await flow.browser.open(reference)
    second = await flow.browser.open(reference)

    assert (stolen.status_code, first.status_code, second.status_code) == (400, 200, 400)
    page = await flow.browser.sign_in(first, "ada@example.org")
    answer = answer_of(await flow.browser.decide(page))
    assert (await flow.redeem(application, answer["code"])).status_code == 200


async def test_18_what_is_pushed_is_checked_and_its_sender_authenticated(
    browser: Browser, new_application: NewApplication
) -> None:
    application = await new_application(key=Key())

    async def push(**changes: Any) -> httpx2.Response:
        return await browser.client.post("/oauth/par", data={**application.request(), **application.proof(), **changes})

    bad = await push(redirect_uri="https://evil.test/")
    plain = await push(code_challenge_method="plain")
    nobody = await browser.client.post("/oauth/par", data=application.request())

    assert (bad.status_code, plain.status_code, nobody.status_code) == (400, 400, 401)
    assert nobody.json()["error"] == "invalid_client"


@pytest.mark.parametrize(
    "uri", ["http://169.254.169.254/latest", "https://evil.test/request", "urn:ietf:params:oauth:request_uri:x", ""]
)
async def test_19_no_request_is_fetched_from_anywhere(browser: Browser, application: Application, uri: str) -> None:
    page = await browser.open({"client_id": application.id, "request_uri": uri})

    assert page.status_code == 400
    assert "location" not in page.headers


async def test_19_a_request_object_is_refused(browser: Browser, application: Application) -> None:
    answer = answer_of(await browser.open(application.request(request="eyJ.x.y")))

    assert answer["error"] == "request_not_supported"


async def test_20_who_must_not_be_asked_is_not_asked(flow: Flow, application: Application) -> None:
    nobody = answer_of(await flow.browser.open(application.request(prompt="none")))
    page = await flow.browser.open(application.request())
    consent = await flow.browser.sign_in(page, "ada@example.org")
    not_agreed = answer_of(await flow.browser.open(application.request(prompt="none")))
    await flow.browser.decide(consent)
    agreed = answer_of(await flow.browser.open(application.request(prompt="none")))

    assert (nobody["error"], not_agreed["error"]) == ("login_required", "consent_required")
    assert set(agreed) == {"code", "state", "iss"}


async def test_21_a_person_may_leave_out_single_scopes(flow: Flow, application: Application) -> None:
    page = await flow.browser.open(application.request(scope="openid eventide/api offline_access"))
    consent = await flow.browser.sign_in(page, "ada@example.org")
    assert scopes_in(consent) == ["openid", "eventide/api", "offline_access"]

    answer = answer_of(await flow.browser.decide(consent, ["openid", "user/Patient.cruds", "system/*.*"]))
    tokens = (await flow.redeem(application, answer["code"])).json()

    assert tokens["scope"] == "openid"
    assert "refresh_token" not in tokens
    assert await flow.me(tokens["access_token"]) == 200


async def test_21_an_agreement_is_remembered_until_it_is_taken_back(
    flow: Flow, application: Application, web: Callable[[], httpx2.AsyncClient]
) -> None:
    tokens = await flow.tokens(application)
    again = await flow.browser.open(application.request())
    more = await flow.browser.open(application.request(scope="openid eventide/api offline_access online_access"))
    forced = await flow.browser.open(application.request(prompt="consent"))
    assert (again.status_code, more.status_code, forced.status_code) == (303, 200, 200)
    signed_in = await web().post("/v1/login_sessions", json={"email": "ada@example.org",
                                                             "password": "correct horse battery staple"})  # fmt: skip
    own = {"authorization": f"Bearer {signed_in.json()['access_token']}"}
    listed = (await web().get("/v1/oauth_consents", headers=own)).json()["items"]
    assert [(one["oauth_client_id"], one["name"]) for one in listed] == [(application.id, "Chart <b>Viewer</b>")]

    revoked = await web().post(f"/v1/oauth_consents/{application.id}:revoke", headers=own)

    assert revoked.status_code == 204
    assert (await flow.browser.open(application.request())).status_code == 200
    assert await flow.me(tokens["access_token"]) == 401
    assert (await flow.refresh(application, tokens["refresh_token"])).status_code == 400
    assert (await web().post(f"/v1/oauth_consents/{application.id}:revoke", headers=own)).status_code == 404


async def test_21_who_declines_grants_nothing(flow: Flow, application: Application) -> None:
    page = await flow.browser.open(application.request())
    consent = await flow.browser.sign_in(page, "ada@example.org")

    declined = answer_of(await flow.browser.decide(consent, decision="deny"))
    nothing = await flow.browser.decide(consent)

    assert declined["error"] == "access_denied"
    assert nothing.status_code == 400  # decided once


async def test_22_pages_cannot_be_framed_and_run_only_our_script(browser: Browser, application: Application) -> None:
    page = await browser.open(application.request())
    consent = await browser.sign_in(page, "nobody@example.org")

    for shown in (page, consent):
        policy = shown.headers["content-security-policy"]
        assert "frame-ancestors 'none'" in policy
        assert "default-src 'none'" in policy
        (script,) = re.findall(r"<script>(.*?)</script>", shown.text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        assert f"script-src 'sha256-{digest}';" in policy
        assert shown.text.count("<script") == 1
        assert "connect-src" not in policy
        assert shown.headers["x-frame-options"] == "DENY"
        assert shown.headers["cache-control"] == "no-store"
        assert "<b>Viewer" not in shown.text
        assert "Chart &lt;b&gt;Viewer" in shown.text


async def test_22_the_form_may_lead_to_the_application_and_nowhere_else(flow: Flow, application: Application) -> None:
    page = await flow.browser.open(application.request())
    consent = await flow.browser.sign_in(page, "ada@example.org")

    # From the sign-in page too: who has agreed before is sent on at once, and browsers hold redirects to this as well.
    for shown in (page, consent):
        assert "form-action 'self' https://app.example.org;" in shown.headers["content-security-policy"]


async def test_22_a_page_works_only_in_the_browser_it_was_shown_in(
    flow: Flow, application: Application, web: Callable[[], httpx2.AsyncClient]
) -> None:
    page = await flow.browser.open(application.request())
    consent = await flow.browser.sign_in(page, "ada@example.org")
    attacker, stolen = Browser(web()), Browser(web())
    await attacker.open(application.request())
    # Even with the session's cookie: what the page was shown with is missing.
    session = flow.browser.client.cookies.get("__Host-eventide-session")
    stolen.client.cookies.set("__Host-eventide-session", session or "", domain="eventide.test", path="/")

    assert (await attacker.decide(consent)).status_code == 400
    assert (await stolen.decide(consent)).status_code == 400
    assert (await attacker.sign_in(page, "ada@example.org")).status_code == 400
    assert set(answer_of(await flow.browser.decide(consent))) == {"code", "state", "iss"}


async def test_22_78_cookies_are_the_hosts_own_and_the_session_is_new_at_each_sign_in(
    flow: Flow, application: Application
) -> None:
    first = await flow.browser.sign_in(await flow.browser.open(application.request()), "ada@example.org")
    before = flow.browser.client.cookies.get("__Host-eventide-session")
    page = await flow.browser.open(application.request(prompt="login"))
    assert 'name="password"' in page.text
    answered = await flow.browser.sign_in(page, "ada@example.org")

    assert scopes_in(answered)
    assert flow.browser.client.cookies.get("__Host-eventide-session") != before
    for cookie in first.headers.get_list("set-cookie"):
        assert cookie.startswith("__Host-eventide-")
        assert all(part in cookie for part in ("HttpOnly", "Secure", "SameSite=lax", "Path=/"))
        assert "Domain" not in cookie


async def test_23_an_old_sign_in_is_not_enough_where_a_young_one_is_asked_for(
    flow: Flow, application: Application
) -> None:
    await flow.code(application)

    fresh = await flow.browser.open(application.request(max_age="3600"))
    stale = await flow.browser.open(application.request(max_age="0"))
    silly = answer_of(await flow.browser.open(application.request(max_age="soon")))

    assert fresh.status_code == 303
    assert 'name="password"' in stale.text
    assert answer_of(await flow.browser.sign_in(stale, "ada@example.org"))["code"]
    assert silly["error"] == "invalid_request"


async def _with_a_second_factor(web: Callable[[], httpx2.AsyncClient], clock: Clock) -> pyotp.TOTP:
    """Set up one-time codes for Ada, and return what shows them; the code of this half minute is used."""
    own = await own_token(web())
    begun = await web().post("/v1/me/totp", json={"password": PASSWORD}, headers=own)
    assert begun.status_code == 201, begun.text
    totp = pyotp.TOTP(begun.json()["secret"])
    code = totp.at(clock.now())
    confirmed = await web().post("/v1/me/totp:confirm", json={"one_time_code": code}, headers=own)
    assert confirmed.status_code == 200, confirmed.text
    return totp


async def test_23_who_has_a_second_factor_signs_in_with_it_on_the_page(
    flow: Flow, application: Application, web: Callable[[], httpx2.AsyncClient], clock: Clock
) -> None:
    totp = await _with_a_second_factor(web, clock)
    page = await flow.browser.open(application.request())

    alone = await flow.browser.sign_in(page, flow.email)
    both = await flow.browser.sign_in(page, flow.email, one_time_code=totp.at(clock.now() + timedelta(seconds=30)))
    answer = answer_of(await flow.browser.decide(both))
    claims = decoded((await flow.redeem(application, answer["code"])).json()["id_token"])

    assert "a code of your second factor" in alone.text
    assert 'name="one_time_code"' in alone.text
    assert (claims["amr"], claims["acr"]) == (["pwd", "otp", "mfa"], "aal2")


async def test_23_where_two_factors_are_asked_for_a_session_of_one_is_not_enough(
    flow: Flow, application: Application, web: Callable[[], httpx2.AsyncClient], clock: Clock
) -> None:
    await flow.code(application)
    weak = await flow.browser.open(application.request())
    silent = answer_of(await flow.browser.open(application.request(acr_values="aal2", prompt="none")))
    totp = await _with_a_second_factor(web, clock)

    asked = await flow.browser.open(application.request(acr_values="phr aal2 aal1"))
    code = totp.at(clock.now() + timedelta(seconds=30))
    strong = await flow.browser.sign_in(asked, flow.email, one_time_code=code)
    again = await flow.browser.open(application.request(acr_values="aal2"))
    either = await flow.browser.open(application.request(acr_values="aal1 aal2"))

    assert weak.status_code == 303
    assert silent["error"] == "login_required"
    assert 'name="password"' in asked.text
    assert [set(answer_of(one)) for one in (strong, again, either)] == [{"code", "state", "iss"}] * 3


async def test_23_who_has_no_second_factor_cannot_meet_it_and_the_application_is_told(
    flow: Flow, application: Application
) -> None:
    page = await flow.browser.open(application.request(acr_values="aal2"))

    answer = answer_of(await flow.browser.sign_in(page, flow.email))

    assert answer["error"] == "unmet_authentication_requirements"
    assert "code" not in answer


async def test_23_a_level_that_nobody_knows_asks_for_nothing(flow: Flow, application: Application) -> None:
    assert set(await flow.code(application, acr_values="urn:example:gold")) == {"code", "state", "iss"}


@pytest.mark.parametrize("prompt", ["none login", "select", "login select"])
async def test_a_prompt_that_makes_no_sense_is_refused(browser: Browser, application: Application, prompt: str) -> None:
    answer = answer_of(await browser.open(application.request(prompt=prompt)))

    assert answer["error"] == "invalid_request"


@pytest.mark.parametrize("scope", ["", "profile", "system/*.rs", "patient/Patient.sr", "user/Observation.rs"])
async def test_what_cannot_be_granted_is_refused(browser: Browser, application: Application, scope: str) -> None:
    answer = answer_of(await browser.open(application.request(scope=scope, aud=FHIR)))

    assert answer["error"] == "invalid_scope"


async def test_30_a_parameter_that_comes_twice_is_refused(browser: Browser, application: Application) -> None:
    parameters = {**application.request(), "scope": ["openid", "openid"]}

    assert (await browser.client.get("/oauth/authorize", params=parameters)).status_code == 400


@pytest.mark.parametrize(
    ("email", "password"),
    [("ada@example.org", "wrong"), ("nobody@example.org", "x"), ("", ""), ("ada@example.org", "x" * 10_000)],
)
async def test_a_wrong_password_gets_the_same_page_for_everybody(
    browser: Browser, application: Application, ada: dict[str, Any], email: str, password: str
) -> None:
    page = await browser.open(application.request())

    answer = await browser.sign_in(page, email, password)

    assert ada["email"] not in answer.text
    assert "do not fit together" in answer.text
    assert "__Host-eventide-session" not in browser.client.cookies


async def test_who_works_in_two_organizations_chooses_one(
    *,
    browser: Browser, new_application: NewApplication, new_account: NewAccount, new_organization: NewOrganization,
    ada: dict[str, Any], clinic: UUID,
) -> None:  # fmt: skip
    elsewhere = await new_organization("Elsewhere & Sons")
    await new_account(organization=elsewhere, email=ada["email"], roles=(Role.NURSE,))
    application = await new_application()
    page = await browser.open(application.request())

    asked = await browser.sign_in(page, ada["email"])
    consent = await browser.sign_in(page, ada["email"], organization_id=str(clinic))

    assert "Elsewhere &amp; Sons" in asked.text
    assert scopes_in(consent)


async def test_an_application_of_another_organization_gets_nothing(
    browser: Browser, new_application: NewApplication, new_organization: NewOrganization, ada: dict[str, Any]
) -> None:
    foreign = await new_application(organization=await new_organization("Elsewhere"))

    answer = answer_of(await browser.sign_in(await browser.open(foreign.request()), ada["email"]))

    assert answer["error"] == "access_denied"
    assert "code" not in answer


async def test_the_token_of_an_application_signs_nobody_in(flow: Flow, application: Application) -> None:
    tokens = await flow.tokens(application)
    flow.browser.client.cookies.set("__Host-eventide-session", tokens["access_token"], domain="eventide.test", path="/")

    page = await flow.browser.open(application.request())

    assert 'name="password"' in page.text


def records_that_shows(upstream: Upstream, patient: UUID, encounter: UUID) -> None:
    async def answer(scope: Any, _receive: Any, send: Any) -> None:
        seen = {
            f"/v1/patients/{patient}": {"id": str(patient)},
            f"/v1/encounters/{encounter}": {"patient_id": str(patient)},
            "/v1/patients": {
                "items": [{"id": str(patient), "family_name": "Example", "given_name": "<Pat>"}],
                "next_page_token": None,
            },
        }
        found = seen.get(scope["path"])
        await answer_json(send, found or {}, status=200 if found else 404)

    upstream.answer = answer


async def own_token(client: httpx2.AsyncClient) -> dict[str, str]:
    signed_in = await client.post(
        "/v1/login_sessions", json={"email": "ada@example.org", "password": "correct horse battery staple"}
    )
    return {"authorization": f"Bearer {signed_in.json()['access_token']}"}


async def test_a_launch_brings_its_patient_and_encounter_and_is_good_once(
    flow: Flow, application: Application, upstream: Upstream, web: Callable[[], httpx2.AsyncClient]
) -> None:
    patient, encounter = UUID(int=11), UUID(int=12)
    records_that_shows(upstream, patient, encounter)
    body = {"oauth_client_id": application.id, "patient_id": str(patient), "encounter_id": str(encounter)}
    made = await web().post("/v1/launches", json=body, headers=await own_token(web()))
    assert made.status_code == 201, made.text
    launch = made.json()
    assert launch["iss"] == FHIR
    asked: dict[str, str | None] = {
        "scope": "launch openid patient/Patient.rs",
        "aud": FHIR,
        "launch": launch["launch"],
    }

    tokens = await flow.tokens(application, **asked)
    again = answer_of(await flow.browser.open(application.request(**asked)))

    assert (tokens["patient"], tokens["encounter"]) == (str(patient), str(encounter))
    assert tokens["scope"] == "launch openid patient/Patient.rs"
    claims = decoded(tokens["access_token"])
    assert (claims["patient"], claims["encounter"]) == (str(patient), str(encounter))
    assert again["error"] == "invalid_request"


async def test_nobody_launches_with_a_patient_that_is_not_theirs_to_see(
    application: Application, upstream: Upstream, ada: dict[str, Any], web: Callable[[], httpx2.AsyncClient]
) -> None:
    records_that_shows(upstream, UUID(int=11), UUID(int=12))
    own = await own_token(web())

    async def launch(**changes: str) -> int:
        body = {"oauth_client_id": application.id, "patient_id": str(UUID(int=11)), **changes}
        return (await web().post("/v1/launches", json=body, headers=own)).status_code

    assert ada["roles"] == ["counsellor"]
    assert await launch() == 201
    assert await launch(patient_id=str(UUID(int=99))) == 404
    assert await launch(encounter_id=str(UUID(int=99))) == 404
    assert await launch(oauth_client_id=str(UUID(int=99))) == 404


async def test_a_launch_of_somebody_else_or_for_another_application_is_not_good(
    *,
    flow: Flow, new_application: NewApplication, new_account: NewAccount, upstream: Upstream, clinic: UUID,
    web: Callable[[], httpx2.AsyncClient],
) -> None:  # fmt: skip
    records_that_shows(upstream, UUID(int=11), UUID(int=12))
    application, other = await new_application(), await new_application()
    await new_account(organization=clinic, email="bob@example.org", roles=(Role.COUNSELLOR,))
    body = {"oauth_client_id": application.id, "patient_id": str(UUID(int=11))}
    launch = (await web().post("/v1/launches", json=body, headers=await own_token(web()))).json()["launch"]
    asked: dict[str, str | None] = {"scope": "launch openid", "aud": FHIR, "launch": launch}
    bob = Flow(Browser(web()), "bob@example.org")

    refused = [await bob.code(application, **asked), await flow.code(other, **asked)]
    good = await flow.code(application, **asked)

    assert [answer["error"] for answer in refused] == ["invalid_request", "invalid_request"]
    assert "code" in good


async def test_59_a_patient_is_chosen_among_those_one_may_see_and_checked_again(
    flow: Flow, application: Application, upstream: Upstream
) -> None:
    records_that_shows(upstream, UUID(int=11), UUID(int=12))
    asked: dict[str, str | None] = {"scope": "launch/patient openid patient/Patient.rs", "aud": FHIR}
    page = await flow.browser.open(application.request(**asked))
    consent = await flow.browser.sign_in(page, "ada@example.org")
    assert "Example, &lt;Pat&gt;" in consent.text

    chosen = answer_of(await flow.browser.decide(consent, patient_id=str(UUID(int=11))))
    tokens = (await flow.redeem(application, chosen["code"])).json()
    other = await flow.browser.open(application.request(**asked))
    foreign = answer_of(await flow.browser.decide(other, patient_id=str(UUID(int=99))))
    none = await flow.browser.open(application.request(**asked))
    without = answer_of(await flow.browser.decide(none))
    narrowed = (await flow.redeem(application, without["code"])).json()

    assert tokens["patient"] == str(UUID(int=11))
    assert foreign["error"] == "access_denied"
    assert "patient" not in narrowed
    assert narrowed["scope"] == "openid"


async def test_a_code_never_goes_where_a_page_of_ours_could_show_it(flow: Flow, application: Application) -> None:
    page = await flow.browser.sign_in(await flow.browser.open(application.request()), "ada@example.org")
    assert handle_in(page)

    answered = await flow.browser.decide(page)

    assert urlsplit(answered.headers["location"]).netloc == "app.example.org"
    assert answered.headers["referrer-policy"] == "no-referrer"
    assert answered.headers["cache-control"] == "no-store"


async def test_86_a_changed_password_ends_what_applications_were_granted(
    flow: Flow, application: Application, web: Callable[[], httpx2.AsyncClient]
) -> None:
    tokens = await flow.tokens(application)
    body = {"current_password": PASSWORD, "new_password": "another horse battery staple"}

    changed = await web().post("/v1/me:change_password", json=body, headers=await own_token(web()))

    assert changed.status_code == 204, changed.text
    assert (await flow.refresh(application, tokens["refresh_token"])).json()["error"] == "invalid_grant"
    assert await flow.me(tokens["access_token"]) == 401


async def test_86_who_is_shut_out_takes_their_applications_along(
    flow: Flow, application: Application, gateway: GatewayFactory, ada: dict[str, Any]
) -> None:
    tokens, pending = await flow.tokens(application), await flow.code(application)
    shut = f"/v1/organizations/{ada['organization_id']}/accounts/{ada['id']}:disable"

    assert (await gateway(Role.PLATFORM_OPERATOR).post(shut)).status_code == 200

    assert await flow.me(tokens["access_token"]) == 401
    assert (await flow.refresh(application, tokens["refresh_token"])).json()["error"] == "invalid_grant"
    assert (await flow.redeem(application, pending["code"])).json()["error"] == "invalid_grant"
    page = await flow.browser.open(application.request())
    assert 'name="password"' in page.text
