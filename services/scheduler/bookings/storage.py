"""Where seats are taken and given back.

Whoever changes a seat first locks its session's row, so that changes of one session come one after another. Two
requests that seat one patient in two sessions at the same time meet at the exclusion constraint. What a patient's day
allows is no constraint's matter, so whoever seats somebody locks the person as well, before any session.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import (
    ARRAY,
    TIMESTAMP,
    ColumnElement,
    Date,
    Uuid,
    all_,
    and_,
    any_,
    bindparam,
    delete,
    func,
    insert,
    literal,
    select,
    true,
    union_all,
    update,
)
from sqlalchemy.dialects.postgresql import TSTZRANGE, Range
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.dml import ReturningUpdate

from services.chassis.database import Query, Read
from services.contracts.identifiers import AppointmentId, OrganizationId, PatientId, PractitionerId, SiteId
from services.contracts.scheduler.bookings import ReleaseReason
from services.contracts.scheduler.timetables import AppointmentStatus
from services.contracts.vocabulary import Modality, ServiceKind
from services.scheduler.appointments.seats import given_back
from services.scheduler.appointments.tables import AppointmentPatientRow, AppointmentPractitionerRow, AppointmentRow
from services.scheduler.bookings.facts import SessionFacts
from services.scheduler.bookings.tables import ReleaseRow
from services.scheduler.sites.tables import SiteRow
from services.scheduler.storing import fresh_id
from services.scheduler.transport.facts import Coming

_NOW: Final = bindparam("now", type_=TIMESTAMP(timezone=True))
_APPOINTMENTS: Final = bindparam("appointments", type_=ARRAY(Uuid))
_WITH_A_LAPSED_HOLD: Final = select(AppointmentPatientRow.appointment_id).where(
    AppointmentPatientRow.patient_id == any_(bindparam("patients", type_=ARRAY(Uuid))),
    AppointmentPatientRow.booked,
    AppointmentPatientRow.held_until <= _NOW,
)
SESSIONS: Final = select(
    AppointmentRow.id,
    AppointmentRow.site_id,
    AppointmentRow.week,
    AppointmentRow.status,
    AppointmentRow.service,
    AppointmentRow.modality,
    AppointmentRow.during,
    AppointmentRow.track,
    AppointmentRow.language,
    AppointmentRow.capacity,
    AppointmentRow.taken,
    SiteRow.zone,
).join(SiteRow, and_(SiteRow.organization_id == AppointmentRow.organization_id, SiteRow.id == AppointmentRow.site_id))
"""Of which `facts_of` reads what rules ask of a session."""
_TOUCHED: Final = AppointmentRow.id == any_(
    func.array(union_all(select(func.unnest(_APPOINTMENTS)), _WITH_A_LAPSED_HOLD).scalar_subquery())
)
_HOLD_SITES: Final = (
    select(SiteRow.id)
    .where(SiteRow.id.in_(select(AppointmentRow.site_id).where(_TOUCHED)))
    .order_by(SiteRow.id)
    .with_for_update(read=True, key_share=True)
)
# All locks at once and in one order, so that two requests cannot wait for each other.
_LOCK: Final = SESSIONS.where(_TOUCHED).order_by(AppointmentRow.id).with_for_update(key_share=True, of=AppointmentRow)
_OTHERS: Final = (
    select(
        AppointmentRow.service,
        AppointmentRow.modality,
        AppointmentRow.during,
        AppointmentRow.track,
        AppointmentRow.language,
    )
    .join(
        AppointmentPatientRow,
        and_(
            AppointmentPatientRow.organization_id == AppointmentRow.organization_id,
            AppointmentPatientRow.appointment_id == AppointmentRow.id,
        ),
    )
    .where(
        AppointmentPatientRow.patient_id == bindparam("patient_id", type_=Uuid),
        AppointmentPatientRow.booked,
        AppointmentPatientRow.appointment_id != all_(bindparam("without", type_=ARRAY(Uuid))),
        AppointmentPatientRow.during.op("&&")(bindparam("near", type_=TSTZRANGE)),
    )
)
_OF_WEEK: Final = SESSIONS.join(
    AppointmentPatientRow,
    and_(
        AppointmentPatientRow.organization_id == AppointmentRow.organization_id,
        AppointmentPatientRow.appointment_id == AppointmentRow.id,
    ),
).where(
    AppointmentPatientRow.patient_id == bindparam("patient_id", type_=Uuid),
    AppointmentPatientRow.booked,
    AppointmentPatientRow.held_until.is_(None),
    AppointmentRow.week == bindparam("week", type_=Date),
    AppointmentRow.id != all_(bindparam("without", type_=ARRAY(Uuid))),
)
_UNLOCKED: Final = SESSIONS.where(AppointmentRow.id == any_(_APPOINTMENTS))
_LEADS: Final = Query(
    select(AppointmentPractitionerRow.practitioner_id)
    .where(AppointmentPractitionerRow.appointment_id == bindparam("appointment_id", type_=Uuid))
    .order_by(AppointmentPractitionerRow.practitioner_id)
)
_NEAR: Final = timedelta(days=3)
_SEATS: Final = select(
    AppointmentPatientRow.appointment_id, AppointmentPatientRow.patient_id, AppointmentPatientRow.held_until
).where(AppointmentPatientRow.appointment_id == any_(_APPOINTMENTS))


@dataclass(frozen=True, slots=True)
class SeatedSession:
    """A session as it stands, rid of holds that are over; `seats` says until when one is held."""

    id: AppointmentId
    site_id: SiteId
    week: date
    status: AppointmentStatus
    facts: SessionFacts
    seats: Mapping[PatientId, datetime | None]
    free: int

    @property
    def is_full(self) -> bool:
        """Whether no seat is free."""
        return self.free <= 0

    def coming(self, patient_id: PatientId) -> list[Coming]:
        """Return what a patient with a seat here has to come for; nothing where it takes place by telehealth."""
        facts = self.facts
        if facts.modality is not Modality.ON_SITE:
            return []
        return [Coming(patient_id, self.id, facts.start, facts.end)]

    def is_booked_for(self, patient_id: PatientId) -> bool:
        """Whether the patient has a seat here that is more than held."""
        return patient_id in self.seats and self.seats[patient_id] is None


@dataclass(frozen=True, slots=True)
class LockedSession(SeatedSession):
    """A session that nobody else can change until the transaction ends."""


async def lock_sessions(
    db: AsyncSession, appointments: Sequence[AppointmentId], patients: Sequence[PatientId], now: datetime
) -> dict[AppointmentId, LockedSession]:
    """Hold sessions until the transaction ends, rid of their expired holds; the patients' own are over everywhere.

    What does not exist is missing in the answer.
    """
    asked = {"appointments": list(appointments), "patients": list(patients), "now": now}
    # Whoever closes a site or changes its setup holds the site first and its sessions then: so does who books.
    await db.execute(_HOLD_SITES, asked)
    rows = {row.id: row for row in await db.execute(_LOCK, asked)}
    seats, expired = await _live_seats(db, list(rows), now)
    return {
        AppointmentId(row.id): LockedSession(
            id=AppointmentId(row.id),
            site_id=SiteId(row.site_id),
            week=row.week,
            status=AppointmentStatus(row.status),
            facts=facts_of(row, ZoneInfo(row.zone)),
            seats=seats[row.id],
            free=row.capacity - row.taken + expired[row.id],
        )
        for row in rows.values()
    }


def facts_of(row: Any, zone: tzinfo) -> SessionFacts:
    """Read what rules ask of a session."""
    return SessionFacts(
        service=ServiceKind(row.service),
        modality=Modality(row.modality),
        start=row.during.lower,
        end=row.during.upper,
        track=row.track,
        language=row.language,
        zone=zone,
    )


async def other_sessions(
    db: AsyncSession, patient_id: PatientId, session: SessionFacts, *, without: Sequence[AppointmentId]
) -> list[SessionFacts]:
    """Fetch what else a patient, whose lapsed holds are over, has within some days of a session, but for some."""
    asked = {
        "patient_id": patient_id,
        "without": list(without),
        "near": Range(session.start - _NEAR, session.end + _NEAR),
    }
    return [facts_of(row, session.zone) for row in await db.execute(_OTHERS, asked)]


async def booked_in_week(
    db: AsyncSession, patient_id: PatientId, week: date, *, without: Sequence[AppointmentId]
) -> list[SessionFacts]:
    """Fetch what a patient is booked into in a week, at whatever site, but for some."""
    asked = {"patient_id": patient_id, "week": week, "without": list(without)}
    return [facts_of(row, ZoneInfo(row.zone)) for row in await db.execute(_OF_WEEK, asked)]


async def weeks_and_lengths(
    db: AsyncSession, appointments: Sequence[AppointmentId]
) -> list[tuple[SiteId, date, timedelta]]:
    """Fetch of which site's week each of these sessions is, and how long it lasts; nothing is locked."""
    rows = await db.execute(_UNLOCKED, {"appointments": list(appointments)})
    return [(SiteId(row.site_id), row.week, row.during.upper - row.during.lower) for row in rows]


