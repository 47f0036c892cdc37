"""Where it is kept which emergencies have been told."""

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.clock import Clock
from services.contracts.gateway.emergency_alerts import EmergencyEvent
from services.gateway.emergency_alerts.tables import EmergencyEventRow


class EmergencyEventStorage:
    """The events that were received, within one unit of work."""

    def __init__(self, db: AsyncSession, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    async def is_new(self, event: EmergencyEvent) -> bool:
        """Keep that an event has come, and say whether it had not; one that comes meanwhile waits for this one."""
        row = {
            "organization_id": event.organization_id,
            "id": event.id,
            "letters": 0,
            "received_at": self._clock.now(),
        }
        kept = insert(EmergencyEventRow).values(row).on_conflict_do_nothing().returning(EmergencyEventRow.id)
        return await self._db.scalar(kept) is not None

    async def answer(self, event: EmergencyEvent, letters: int) -> None:
        """Keep what was answered."""
        answered = update(EmergencyEventRow).where(EmergencyEventRow.id == event.id)
        await self._db.execute(answered.values(letters=letters))

    async def answered(self, event: EmergencyEvent) -> int:
        """Return to how many a letter was on its way when it came first."""
        letters = select(EmergencyEventRow.letters).where(EmergencyEventRow.id == event.id)
        return (await self._db.execute(letters)).scalar_one()
