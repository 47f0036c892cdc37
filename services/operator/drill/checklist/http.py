"""Checks 67 to 81: the front door as a server of HTTP."""

import asyncio
import re
from collections.abc import Mapping
from typing import Any, Final

import aiohttp

from services.contracts.identity import Role
from services.operator.drill.checklist.clinic import new_clinic, new_patient
from services.operator.drill.checklist.probes.calling import Answer, Caller
from services.operator.drill.checklist.probes.echo import EVENTS, upstream
from services.operator.drill.checklist.probes.raw import connection_to, exchange, head, is_ended, read_answer
from services.operator.drill.checklist.probes.requests import FOREIGN_HOSTS, HEADS, NOT_HTTP_1_1, TARGETS
from services.operator.drill.checklist.second import caller_at, second_gateway
from services.operator.drill.checklist.verdicts import all_within, check, require, same
from services.operator.drill.checklist.world import World

_SPOOFED: Final = {
    "x-user": "root", "x-gw-assertion": "Bearer x", "x-internal-token": "x", "x-forwarded-for": "10.0.0.1",
    "x-forwarded-host": "evil.test", "x-forwarded-proto": "https", "x-forwarded-uri": "/v1/me",
    "x-original-uri": "/v1/me", "forwarded": "for=10.0.0.1;host=evil.test", "x-real-ip": "10.0.0.1",
    "x-http-method-override": "DELETE", "x-organization-id": "00000000-0000-0000-0000-000000000001",
}  # fmt: skip
_CANONICAL: Final = "/v1/patients?page_size=2&name=%C3%A9&x=a:b/c?d"
_ORIGIN: Final = "https://app.example"
_DEVICE_COOKIE: Final = "__Host-eventide-device"
_FOREIGN_ORIGINS: Final = ("https://evil.test", "null", f"{_ORIGIN}.evil.test", _ORIGIN.upper(), f"{_ORIGIN}/")
_TRACE: Final = re.compile(r"00-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")
_HEAD_SECONDS: Final = 200.0
"""Far more than a head or a body may take: it is seen that it ends, and not when."""
_NOT_ANSWERED: Final = 0
_GATEWAY_TIMEOUT: Final = 504


async def _staff(world: World) -> Caller:
    return world.as_role(Role.FRONT_DESK, Role.PROGRAMME_DIRECTOR, organization=await world.home())


def _bearer(caller: Caller) -> str:
    return f"Authorization: Bearer {caller.token}"


@check(67, "who one is cannot be told by a header field, and such fields reach no service")
async def check_67(world: World) -> None:
    """Send them without a token, and look at what a service behind gets with one."""
    staff = await _staff(world)
    for name, value in _SPOOFED.items():
        for fields in ({name: value}, {name: value, "connection": name}):
            same((await world.caller().send("GET", "/v1/me", fields)).status, 401, f"{name} in place of a token")
    for alias in ("X_User: root", "X.User: root"):
        same((await exchange(world.issuer, head("/v1/me", _bearer(staff), alias))).status, 400, alias)
    async with upstream() as behind, second_gateway(world, upstream=behind.url) as url:
        caller = caller_at(world, url, staff.token)
        same((await caller.send("GET", "/v1/patients", _SPOOFED)).status, 200, "a request with all of them")
        fields = behind.heard[-1].fields
    passed = {name: fields[name] for name, value in _SPOOFED.items() if fields.get(name) == value}
    require(not passed, f"reached a service: {sorted(passed)}")
    require(str(staff.token) not in str(fields), "the caller's own token reached a service")


@check(68, "what could be read in two ways is refused, and nothing follows from it")
async def check_68(world: World) -> None:
    """Smuggle, fold, downgrade, upgrade and pipeline."""
    staff = await _staff(world)
    found = {
        name: (await exchange(world.issuer, head("/v1/patients", *_authorized(staff, fields), *fields))).status
        for name, (_, fields) in HEADS.items()
    }
    same(found, {name: status for name, (status, _) in HEADS.items()}, "heads")
    raw = {name: (await exchange(world.issuer, request)).status for name, request in NOT_HTTP_1_1.items()}
    all_within(raw, {400}, "what is not HTTP/1.1")
    same((await exchange(world.issuer, head("/v1/me", _bearer(staff), host=None))).status, 400, "no host")
    upgrade = ["Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAAP__"]
    same((await exchange(world.issuer, head("/v1/me", _bearer(staff), *upgrade))).status, 200, "h2c is not taken")
    async with connection_to(world.issuer) as connection:
        connection[1].write(head("/v1/me", _bearer(staff)) + head("/v1/me"))
        first, second = await read_answer(connection), await read_answer(connection)
    same((first.status, second.status), (200, 401), "a pipelined request without a token")


