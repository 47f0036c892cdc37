"""A published week of three, and a fourth patient who is in none of its groups."""

from typing import Any

import pytest

from services.contracts.identity import Role
from tests.conftest import ClientFactory
from tests.scheduler.conftest import MONDAY, Clinic, Json
from tests.scheduler.proposals.conftest import booked, propose, publish, published, week
from tests.scheduler.weekly import Week

__all__ = ["booked", "propose", "publish", "published", "week"]


class Placing:
    """The front desk, with one patient before it."""

    def __init__(self, scheduler: ClientFactory, clinic: Clinic, patient_id: str) -> None:
        self._client = scheduler
        self._site = clinic.site["id"]
        self.patient_id = patient_id

    @property
    def _whom(self) -> Json:
        return {"patient_id": self.patient_id, "site_id": self._site, "week": MONDAY}

    async def recommend(self, *, role: Role = Role.FRONT_DESK, **changes: Any) -> Any:
        return await self._client(role).post("/v1/placements:recommend", json={**self._whom, **changes})

    async def alternatives(self) -> list[Json]:
        answer = await self.recommend()
        assert answer.status_code == 200, answer.text
        return list(answer.json()["alternatives"])

    async def take(self, alternative: Json, *, version: int | None = 1, **changes: Any) -> Any:
        new = [session for session in alternative["sessions"] if session["is_new"]]
        keys = ("service", "modality", "start", "practitioner_id")
        body = {
            **self._whom,
            "appointment_ids": [one["appointment_id"] for one in new if one["appointment_id"]],
            "visits": [{key: one[key] for key in keys} for one in new if not one["appointment_id"]],
            **changes,
        }
        headers = {} if version is None else {"if-match": f'"{version}"'}
        return await self._client(Role.FRONT_DESK).post("/v1/placements", json=body, headers=headers)

    async def explain(self, patient_id: str | None = None) -> Any:
        path = f"/v1/sites/{self._site}/timetables/{MONDAY}/patients/{patient_id or self.patient_id}/explanation"
        return await self._client(Role.FRONT_DESK).get(path)

    async def wish(self, start: str, service: str = "process_group", **changes: Any) -> Any:
        body = {**self._whom, "service": service, "start": start, **changes}
        return await self._client(Role.FRONT_DESK).post("/v1/placements:explain", json=body)


@pytest.fixture
def placing(scheduler: ClientFactory, clinic: Clinic, week: Week, published: Json) -> Placing:
    assert published
    return Placing(scheduler, clinic, week.ids[3])
