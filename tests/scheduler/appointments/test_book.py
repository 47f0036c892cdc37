"""The book's own guarantees, beneath the routes: no constraint of it can be got around."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy.exc import IntegrityError

from services.chassis.clock import Clock
from services.chassis.database import Database, OpenDatabase
from services.contracts.identifiers import OrganizationId, PatientId, PractitionerId, RoomId, SiteId
from services.contracts.identity import Role
from services.contracts.scheduler.timetables import Session
from services.contracts.vocabulary import Modality, ServiceKind
from services.operator.postgres.provision import DatabaseUrls
from services.scheduler.appointments.logic import AppointmentsLogic
from services.scheduler.errors import DoubleBookingError
from tests.conftest import ClientFactory
from tests.scheduler.conftest import MONDAY, Clinic, Json

WEEK = date(2026, 10, 5)
NINE = datetime(2026, 10, 6, 13, tzinfo=UTC)
HOUR = timedelta(hours=1)

SessionMaker = Callable[..., Session]


@pytest.fixture
def session(clinic: Clinic) -> SessionMaker:
    def make(**changes: Any) -> Session:
        values: dict[str, Any] = {
            "service": ServiceKind.INDIVIDUAL,
            "modality": Modality.ON_SITE,
            "start": NINE,
            "end": NINE + HOUR,
            "room_id": None,
            "practitioner_id": None,
            "co_facilitator_id": None,
            "track": None,
            "language": None,
            "capacity": 2,
            "patient_ids": [PatientId(uuid4())],
        }
        return Session(**{**values, **changes})

    assert clinic.site
    return make


@pytest.fixture
def book(scheduler_database: Database, organization_id: UUID, clinic: Clinic, clock: Clock) -> Callable[..., Any]:
    async def add(*sessions: Session) -> None:
        organization = OrganizationId(organization_id)
        async with scheduler_database.command(organization) as db:
            book = AppointmentsLogic(db, organization, clock)
            await book.replace_week(
                SiteId(UUID(clinic.site["id"])), WEEK, 1, sessions, apart={}, replace_bookings=False
            )

    return add


@pytest.mark.parametrize("member", ["patient_ids", "practitioner_id", "co_facilitator_id", "room_id"])
async def test_nobody_and_nothing_is_booked_twice_at_once(
    book: Any, session: SessionMaker, clinic: Clinic, member: str
) -> None:
    same: Any = {
        "patient_ids": [PatientId(uuid4())],
        "practitioner_id": PractitionerId(UUID(clinic.counsellor["id"])),
        "co_facilitator_id": PractitionerId(UUID(clinic.counsellor["id"])),
        "room_id": RoomId(UUID(clinic.room["id"])),
    }[member]
    later = {"start": NINE + HOUR / 2, "end": NINE + 2 * HOUR}

    with pytest.raises(DoubleBookingError):
        await book(session(**{member: same}), session(**{member: same}, **later))


async def test_sessions_that_touch_do_not_collide(book: Any, session: SessionMaker) -> None:
    patients = [PatientId(uuid4())]

    await book(session(patient_ids=patients), session(patient_ids=patients, start=NINE + HOUR, end=NINE + 2 * HOUR))


async def test_a_seat_too_many_is_refused_by_the_database(book: Any, session: SessionMaker) -> None:
    patients = [PatientId(uuid4()) for _ in range(3)]

    with pytest.raises(IntegrityError, match="appointments_seats_check"):
        await book(session(capacity=2, patient_ids=patients))


async def test_a_cancelled_session_frees_everybody(
    book: Any, session: SessionMaker, scheduler: ClientFactory, clinic: Clinic
) -> None:
    room = RoomId(UUID(clinic.room["id"]))

    await book(session(room_id=room))
    await book(session(room_id=room))

    path = f"/v1/sites/{clinic.site['id']}/appointments"
    found: dict[str, list[Json]] = {
        status: (await scheduler(Role.NURSE).get(path, params={"week": MONDAY, "status": status})).json()["items"]
        for status in ("booked", "cancelled")
    }
    assert [len(items) for items in found.values()] == [1, 1]


async def test_the_book_is_read_by_pages_in_order_of_time_with_the_site_s_offset(
    book: Any, session: SessionMaker, scheduler: ClientFactory, clinic: Clinic
) -> None:
    await book(*(session(start=NINE + number * HOUR, end=NINE + (number + 1) * HOUR) for number in range(5)))
    client = scheduler(Role.FRONT_DESK)
    path = f"/v1/sites/{clinic.site['id']}/appointments"

    first = (await client.get(path, params={"week": MONDAY, "page_size": 3})).json()
    parameters = {"week": MONDAY, "page_size": 3, "page_token": first["next_page_token"]}
    rest = (await client.get(path, params=parameters)).json()

    starts = [item["start"] for item in first["items"] + rest["items"]]
    assert starts == [f"2026-10-06T{hour:02}:00:00-04:00" for hour in range(9, 14)]
    assert (await client.get(path, params={"week": "2026-10-12"})).json()["items"] == []


@pytest.mark.parametrize(
    ("parameters", "name"), [({}, "week"), ({"week": "soon"}, "week"), ({"week": MONDAY, "status": "maybe"}, "status")]
)
async def test_a_wrong_question_to_the_book_is_refused_by_name(
    scheduler: ClientFactory, clinic: Clinic, parameters: dict[str, str], name: str
) -> None:
    answer = await scheduler(Role.FRONT_DESK).get(f"/v1/sites/{clinic.site['id']}/appointments", params=parameters)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == name


async def test_the_book_is_not_for_billing(scheduler: ClientFactory, clinic: Clinic) -> None:
    answer = await scheduler(Role.BILLING).get(f"/v1/sites/{clinic.site['id']}/appointments", params={"week": MONDAY})

    assert answer.status_code == 403


CONTENDERS = 12
"""Each with a connection of its own: who waits for the pool instead of the patient's lock races with nobody."""


class TestRaces:
    """With real commits."""

    pytestmark = pytest.mark.committed

    @pytest.fixture
    async def scheduler_database(self, databases: Mapping[str, DatabaseUrls]) -> AsyncIterator[Database]:
        opened = OpenDatabase(databases["scheduler"].app, pool_size=CONTENDERS)
        yield await opened.open()
        await opened.close()

    async def test_of_many_who_book_one_patient_at_once_exactly_one_wins(
        self, scheduler_database: Database, organization_id: UUID, session: SessionMaker, clinic: Clinic, clock: Clock
    ) -> None:
        organization, site_id = OrganizationId(organization_id), SiteId(UUID(clinic.site["id"]))
        patients = [PatientId(uuid4())]

        async def book(number: int) -> bool:
            week = WEEK + timedelta(weeks=number)  # weeks of their own, so that none replaces another
            try:
                async with scheduler_database.command(organization) as db:
                    book = AppointmentsLogic(db, organization, clock)
                    await book.replace_week(
                        site_id, week, 1, [session(patient_ids=patients)], apart={}, replace_bookings=False
                    )
            except DoubleBookingError:
                return False
            return True

        won = await asyncio.gather(*(book(number) for number in range(CONTENDERS)))

        assert won.count(True) == 1
