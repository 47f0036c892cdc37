from collections.abc import AsyncIterator
from dataclasses import replace
from ipaddress import ip_network
from typing import Any
from uuid import UUID

import pytest

from services.contracts.identity import Role
from services.gateway.proxy.addresses import TrustedProxies
from services.gateway.proxy.engines import TrustedEngines
from tests.gateway.conftest import Upstream
from tests.gateway.proxy.corpus import Asked, corpus_of
from tests.gateway.proxy.short_way import ShortWay, short_way
from tests.support.tokens import Tokens, principal

LOOPBACK = ip_network("127.0.0.0/8")


@pytest.fixture
def corpus(tokens: Tokens, organization_id: UUID) -> list[Asked]:
    return corpus_of(tokens, organization_id)


@pytest.fixture
def trusting_app(gateway_app: Any) -> Any:
    equipment = gateway_app.state.equipment
    own = [ip_network("127.0.0.1/32")]
    front = replace(equipment.front, engines=TrustedEngines([LOOPBACK]), proxies=TrustedProxies(own))
    gateway_app.state.equipment = replace(equipment, front=front)
    return gateway_app


@pytest.fixture
async def way(
    gateway_app: Any, gateway_url: str, tokens: Tokens, organization_id: UUID, upstream: Upstream
) -> AsyncIterator[ShortWay]:
    token = tokens.access(principal(Role.COUNSELLOR, Role.FRONT_DESK, organization=organization_id))
    async with short_way(gateway_app, gateway_url, f"Authorization: Bearer {token}", upstream) as made:
        yield made
