"""What the scheduler does of its own accord when a record is sealed, and how it learns of that."""

from collections.abc import Collection, Sequence
from typing import Protocol

import structlog

from services.chassis.clock import Clock
from services.chassis.database import Database
from services.chassis.telemetry import frames
from services.contracts.identifiers import RecordSealId
from services.contracts.records.record_seals import RecordSeal
from services.scheduler.bookings.endings import end_seats
from services.scheduler.bookings.locks import lock_patient
from services.scheduler.record_seals import storage
from services.scheduler.sealed_patients import storage as sealed_patients


class SealIntake(Protocol):
    """Tells of seals until it is said that nothing is planned any more; the same one may be told again."""

    async def exchange_seals(self, ended: Collection[RecordSealId], after: RecordSealId | None) -> Sequence[RecordSeal]:
        """Say of which seals nothing is planned any more, and return the next ones after that one.

        Raises:
            RefusedError: Nothing is told.
            UpstreamUnavailableError: Nobody knows whether it was taken.
        """


class RecordSealRounds:
    """Ends what is planned of patients whose records were sealed; what took place stays, a part of what is kept."""

    def __init__(self, database: Database, records: SealIntake, clock: Clock) -> None:
        self._database = database
        self._records = records
        self._clock = clock

    async def go(self) -> None:
        """See to every seal that records tells of; one that could not be seen to is told again in the next round.

        Raises:
            RefusedError: Records does not tell.
            UpstreamUnavailableError: Records does not answer.
        """
        told = await self._records.exchange_seals((), None)
        while told:
            ended = [seal.id for seal in told if await self._has_ended(seal)]
            told = await self._records.exchange_seals(ended, told[-1].id)

    async def _has_ended(self, seal: RecordSeal) -> bool:
        try:
            await self._end(seal)
        except Exception as error:  # noqa: BLE001 - one that breaks must not keep the others
            structlog.get_logger().error("record seal broke", error_type=type(error).__name__, frames=frames(error))
            return False
        return True

    async def _end(self, seal: RecordSeal) -> None:
        organization_id, patient_id, now = seal.organization_id, seal.patient_id, self._clock.now()
        async with self._database.command(organization_id) as db:
            await sealed_patients.lock_to_seal(db, organization_id)
            await lock_patient(db, patient_id)
            await sealed_patients.remember(db, organization_id, patient_id, now)
            await storage.withdraw_offers(db, organization_id, patient_id, now)
            ahead = await storage.sessions_ahead(db, patient_id, now)
            await end_seats(db, organization_id, patient_id, ahead, now)
            await storage.end_waiting(db, patient_id, now)
            await storage.end_feeds(db, organization_id, patient_id)
            await storage.forget_commitments(db, patient_id)
            await storage.cancel_notices(db, patient_id)
