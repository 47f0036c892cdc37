"""Where a session's modality is changed, and where it is kept that it was."""

from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import TIMESTAMP, Text, Uuid, and_, bindparam, func, insert, or_, select, update
from sqlalchemy.dialects.postgresql import TSTZRANGE, Range
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.database import violated_constraint
from services.contracts.identifiers import AppointmentId, OrganizationId, PatientId, PractitionerId, RoomId, SiteId
from services.contracts.scheduler.modality_changes import ModalityChange
from services.contracts.scheduler.timetables import AppointmentStatus
from services.contracts.vocabulary import Modality, ServiceKind
from services.scheduler.appointments.tables import AppointmentPatientRow, AppointmentPractitionerRow, AppointmentRow
from services.scheduler.bookings.facts import SessionFacts
from services.scheduler.bookings.rules import Interval
from services.scheduler.modality_changes.errors import RoomTakenError
from services.scheduler.modality_changes.facts import BookedSession
from services.scheduler.modality_changes.tables import ModalityChangeRow
from services.scheduler.sites.tables import SiteRow
from services.scheduler.storing import fresh_id

_APPOINTMENT_ID: Final = bindparam("appointment_id", type_=Uuid)
_SESSION: Final = (
    select(
        AppointmentRow.id,
        AppointmentRow.site_id,
        AppointmentRow.status,
        AppointmentRow.service,
        AppointmentRow.modality,
        AppointmentRow.during,
        AppointmentRow.track,
        AppointmentRow.language,
        AppointmentRow.room_id,
        SiteRow.zone,
    )
    .join(
        SiteRow, and_(SiteRow.organization_id == AppointmentRow.organization_id, SiteRow.id == AppointmentRow.site_id)
    )
    .where(AppointmentRow.id == _APPOINTMENT_ID)
)
_LEADS: Final = (
    select(AppointmentPractitionerRow.practitioner_id)
    .where(AppointmentPractitionerRow.appointment_id == _APPOINTMENT_ID)
    .order_by(AppointmentPractitionerRow.practitioner_id)
)
_SEATED: Final = (
    select(AppointmentPatientRow.patient_id, AppointmentPatientRow.held_until)
    .where(
        AppointmentPatientRow.appointment_id == _APPOINTMENT_ID,
        AppointmentPatientRow.booked,
        or_(
            AppointmentPatientRow.held_until.is_(None),
            AppointmentPatientRow.held_until > bindparam("now", type_=TIMESTAMP(timezone=True)),
        ),
    )
    .order_by(AppointmentPatientRow.patient_id)
)
_ON_SITE_THEN: Final = select(func.lower(AppointmentRow.during), func.upper(AppointmentRow.during)).where(
    AppointmentRow.site_id == bindparam("site_id", type_=Uuid),
    AppointmentRow.status == AppointmentStatus.BOOKED.value,
    AppointmentRow.modality == Modality.ON_SITE.value,
    AppointmentRow.service == bindparam("service", type_=Text),
    AppointmentRow.id != _APPOINTMENT_ID,
    AppointmentRow.during.op("&&")(bindparam("span", type_=TSTZRANGE)),
)


async def hold_site(db: AsyncSession, site_id: SiteId) -> None:
    """Let nobody publish for a site, or move another session there, until the transaction ends."""
    await db.execute(select(SiteRow.id).where(SiteRow.id == site_id).with_for_update())


async def find(
    db: AsyncSession, appointment_id: AppointmentId, now: datetime, *, hold: bool = False
) -> tuple[AppointmentStatus, BookedSession] | None:
    """Fetch a session with its people, and with `hold` keep it as it is until the transaction ends."""
    asked = {"appointment_id": appointment_id, "now": now}
    statement = _SESSION.with_for_update(key_share=True, of=AppointmentRow) if hold else _SESSION
    row = (await db.execute(statement, asked)).one_or_none()
    if row is None:
        return None
    seated = (await db.execute(_SEATED, asked)).all()
    session = BookedSession(
        id=appointment_id,
        site_id=SiteId(row.site_id),
        facts=_facts(row),
        room_id=row.room_id,
        practitioners=[PractitionerId(one) for one in await db.scalars(_LEADS, asked)],
        patients=[PatientId(seat.patient_id) for seat in seated],
        members=[PatientId(seat.patient_id) for seat in seated if seat.held_until is None],
    )
    return AppointmentStatus(row.status), session


def _facts(row: Any) -> SessionFacts:
    return SessionFacts(
        service=ServiceKind(row.service),
        modality=Modality(row.modality),
        start=row.during.lower,
        end=row.during.upper,
        track=row.track,
        language=row.language,
        zone=ZoneInfo(row.zone),
    )


async def on_site_then(db: AsyncSession, session: BookedSession) -> list[Interval]:
    """Fetch when the other sessions of the same service are on site, as far as they meet this one."""
    asked = {
        "appointment_id": session.id,
        "site_id": session.site_id,
        "service": session.facts.service.value,
        "span": Range(session.facts.start, session.facts.end),
    }
    return [(start, end) for start, end in await db.execute(_ON_SITE_THEN, asked)]


async def switch(
    db: AsyncSession, appointment_id: AppointmentId, modality: Modality, room_id: RoomId | None, now: datetime
) -> None:
    """Let a session that this transaction holds take place like that; its people are to be told.

    Raises:
        RoomTakenError: Another session is in the room; the transaction can only be rolled back.
    """
    try:
        await db.execute(
            update(AppointmentRow)
            .where(AppointmentRow.id == appointment_id)
            .values(
                modality=modality.value,
                room_id=room_id,
                modality_by_hand=True,
                sequence=AppointmentRow.sequence + 1,
                changed_at=now,
            )
            .execution_options(synchronize_session=False)
        )
    except IntegrityError as error:
        if violated_constraint(error) != "appointments_room_id_during_excl":
            raise
        raise RoomTakenError from None


async def insert_change(db: AsyncSession, organization_id: OrganizationId, change: ModalityChange) -> None:
    """Keep that a change was made."""
    values: dict[str, Any] = change.model_dump()
    await db.execute(
        insert(ModalityChangeRow).values(organization_id=organization_id, id=fresh_id(change.changed_at), **values)
    )
