"""What a new version of a week gives people is what they were to make up for, where it is more than they had."""

from collections.abc import Mapping, Sequence
from datetime import date

from services.chassis.database import Read, UnitOfWork
from services.contracts.identifiers import AppointmentId, PatientId, SiteId
from services.contracts.vocabulary import ServiceKind
from services.scheduler.make_ups import storage


class PlannedMakeUps:
    """Books make-ups into the sessions that a version has planned for them."""

    def __init__(self, db: UnitOfWork, read: Read) -> None:
        self._db = db
        self._read = read

    async def plan(
        self, site_id: SiteId, week: date, gained: Mapping[tuple[PatientId, ServiceKind], Sequence[AppointmentId]]
    ) -> None:
        """Note of each open make-up, the one longest known first, in which of the seats gained it is made up for."""
        left = {who: list(seats) for who, seats in gained.items()}
        for make_up in await storage.open_of_week(self._read, site_id, week) if left else ():
            seats = left.get((make_up.patient_id, make_up.service), [])
            seat = next((one for one in seats if one != make_up.missed_appointment_id), None)
            if seat is not None:
                seats.remove(seat)
                await storage.book(self._db, make_up.id, seat)
