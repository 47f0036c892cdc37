import json

import pytest

from services.contracts.identity import Role
from services.operator.drill.checklist.probes.requests import HEADS, TARGETS
from tests.gateway.conftest import GatewayFactory, Upstream
from tests.support.raw_http import connection_to, head, read_head, send, status_of
from tests.support.tokens import Tokens, principal


@pytest.fixture
def token(tokens: Tokens, organization_id: object) -> str:
    return tokens.access(principal(Role.COUNSELLOR, organization=organization_id))  # type: ignore[arg-type] # a UUID


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS.keys())
async def test_a_target_that_is_not_canonical_goes_no_further(
    gateway_url: str, upstream: Upstream, token: str, target: str
) -> None:
    status = await status_of(gateway_url, head(target, f"Authorization: Bearer {token}"))

    assert status == 400
    assert upstream.calls == 0


@pytest.mark.parametrize(("status", "fields"), HEADS.values(), ids=HEADS.keys())
async def test_a_head_that_could_be_read_in_two_ways_goes_no_further(
    gateway_url: str, upstream: Upstream, token: str, status: int, fields: list[str]
) -> None:
    authorized = [] if any("Authorization" in field for field in fields) else [f"Authorization: Bearer {token}"]

    answered = await status_of(gateway_url, head("/v1/patients", *authorized, *fields))

    assert answered == status
    assert upstream.calls == 0


async def test_a_request_without_host_is_refused(gateway_url: str, token: str) -> None:
    assert await status_of(gateway_url, head("/v1/me", f"Authorization: Bearer {token}", host=None)) == 400


async def test_a_read_of_our_own_is_decided_on_before_the_direct_way_answers_it(gateway_url: str, token: str) -> None:
    authorized = f"Authorization: Bearer {token}"
    heads = {
        "foreign host": head("/v1/me", authorized, host="evil.test"),
        "underscore": head("/v1/me", authorized, "X_User: root"),
        "body": head("/v1/me", authorized, "Content-Length: 4") + b"body",
        "no token": head("/v1/me"),
        "other role": head("/v1/security_events", authorized),
        "good": head("/v1/me", authorized),
    }

    statuses = {name: await status_of(gateway_url, sent) for name, sent in heads.items()}

    assert statuses == {
        "foreign host": 400, "underscore": 400, "body": 400, "no token": 401, "other role": 403, "good": 200,
    }  # fmt: skip


HOSTS = {
    "foreign": "evil.test",
    "ours below a foreign one": "eventide.test.evil.test",
    "foreign below ours": "evil.eventide.test",
    "with a user": "eventide.test@evil.test",
    "with a path": "eventide.test/x",
    "two names": "eventide.test, evil.test",
    "port that is none": "eventide.test:x",
    "empty": "",
    "final dot": "eventide.test.",
}


@pytest.mark.parametrize("host", HOSTS.values(), ids=HOSTS.keys())
async def test_70_a_request_for_another_host_goes_no_further(
    gateway_url: str, upstream: Upstream, token: str, host: str
) -> None:
    request = head("/v1/patients", f"Authorization: Bearer {token}", host=host)

    assert await status_of(gateway_url, request) == 400
    assert upstream.calls == 0


@pytest.mark.parametrize("host", ["eventide.test", "EVENTIDE.test:8600", "localhost", "127.0.0.1:1", "[::1]:8600"])
async def test_70_a_request_for_a_host_of_ours_is_served(gateway_url: str, token: str, host: str) -> None:
    assert await status_of(gateway_url, head("/v1/me", f"Authorization: Bearer {token}", host=host)) == 200


async def test_70_a_probe_may_ask_for_the_address_of_the_process(gateway_url: str) -> None:
    assert await status_of(gateway_url, head("/livez", host="10.1.2.3:8080")) == 200


RAW = {
    "HTTP/0.9": b"GET /livez\r\n\r\n",
    "HTTP/2 without having agreed on it": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "version that is none": b"GET /livez HTTP/1.5\r\nHost: eventide.test\r\n\r\n",
    "line feeds alone": b"GET /livez HTTP/1.1\nHost: eventide.test\n\n",
    "NUL in the target": b"GET /livez\x00 HTTP/1.1\r\nHost: eventide.test\r\n\r\n",
    "NUL in a value": b"GET /livez HTTP/1.1\r\nHost: eventide.test\r\nAccept: a\x00b\r\n\r\n",
}


