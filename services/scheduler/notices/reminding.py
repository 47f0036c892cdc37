"""Reminders: planned from the book in rounds, each as the next round could come too late for it.

An organization's provider has a turn. The one job of that turn plans what falls due until after the next, and sends the
next job in the same transaction; a job of another turn does nothing. In the same rounds practitioners are told of their
schedules; what the next round would be too late for begins one at once, and the turn goes on from there.
"""

from datetime import datetime
from zoneinfo import ZoneInfo

from services.chassis.clock import Clock
from services.chassis.database import Database, Read, UnitOfWork, driver_connection
from services.contracts.identifiers import OrganizationId
from services.contracts.scheduler.notices import NoticeKind
from services.scheduler.dispatch import NoticeRound, enqueue_notice, enqueue_notice_round
from services.scheduler.early_rounds import ROUND
from services.scheduler.notice_providers.logic import ReminderTurns
from services.scheduler.notices import reminder_storage
from services.scheduler.notices.facts import NoticeFacts
from services.scheduler.notices.logic import NoticesLogic
from services.scheduler.notices.own_schedule_telling import OwnScheduleTelling
from services.scheduler.notices.reminder_storage import Reminded
from services.scheduler.sites.logic import SitesReader


class ReminderRounds:
    """Plans reminders and what practitioners are told, a round at a time."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def plan(self, call: NoticeRound) -> None:
        """Plan what falls due until after the next round, and send the job of that one."""
        async with self._database.command(call.organization_id) as db:
            turn = await ReminderTurns(db).begin(after=call.turn)
            if turn is None:
                return
            await enqueue_notice_round(db, NoticeRound(call.organization_id, turn), ROUND)
            await Reminders(db, call.organization_id, self._clock).plan()
            await OwnScheduleTelling(db, call.organization_id, self._clock).plan()


class Reminders:
    """Plans the reminders of one organization, within a transaction."""

    def __init__(self, db: UnitOfWork, organization_id: OrganizationId, clock: Clock) -> None:
        self._db = db
        self._organization_id = organization_id
        self._clock = clock

    async def plan(self) -> None:
        """Queue the reminders that fall due before the next round has passed."""
        now = self._clock.now()
        until = now + 2 * ROUND
        sites = SitesReader(Read(await driver_connection(self._db)))
        notices = NoticesLogic(self._db, self._organization_id, sites, self._clock)
        for seat in await reminder_storage.seats_to_remind(self._db, now, until):
            due = due_at(seat)
            if due <= until and not _is_pointless(seat, due, now):
                await self._queue(notices, seat, due)

    async def _queue(self, notices: NoticesLogic, seat: Reminded, due: datetime) -> None:
        revived = await reminder_storage.revive(self._db, seat, due)
        if revived is not None:
            await enqueue_notice(self._db, self._organization_id, revived, due - self._clock.now())
            return
        await notices.queue(
            NoticeKind.REMINDER,
            seat.patient_id,
            NoticeFacts(seat.site_id, seat.appointment_id, after=seat.sitting),
            dedupe_key=f"reminder:{seat.appointment_id}:{seat.patient_id}:{seat.sitting.start:%Y%m%dT%H%M%z}",
            not_before=due,
        )


def due_at(seat: Reminded) -> datetime:
    """Return when to remind of a seat: so many hours before by the clock on the wall, whatever the clocks do between.

    A day before six o'clock is six o'clock of the day before, also where that day has 23 hours or 25.
    """
    zone = ZoneInfo(seat.zone)
    wall = seat.sitting.start.astimezone(zone).replace(tzinfo=None) - seat.lead
    return wall.replace(tzinfo=zone).astimezone(seat.sitting.start.tzinfo)


def _is_pointless(seat: Reminded, due: datetime, now: datetime) -> bool:
    """Whether it is so late that the patient has just been told of the session itself."""
    return seat.sitting.start - now < (seat.sitting.start - due) / 2
