"""The public side: somebody without a login, a door, and what they send."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import httpx2
import pytest

from services.records.placement_helper.reading import helper
from tests.support.serving import call_in_process

Json = dict[str, Any]

VERSION = helper().version
SAFE = {question.code: "no" for question in helper().questions if question.is_about_safety}


@pytest.fixture
async def anybody(records_app: object) -> AsyncIterator[httpx2.AsyncClient]:
    async with call_in_process(records_app) as client:
        yield client


@pytest.fixture
async def door(director: httpx2.AsyncClient, site_id: UUID) -> Json:
    answer = await director.post("/v1/intake_doors", json={"site_id": str(site_id), "name": "Harbour Street"})
    assert answer.status_code == 201, answer.text
    made: Json = answer.json()
    return made


@pytest.fixture
def inquiry(door: Json) -> Json:
    return {
        "door_id": door["id"],
        "person": {
            "given_name": "Canary",
            "family_name": "Quill",
            "phone": "+15550177",
            "permissions": {"channels": ["phone"]},
        },
        "consent": {"version": helper().inquiry_consent.version, "is_agreed": True},
    }
