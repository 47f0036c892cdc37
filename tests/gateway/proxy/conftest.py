from dataclasses import replace
from ipaddress import ip_network
from typing import Any
from uuid import UUID

import pytest

from services.gateway.proxy.addresses import TrustedProxies
from services.gateway.proxy.engines import TrustedEngines
from tests.gateway.proxy.corpus import Asked, corpus_of
from tests.support.tokens import Tokens

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
