"""Tells patients of a new version of a week, or shows what they would be told."""

from collections.abc import Iterable

from services.chassis.clock import Clock
from services.contracts.identifiers import SiteId
from services.contracts.scheduler.notices import NoticePreview, NoticePreviews
from services.scheduler.appointments.logic import ReplacedWeek
from services.scheduler.appointments.rules import WeekDifference
from services.scheduler.notices.logic import NoticesLogic
from services.scheduler.notices.tellings import Telling, tellings_of
from services.scheduler.storing import fresh_id


class Announcements:
    """Tells people of a new version, or shows what they would be told."""

    def __init__(self, notices: NoticesLogic, clock: Clock) -> None:
        self._notices = notices
        self._clock = clock

    async def of_version(self, replaced: ReplacedWeek, site_id: SiteId, version_id: object) -> None:
        """Queue what a version that is being published is to tell; the identifiers name the fact."""
        now = self._clock.now()
        for number, telling in enumerate(tellings_of(replaced.difference, replaced.added, site_id, now)):
            await self._notices.queue(
                telling.kind,
                telling.patient_id,
                telling.facts,
                dedupe_key=f"version:{version_id}:{number}:{telling.patient_id}",
            )

    async def tell(self, tellings: Iterable[Telling], fact: str) -> None:
        """Queue these; `fact` names by ids alone what they tell of, one for each patient."""
        for telling in tellings:
            await self._notices.queue(
                telling.kind, telling.patient_id, telling.facts, dedupe_key=f"{fact}:{telling.patient_id}"
            )

    async def tell_once(self, *tellings: Telling) -> None:
        """Queue these of facts that have no name of their own; a request that comes again is answered before this."""
        for telling in tellings:
            await self.tell([telling], f"told:{fresh_id(self._clock.now())}")

    async def preview(self, difference: WeekDifference, site_id: SiteId) -> NoticePreviews:
        """Return what publishing would tell, to the byte; nothing is stored."""
        nothing_booked = [None] * len(difference.added)
        return await self.preview_of(tellings_of(difference, nothing_booked, site_id, self._clock.now()))

    async def preview_of(self, tellings: Iterable[Telling]) -> NoticePreviews:
        """Return what these would tell, to the byte."""
        found: list[NoticePreview] = []
        for telling in tellings:
            shown = await self._notices.preview(telling.kind, telling.patient_id, telling.facts)
            if shown is not None:
                found.append(shown)
        return NoticePreviews(items=found, told=sum(shown.opted_in for shown in found))
