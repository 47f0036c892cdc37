"""What is allowed with going back: an earlier version's sessions, as a new version."""

import asyncio
from datetime import date

from services.chassis.clock import Clock
from services.chassis.errors import InvalidRequestError, NotFoundError
from services.contracts.identifiers import AccountId, SiteId
from services.contracts.scheduler.republications import RevertRequest
from services.contracts.scheduler.timetables import Timetable
from services.scheduler.errors import PastWeekError, WeekMovedError
from services.scheduler.proposals.errors import RevertRefusedError
from services.scheduler.proposals.moved_weeks import MovedWeeks
from services.scheduler.proposals.republishing import MadeWeek, Republishing, next_version
from services.scheduler.solver.check import Verdict, check
from services.scheduler.solver.fixed import with_past
from services.scheduler.solver.format import instance_from_json, timetable_from_json
from services.scheduler.solves.rules import is_past
from services.scheduler.timetables.logic import TimetablesReader


class RevertsLogic:
    """Publishes an earlier version of a week once more, if it still fits."""

    def __init__(
        self,
        account_id: AccountId,
        *,
        republishing: Republishing,
        published: TimetablesReader,
        moved_weeks: MovedWeeks,
        clock: Clock,
    ) -> None:
        self._account_id = account_id
        self._republishing = republishing
        self._published = published
        self._moved_weeks = moved_weeks
        self._clock = clock

    async def revert(
        self, site_id: SiteId, week: date, request: RevertRequest, *, expected_version: int, caller_token: str
    ) -> Timetable:
        """Make the sessions of an earlier version the next one, and book them, all or nothing.

        Raises:
            NotFoundError: Nothing is published, or there is no such site in the caller's organization.
            WeekMovedError: `expected_version` is not the published one; it names what moved since then.
            InvalidRequestError: There is no such earlier version.
            PastWeekError: The week is over.
            RevertRefusedError: With the commitments, plans and staff of today it breaks a rule.
            Whatever `Republishing.publish` raises, for the same reasons.
        """
        zone = await self._republishing.zone_of(site_id)
        current, _ = await self._published.current_document(site_id, week)
        if current == 0:
            raise NotFoundError
        if expected_version != current:
            stale = WeekMovedError(week, expected_version=expected_version, current_version=current)
            raise await self._moved_weeks.told(stale, site_id)
        earlier = await self._published.version(site_id, week, request.to_version)
        if earlier is None or request.to_version == current:
            raise InvalidRequestError("/to_version", "must be an earlier version of this week")
        if is_past(week, self._clock.today(zone)):
            raise PastWeekError
        old, document = earlier
        found, outages = await self._republishing.instance_of_today(site_id, week, caller_token)
        instance = instance_from_json(found)
        planned = with_past(instance, timetable_from_json(document))
        verdict = await asyncio.to_thread(check, instance, planned)
        _refuse_what_does_not_fit(old.version, verdict)
        made = MadeWeek(planned, verdict, instance, found, document, outages)
        version = next_version(old, made, current, by=self._account_id, now=self._clock.now())
        again = version.model_copy(update={"reverted_to": old.version, "reason": request.reason})
        return await self._republishing.publish(again, made, request, caller_token)


def _refuse_what_does_not_fit(version: int, verdict: Verdict) -> None:
    if not verdict.ok:
        collisions = sum("meets a commitment" in error for error in verdict.errors)
        raise RevertRefusedError(version, collisions=collisions, broken_rules=len(verdict.errors) - collisions)
