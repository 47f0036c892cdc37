"""A small clinic, made through the two services' own routes."""

from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import httpx2
import pytest
from sqlalchemy import text
from typing_extensions import override

from services.chassis.clock import Clock
from services.chassis.database import Database
from services.contracts.identifiers import OrganizationId, PatientId, SiteId
from services.contracts.identity import Role
from services.contracts.scheduler.timetables import Session
from services.contracts.vocabulary import Modality, ServiceKind
from services.scheduler.appointments.logic import AppointmentsLogic
from services.scheduler.appointments.rules import KeptApart
from tests.conftest import ClientFactory
from tests.scheduler.clinics import Clinic, Json, Make
from tests.scheduler.weekly import ByHand, weeks_by_hand

__all__ = ["Clinic", "Json", "Make"]

MONDAY = "2026-10-05"
ZONE = "America/New_York"
WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA")


def windows(start: str, end: str, *days: str) -> list[Json]:
    return [{"weekday": day, "start": start, "end": end} for day in days or WEEKDAYS]


@pytest.fixture
def new_site(scheduler: ClientFactory) -> Make:
    async def make(**changes: Any) -> Json:
        request = {"name": "Main Street", "zone": ZONE, "open": windows("08:00", "21:00"), "offices": 2}
        answer = await scheduler(Role.ORGANIZATION_ADMIN).post(
            "/v1/sites", json={**request, "family_rooms": 1, **changes}
        )
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    return make


def at_site(scheduler: ClientFactory, collection: str, request: Json) -> Make:
    async def make(site: Json, **changes: Any) -> Json:
        client = scheduler(Role.PROGRAMME_DIRECTOR)
        answer = await client.post(f"/v1/sites/{site['id']}/{collection}", json={**request, **changes})
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    return make


@pytest.fixture
def new_room(scheduler: ClientFactory) -> Make:
    return at_site(scheduler, "rooms", {"name": "Oak", "capacity": 12})


@pytest.fixture
def new_practitioner(scheduler: ClientFactory) -> Make:
    request = {
        "display_name": "Alex Reed",
        "role": "counsellor",
        "leads": ["process_group"],
        "co_facilitates": True,
        "individual": ["individual"],
        "languages": ["en"],
        "shifts": windows("09:00", "17:00"),
    }
    return at_site(scheduler, "practitioners", request)


@pytest.fixture
def new_licence(scheduler: ClientFactory) -> Make:
    """Let a practitioner treat people in New York, from the beginning of the year on."""

    async def make(practitioner: Json, **changes: Any) -> Json:
        path = f"/v1/practitioners/{practitioner['id']}/licences"
        body = {"jurisdiction": "US-NY", "valid_from": "2026-01-01", **changes}
        answer = await scheduler(Role.PROGRAMME_DIRECTOR).post(path, json=body)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    return make


@pytest.fixture
def new_offering(scheduler: ClientFactory) -> Make:
    request = {"service": "process_group", "minutes": 90, "minimum_size": 2, "maximum_size": 12}
    return at_site(scheduler, "group_offerings", request)


@pytest.fixture
async def clinic(new_site: Make, new_room: Make, new_practitioner: Make, new_offering: Make) -> Clinic:
    site = await new_site()
    return Clinic(
        site,
        await new_room(site),
        await new_practitioner(site),
        await new_practitioner(site, display_name="Sam Hill", role="therapist", individual=["individual", "family"]),
        await new_offering(site),
    )


@pytest.fixture
def by_hand(
    scheduler: ClientFactory, scheduler_database: Database, organization_id: UUID, clinic: Clinic, clock: Clock
) -> ByHand:
    """The clinic's weeks, proposed and published without a solver."""
    return weeks_by_hand(scheduler, scheduler_database, organization_id, clinic.site, clock)


@pytest.fixture
def new_patient(records: ClientFactory) -> Make:
    async def make(site: Json, plan: Json | None = None) -> Json:
        client = records(Role.PROGRAMME_DIRECTOR)
        person = {"given_name": "Kim", "family_name": "Doe", "birth_date": "1990-04-01", "site_id": site["id"]}
        patient = await client.post("/v1/patients", json=person)
        assert patient.status_code == 201, patient.text
        if plan is not None:
            path = f"/v1/patients/{patient.json()['id']}/treatment_plan"
            answer = await client.put(path, json=plan)
            assert answer.status_code == 201, answer.text
        return dict(patient.json())

    return make


NoticesOf = Callable[[str], Awaitable[list[Json]]]


@pytest.fixture
def notices_of(scheduler: ClientFactory) -> NoticesOf:
    """The notices of a patient, the first one first."""

    async def read(patient_id: str) -> list[Json]:
        answer = await scheduler(Role.FRONT_DESK).get(f"/v1/patients/{patient_id}/notices")
        assert answer.status_code == 200, answer.text
        return list(answer.json()["items"])

    return read


