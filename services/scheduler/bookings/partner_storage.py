"""Where it is read between which sessions of a week a patient could change, and who sits there; nothing is locked."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import ARRAY, TIMESTAMP, Date, Uuid, and_, any_, bindparam, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from services.contracts.identifiers import AppointmentId, PatientId, PractitionerId, SiteId
from services.contracts.scheduler.timetables import AppointmentStatus
from services.contracts.vocabulary import Modality
from services.scheduler.appointments.tables import AppointmentPatientRow, AppointmentPractitionerRow, AppointmentRow
from services.scheduler.bookings.storage import SESSIONS, SeatedSession, facts_of

_NOW: Final = bindparam("now", type_=TIMESTAMP(timezone=True))
_ASKED: Final = aliased(AppointmentRow, name="asked")
_IS_LIVE: Final = (
    AppointmentPatientRow.booked,
    or_(AppointmentPatientRow.held_until.is_(None), AppointmentPatientRow.held_until > _NOW),
)
_ALIKE: Final = (
    SESSIONS.join(
        _ASKED,
        and_(
            _ASKED.organization_id == AppointmentRow.organization_id,
            _ASKED.site_id == AppointmentRow.site_id,
            _ASKED.week == AppointmentRow.week,
            _ASKED.service == AppointmentRow.service,
        ),
    )
    .where(_ASKED.id == bindparam("appointment_id", type_=Uuid))
    .order_by(AppointmentRow.id)
)
_SEATS: Final = select(
    AppointmentPatientRow.appointment_id, AppointmentPatientRow.patient_id, AppointmentPatientRow.held_until
).where(AppointmentPatientRow.appointment_id == any_(bindparam("appointments", type_=ARRAY(Uuid))), *_IS_LIVE)
_LEADS: Final = select(AppointmentPractitionerRow.appointment_id, AppointmentPractitionerRow.practitioner_id).where(
    AppointmentPractitionerRow.appointment_id == any_(bindparam("appointments", type_=ARRAY(Uuid))),
    AppointmentPractitionerRow.part == "lead",
)
_TRIPS: Final = (
    select(
        AppointmentPatientRow.appointment_id,
        AppointmentPatientRow.patient_id,
        func.lower(AppointmentPatientRow.during).label("start"),
    )
    .join(
        AppointmentRow,
        and_(
            AppointmentRow.organization_id == AppointmentPatientRow.organization_id,
            AppointmentRow.id == AppointmentPatientRow.appointment_id,
        ),
    )
    .where(
        AppointmentRow.site_id == bindparam("site_id", type_=Uuid),
        AppointmentRow.week == bindparam("week", type_=Date),
        AppointmentRow.modality == Modality.ON_SITE.value,
        *_IS_LIVE,
    )
)


@dataclass(frozen=True, slots=True)
class Trip:
    """A session for which a patient comes to the site, on a day in the site's zone."""

    appointment_id: AppointmentId
    day: date


async def sessions_alike(db: AsyncSession, appointment_id: AppointmentId, now: datetime) -> list[SeatedSession]:
    """Fetch the sessions of the same service in the same week at the same site, itself included, cancelled ones too."""
    rows = (await db.execute(_ALIKE, {"appointment_id": appointment_id})).all()
    seats: dict[AppointmentId, dict[PatientId, datetime | None]] = defaultdict(dict)
    for row in await db.execute(_SEATS, {"appointments": [row.id for row in rows], "now": now}):
        seats[AppointmentId(row.appointment_id)][PatientId(row.patient_id)] = row.held_until
    return [_seated(row, seats[row.id]) for row in rows]


def _seated(row: Any, seats: Mapping[PatientId, datetime | None]) -> SeatedSession:
    return SeatedSession(
        id=AppointmentId(row.id),
        site_id=SiteId(row.site_id),
        week=row.week,
        status=AppointmentStatus(row.status),
        facts=facts_of(row, ZoneInfo(row.zone)),
        seats=seats,
        free=row.capacity - len(seats),
    )


async def leads(db: AsyncSession, appointments: Sequence[AppointmentId]) -> dict[AppointmentId, PractitionerId]:
    """Fetch who leads each of the sessions, where somebody does."""
    rows = await db.execute(_LEADS, {"appointments": list(appointments)})
    return {AppointmentId(row.appointment_id): PractitionerId(row.practitioner_id) for row in rows}


async def trips(db: AsyncSession, session: SeatedSession, now: datetime) -> dict[PatientId, list[Trip]]:
    """Fetch for what everybody comes to the site in a session's week."""
    found: dict[PatientId, list[Trip]] = defaultdict(list)
    for row in await db.execute(_TRIPS, {"site_id": session.site_id, "week": session.week, "now": now}):
        day = row.start.astimezone(session.facts.zone).date()
        found[PatientId(row.patient_id)].append(Trip(AppointmentId(row.appointment_id), day))
    return found