def _authorized(caller: Caller, fields: list[str]) -> list[str]:
    return [] if any("Authorization" in one for one in fields) else [_bearer(caller)]


@check(69, "a path that is not canonical is refused, and what is decided on is what is forwarded")
async def check_69(world: World) -> None:
    """Ask in every other spelling, and compare byte for byte what a service behind gets."""
    staff = await _staff(world)
    found = {
        name: (await exchange(world.issuer, head(target, _bearer(staff)))).status for name, target in TARGETS.items()
    }
    all_within(found, {400}, "targets that were not refused")
    async with upstream() as behind, second_gateway(world, upstream=behind.url) as url:
        for target in TARGETS.values():
            await exchange(url, head(target, _bearer(staff)))
        same(behind.heard, [], "what reached a service")
        same((await exchange(url, head(_CANONICAL, _bearer(staff)))).status, 200, "a canonical target")
        same([one.target for one in behind.heard], [_CANONICAL], "forwarded")


@check(70, "a request for another host is refused")
async def check_70(world: World) -> None:
    """Ask for two, for none and for another."""
    staff = await _staff(world)
    for name, host in FOREIGN_HOSTS.items():
        same((await exchange(world.issuer, head("/v1/me", _bearer(staff), host=host))).status, 400, name)
    same((await exchange(world.issuer, head("/v1/me", _bearer(staff), host=None))).status, 400, "none")
    for host in ("localhost", "LOCALHOST:8600", "127.0.0.1", "[::1]:1"):
        same((await exchange(world.issuer, head("/v1/me", _bearer(staff), host=host))).status, 200, host)


@check(71, "what is too large, too deep or no JSON is refused, and breaks nothing")
async def check_71(world: World) -> None:
    """Send bombs."""
    staff = await _staff(world)
    json_field = {"content-type": "application/json"}

    async def body(raw: bytes, fields: Mapping[str, str] = json_field) -> int:
        try:
            return (await staff.send("POST", "/v1/patients", fields, raw)).status
        except aiohttp.ClientError:
            # A server may end the connection under a body that is far too large.
            return _NOT_ANSWERED

    found = {
        "a deep document": await body(b"[" * 100_000 + b"]" * 100_000),
        "a deep object": await body(b'{"a":' * 50_000 + b"1" + b"}" * 50_000),
        "NaN": await body(b'{"given_name": NaN}'),
        "5,000 digits": await body(b'{"given_name": ' + b"9" * 5000 + b"}"),
        "a member twice": await body(b'{"given_name": "a", "given_name": "b"}'),
        "20 MB": await body(b'"' + b"x" * 20_000_000 + b'"'),
        "gzip": await body(b"\x1f\x8b", {**json_field, "content-encoding": "gzip"}),
        "multipart": await body(b"--x\r\n" * 10_000, {"content-type": "multipart/form-data; boundary=x"}),
        "a long search": (await staff.get("/v1/patients?page_token=" + "a" * 9000)).status,
        "a backtracking name": await body(b'{"given_name": "' + b"a" * 50_000 + b'!"}'),
        "a URL of 20 KB": (await exchange(world.issuer, head("/v1/me?x=" + "a" * 20_000, _bearer(staff)))).status,
        "64 KB of header": (
            await exchange(world.issuer, head("/v1/me", _bearer(staff), "X-A: " + "a" * 65_536))
        ).status,
        "1,000 fields": (await exchange(world.issuer, head("/v1/me", *(f"X-{n}: 1" for n in range(1000))))).status,
        "chunks without end": await _chunked_body(world, staff),
    }
    all_within(found, {_NOT_ANSWERED, 400, 413, 415, 422, 431}, "what was not refused as it must be")
    same((await staff.get("/v1/me")).status, 200, "afterwards")


