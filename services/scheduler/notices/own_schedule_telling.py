"""What practitioners are told of their own schedules: once for all that has changed since they were last told.

Whatever changes the book - a publication, a repair, a closure, a swap, a call-out - is seen by what the book says, in
rounds: no cause can be forgotten, and what is taken back before anybody was told is never told. What a notice was to
tell that never left is still to be told.
"""

from typing import Final

from services.chassis.clock import Clock
from services.chassis.database import Read, UnitOfWork, driver_connection
from services.contracts.identifiers import NoticeId, OrganizationId
from services.contracts.scheduler.notices import NoticeKind, NoticeReason, NoticeStatus
from services.contracts.vocabulary import Modality
from services.scheduler.notices import own_schedule_storage, storage
from services.scheduler.notices.facts import NoticeFacts, Sitting, Told
from services.scheduler.notices.logic import NoticesLogic
from services.scheduler.notices.own_schedule_rules import Schedule, Span, span_of_changes
from services.scheduler.notices.own_schedule_storage import Hearer, ToldSchedule
from services.scheduler.sites.logic import SitesReader

_UNSENT: Final = frozenset({NoticeStatus.QUEUED, NoticeStatus.HELD})
_UNTOLD: Final = frozenset({NoticeStatus.CANCELLED, NoticeStatus.EXPIRED, NoticeStatus.FAILED})
# What kept a notice from being told and may do so no more; an address that takes nothing is not tried in every round.
_PASSING: Final = frozenset({NoticeReason.NOT_OPTED_IN, NoticeReason.TOO_LATE, NoticeReason.QUIET_HOURS})
_NOTHING: Final[Schedule] = frozenset()


class OwnScheduleTelling:
    """Tells the practitioners of one organization of their schedules, within a transaction."""

    def __init__(self, db: UnitOfWork, organization_id: OrganizationId, clock: Clock) -> None:
        self._db = db
        self._organization_id = organization_id
        self._clock = clock

    async def plan(self) -> None:
        """Queue a notice for each practitioner of whom the book says something else than was told."""
        hearers = await own_schedule_storage.hearers(self._db)
        if not hearers:
            return
        practitioners = [hearer.practitioner_id for hearer in hearers]
        booked = await own_schedule_storage.booked(self._db, practitioners, self._clock.now())
        told = await own_schedule_storage.told(self._db, practitioners)
        sites = SitesReader(Read(await driver_connection(self._db)))
        notices = NoticesLogic(self._db, self._organization_id, sites, self._clock)
        for hearer in hearers:
            who = hearer.practitioner_id
            await self._tell(notices, hearer, told.get(who), booked.get(who, _NOTHING))

    async def _tell(self, notices: NoticesLogic, hearer: Hearer, told: ToldSchedule | None, booked: Schedule) -> None:
        now = self._clock.now()
        unsent: NoticeId | None = None
        before: Schedule | None = None
        if told is not None:
            last = await storage.hold(self._db, told.notice_id)
            is_untold = last is not None and last.status in _UNTOLD
            is_due = is_untold and last is not None and last.reason in _PASSING
            if not is_due and span_of_changes(told.sittings, booked, now) is None:
                return
            unsent = told.notice_id if last is not None and last.status in _UNSENT else None
            before = told.before if is_untold or unsent is not None else told.sittings
        span = span_of_changes(before or _NOTHING, booked, now)
        if span is not None:
            notice = await notices.tell_practitioner(
                _told(hearer, span, is_first=before is None),
                hearer.practitioner_id,
                hearer.language,
                in_place_of=unsent,
            )
            await self._keep(hearer, ToldSchedule(notice.id, booked, before))
        elif unsent is not None:
            await storage.set_status(self._db, unsent, NoticeStatus.CANCELLED, NoticeReason.NOTHING_CHANGED)
            await self._keep(hearer, ToldSchedule(unsent, booked, before))

    async def _keep(self, hearer: Hearer, schedule: ToldSchedule) -> None:
        await own_schedule_storage.keep_told(self._db, self._organization_id, hearer.practitioner_id, schedule)


def _told(hearer: Hearer, span: Span, *, is_first: bool) -> Told:
    kind = NoticeKind.OWN_SCHEDULE_SET if is_first else NoticeKind.OWN_SCHEDULE_CHANGED
    return Told(kind, NoticeFacts(hearer.site_id, after=Sitting(span.start, span.end, Modality.ON_SITE)))
