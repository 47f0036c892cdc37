"""Patients with commitments, and a week that they may be in the way of."""

from typing import Any
from uuid import UUID

import pytest

from services.chassis.clock import Clock
from services.chassis.database import Database
from services.contracts.identity import Role
from tests.conftest import ClientFactory
from tests.scheduler.conftest import Clinic, Desk, Json, Make


@pytest.fixture
async def patient(clinic: Clinic, new_patient: Make) -> Json:
    return await new_patient(clinic.site)


@pytest.fixture
def desk(
    scheduler: ClientFactory, scheduler_database: Database, organization_id: UUID, clinic: Clinic, clock: Clock
) -> Desk:
    return Desk(scheduler, scheduler_database, organization_id, clinic.site, clock)


class Sources:
    """The sources of one patient, as one role sees and changes them."""

    def __init__(self, scheduler: ClientFactory, patient: Json) -> None:
        self._scheduler = scheduler
        self.path = f"/v1/patients/{patient['id']}/commitment_sources"

    async def post(self, action: str = "", *, role: Role = Role.FRONT_DESK, **request: Any) -> Any:
        return await self._scheduler(role).post(f"{self.path}{action}", **request)

    async def preview(self, document: bytes, *, role: Role = Role.FRONT_DESK) -> Any:
        return await self.post(":preview", role=role, content=document, headers={"content-type": "text/calendar"})

    async def listed(self) -> list[Json]:
        return list((await self._scheduler(Role.COUNSELLOR).get(self.path)).json()["items"])

    async def busy(self, start: str = "2026-10-01T00:00:00Z", end: str = "2027-10-20T00:00:00Z") -> list[Json]:
        path = self.path.replace("commitment_sources", "commitments")
        parameters: dict[str, str | int] = {"start": start, "end": end, "page_size": 200}
        return list((await self._scheduler(Role.COUNSELLOR).get(path, params=parameters)).json()["items"])


@pytest.fixture
def sources(scheduler: ClientFactory, patient: Json) -> Sources:
    return Sources(scheduler, patient)