async def _chunked_body(world: World, caller: Caller) -> int:
    fields = [_bearer(caller), "Content-Type: application/json", "Transfer-Encoding: chunked"]
    chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    request = head("/v1/patients", *fields, method="POST") + chunk * 400
    async with connection_to(world.issuer) as connection:
        connection[1].write(request)
        return (await read_answer(connection)).status


@check(72, "who dawdles is let go, and others are served meanwhile")
async def check_72(world: World) -> None:
    """Open connections that send nothing, half a head, and half a body, and wait until the server ends them."""
    half = head("/v1/login_sessions", "Content-Type: application/json", "Content-Length: 100", method="POST")
    begun = {"nothing": b"", "half a head": b"GET /v1/me HTTP/1.1\r\nHost: local", "half a body": half + b"{"}

    async def ends(sent: bytes) -> bool:
        async with connection_to(world.issuer) as connection:
            connection[1].write(sent)
            return await is_ended(connection, _HEAD_SECONDS)

    slow = [asyncio.create_task(ends(sent)) for sent in begun.values()]
    same((await (await _staff(world)).get("/v1/me")).status, 200, "another caller meanwhile")
    found = dict(zip(begun, await asyncio.gather(*slow), strict=True))
    all_within(found, {True}, "connections that were not ended")


@check(73, "a service that is gone or silent is told in time, and nothing is written twice")
async def check_73(world: World) -> None:
    """Stand behind a gateway and do not answer, break off, and go away."""
    staff = await _staff(world)
    async with upstream() as behind, second_gateway(world, upstream=behind.url) as url:
        caller = caller_at(world, url, staff.token)
        behind.is_silent = True
        late = await caller.get("/v1/patients", eventide_timeout_ms="500")
        same(late.status, _GATEWAY_TIMEOUT, "a silent service")
        left = int(behind.heard[-1].fields["eventide-timeout-ms"])
        require(0 < left <= 500, f"the service is told of {left} ms")  # noqa: PLR2004 - as sent
        behind.is_silent, behind.breaks = False, True
        before = len(behind.heard)
        broken = await caller.post("/v1/patients", {})
        require(broken.status in {502, 503}, f"a broken connection is answered with {broken.status}")
        same(len(behind.heard) - before, 1, "times that a write was sent")
        behind.breaks = False
        same((await caller.get("/v1/patients")).status, 200, "when it answers again")
    async with second_gateway(world, upstream=behind.url) as url:
        caller = caller_at(world, url, staff.token)
        gone = [await caller.get("/v1/patients") for _ in range(8)]
        require({one.status for one in gone} <= {502, 503}, f"a service that is gone: {gone[0].status}")
        require(all("retry-after" in one.headers for one in gone if one.status == 503), "no Retry-After")  # noqa: PLR2004
        same((await caller.get("/v1/me")).status, 200, "what the gateway answers itself")


@check(74, "a write with an idempotency key is done once, for its sender and its body")
async def check_74(world: World) -> str:
    """Send it again, with another body, at the same moment, and as another organization."""
    clinic = await new_clinic(world, await world.home())
    body, other = new_patient(clinic.site_id), new_patient(clinic.site_id, given_name="Other")
    director = clinic.director

    async def send(caller: Caller, key: str, sent: dict[str, Any]) -> Answer:
        return await caller.post("/v1/patients", sent, idempotency_key=key)

    first, again = await send(director, "one", body), await send(director, "one", body)
    same((first.status, again.status, again.json()["id"]), (201, 201, first.json()["id"]), "the same again")
    same((await send(director, "one", other)).status, 422, "the same key with another body")
    answers = await director.at_once(8, lambda: send(director, "two", body))
    statuses = {one.status for one in answers}
    require(statuses <= {201, 409, 503, 504}, f"statuses at the same moment are {statuses}")
    same(len({one.json()["id"] for one in answers if one.status == 201}), 1, "patients made at the same moment")  # noqa: PLR2004
    elsewhere = await new_clinic(world, await world.home("Elsewhere"))
    theirs = await send(elsewhere.director, "one", new_patient(elsewhere.site_id))
    require(theirs.status == 201 and theirs.json()["id"] != first.json()["id"], "a key reaches across organizations")  # noqa: PLR2004
    return "who comes while the first is in hand waits and gets its answer, instead of 409 (docs/divergences.md)"


