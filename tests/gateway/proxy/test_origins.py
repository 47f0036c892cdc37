import pytest

from services.contracts.identity import Role
from tests.gateway.conftest import ORIGIN, GatewayFactory, Upstream

FOREIGN = ["https://evil.test", "null", "*", f"{ORIGIN}.evil.test", ORIGIN.upper(), f"{ORIGIN}:443", f"{ORIGIN}/", ""]


async def test_77_a_page_of_a_registered_origin_may_read_answers_and_refusals(gateway: GatewayFactory) -> None:
    answers = [
        await gateway(Role.COUNSELLOR).get("/v1/patients", headers={"origin": ORIGIN}),
        await gateway(Role.COUNSELLOR).get("/v1/me", headers={"origin": ORIGIN}),
        await gateway().get("/v1/patients", headers={"origin": ORIGIN}),
        await gateway().get("/nothing", headers={"origin": ORIGIN}),
    ]

    assert [answer.status_code for answer in answers] == [200, 200, 401, 404]
    for answer in answers:
        assert answer.headers["access-control-allow-origin"] == ORIGIN
        assert "etag" in answer.headers["access-control-expose-headers"]
        assert "origin" in answer.headers["vary"]
        assert "access-control-allow-credentials" not in answer.headers


@pytest.mark.parametrize("origin", FOREIGN)
async def test_77_a_page_of_any_other_origin_may_not(gateway: GatewayFactory, origin: str) -> None:
    client = gateway(Role.COUNSELLOR)

    read = await client.get("/v1/patients", headers={"origin": origin})
    preflight = await client.options(
        "/v1/patients", headers={"origin": origin, "access-control-request-method": "POST"}
    )

    assert (read.status_code, preflight.status_code) == (200, 405)
    for answer in (read, preflight):
        assert not any(name.startswith("access-control-") for name in answer.headers)
        assert answer.headers["vary"] == "origin"


async def test_77_a_preflight_tells_methods_and_fields_and_reaches_no_service(
    gateway: GatewayFactory, upstream: Upstream
) -> None:
    asked = {"origin": ORIGIN, "access-control-request-method": "POST", "access-control-request-headers": "x-evil"}

    answer = await gateway().options("/v1/patients", headers=asked)

    assert (answer.status_code, upstream.calls) == (204, 0)
    assert answer.headers["access-control-allow-methods"] == "GET, POST"
    assert "authorization" in answer.headers["access-control-allow-headers"]
    assert "x-evil" not in answer.headers["access-control-allow-headers"]
    assert "strict-transport-security" in answer.headers
