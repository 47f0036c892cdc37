"""Where a week of the book is replaced by its next version."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    TIMESTAMP,
    Boolean,
    Date,
    Integer,
    Text,
    Uuid,
    any_,
    bindparam,
    case,
    delete,
    literal_column,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import TSTZRANGE, Range
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.database import violated_constraint
from services.contracts.identifiers import AppointmentId, OrganizationId, PatientId, PractitionerId, SiteId
from services.contracts.scheduler.timetables import AppointmentStatus, Session
from services.contracts.vocabulary import Modality, ServiceKind
from services.scheduler.appointments.book import BookedSession, KeptSession, Seat
from services.scheduler.appointments.seats import given_back
from services.scheduler.appointments.tables import AppointmentPatientRow, AppointmentPractitionerRow, AppointmentRow
from services.scheduler.errors import DoubleBookingError
from services.scheduler.rows import Base
from services.scheduler.storing import fresh_id

_TAKEN: Final = {
    "appointments_room_id_during_excl": "room",
    "appointment_practitioners_practitioner_id_during_excl": "practitioner",
    "appointment_patients_patient_id_during_excl": "patient",
}
_NOW: Final = bindparam("now", type_=TIMESTAMP(timezone=True))
_MINE: Final = bindparam("appointments", type_=ARRAY(Uuid))
_LOCK_WEEK: Final = (
    select(
        AppointmentRow.id,
        AppointmentRow.sequence,
        AppointmentRow.service,
        AppointmentRow.modality,
        AppointmentRow.during,
        AppointmentRow.room_id,
        AppointmentRow.released,
        AppointmentRow.modality_by_hand,
    )
    .where(
        AppointmentRow.site_id == bindparam("site_id", type_=Uuid),
        AppointmentRow.week == bindparam("week", type_=Date),
        AppointmentRow.status == AppointmentStatus.BOOKED.value,
    )
    .order_by(AppointmentRow.id)
    .with_for_update(key_share=True)
)
_PARTS: Final = select(
    AppointmentPractitionerRow.appointment_id,
    AppointmentPractitionerRow.part,
    AppointmentPractitionerRow.practitioner_id,
).where(AppointmentPractitionerRow.appointment_id == any_(_MINE))
_SEATS: Final = select(
    AppointmentPatientRow.appointment_id,
    AppointmentPatientRow.patient_id,
    AppointmentPatientRow.by_hand,
    AppointmentPatientRow.held_until,
).where(AppointmentPatientRow.appointment_id == any_(_MINE))
_END_HOLDS: Final = (
    delete(AppointmentPatientRow)
    .where(AppointmentPatientRow.appointment_id == any_(_MINE), AppointmentPatientRow.held_until.is_not(None))
    .returning(AppointmentPatientRow.appointment_id)
    .execution_options(synchronize_session=False)
)
_CANCEL: Final = (
    update(AppointmentRow)
    .where(AppointmentRow.id == any_(_MINE))
    .values(
        status=AppointmentStatus.CANCELLED.value,
        sequence=AppointmentRow.sequence + 1,
        changed_at=_NOW,
    )
    .execution_options(synchronize_session=False)
)
_KEEP: Final = (
    update(AppointmentRow.__table__)  # type: ignore[arg-type] # SQLAlchemy types a table of a class as less than one
    .where(AppointmentRow.id == bindparam("appointment_id", type_=Uuid))
    .values(
        timetable_version=bindparam("version", type_=Integer),
        sequence=bindparam("sequence_now", type_=Integer),
        during=bindparam("during_now", type_=TSTZRANGE),
        modality=bindparam("modality_now", type_=Text),
        room_id=bindparam("room_id_now", type_=Uuid),
        track=bindparam("track_now", type_=Text),
        language=bindparam("language_now", type_=Text),
        capacity=bindparam("capacity_now", type_=Integer),
        taken=bindparam("taken_now", type_=Integer),
        seat_limit=None,
        released=bindparam("released_now", type_=ARRAY(Uuid)),
        modality_by_hand=bindparam("modality_by_hand_now", type_=Boolean),
        changed_at=case((bindparam("changed", type_=Boolean), _NOW), else_=AppointmentRow.changed_at),
    )
)


async def lock_week(db: AsyncSession, site_id: SiteId, week: date) -> list[BookedSession]:
    """Fetch what is booked in a week, with its seats, and hold all of it until the transaction ends.

    The locks come in the order in which bookings take theirs, so neither waits for the other for ever.
    """
    asked = {"site_id": site_id, "week": week}
    rows = {row.id: row for row in await db.execute(_LOCK_WEEK, asked)}
    parts: dict[tuple[UUID, str], UUID] = {}
    seats: dict[UUID, dict[PatientId, Seat]] = {identifier: {} for identifier in rows}
    ids = {"appointments": list(rows)}
    for appointment_id, part, practitioner_id in await db.execute(_PARTS, ids):
        parts[appointment_id, part] = practitioner_id
    for appointment_id, patient_id, by_hand, held_until in await db.execute(_SEATS, ids):
        patient = PatientId(patient_id)
        seats[appointment_id][patient] = Seat(patient, by_hand, held_until)
    return [
        BookedSession(
            id=AppointmentId(row.id),
            sequence=row.sequence,
            service=ServiceKind(row.service),
            modality=Modality(row.modality),
            start=row.during.lower,
            end=row.during.upper,
            room_id=row.room_id,
            practitioner_id=_practitioner(parts.get((row.id, "lead"))),
            co_facilitator_id=_practitioner(parts.get((row.id, "co_facilitator"))),
            seats=seats[row.id],
            released=frozenset(row.released),
            modality_by_hand=row.modality_by_hand,
        )
        for row in rows.values()
    ]


def _practitioner(found: UUID | None) -> PractitionerId | None:
    return None if found is None else PractitionerId(found)


async def cancel(db: AsyncSession, appointments: Sequence[AppointmentId], now: datetime) -> None:
    """Cancel sessions; they stay in the book as history, without the seats that were only held."""
    mine = {"appointments": list(appointments), "now": now}
    held = await db.execute(_END_HOLDS, mine)
    await _give_back(db, Counter(held.scalars()))
    await db.execute(_CANCEL, mine)
    for participants in (AppointmentPractitionerRow, AppointmentPatientRow):
        await db.execute(update(participants).where(participants.appointment_id.in_(appointments)).values(booked=False))


async def _give_back(db: AsyncSession, seats: Counter[UUID]) -> None:
    for appointment_id, count in seats.items():
        await db.execute(update(AppointmentRow).where(AppointmentRow.id == appointment_id).values(**given_back(count)))


async def keep(
    db: AsyncSession, organization_id: OrganizationId, version: int, kept: Sequence[KeptSession], now: datetime
) -> None:
    """Let booked sessions become what the version has of them.

    What changes is lifted out of the book first, all of it, and put back then: two sessions that exchange their rooms,
    people or hours would otherwise meet at the exclusion constraints half way. Deferring these instead would cost
    bookings their ON CONFLICT, which takes no deferrable constraint as its arbiter.

    Raises:
        DoubleBookingError: A room, a practitioner or a patient is taken; the transaction can only be rolled back.
    """
    changed = [session for session in kept if session.is_changed]
    ids = [session.before.id for session in changed]
    gone = [(session.before.id, patient_id) for session in kept for patient_id in _leaving(session)]
    await db.execute(update(AppointmentRow).where(AppointmentRow.id.in_(ids)).values(room_id=None))
    await db.execute(delete(AppointmentPractitionerRow).where(AppointmentPractitionerRow.appointment_id.in_(ids)))
    if gone:
        seat = tuple_(AppointmentPatientRow.appointment_id, AppointmentPatientRow.patient_id)
        await db.execute(delete(AppointmentPatientRow).where(seat.in_(gone)))
    parts = [row for session in changed for row in _part_rows(organization_id, session.before.id, session.after)]
    seats = [
        _seat_row(organization_id, session.before.id, session.after, seat)
        for session in kept
        for seat in session.seats
        if session.before.seats.get(seat.patient_id) != seat or session.is_moved
    ]
    if kept:
        with _double_bookings():
            await db.execute(_KEEP, [_kept_values(session, version, now) for session in kept])
    await _insert(db, AppointmentPractitionerRow, parts, "practitioner")
    await _insert(db, AppointmentPatientRow, seats, "patient")


def _leaving(session: KeptSession) -> list[PatientId]:
    """Whose row goes, for good or to be written anew."""
    stay = {seat.patient_id: seat for seat in session.seats}
    return [
        patient_id
        for patient_id, seat in session.before.seats.items()
        if session.is_moved or stay.get(patient_id) != seat
    ]


def _kept_values(session: KeptSession, version: int, now: datetime) -> dict[str, Any]:
    before, after = session.before, session.after
    return {
        "appointment_id": before.id,
        "version": version,
        "sequence_now": before.sequence + session.is_changed,
        "during_now": Range(after.start, after.end),
        "modality_now": after.modality.value,
        "room_id_now": after.room_id,
        "track_now": after.track,
        "language_now": after.language,
        "capacity_now": after.capacity,
        "taken_now": len(session.seats),
        "released_now": list(session.released),
        "modality_by_hand_now": before.modality_by_hand and not session.is_moved and after.room_id == before.room_id,
        "changed": session.is_changed,
        "now": now,
    }


async def book(
    db: AsyncSession,
    organization_id: OrganizationId,
    *,
    site_id: SiteId,
    week: date,
    version: int,
    sessions: Sequence[Session],
    now: datetime,
    by_hand: bool = False,
) -> list[AppointmentId]:
    """Book new sessions, which are in order of time, and return their identifiers in that order.

    Raises:
        DoubleBookingError: A room, a practitioner or a patient is taken; the transaction can only be rolled back.
    """
    appointments: list[dict[str, Any]] = []
    practitioners: list[dict[str, Any]] = []
    patients: list[dict[str, Any]] = []
    identifiers = sorted(fresh_id(now) for _ in sessions)
    for identifier, session in zip(identifiers, sessions, strict=True):
        appointments.append(
            {
                **session.model_dump(include={"service", "modality", "room_id", "track", "language", "capacity"}),
                "organization_id": organization_id,
                "id": identifier,
                "site_id": site_id,
                "week": week,
                "timetable_version": version,
                "status": AppointmentStatus.BOOKED.value,
                "during": Range(session.start, session.end),
                "taken": len(session.patient_ids),
                "changed_at": now,
            }
        )
        practitioners.extend(_part_rows(organization_id, identifier, session))
        seats = [Seat(one, by_hand) for one in session.patient_ids]
        patients.extend(_seat_row(organization_id, identifier, session, seat) for seat in seats)
    await _insert(db, AppointmentRow, appointments, "room")
    await _insert(db, AppointmentPractitionerRow, practitioners, "practitioner")
    await _insert(db, AppointmentPatientRow, patients, "patient")
    return [AppointmentId(identifier) for identifier in identifiers]


# Two plain inserts that meet at an exclusion constraint may each wait for the other; with ON CONFLICT they do not.
async def _insert(db: AsyncSession, table: type[Base], rows: Sequence[dict[str, Any]], what: str) -> None:
    if not rows:
        return
    statement = upsert(table).on_conflict_do_nothing().returning(literal_column("1", Integer))
    if len((await db.execute(statement, rows)).all()) < len(rows):
        raise DoubleBookingError(what)


def _part_rows(organization_id: OrganizationId, appointment_id: UUID, session: Session) -> Iterator[dict[str, Any]]:
    for part, who in (("lead", session.practitioner_id), ("co_facilitator", session.co_facilitator_id)):
        if who is not None:
            yield {
                "organization_id": organization_id,
                "appointment_id": appointment_id,
                "practitioner_id": who,
                "part": part,
                "during": Range(session.start, session.end),
                "booked": True,
            }


def _seat_row(organization_id: OrganizationId, appointment_id: UUID, session: Session, seat: Seat) -> dict[str, Any]:
    return {
        "organization_id": organization_id,
        "appointment_id": appointment_id,
        "patient_id": seat.patient_id,
        "during": Range(session.start, session.end),
        "booked": True,
        "held_until": seat.held_until,
        "by_hand": seat.by_hand,
    }


@contextmanager
def _double_bookings() -> Iterator[None]:
    """Tell what an exclusion constraint refuses as what it is."""
    try:
        yield
    except IntegrityError as error:
        taken = _TAKEN.get(violated_constraint(error) or "")
        if taken is None:
            raise
        raise DoubleBookingError(taken) from None