@check(75, "a trace is continued, and one that is malformed is replaced")
async def check_75(world: World) -> None:
    """Send both through a gateway, and read what arrives behind it."""
    staff = await _staff(world)
    trace = "0af7651916cd43dd8448eb211c80319c"
    bad = ("00-0-0-0", f"00-{trace}-0000000000000000-01", "x" * 500, f"ff-{trace}-b7ad6b7169203331-01", "")
    async with upstream() as behind, second_gateway(world, upstream=behind.url) as url:
        caller = caller_at(world, url, staff.token)
        await caller.get("/v1/patients", traceparent=f"00-{trace}-b7ad6b7169203331-01")
        same(_TRACE.fullmatch(behind.heard[-1].fields["traceparent"])[1], trace, "the trace")  # type: ignore[index]
        for sent in bad:
            await caller.get("/v1/patients", traceparent=sent)
            found = _TRACE.fullmatch(behind.heard[-1].fields["traceparent"])
            require(found is not None and found[1] not in {trace, "0" * 32}, f"{sent[:20]!r} was not replaced")


@check(76, "an event goes on when it comes, and nothing holds it back")
async def check_76(world: World) -> str:
    """Send one event through a gateway, and the next only when the first has arrived."""
    staff = await _staff(world)
    path = "/v1/solves/00000000-0000-7000-8000-000000000001/events"
    async with upstream() as behind, second_gateway(world, upstream=behind.url) as url:
        async with caller_at(world, url, staff.token).streamed("GET", path) as response, asyncio.timeout(120):
            same((response.status, response.headers["content-type"]), (200, "text/event-stream"), "the stream")
            first = await response.content.readexactly(len(EVENTS[0]))
            behind.go_on.set()
            same((first, await response.content.read()), EVENTS, "the events")
        upgrade = ["Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
                   "Sec-WebSocket-Version: 13"]  # fmt: skip
        refused = await exchange(url, head(path.removesuffix("/events"), _bearer(staff), *upgrade))
    require(refused.status != 101, "a WebSocket was opened")  # noqa: PLR2004 - switching protocols
    return "there are no WebSockets here: nothing is upgraded"


@check(77, "pages of registered origins may read answers, and no others; never with credentials")
async def check_77(world: World) -> None:
    """Ask as a page of the front end, and as pages of others."""
    staff = await _staff(world)
    async with second_gateway(world, allowed_origins=[_ORIGIN]) as url:
        caller = caller_at(world, url, staff.token)
        for path in ("/v1/me", "/v1/patients", "/nothing"):
            answer = await caller.get(path, origin=_ORIGIN)
            same(answer.headers.get("access-control-allow-origin"), _ORIGIN, f"{path} for the front end")
            require("origin" in answer.headers.get("vary", "").lower(), f"{path} does not vary by origin")
            require("access-control-allow-credentials" not in answer.headers, f"{path} with credentials")
        token = await caller.form("/oauth/token", {}, origin=_ORIGIN)
        same(token.headers.get("access-control-allow-origin"), _ORIGIN, "the token endpoint")
        for origin in _FOREIGN_ORIGINS:
            for path in ("/v1/me", "/oauth/token"):
                answer = await caller.get(path, origin=origin)
                require("access-control-allow-origin" not in answer.headers, f"{path} for {origin}")


@check(78, "cookies are the host's own, signing out takes them away, and nothing is kept by the browser")
async def check_78(world: World) -> None:
    """Sign in with a cookie, sign out, and read the attributes."""
    person = await world.person()
    caller = world.caller()
    body = {"email": person.email, "password": person.password, "keep_in": "cookie"}
    signed_in = await caller.post("/v1/login_sessions", body)
    flow, application = await world.flow(person), await world.application()
    pages = [await flow.sign_in(await flow.browser.open(application.request()))]
    told = [line for one in (signed_in, *pages) for line in one.headers.getall("set-cookie", [])]
    require(len(told) > 1, "no cookies were set")
    for line in told:
        attributes = {part.strip().lower() for part in line.split(";")[1:]}
        require(line.startswith("__Host-"), f"the name is {line.partition('=')[0]}")
        require({"secure", "httponly", "path=/"} <= attributes, f"attributes are {sorted(attributes)}")
        require(attributes & {"samesite=lax", "samesite=strict"}, "no SameSite")
    session = signed_in.json()
    caller.token = session["access_token"]
    for path in ("/v1/me", "/v1/login_sessions", "/v1/patients"):
        same((await caller.get(path)).headers.get("cache-control"), "no-store", f"caching of {path}")
    ended = await caller.post(f"/v1/login_sessions/{session['id']}:end")
    # What a device is known by stays: it lets nobody in, and holds off only what others try.
    kept = set(caller.cookies) - {_DEVICE_COOKIE}
    same((ended.status, kept), (204, set()), "cookies after signing out")


