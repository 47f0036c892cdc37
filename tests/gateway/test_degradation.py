from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from services.chassis.database import OpenDatabase
from services.contracts.identity import Role
from tests.gateway.conftest import GatewayFactory


@pytest.fixture
async def _database_is_away(gateway_app: Any) -> AsyncIterator[None]:
    away = OpenDatabase("postgresql://nobody:nothing@127.0.0.1:1/nowhere", pool_size=1)
    gateway_app.state.process = replace(gateway_app.state.process, database=await away.open())
    yield
    await away.close()


@pytest.mark.usefixtures("_database_is_away")
async def test_without_its_database_the_gateway_refuses_what_needs_it_and_serves_the_rest(
    gateway: GatewayFactory,
) -> None:
    login = {"email": "ada@example.org", "password": "x"}
    operator, clerk = gateway(Role.PLATFORM_OPERATOR), gateway(Role.FRONT_DESK)

    refused = [
        await gateway().post("/v1/login_sessions", json=login),
        await operator.post("/v1/organizations", json={"name": "x"}),
        await gateway().get("/readyz"),
    ]
    served = [
        await clerk.get(path)
        for path in ("/v1/me", "/v1/patients", "/v1/sites", "/.well-known/jwks.json", "/openapi.json", "/livez")
    ]

    for answer in refused:
        assert answer.status_code == 503
        assert answer.json()["type"] == "urn:eventide:problem:database-unavailable"
        assert "retry-after" in answer.headers
    assert {answer.status_code for answer in served} == {200}
