"""How somebody who comes no more leaves the book."""

from collections.abc import Sequence
from datetime import datetime

from services.chassis.database import UnitOfWork
from services.contracts.identifiers import AppointmentId, OrganizationId, PatientId
from services.scheduler.bookings import locks, storage
from services.scheduler.early_rounds import call_round_early


async def end_seats(
    db: UnitOfWork,
    organization_id: OrganizationId,
    patient_id: PatientId,
    appointments: Sequence[AppointmentId],
    now: datetime,
) -> None:
    """Take a patient out of the seats in these sessions, booked or held, and the rides to them with it.

    The patient is not told, and nobody is offered the seats; the practitioners hear of it as of any change.
    """
    await locks.lock_patient(db, patient_id)
    for session in (await storage.lock_sessions(db, appointments, [patient_id], now)).values():
        if patient_id in session.seats:
            await storage.leave(db, session.id, patient_id)
            await storage.free(db, session.id, 1)
            await call_round_early(db, organization_id, session.facts.starts_by_seats, now)