@check(79, "browsers are told what they must not do, and nobody what software answers")
async def check_79(world: World) -> None:
    """Read the header fields of answers of every kind."""
    staff = await _staff(world)
    async with upstream() as behind, second_gateway(world, upstream=behind.url) as url:
        answers = {
            "the gateway's own": await staff.get("/v1/me"),
            "a refusal": await world.caller().get("/v1/me"),
            "nothing there": await world.caller().get("/nothing"),
            "a service's": await caller_at(world, url, staff.token).get("/v1/patients"),
            "the token endpoint": await world.caller().form("/oauth/token", {}),
        }
    for name, answer in answers.items():
        require("max-age=" in answer.headers.get("strict-transport-security", ""), f"{name}: no HSTS")
        same(answer.headers.get("x-content-type-options"), "nosniff", f"{name}: nosniff")
        for field in ("server", "x-powered-by", "via"):
            require(field not in answer.headers, f"{name}: {field} is {answer.headers.get(field)}")


@check(80, "what is for the operator or for developers is not for everybody")
async def check_80(world: World) -> str:
    """Ask for it as nobody and as staff."""
    staff, operator = await _staff(world), world.as_role(Role.PLATFORM_OPERATOR)
    for path in ("/redoc", "/docs/oauth2-redirect", "/debug", "/debug/pprof", "/.env", "/.git/config", "/server-status",
                 "/v1/openapi.json", "/admin", "/console", "/actuator", "/__debug__"):  # fmt: skip
        for caller in (world.caller(), staff, operator):
            same((await caller.get(path)).status, 404, path)
    statuses = [(await caller.get("/metrics")).status for caller in (world.caller(), staff, operator)]
    same(statuses, [401, 403, 200], "metrics for nobody, staff and the operator")
    page = await world.caller().get("/docs")
    require("<script" not in page.text, "the page of the API runs scripts")
    return "the page at /docs is public: it says what the public document /openapi.json says, and calls nothing"


@check(81, "one document describes the whole API, and a client made from it signs in and calls")
async def check_81(world: World) -> str:
    """Check the document, make a client of it, and use it."""
    document = (await world.caller().get("/openapi.json")).json()
    require(document["openapi"].startswith("3.1"), f"it is of version {document['openapi']}")
    operations = _operations_of(document)
    missing = [name for name in _references_in(document) if _resolved(document, name) is None]
    require(not missing, f"references that lead nowhere: {missing[:3]}")
    require(document["components"]["securitySchemes"], "no security schemes")
    person = await world.person()

    async def call(operation: str, caller: Caller, body: dict[str, Any] | None = None) -> Any:
        method, path = operations[operation]
        sent = await (caller.get(path) if method == "get" else caller.post(path, body))
        require(sent.status < 300, f"{operation} is answered with {sent.status}")  # noqa: PLR2004 - success
        return sent.json()

    login = {"email": person.email, "password": person.password}
    session = await call("create_login_session", world.caller(), login)
    me = await call("read_me", world.caller(session["access_token"]))
    same(me["account_id"], person.id, "who the client is")
    return "a client is made from the document in Python, here; one in TypeScript is not generated"


def _operations_of(document: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    found: dict[str, tuple[str, str]] = {}
    for path, item in document["paths"].items():
        for method in {"get", "post", "put", "patch", "delete"} & set(item):
            name = item[method]["operationId"]
            require(name not in found, f"two operations are called {name}")
            found[name] = method, path
    return found


def _references_in(told: Any) -> list[str]:
    if isinstance(told, list):
        return [name for one in told for name in _references_in(one)]
    if not isinstance(told, dict):
        return []
    own = [told["$ref"]] if isinstance(told.get("$ref"), str) else []
    return own + [name for one in told.values() for name in _references_in(one)]


def _resolved(document: Mapping[str, Any], name: str) -> Any:
    found: Any = document
    for part in name.removeprefix("#/").split("/"):
        found = found.get(part) if isinstance(found, dict) else None
    return found