async def practitioners_of(read: Read, appointment_id: AppointmentId) -> list[PractitionerId]:
    """Fetch who leads a session, and who helps."""
    rows = await read.all(_LEADS, appointment_id=appointment_id)
    return [PractitionerId(row["practitioner_id"]) for row in rows]


async def _live_seats(
    db: AsyncSession, appointments: list[AppointmentId], now: datetime
) -> tuple[dict[AppointmentId, dict[PatientId, datetime | None]], Counter[AppointmentId]]:
    """Return who has which seat, and how many holds of each session were over and are gone now."""
    seats: dict[AppointmentId, dict[PatientId, datetime | None]] = {one: {} for one in appointments}
    expired: Counter[AppointmentId] = Counter()
    for appointment_id, patient_id, held_until in await db.execute(_SEATS, {"appointments": appointments}):
        if held_until is not None and held_until <= now:
            expired[AppointmentId(appointment_id)] += 1
        else:
            seats[AppointmentId(appointment_id)][PatientId(patient_id)] = held_until
    if expired:
        await db.execute(
            delete(AppointmentPatientRow).where(
                AppointmentPatientRow.appointment_id.in_(expired), AppointmentPatientRow.held_until <= now
            )
        )
    for appointment_id, count in expired.items():
        await free(db, appointment_id, count)
    return seats, expired


