"""Checks 24 to 31: codes for tokens, and how the token endpoint refuses."""

from collections import Counter
from functools import partial
from typing import Final

from services.operator.drill.checklist.probes.applications import REDIRECT, SERVICE, VERIFIER
from services.operator.drill.checklist.probes.signing import Key
from services.operator.drill.checklist.verdicts import check, require, same
from services.operator.drill.checklist.world import Moment, World

_AT_ONCE: Final = 12
_FORM: Final = "application/x-www-form-urlencoded"
_LONGEST: Final = 3600
_LONGEST_SERVICE: Final = 300


@check(24, "tokens are not stored on the way, and say what they are and for how long")
async def check_24(world: World) -> None:
    """Read the answer for a person's application and for a service."""
    flow, application = await world.flow(), await world.application()
    answer = await flow.code(application)
    service = await world.application(key=Key(), **SERVICE)
    form = {"grant_type": "client_credentials", "scope": "system/*.rs", **service.proof()}
    for given, longest in (
        (await flow.redeem(application, answer.redirected["code"]), _LONGEST),
        (await world.caller().form("/oauth/token", form), _LONGEST_SERVICE),
    ):
        same(given.status, 200, "tokens given")
        same((given.headers["cache-control"], given.headers["pragma"]), ("no-store", "no-cache"), "caching")
        same(given.json()["token_type"], "Bearer", "token_type")
        seconds = given.json()["expires_in"]
        require(type(seconds) is int and 0 < seconds <= longest, f"expires_in is {seconds!r}")
        require(given.json()["scope"], "no scope is told")


@check(25, "a code that comes twice is refused and ends what it gave")
async def check_25(world: World) -> None:
    """Redeem it twice."""
    flow, application = await world.flow(), await world.application()
    code = (await flow.code(application)).redirected["code"]
    tokens = (await flow.redeem(application, code)).json()
    same(await flow.me(tokens["access_token"]), 200, "the token before")
    second = await flow.redeem(application, code)
    same((second.status, second.error), (400, "invalid_grant"), "the second time")
    same(await flow.me(tokens["access_token"]), 401, "the token afterwards")
    same((await flow.refresh(application, tokens["refresh_token"])).error, "invalid_grant", "the refresh token")


@check(26, "a code is good for its application and redirect, and for a minute")
async def check_26(world: World) -> None:
    """Redeem it as another, elsewhere, and too late."""
    flow, application, other = await world.flow(), await world.application(), await world.application()
    code = (await flow.code(application)).redirected["code"]
    same((await flow.redeem(other, code)).error, "invalid_grant", "as another application")
    code = (await flow.code(application)).redirected["code"]
    elsewhere = await flow.redeem(application, code, redirect_uri=REDIRECT + "/")
    same(elsewhere.error, "invalid_grant", "for another redirect")
    late = (await flow.code(application)).redirected["code"]
    await world.until(Moment.A_CODE_IS_OLD)
    same((await flow.redeem(application, late)).error, "invalid_grant", "after two minutes")


@check(27, "of many who redeem one code at the same moment, exactly one gets tokens")
async def check_27(world: World) -> None:
    """Race."""
    flow, application = await world.flow(), await world.application()
    for _ in range(3):
        code = (await flow.code(application)).redirected["code"]
        redeem = partial(flow.redeem, application, code)
        answers = await flow.browser.caller.at_once(_AT_ONCE, redeem)
        statuses = Counter(answer.status for answer in answers)
        require(set(statuses) <= {200, 400, 503, 504}, f"statuses are {dict(statuses)}")
        same(statuses[200], 1, f"tokens given, of {dict(statuses)}")


@check(28, "neither passwords nor the implicit grant give tokens")
async def check_28(world: World) -> None:
    """Ask for both, and for others that do not exist."""
    person = await world.person()
    flow, application = await world.flow(person), await world.application()
    owner = {"username": person.email, "password": person.password}
    for grant_type in ("password", "implicit", "urn:ietf:params:oauth:grant-type:saml2-bearer", "x" * 5000):
        refused = await flow.redeem(application, "x", grant_type=grant_type)
        same((refused.status, refused.error), (400, "unsupported_grant_type"), grant_type[:20])
    refused = await flow.redeem(application, "x", grant_type="password", holder=None, **owner)
    require(refused.status in {400, 401}, f"a password at the token endpoint gets {refused.status}")


@check(29, "credentials in the URL are refused")
async def check_29(world: World) -> None:
    """Send the proof, the code and the token there."""
    flow = await world.flow()
    application, service = await world.application(), await world.application(key=Key(), **SERVICE)
    proof = service.proof()["client_assertion"]
    form = {"grant_type": "client_credentials", "scope": "system/*.rs"}
    for query in (f"client_assertion={proof}", f"client_id={application.id}", "access_token=x", "x"):
        refused = await world.caller().form(f"/oauth/token?{query}", form)
        same((refused.status, refused.error), (400, "invalid_request"), query[:20])
    tokens = await flow.tokens(application)
    by_url = await world.caller().form(f"/oauth/revoke?token={tokens['access_token']}", application.proof())
    same(by_url.status, 400, "a token to be revoked in the URL")
    same(await flow.me(tokens["access_token"]), 200, "the token afterwards")


@check(30, "a parameter that comes twice is refused, everywhere")
async def check_30(world: World) -> None:
    """Send it twice, with the same value and with another."""
    application = await world.application()
    for path in ("/oauth/token", "/oauth/revoke", "/oauth/introspect", "/oauth/par"):
        for twice in (("grant_type", "refresh_token"), ("client_id", application.id), ("scope", "openid")):
            refused = await world.caller().form(path, [twice, twice, ("token", "x")])
            same((refused.status, refused.error), (400, "invalid_request"), f"{twice[0]} twice at {path}")
    request = [*application.request().items(), ("scope", "openid")]
    same((await world.caller().form("/oauth/authorize", request)).status, 400, "scope twice at authorization")


@check(31, "errors are those of RFC 6749, with the right status and nothing of the inside")
async def check_31(world: World) -> None:
    """Send what cannot be read, and look at every refusal."""
    form = {"content-type": _FORM}
    caller = world.caller()
    answers = {
        "not a form": await caller.post("/oauth/token", {"grant_type": "refresh_token"}),
        "no UTF-8": await caller.send("POST", "/oauth/token", form, b"\xff=%ff"),
        "nothing": await caller.form("/oauth/token", {}),
        "NUL": await caller.form("/oauth/token", {"grant_type": "refresh_token\0", "client_id": "\0"}),
        "nobody": await caller.form("/oauth/token", {"grant_type": "refresh_token", "client_id": "x"}),
        "1,000 fields": await caller.send("POST", "/oauth/token", form, b"&".join(b"a%d=1" % n for n in range(1000))),
        "a code that is none": await caller.form("/oauth/token", {
            "grant_type": "authorization_code", "code": "x", "redirect_uri": REDIRECT, "code_verifier": VERIFIER,
            "client_id": (await world.application()).id}),
    }  # fmt: skip
    for name, answer in answers.items():
        told = answer.json()
        require(isinstance(told, dict) and set(told) == {"error", "error_description"}, f"{name}: {answer.text[:100]}")
        same(answer.status, 401 if told["error"] == "invalid_client" else 400, f"{name}: {told['error']}")
        same(answer.headers["cache-control"], "no-store", f"{name}: caching")
        require("Traceback" not in answer.text and ".py" not in answer.text, f"{name}: the inside is told")