@pytest.mark.parametrize("request_bytes", RAW.values(), ids=RAW.keys())
async def test_68_what_is_not_http_1_1_is_refused_and_the_connection_ends(
    gateway_url: str, request_bytes: bytes
) -> None:
    async with connection_to(gateway_url) as connection:
        await send(connection, request_bytes)
        status, fields = await read_head(connection)
        body = await connection[0].read()

    assert (status, fields["connection"], fields["content-type"]) == (400, "close", "application/problem+json")
    assert json.loads(body)["type"] == "urn:eventide:problem:malformed-request"


async def test_68_an_upgrade_to_http_2_is_not_taken(gateway_url: str, upstream: Upstream, token: str) -> None:
    fields = ["Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAAP__"]

    status = await status_of(gateway_url, head("/v1/patients", f"Authorization: Bearer {token}", *fields))

    assert (status, upstream.calls) == (200, 1)


async def test_68_what_follows_a_body_is_not_read_as_part_of_it(gateway_url: str, upstream: Upstream) -> None:
    smuggled = head("/v1/patients")
    request = head(
        "/v1/login_sessions", "Content-Type: application/json", f"Content-Length: {len(smuggled)}", method="POST"
    )

    async with connection_to(gateway_url) as connection:
        await send(connection, request + smuggled)
        status, _ = await read_head(connection)

    assert (status, upstream.calls) == (422, 0)


async def test_the_same_request_in_canonical_form_is_served(gateway_url: str, upstream: Upstream, token: str) -> None:
    target = "/v1/patients?page_size=2&name=%C3%A9&x=a:b/c?d"

    status = await status_of(gateway_url, head(target, f"Authorization: bearer {token}", "Accept: */*"))

    assert status == 200
    assert upstream.calls == 1


async def test_a_pipelined_request_does_not_borrow_the_identity_of_the_one_before(
    gateway_url: str, upstream: Upstream, token: str
) -> None:
    async with connection_to(gateway_url) as connection:
        await send(connection, head("/v1/me", f"Authorization: Bearer {token}") + head("/v1/me"))
        first, fields = await read_head(connection)
        await connection[0].readexactly(int(fields["content-length"]))
        second, _ = await read_head(connection)

    assert (first, second) == (200, 401)
    assert upstream.calls == 0


async def test_what_does_not_exist_has_no_path_here(gateway: GatewayFactory, upstream: Upstream) -> None:
    client = gateway(*set(Role) - {Role.PLATFORM_OPERATOR})

    paths = ["/", "/v1", "/v2/patients", "/docs/oauth2-redirect", "/redoc", "/v1/patients/x:y", "/.env"]
    answers = [await client.get(path) for path in paths]

    assert {answer.status_code for answer in answers} == {404}
    assert upstream.calls == 0


@pytest.mark.parametrize(
    "path", ["/v1/week_requirements", "/v1/patients/018f0000-0000-7000-8000-000000000000/presence"]
)
async def test_what_services_keep_among_themselves_does_not_exist_for_people(
    gateway: GatewayFactory, upstream: Upstream, path: str
) -> None:
    answer = await gateway(*set(Role) - {Role.PLATFORM_OPERATOR}).get(path)

    assert answer.status_code == 404
    assert upstream.calls == 0


async def test_a_method_that_a_resource_does_not_have_is_answered_with_those_it_has(gateway: GatewayFactory) -> None:
    answer = await gateway(Role.FRONT_DESK).delete("/v1/patients")

    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, POST"
    assert answer.json()["type"] == "urn:eventide:problem:method-not-allowed"


async def test_metrics_are_for_the_platform_operator(gateway: GatewayFactory) -> None:
    callers = [gateway(), gateway(Role.AUDITOR), gateway(Role.PLATFORM_OPERATOR)]

    statuses = [(await caller.get("/metrics")).status_code for caller in callers]

    assert statuses == [401, 403, 200]


async def test_probes_are_for_everyone(gateway: GatewayFactory) -> None:
    statuses = [(await gateway().get(path)).status_code for path in ("/livez", "/readyz")]

    assert statuses == [200, 200]
