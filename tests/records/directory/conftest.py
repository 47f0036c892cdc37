"""A directory of invented programmes, and who looks at it without a login."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from uuid import UUID

import httpx2
import pytest

from services.contracts.identity import Microservice, Principal, Role
from tests.conftest import ClientFactory
from tests.support.serving import call_in_process
from tests.support.tokens import Tokens

Json = dict[str, Any]
Import = Callable[..., Awaitable[Json]]


def statement(facet: str, *values: str, title: str = "As the source heads it") -> Json:
    return {"facet": facet, "title": title, "values": list(values)}


def entry(name: str, latitude: float, longitude: float, *statements: Json, **changes: Any) -> Json:
    return {
        "name": name,
        "street": "1 Invented Way",
        "city": "Sampleton",
        "region": "NJ",
        "postal_code": "00000",
        "latitude": latitude,
        "longitude": longitude,
        "statements": list(statements),
        **changes,
    }


@pytest.fixture
async def anybody(records_app: object) -> AsyncIterator[httpx2.AsyncClient]:
    async with call_in_process(records_app) as client:
        yield client


@pytest.fixture
async def platform(records_app: object, tokens: Tokens) -> AsyncIterator[httpx2.AsyncClient]:
    operator = Principal(
        account_id=UUID(int=7),  # type: ignore[arg-type]
        organization_id=None,
        roles=frozenset({Role.PLATFORM_OPERATOR}),
        acting_service=None,
        token_id="",
        delegation=None,
        sign_in=None,
        proof_key=None,
    )
    token = tokens.internal(operator, Microservice.RECORDS)
    async with call_in_process(records_app, headers={"authorization": f"Bearer {token}"}) as client:
        yield client


@pytest.fixture
def administrator(records: ClientFactory) -> httpx2.AsyncClient:
    return records(Role.ORGANIZATION_ADMIN)


@pytest.fixture
def enter(platform: httpx2.AsyncClient) -> Import:
    async def send(*entries: Json, as_of: str = "2026-09-01", source: str = "Invented locator") -> Json:
        body = {"source": source, "as_of": as_of, "entries": list(entries)}
        answer = await platform.post("/v1/directory_programmes:import", json=body)
        assert answer.status_code == 200, answer.text
        told: Json = answer.json()
        return told

    return send


async def found(client: httpx2.AsyncClient, **search: Any) -> list[Json]:
    answer = await client.post("/v1/directory_programmes:search", json=search)
    assert answer.status_code == 200, answer.text
    items: list[Json] = answer.json()["items"]
    return items


def names(items: list[Json]) -> list[str]:
    return [one["programme"]["name"] for one in items]
