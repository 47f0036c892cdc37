"""Checks 7 to 23: what is asked at the authorization endpoint, by whom, and where the answer goes."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit
from uuid import UUID

from services.operator.drill.checklist.probes.applications import REDIRECT, STATE, VERIFIER, Application
from services.operator.drill.checklist.probes.browsing import Browser, Flow, asks_to_sign_in, scopes_in
from services.operator.drill.checklist.probes.calling import Answer
from services.operator.drill.checklist.probes.factors import Authenticator
from services.operator.drill.checklist.probes.signing import Key, decoded
from services.operator.drill.checklist.verdicts import check, require, same
from services.operator.drill.checklist.world import Moment, World

_FOREIGN: Final = (
    REDIRECT + "/", REDIRECT + "/more", REDIRECT + "?x=1", REDIRECT.upper(), "http" + REDIRECT[5:],
    "https://app.example.org:8443/callback", "https://app.example.org/", "https://evil.test/callback",
    "https://app.example.org.evil.test/callback", "https://app.example.org@evil.test/callback", "//evil.test",
    "javascript:alert(1)", "data:text/html,x", "", "https://app.example.org/callback#f", REDIRECT[:-1],
    "https://app.example.org/%63allback", "https://app.example.org/x/../callback", "http://127.0.0.1/callback",
)  # fmt: skip
_COOKIE: Final = "__Host-eventide-session"


@check(7, "a person allows, and the application gets its tokens; the redirect says who answers (RFC 9207)")
async def check_07(world: World) -> None:
    """Go the usual way."""
    flow, application = await world.flow(), await world.application()
    answer = await flow.code(application)
    same(set(answer.redirected), {"code", "state", "iss"}, "parameters of the redirect")
    same(answer.redirected["iss"], world.issuer, "iss of the redirect")
    given = await flow.redeem(application, answer.redirected["code"])
    same(given.status, 200, "the code redeemed")
    same(given.json()["scope"], "openid offline_access eventide/api", "scope granted")
    same(await flow.me(given.json()["access_token"]), 200, "the token at a route")


@check(8, "without a challenge there is no code")
async def check_08(world: World) -> None:
    """Leave out the challenge, or parts of it."""
    for changes in ({"code_challenge": None, "code_challenge_method": None}, {"code_challenge": None},
                    {"code_challenge_method": None}, {"code_challenge": "short"}):  # fmt: skip
        await _refused(world, changes, "invalid_request")


@check(9, "a challenge that is the verifier itself is refused")
async def check_09(world: World) -> None:
    """Ask for the method `plain`, and for S256 with what cannot be a digest."""
    plain: dict[str, str | None] = {"code_challenge": VERIFIER, "code_challenge_method": "plain"}
    for changes in (plain, {"code_challenge": "a" * 42 + "B"}, {"code_challenge": VERIFIER + "="}):
        await _refused(world, changes, "invalid_request")


@check(10, "a verifier without a challenge gains nothing, nor a challenge without its verifier")
async def check_10(world: World) -> None:
    """Downgrade in both directions."""
    flow, application = await world.flow(), await world.application()
    none = await world.browser().open(application.request(code_challenge=None, code_challenge_method=None))
    require("code" not in none.redirected, "a code without a challenge")
    for verifier in ("", "w" * 43, "v" * 42, "v" * 44, "v" * 129):
        answer = await flow.code(application)
        refused = await flow.redeem(application, answer.redirected["code"], code_verifier=verifier)
        same(refused.status, 400, f"a verifier of {len(verifier)} other characters")


@check(11, "a redirect is one of those registered, to the letter; only a native application's loopback port is free")
async def check_11(world: World) -> None:
    """Try redirects that look like it."""
    application = await world.application()
    await _only_pages(world, {uri: application.request(redirect_uri=uri) for uri in _FOREIGN})
    native = await world.application(redirect_uris=["http://127.0.0.1/callback", "org.example.app:/callback"])
    for uri, expected in (
        ("http://127.0.0.1:49152/callback", 200), ("org.example.app:/callback", 200),
        ("http://127.0.0.1:49152/other", 400), ("http://127.0.0.2:49152/callback", 400),
        ("http://localhost:49152/callback", 400), ("http://user@127.0.0.1:49152/callback", 400),
        ("http://127.0.0.1.evil.test:49152/callback", 400),
    ):  # fmt: skip
        same((await world.browser().open(native.request(redirect_uri=uri))).status, expected, uri)


@check(12, "an unknown application or a bad redirect gets a page, and nothing is sent anywhere")
async def check_12(world: World) -> None:
    """Be nobody."""
    application = await world.application()
    nobodies = ("", "nobody", "0" * 32, str(UUID(int=1)), "' or 1=1 --")
    asked = {repr(one): application.request(client_id=one) for one in nobodies}
    asked["no client_id"] = application.request(client_id=None)
    asked["no redirect_uri"] = application.request(redirect_uri=None)
    await _only_pages(world, asked)


@check(13, "only a code is given: no token and no ID token in a URL")
async def check_13(world: World) -> None:
    """Ask for them."""
    for wanted in ("token", "id_token", "code token", "code id_token", "id_token token", "none", None):
        await _refused(world, {"response_type": wanted}, "unsupported_response_type")


@check(14, "the FHIR server as `aud` is taken")
async def check_14(world: World) -> None:
    """Ask for clinical scopes with it."""
    application = await world.application()
    page = await world.browser().open(application.request(scope="openid user/Patient.rs", aud=world.fhir))
    require(asks_to_sign_in(page), f"no page to sign in but {page.status}")


@check(15, "another `aud`, or none for clinical scopes, is refused")
async def check_15(world: World) -> None:
    """Ask for a token that is for somebody else."""
    for aud in (None, "https://evil.test/fhir/R4", world.issuer, f"{world.fhir}/Patient", world.fhir.upper()):
        await _refused(world, {"scope": "openid user/Patient.rs", "aud": aud}, "invalid_request")


@check(16, "the authorization endpoint takes GET and POST")
async def check_16(world: World) -> None:
    """Ask in both ways."""
    application = await world.application()
    posted = await world.caller().form("/oauth/authorize", application.request())
    opened = await world.browser().open(application.request())
    require(asks_to_sign_in(posted) and asks_to_sign_in(opened), f"POST {posted.status}, GET {opened.status}")


@check(17, "`state` comes back exactly, and `nonce` in the ID token")
async def check_17(world: World) -> None:
    """Send what a careless server would change."""
    flow, application = await world.flow(), await world.application()
    for state in (STATE, "ü€\u2028", "a+b c%20d", "<script>", "x" * 1500):
        answer = await flow.code(application, state=state, nonce=state)
        same(answer.redirected["state"], state, "state")
        tokens = (await flow.redeem(application, answer.redirected["code"])).json()
        same(decoded(tokens["id_token"])["nonce"], state, "nonce")


@check(18, "pushed parameters are used once, by their application, and not for long")
async def check_18(world: World) -> None:
    """Push, and use them twice, as another, and too late (RFC 9126)."""
    key = Key()
    application, other = await world.application(key=key), await world.application()
    reference = await _pushed(world, application)
    statuses = {
        "as another": (await world.browser().open({**reference, "client_id": other.id})).status,
        "first": (await world.browser().open(reference)).status,
        "second": (await world.browser().open(reference)).status,
    }
    same(statuses, {"as another": 400, "first": 200, "second": 400}, "uses of a request_uri")
    bad = {**application.request(redirect_uri="https://evil.test/"), **application.proof()}
    same((await world.caller().form("/oauth/par", bad)).status, 400, "a foreign redirect pushed")
    same((await world.caller().form("/oauth/par", application.request())).status, 401, "pushed without a proof")
    late = await _pushed(world, application)
    await world.until(Moment.A_CODE_IS_OLD)
    same((await world.browser().open(late)).status, 400, "a request_uri of two minutes ago")


async def _pushed(world: World, application: Application) -> dict[str, str]:
    pushed = await world.caller().form("/oauth/par", {**application.request(), **application.proof()})
    same(pushed.status, 201, "a push")
    return {"client_id": application.id, "request_uri": pushed.json()["request_uri"]}


@check(19, "no request is fetched from an address that a stranger names")
async def check_19(world: World) -> None:
    """Name the cloud's metadata, and listeners of our own that would notice."""
    application = await world.application()
    uris = ("http://169.254.169.254/latest", "https://evil.test/request", "urn:ietf:params:oauth:request_uri:x",
            f"{world.issuer}/livez", "file:///etc/passwd")  # fmt: skip
    await _only_pages(world, {uri: {"client_id": application.id, "request_uri": uri} for uri in uris})
    same((await world.browser().open(application.request(request="eyJ.x.y"))).error, "request_not_supported", "request")


