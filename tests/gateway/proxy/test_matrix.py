"""The committed matrix of who may call what, through the front door: each cell that is empty is refused."""

import re
from uuid import uuid4

import pytest

from services.contracts.identity import Role
from services.policy.routes import ROUTES
from tests.gateway.conftest import GatewayFactory, Upstream
from tests.guards.matrix import EVERYBODY, committed

# Routes that this installation does not have are there for nobody: here it has them all.
pytestmark = pytest.mark.usefixtures("switched_on")

MATRIX = committed()
FROM_OUTSIDE = [route for route in ROUTES if not route.services and EVERYBODY not in MATRIX[route.operation_id]]
BETWEEN_SERVICES = [route for route in ROUTES if route.services]
SOMETHING = str(uuid4())


def _path(template: str) -> str:
    return re.sub(r"\{[a-z_]+\}", SOMETHING, template)


@pytest.mark.parametrize("role", list(Role))
async def test_62_a_role_reaches_nothing_that_the_matrix_does_not_give_it(
    gateway: GatewayFactory, upstream: Upstream, role: Role
) -> None:
    client = gateway(role)
    denied = [route for route in FROM_OUTSIDE if role not in MATRIX[route.operation_id]]

    answers = {
        route.operation_id: (await client.request(route.method, _path(route.path))).status_code for route in denied
    }

    assert {operation for operation, status in answers.items() if status != 403} == set()
    assert denied
    assert upstream.calls == 0


async def test_62_nobody_reaches_anything_without_a_token(gateway: GatewayFactory, upstream: Upstream) -> None:
    client = gateway()

    answers = {
        route.operation_id: (await client.request(route.method, _path(route.path))).status_code
        for route in FROM_OUTSIDE
    }

    assert {operation for operation, status in answers.items() if status != 401} == set()
    assert upstream.calls == 0


@pytest.mark.parametrize("role", list(Role))
async def test_62_no_role_reaches_what_services_keep_among_themselves(
    gateway: GatewayFactory, upstream: Upstream, role: Role
) -> None:
    client = gateway(role)

    answers = {
        route.operation_id: (await client.request(route.method, _path(route.path))).status_code
        for route in BETWEEN_SERVICES
    }

    assert {operation for operation, status in answers.items() if status not in (401, 403, 404, 405)} == set()
    assert upstream.calls == 0
