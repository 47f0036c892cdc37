"""Sessions of a clinic as the scheduler tells of them."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

import httpx2
import orjson
import pytest

from services.chassis.clock import Clock
from services.chassis.webhooks import signed_headers
from services.clients.attendance import event_secret
from tests.conftest import ClientFactory

Json = dict[str, Any]
Tell = Callable[..., Awaitable[httpx2.Response]]

SECRET = event_secret(bytes(32))
WEEK = "2026-09-28"


def event(patient: Json, **changes: Any) -> Json:
    return {
        "id": str(uuid4()),
        "appointment_id": str(uuid4()),
        "patient_id": patient["id"],
        "site_id": patient["site_id"],
        "zone": "America/New_York",
        "week": WEEK,
        "service": "process_group",
        "modality": "on_site",
        "start": "2026-09-29T18:00:00Z",
        "end": "2026-09-29T21:00:00Z",
        "revision": 1,
        "status": "fulfilled",
        "excused": None,
        "minutes_late": 0,
        "minutes_left_early": 0,
        "recorded_by": str(uuid4()),
        "recorded_at": "2026-09-29T21:05:00Z",
        **changes,
    }


@pytest.fixture
def tell(records: ClientFactory, organization_id: UUID, clock: Clock) -> Tell:
    client = records()
    del client.headers["authorization"]

    async def send(told: Json, *, organization: UUID | None = None, secret: bytes = SECRET) -> httpx2.Response:
        body = orjson.dumps(told)
        headers = signed_headers(secret, str(told["id"]), clock.now(), body)
        return await client.post(
            f"/v1/organizations/{organization or organization_id}/attendance_events",
            content=body,
            headers={**headers, "content-type": "application/json"},
        )

    return send


@pytest.fixture
def tell_site(records: ClientFactory, organization_id: UUID, clock: Clock) -> Tell:
    client = records()
    del client.headers["authorization"]

    async def send(told: Json, *, organization: UUID | None = None, secret: bytes = SECRET) -> httpx2.Response:
        body = orjson.dumps(told)
        headers = {**signed_headers(secret, str(told["id"]), clock.now(), body), "content-type": "application/json"}
        path = f"/v1/organizations/{organization or organization_id}/site_events"
        return await client.post(path, content=body, headers=headers)

    return send
