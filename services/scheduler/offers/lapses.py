"""Holds that lapse: whom to ask then is known when a seat is held, for a worker has nobody in whose name to ask.

Records is asked in the name of the person whose request is served. When a hold lapses there is no such person, so what
records says of those who wait next is kept with the hold, until it lapses, is booked or is given back: minutes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from services.chassis.clock import Clock
from services.chassis.database import Read, UnitOfWork
from services.chassis.errors import NotFoundError, UpstreamUnavailableError
from services.contracts.identifiers import AppointmentId, HoldLapseId, OrganizationId, PatientId
from services.contracts.records.treatment_plans import PatientSeating
from services.scheduler.dispatch import LapseCall, enqueue_lapse
from services.scheduler.offers import lapse_storage, storage
from services.scheduler.offers.logic import OffersLogic, OffersReader
from services.scheduler.storing import fresh_id


class KnownSeatings:
    """What records said before, in place of asking it: of everybody else it knows nothing."""

    def __init__(self, seatings: Sequence[PatientSeating]) -> None:
        self._seatings: Mapping[PatientId, PatientSeating] = {one.patient_id: one for one in seatings}

    async def patient_seating(self, _caller_token: str, patient_id: PatientId) -> PatientSeating:
        """Return what records said of a patient.

        Raises:
            NotFoundError: Records was not asked of this patient.
        """
        if patient_id not in self._seatings:
            raise NotFoundError
        return self._seatings[patient_id]


class HoldLapses:
    """Notes, with a hold, whom to ask when it lapses; the port of bookings is made for it."""

    def __init__(
        self,
        db: UnitOfWork,
        organization_id: OrganizationId,
        *,
        read: Read,
        offers: OffersLogic,
        reader: OffersReader,
        clock: Clock,
    ) -> None:
        self._db = db
        self._organization_id = organization_id
        self._read = read
        self._offers = offers
        self._reader = reader
        self._clock = clock

    async def foreseen(
        self, appointment_id: AppointmentId, patient_id: PatientId, caller_token: str
    ) -> Sequence[PatientSeating]:
        """Ask records of those who would be asked first, were the seat free; of nobody where its site asks nobody."""
        session = await storage.free_seats(self._read, appointment_id, self._clock.now())
        if session is None:
            return []
        rule = await self._reader.rule(session.site_id)
        if not rule.enabled:
            return []
        if patient_id in session.seated:
            # Asked again, for some minutes more: the seat that lapses then is the patient's own.
            session = replace(session, free=session.free + 1)
        try:
            return await self._offers.seatings_of_next(session, rule.people, caller_token)
        except UpstreamUnavailableError:
            # Giving somebody a seat for ten minutes must not depend on who would want it after them.
            return []

    async def watch(
        self,
        appointment_id: AppointmentId,
        patient_id: PatientId,
        lapses_at: datetime,
        seatings: Sequence[PatientSeating],
    ) -> None:
        """Have the seat looked at when the hold lapses, in place of any time before; nobody to ask is no call."""
        await self.forget(appointment_id, patient_id)
        if not seatings:
            return
        now = self._clock.now()
        call = LapseCall(self._organization_id, HoldLapseId(fresh_id(now)))
        await lapse_storage.add(self._db, call, appointment_id, patient_id, lapses_at=lapses_at, seatings=seatings)
        await enqueue_lapse(self._db, call, lapses_at - now)

    async def forget(self, appointment_id: AppointmentId, patient_id: PatientId) -> None:
        """Note that the hold will not lapse: its seat is booked, or has been given back."""
        await lapse_storage.forget(self._db, appointment_id, patient_id)


class LapsesLogic:
    """Hands lapses to a worker, each once."""

    def __init__(self, db: UnitOfWork, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    async def take(self, call: LapseCall) -> lapse_storage.HoldLapse | None:
        """Return the lapse that a job is about, and keep it no longer; None where it is dealt with, or still ahead."""
        lapse = await lapse_storage.hold(self._db, call.lapse_id)
        if lapse is None:
            return None
        left = lapse.lapses_at - self._clock.now()
        if left > timedelta():
            # The queue goes by the clock of the database, which may be ahead of ours.
            await enqueue_lapse(self._db, call, left)
            return None
        await lapse_storage.end(self._db, call.lapse_id)
        return lapse