async def free(db: AsyncSession, appointment_id: AppointmentId, count: int) -> None:
    """Count so many seats as free again."""
    await db.execute(update(AppointmentRow).where(AppointmentRow.id == appointment_id).values(**given_back(count)))


async def count_seat(db: AsyncSession, appointment_id: AppointmentId) -> bool:
    """Count one seat more as taken, if there is one; says whether there was."""
    return await db.scalar(_counted(appointment_id)) is not None


def _counted(appointment_id: AppointmentId) -> ReturningUpdate[UUID]:
    return (
        update(AppointmentRow)
        .where(
            AppointmentRow.id == appointment_id,
            AppointmentRow.status == AppointmentStatus.BOOKED.value,
            AppointmentRow.taken < AppointmentRow.capacity,
        )
        .values(taken=AppointmentRow.taken + 1)
        .returning(AppointmentRow.id)
        .execution_options(synchronize_session=False)
    )


async def seat(
    db: AsyncSession,
    organization_id: OrganizationId,
    session: SeatedSession,
    patient_id: PatientId,
    held_until: datetime | None,
) -> bool:
    """Put a patient into a counted seat; says whether the patient's time was free.

    Waits for whoever is seating the same patient at the same time: ON CONFLICT does so without a deadlock, where a
    plain INSERT under an exclusion constraint can have two transactions wait for each other.
    """
    statement = upsert(AppointmentPatientRow).values(
        organization_id=organization_id,
        appointment_id=session.id,
        patient_id=patient_id,
        during=Range(session.facts.start, session.facts.end),
        booked=True,
        held_until=held_until,
        by_hand=True,
    )
    seated = await db.execute(statement.on_conflict_do_nothing().returning(AppointmentPatientRow.patient_id))
    return seated.scalar() is not None


async def take_seat(
    db: AsyncSession,
    organization_id: OrganizationId,
    session: LockedSession,
    patient_id: PatientId,
    held_until: datetime | None,
) -> bool:
    """Count one seat more as taken and put a patient into it; says whether there was one and the time was free.

    Where it was not, the transaction can only be rolled back: the seat may be counted already.
    """
    counted = _counted(session.id).cte("counted")
    values: dict[str, ColumnElement[Any]] = {
        "organization_id": literal(organization_id, Uuid),
        "appointment_id": counted.c.id,
        "patient_id": literal(patient_id, Uuid),
        "during": literal(Range(session.facts.start, session.facts.end), TSTZRANGE),
        "booked": true(),
        "held_until": literal(held_until, TIMESTAMP(timezone=True)),
        "by_hand": true(),
    }
    statement = (
        upsert(AppointmentPatientRow)
        .from_select(list(values), select(*values.values()).select_from(counted))
        .on_conflict_do_nothing()
        .returning(AppointmentPatientRow.patient_id)
    )
    return await db.scalar(statement) is not None


async def keep_seat(
    db: AsyncSession, appointment_id: AppointmentId, patient_id: PatientId, held_until: datetime | None
) -> None:
    """Keep a held seat until then, or with None for good."""
    await db.execute(
        update(AppointmentPatientRow)
        .where(AppointmentPatientRow.appointment_id == appointment_id, AppointmentPatientRow.patient_id == patient_id)
        .values(held_until=held_until)
    )


async def release(
    db: AsyncSession,
    organization_id: OrganizationId,
    *,
    appointment_id: AppointmentId,
    patient_id: PatientId,
    reason: ReleaseReason,
    now: datetime,
) -> None:
    """Take a patient out of a seat that they have, and note why; the next version of the week leaves it empty."""
    await leave(db, appointment_id, patient_id)
    await free(db, appointment_id, 1)
    await db.execute(
        insert(ReleaseRow).values(
            organization_id=organization_id,
            id=fresh_id(now),
            appointment_id=appointment_id,
            patient_id=patient_id,
            reason=reason.value,
            released_at=now,
        )
    )


async def leave(db: AsyncSession, appointment_id: AppointmentId, patient_id: PatientId) -> None:
    """Take a patient out of a seat, which goes on counting as taken; the next version does not put the patient back."""
    by_hand = await db.scalar(
        delete(AppointmentPatientRow)
        .where(AppointmentPatientRow.appointment_id == appointment_id, AppointmentPatientRow.patient_id == patient_id)
        .returning(AppointmentPatientRow.by_hand)
    )
    if not by_hand:
        await db.execute(
            update(AppointmentRow)
            .where(AppointmentRow.id == appointment_id)
            .values(released=func.array_append(AppointmentRow.released, patient_id))
        )