@check(20, "who must not be asked is not asked")
async def check_20(world: World) -> None:
    """Say prompt=none: nobody signed in, nothing agreed to, and both."""
    flow, application = await world.flow(), await world.application()
    silent = application.request(prompt="none")
    same((await flow.browser.open(silent)).error, "login_required", "nobody is signed in")
    consent = await flow.sign_in(await flow.browser.open(application.request()))
    same((await flow.browser.open(silent)).error, "consent_required", "nothing is agreed to")
    await flow.browser.decide(consent)
    require("code" in (await flow.browser.open(silent)).redirected, "no code although all is agreed to")


@check(21, "consent is shown scope by scope, remembered, and can be taken back")
async def check_21(world: World) -> None:
    """Leave out a scope, come again, decline, and take it back."""
    person = await world.person()
    flow, application = await world.flow(person), await world.application()
    consent = await flow.sign_in(await flow.browser.open(application.request()))
    same(scopes_in(consent), ["openid", "offline_access", "eventide/api"], "scopes shown")
    answer = await flow.browser.decide(consent, ["openid", "user/Patient.cruds", "system/*.*"])
    given = (await flow.redeem(application, answer.redirected["code"])).json()
    same(given["scope"], "openid", "scope granted of one ticked and two smuggled in")
    tokens = await flow.tokens(application)
    require("code" in (await flow.browser.open(application.request())).redirected, "asked again for the same")
    declined = await flow.browser.decide(await flow.browser.open(application.request(prompt="consent")), decision="no")
    same(declined.error, "access_denied", "a person who declines")
    own = await world.signed_in(person)
    listed = (await own.get("/v1/oauth_consents")).json()["items"]
    same([one["oauth_client_id"] for one in listed], [application.id], "what the person has agreed to")
    same((await own.post(f"/v1/oauth_consents/{application.id}:revoke")).status, 204, "taking it back")
    same(await flow.me(tokens["access_token"]), 401, "the token of what was taken back")
    same((await flow.browser.open(application.request())).status, 200, "the next time, the person is asked")


