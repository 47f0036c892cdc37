"""What ends in the tables of all subjects when a record is sealed; each statement finds nothing where it was done.

Rows are held in the order in which others hold them: batch of offers, patient, sessions.
"""

from datetime import datetime

from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.contracts.identifiers import AppointmentId, OrganizationId, PatientId
from services.contracts.scheduler.feeds import FeedSubject
from services.contracts.scheduler.notices import NoticeReason, NoticeStatus
from services.contracts.scheduler.offers import OfferStatus
from services.contracts.scheduler.waitlist import RemovalReason, WaitlistStatus
from services.scheduler.appointments.tables import AppointmentPatientRow
from services.scheduler.commitments.tables import CommitmentSourceRow
from services.scheduler.feeds.tables import FeedRow, FeedTokenRow
from services.scheduler.notices.tables import NoticeRow
from services.scheduler.offers.tables import HoldLapseRow, OfferBatchRow, OfferRow, OfferTokenRow
from services.scheduler.waitlist.tables import WaitlistEntryRow

_UNSENT = (NoticeStatus.QUEUED.value, NoticeStatus.HELD.value)


async def withdraw_offers(
    db: AsyncSession, organization_id: OrganizationId, patient_id: PatientId, now: datetime
) -> None:
    """Take back what the patient was offered, and the secrets to answer with."""
    of_patient = (OfferRow.patient_id == patient_id, OfferRow.status == OfferStatus.OPEN.value)
    in_force = OfferBatchRow.id.in_(select(OfferRow.batch_id).where(*of_patient)), OfferBatchRow.expires_at > now
    batches = select(OfferBatchRow.id).where(*in_force).order_by(OfferBatchRow.id).with_for_update(key_share=True)
    held = (await db.scalars(batches)).all()
    values = {"status": OfferStatus.WITHDRAWN.value, "decided_at": now}
    taken_back = update(OfferRow).where(OfferRow.batch_id.in_(held), *of_patient).values(values)
    withdrawn = await db.scalars(taken_back.returning(OfferRow.id))
    secrets = (OfferTokenRow.organization_id == organization_id, OfferTokenRow.offer_id.in_(withdrawn.all()))
    await db.execute(delete(OfferTokenRow).where(*secrets))


async def end_waiting(db: AsyncSession, patient_id: PatientId, now: datetime) -> None:
    """Take the patient off every waitlist."""
    values = {
        "status": WaitlistStatus.REMOVED.value,
        "reason": RemovalReason.NO_LONGER_NEEDED.value,
        "closed_at": now,
        "version": WaitlistEntryRow.version + 1,
    }
    waiting = WaitlistEntryRow.status == WaitlistStatus.WAITING.value
    await db.execute(update(WaitlistEntryRow).where(WaitlistEntryRow.patient_id == patient_id, waiting).values(values))


async def sessions_ahead(db: AsyncSession, patient_id: PatientId, now: datetime) -> list[AppointmentId]:
    """Fetch in which sessions that have not begun the patient has a seat, and forget whom to ask if it is only held."""
    await db.execute(delete(HoldLapseRow).where(HoldLapseRow.patient_id == patient_id))
    row = AppointmentPatientRow
    ahead = select(row.appointment_id).where(row.patient_id == patient_id, row.booked, func.lower(row.during) > now)
    return [AppointmentId(one) for one in await db.scalars(ahead)]


async def end_feeds(db: AsyncSession, organization_id: OrganizationId, patient_id: PatientId) -> None:
    """End the feeds of the patient's sessions, and the secrets to read them with."""
    of_patient = (FeedRow.subject == FeedSubject.PATIENT.value, FeedRow.subject_id == patient_id)
    ended = await db.scalars(delete(FeedRow).where(*of_patient).returning(FeedRow.id))
    secrets = (FeedTokenRow.organization_id == organization_id, FeedTokenRow.feed_id.in_(ended.all()))
    await db.execute(delete(FeedTokenRow).where(*secrets))


async def forget_commitments(db: AsyncSession, patient_id: PatientId) -> None:
    """Forget when the patient is busy, and where that was read."""
    await db.execute(delete(CommitmentSourceRow).where(CommitmentSourceRow.patient_id == patient_id))


async def cancel_notices(db: AsyncSession, patient_id: PatientId) -> None:
    """Let nothing go out to the patient that has not left."""
    values = {"status": NoticeStatus.CANCELLED.value, "reason": NoticeReason.RECORD_SEALED.value}
    unsent = (NoticeRow.patient_id == patient_id, NoticeRow.status.in_(_UNSENT))
    await db.execute(update(NoticeRow).where(*unsent).values(values))
