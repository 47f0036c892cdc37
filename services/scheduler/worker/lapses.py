"""What a worker does when a hold lapses: its seat is offered like any that gets free."""

from typing import Final

from services.chassis.clock import Clock
from services.chassis.database import Database, Read, driver_connection
from services.scheduler.dependencies.base import Work
from services.scheduler.dependencies.seats import freed_seats_in
from services.scheduler.dispatch import LapseCall
from services.scheduler.offers.lapses import KnownSeatings, LapsesLogic

_NOBODY: Final = ""
"""In whose name records would be asked; it is not."""


class LapsedHolds:
    """Looks at seats whose holds lapse, each in a transaction of its own."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def look_at(self, call: LapseCall) -> None:
        """Offer the seat by its site's rule to those who were to be asked next, once however often it is called."""
        async with self._database.command(call.organization_id) as db:
            lapse = await LapsesLogic(db, self._clock).take(call)
            if lapse is None:
                return
            read = Read(await driver_connection(db))
            work = Work(db=db, organization_id=call.organization_id, read=read, clock=self._clock)
            await freed_seats_in(work, KnownSeatings(lapse.seatings)).freed(lapse.appointment_id, _NOBODY)