@check(22, "pages cannot be framed or forged, and the session is a new one after signing in")
async def check_22(world: World) -> None:
    """Read their headers, send their forms from another browser, and compare the cookie before and after."""
    flow, application = await world.flow(), await world.application()
    page = await flow.browser.open(application.request())
    consent = await flow.sign_in(page)
    for shown in (page, consent):
        policy = shown.headers["content-security-policy"]
        require("frame-ancestors 'none'" in policy and "default-src 'none'" in policy, f"the policy is {policy}")
        same(shown.headers.get("x-frame-options"), "DENY", "x-frame-options")
        require("<b>Viewer" not in shown.text, "the application's name is markup")
    attacker = world.browser()
    await attacker.open(application.request())
    stolen = world.browser()
    stolen.caller.cookies[_COOKIE] = flow.browser.caller.cookies[_COOKIE]
    for browser in (attacker, stolen):
        same((await browser.decide(consent)).status, 400, "a decision from another browser")
    same((await attacker.sign_in(page, flow.email, flow.password)).status, 400, "a sign-in from another browser")
    before = flow.browser.caller.cookies[_COOKIE]
    await flow.sign_in(await flow.browser.open(application.request(prompt="login")))
    require(flow.browser.caller.cookies[_COOKIE] != before, "the session's secret is the same after signing in")


@check(23, "`max_age` and `acr_values` ask for a younger or a surer sign-in, and the ID token says what was had")
async def check_23(world: World) -> None:
    """Come with an old and a weak session, and sign in with a second factor."""
    person = await world.person()
    flow, application = await world.flow(person), await world.application()
    first = decoded((await flow.tokens(application))["id_token"])
    same((first["amr"], first["acr"]), (["pwd"], "aal1"), "amr and acr of a password")
    require("code" in (await flow.browser.open(application.request(max_age="3600"))).redirected, "young enough")
    require(asks_to_sign_in(await flow.browser.open(application.request(max_age="0"))), "max_age=0 asks for nothing")
    same((await flow.browser.open(application.request(max_age="soon"))).error, "invalid_request", "a silly max_age")
    told = (await world.caller().get("/.well-known/openid-configuration")).json()
    require("aal2" in told.get("acr_values_supported", []), "acr_values is not supported: not built")
    authenticator = await Authenticator.enrol(await world.signed_in(person), person.password, world.clock)
    page = await flow.browser.open(application.request(acr_values="aal2"))
    require(asks_to_sign_in(page), "a session of one factor is enough for aal2")
    surer = await _code(flow, await flow.sign_in(page, one_time_code=authenticator.next_code()))
    claims = decoded((await flow.redeem(application, surer)).json()["id_token"])
    same((claims["amr"], claims["acr"]), (["pwd", "otp", "mfa"], "aal2"), "amr and acr of a second factor")
    require(claims["auth_time"] >= first["auth_time"], "auth_time went back")


async def _code(flow: Flow, page: Answer) -> str:
    answer = await flow.browser.decide(page) if scopes_in(page) else page
    require("code" in answer.redirected, f"no code: {answer.status} {answer.error}")
    return answer.redirected["code"]


async def _refused(world: World, changes: Mapping[str, str | None], error: str) -> None:
    application = await world.application()
    answer = await Browser(world.caller()).open(application.request(**changes))
    same(answer.error, error, f"the refusal of {changes}")
    require("code" not in answer.redirected, f"a code for {changes}")
    same(answer.redirected.get("state"), STATE, "state of the refusal")
    same(urlsplit(answer.headers["location"]).netloc, "app.example.org", "where the refusal goes")


async def _only_pages(world: World, asked: Mapping[str, dict[str, str]]) -> None:
    for name, parameters in asked.items():
        answer = await world.browser().open(parameters)
        same((answer.status, answer.headers.get("location")), (400, None), name)
        require(answer.headers["content-type"].startswith("text/html"), f"{name}: no page for a person")
