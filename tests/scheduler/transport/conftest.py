"""A van of the site, and what the front desk does with it."""

from datetime import timedelta
from typing import Any

import pytest

from services.contracts.identity import Role
from tests.conftest import ClientFactory
from tests.scheduler.conftest import MONDAY, TUESDAY_NINE, Json

MINUTE = timedelta(minutes=1)
END = TUESDAY_NINE + 90 * MINUTE
DAY = "2026-10-06"


class Van:
    """What the front desk does with one van of a site."""

    def __init__(self, client: ClientFactory, site: Json, vehicle: Json) -> None:
        self._client = client
        self._site = site
        self.vehicle = vehicle

    async def plan(self, direction: str = "to_site", start: Any = TUESDAY_NINE - 60 * MINUTE, minutes: int = 45) -> Any:
        body = {"direction": direction, "start": str(start), "end": str(start + minutes * MINUTE)}
        return await self._client(Role.FRONT_DESK).post(f"/v1/vehicles/{self.vehicle['id']}/runs", json=body)

    async def give(self, run: Json, session: Json, patient: Json, *, role: Role = Role.FRONT_DESK, **more: Any) -> Any:
        body = {
            "appointment_id": session["id"],
            "patient_id": patient["id"],
            "stop_at": run["start"],
            "area": "5th Ave",
        }
        return await self._client(role).post(f"/v1/runs/{run['id']}/rides", json={**body, **more})

    async def taken(self) -> list[int]:
        answer = await self._client(Role.NURSE).get(f"/v1/sites/{self._site['id']}/runs", params={"day": DAY})
        return [run["taken"] for run in answer.json()["items"]]

    async def rides(self, run: Json) -> list[Json]:
        answer = await self._client(Role.FRONT_DESK).get(f"/v1/runs/{run['id']}/rides")
        assert answer.status_code == 200, answer.text
        return list(answer.json()["items"])

    async def missing(self, week: str = MONDAY, role: Role = Role.FRONT_DESK) -> Any:
        return await self._client(role).get(f"/v1/sites/{self._site['id']}/missing_rides", params={"week": week})

    async def stops(self, run: Json) -> list[Json]:
        return list((await self._client(Role.NURSE).get(f"/v1/runs/{run['id']}/sheet")).json()["stops"])


@pytest.fixture
async def van(scheduler: ClientFactory, site: Json) -> Van:
    body = {"name": "White van", "seats": 2}
    answer = await scheduler(Role.PROGRAMME_DIRECTOR).post(f"/v1/sites/{site['id']}/vehicles", json=body)
    assert answer.status_code == 201, answer.text
    return Van(scheduler, site, answer.json())


@pytest.fixture
async def run(van: Van) -> Json:
    answer = await van.plan()
    assert answer.status_code == 201, answer.text
    return dict(answer.json())
