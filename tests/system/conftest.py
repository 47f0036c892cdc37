"""A whole stack of real processes, as an operator starts it."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime

import pytest

from services.chassis.http import HttpClient
from services.clients.api import ApiClient
from services.contracts.identity import Role
from services.operator.stack import Addresses, running_stack
from services.operator.token_command import mint

FRIDAY = datetime(2026, 10, 2, 9, tzinfo=UTC)


@pytest.fixture(scope="session")
def stack() -> Iterator[Addresses]:
    with running_stack(clock=FRIDAY) as addresses:
        yield addresses


@pytest.fixture(scope="session")
def operator_token(stack: Addresses) -> str:
    return mint(stack.secrets, frozenset({Role.PLATFORM_OPERATOR}), offset=stack.ahead)


@pytest.fixture
async def http() -> AsyncIterator[HttpClient]:
    client = HttpClient(timeout_seconds=30)
    yield client
    await client.close()


@pytest.fixture
def operator(stack: Addresses, http: HttpClient, operator_token: str) -> ApiClient:
    return ApiClient(http, stack.gateway, operator_token)
