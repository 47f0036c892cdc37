"""Referrals of a clinic: somebody who called yesterday, and factories."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from uuid import UUID

import httpx2
import pytest

Json = dict[str, Any]
Refer = Callable[..., Awaitable[Json]]
Act = Callable[..., Awaitable[httpx2.Response]]

PERSON = {
    "given_name": "Ada",
    "family_name": "Miller",
    "birth_date": "1991-04-05",
    "phone": "+15550100",
    "permissions": {"channels": ["phone"], "may_leave_message": False},
}
ADMISSION = {
    "programme": "evening-iop",
    "admitted_on": "2026-10-01",
    "initial": {"criteria_edition": "asam-3", "level": "2.1"},
}


@pytest.fixture
def referral_body(site_id: UUID) -> Json:
    return {"site_id": str(site_id), "person": PERSON, "source": "self", "received_at": "2026-10-01T12:30:00Z"}


@pytest.fixture
def refer(director: httpx2.AsyncClient, referral_body: Mapping[str, Any]) -> Refer:
    async def create(**changes: Any) -> Json:
        answer = await director.post("/v1/referrals", json={**referral_body, **changes})
        assert answer.status_code == 201, answer.text
        referral: Json = answer.json()
        return referral

    return create


@pytest.fixture
def act(director: httpx2.AsyncClient) -> Act:
    async def call(
        referral: Json, verb: str, body: Json, *, caller: httpx2.AsyncClient = director, read: int | None = None
    ) -> httpx2.Response:
        version = referral["version"] if read is None else read
        path = f"/v1/referrals/{referral['id']}:{verb}"
        return await caller.post(path, json=body, headers={"if-match": f'"{version}"'})

    return call