def without_instance(answer: httpx2.Response) -> bytes:
    """An answer's body, without the one thing that differs: the id of the request."""
    return answer.content.replace(answer.json()["instance"].encode(), b"")


Treating = Callable[..., Awaitable[httpx2.AsyncClient]]


@pytest.fixture
def treating(scheduler: ClientFactory, records: ClientFactory) -> Treating:
    """Let somebody of a role treat these patients; returns how they call the scheduler."""

    async def join(role: Role, *patients: Json) -> httpx2.AsyncClient:
        account = uuid4()
        for patient in patients:
            path = f"/v1/patients/{patient['id']}/care_team_members"
            answer = await records(Role.PROGRAMME_DIRECTOR).post(path, json={"account_id": str(account)})
            assert answer.status_code == 201, answer.text
        return scheduler(role, account=account)

    return join


def plan_of(counsellor: Json, **changes: Any) -> Json:
    """Nine hours a week: five process groups of 90 minutes and one and a half hours that come as they can."""
    return {
        "effective_from": "2026-09-01",
        "required_services": [
            {"service": "process_group", "minutes_per_week": 540},
            {"service": "individual", "minutes_per_week": 60},
        ],
        "track": "adult",
        "languages": ["en"],
        "modalities": ["on_site"],
        "team": [counsellor["id"]],
        "primary_practitioner_id": counsellor["id"],
        **changes,
    }


AT_HOME: Json = {
    "modalities": ["on_site", "telehealth"],
    "telehealth_consented_on": "2026-09-01",
    "telehealth_jurisdiction": "US-NY",
}
"""What of a plan lets somebody be seen by telehealth by whom New York has licensed."""


def calendar(*events: str) -> bytes:
    """An iCalendar document; each event is `DTSTART/DTEND` in floating time."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//test//EN"]
    for number, event in enumerate(events):
        start, end = event.split("/")
        lines += ["BEGIN:VEVENT", f"UID:{number}@test", f"DTSTART:{start}", f"DTEND:{end}"]
        lines += ["SUMMARY:Court date with a secret title", "END:VEVENT"]
    return "\r\n".join([*lines, "END:VCALENDAR", ""]).encode()


@pytest.fixture
def import_calendar(scheduler: ClientFactory) -> Callable[..., Awaitable[Any]]:
    async def send(
        patient: Json, document: bytes, *, media_type: str = "text/calendar", role: Role = Role.FRONT_DESK
    ) -> Any:
        path = f"/v1/patients/{patient['id']}/commitment_sources"
        return await scheduler(role).post(path, content=document, headers={"content-type": media_type})

    return send


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


class SteppingClock(Clock):
    """A millisecond passes whenever somebody looks, so that things have an order, however long a test takes."""

    def __init__(self, instant: datetime) -> None:
        super().__init__()
        self._instant = instant

    @override
    def now(self) -> datetime:
        self._instant += timedelta(milliseconds=1)
        return self._instant


class Desk:
    """The front desk of one site: what it sees of a week, and what it asks for."""

    def __init__(
        self, scheduler: ClientFactory, database: Database, organization_id: UUID, site: Json, clock: Clock
    ) -> None:
        self._client = scheduler
        self._database = database
        self.clock = clock
        self._organization_id = OrganizationId(organization_id)
        self._site = site

    async def publish(
        self, *sessions: Session, apart: KeptApart | None = None, replace_bookings: bool = True
    ) -> list[Json]:
        """Let the week have these sessions and no others; returns its appointments in order of time."""
        async with self._database.command(self._organization_id) as db:
            book = AppointmentsLogic(db, self._organization_id, self.clock)
            await book.replace_week(
                SiteId(UUID(self._site["id"])),
                date.fromisoformat(MONDAY),
                1,
                sessions,
                apart=apart or {},
                replace_bookings=replace_bookings,
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
def desk(
    scheduler: ClientFactory, scheduler_database: Database, organization_id: UUID, site: Json, clock: Clock
) -> Desk:
    return Desk(scheduler, scheduler_database, organization_id, site, clock)


@pytest.fixture
async def people(new_patient: Make, site: Json) -> People:
    return People(*[await new_patient(site) for _ in People._fields])


@pytest.fixture
def at(scheduler_app: Any, desk: Desk) -> Callable[[datetime], None]:
    """Let it be that time for the scheduler, and for who publishes, whatever the wall says."""

    def set_clock(instant: datetime) -> None:
        process = scheduler_app.state.process
        desk.clock = SteppingClock(instant)
        scheduler_app.state.process = type(process)(desk.clock, process.database, process.authenticator)

    return set_clock
