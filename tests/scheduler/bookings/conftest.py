"""A published group, and patients who want to sit in it."""

from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import httpx2
import pytest
from sqlalchemy import text

from services.chassis.clock import Clock
from services.chassis.database import Database
from services.contracts.identifiers import OrganizationId, PatientId, SiteId
from services.contracts.identity import Role
from services.contracts.scheduler.timetables import Session
from services.contracts.vocabulary import Modality, ServiceKind
from services.scheduler.appointments.logic import AppointmentsLogic
from tests.conftest import ClientFactory
from tests.scheduler.conftest import MONDAY, Json, Make

TUESDAY_NINE = datetime(2026, 10, 6, 13, tzinfo=UTC)
NINETY_MINUTES = timedelta(minutes=90)


def problem(answer: httpx2.Response) -> tuple[int, str, str]:
    document = answer.json()
    return answer.status_code, document["type"].rpartition(":")[2], document.get("code", "")


NO_SEAT = (409, "no-seat", "")
PATIENT_BOOKED = (409, "double-booking", "patient-booked")
COMMITMENT = (409, "double-booking", "commitment-collides")


def group(*seated: Json, start: datetime = TUESDAY_NINE, **changes: Any) -> Session:
    values: dict[str, Any] = {
        "service": ServiceKind.PROCESS_GROUP,
        "modality": Modality.ON_SITE,
        "start": start,
        "end": start + NINETY_MINUTES,
        "room_id": None,
        "practitioner_id": None,
        "co_facilitator_id": None,
        "track": "adult",
        "language": "en",
        "capacity": 2,
        "patient_ids": [PatientId(UUID(patient["id"])) for patient in seated],
    }
    return Session(**{**values, **changes})


class Desk:
    """The front desk of one site: what it sees of a week, and what it asks for."""

    def __init__(self, scheduler: ClientFactory, database: Database, organization_id: UUID, site: Json) -> None:
        self._client = scheduler
        self._database = database
        self._organization_id = OrganizationId(organization_id)
        self._site = site

    async def publish(self, *sessions: Session) -> list[Json]:
        """Let the week have these sessions and no others; returns its appointments in order of time."""
        async with self._database.command(self._organization_id) as db:
            book = AppointmentsLogic(db, self._organization_id, Clock())
            await book.replace_week(
                SiteId(UUID(self._site["id"])), date.fromisoformat(MONDAY), 1, sessions, replace_bookings=True
            )
        return await self.read()

    async def read(self, status: str = "booked") -> list[Json]:
        path = f"/v1/sites/{self._site['id']}/appointments"
        answer = await self._client(Role.FRONT_DESK).get(path, params={"week": MONDAY, "status": status})
        return list(answer.json()["items"])

    async def seats(self) -> list[tuple[int, set[str]]]:
        """How many seats are taken, and who sits there, for each session in order of time."""
        return [(item["taken"], set(item["patient_ids"])) for item in await self.read()]

    async def ask(
        self, verb: str, appointment: Json, patient: Json, *, role: Role = Role.FRONT_DESK, **more: Any
    ) -> Any:
        minutes = {"minutes": 5} if verb == "hold" else {}
        body = {"patient_id": patient["id"], **minutes, **more}
        return await self._client(role).post(f"/v1/appointments/{appointment['id']}:{verb}", json=body)

    async def run(self, statement: str) -> list[tuple[Any, ...]]:
        """Run one statement as the service itself would, in the test's organization."""
        async with self._database.command(self._organization_id) as db:
            return [tuple(row) for row in await db.execute(text(statement))]


class People(NamedTuple):
    ann: Json
    ben: Json
    cleo: Json


@pytest.fixture
async def site(new_site: Make) -> Json:
    return await new_site()


@pytest.fixture
def desk(scheduler: ClientFactory, scheduler_database: Database, organization_id: UUID, site: Json) -> Desk:
    return Desk(scheduler, scheduler_database, organization_id, site)


@pytest.fixture
async def people(new_patient: Make, site: Json) -> People:
    return People(*[await new_patient(site) for _ in People._fields])
