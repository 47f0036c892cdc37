"""What is allowed with the census."""

from datetime import date, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from services.chassis.clock import Clock
from services.chassis.database import Read
from services.chassis.errors import UpstreamUnavailableError
from services.clients.errors import RefusedError
from services.clients.records import RecordsClient
from services.contracts.identifiers import SiteId
from services.contracts.records.treatment_plans import WeekRequirements
from services.contracts.scheduler.census import Census
from services.scheduler.census import storage
from services.scheduler.census.meetings import BookedMeeting
from services.scheduler.census.rules import groups_of, week_of
from services.scheduler.rule_packs.logic import RulePacksReader
from services.scheduler.solves.setup_rules import in_force
from services.scheduler.solves.setups import SetupsReader

_WEEK: Final = timedelta(weeks=1)
LOOK_BACK: Final = 8 * _WEEK
"""How far back the newest published week is looked for, from which a week to come is projected."""


class BookedMeetings:
    """Reads what is booked over many weeks."""

    def __init__(self, read: Read) -> None:
        self._read = read

    async def of_weeks(
        self, site_id: SiteId, first: date, last: date, zone: ZoneInfo
    ) -> tuple[list[BookedMeeting], set[date]]:
        """Return what is booked from the Monday `first` to the week of `last`, and which weeks are published."""
        meetings = await storage.meetings(self._read, site_id, first, last, zone)
        published = await storage.published_weeks(self._read, site_id, first, last)
        return meetings, published | {meeting.week for meeting in meetings}


class CensusReader:
    """Counts who is expected."""

    def __init__(
        self,
        *,
        booked: BookedMeetings,
        setups: SetupsReader,
        rules: RulePacksReader,
        records: RecordsClient,
        clock: Clock,
    ) -> None:
        self._booked = booked
        self._setups = setups
        self._rules = rules
        self._records = records
        self._clock = clock

    async def census(self, site_id: SiteId, weeks: int, caller_token: str) -> Census:
        """Count a site's groups and demand in the current week and those after it, `weeks` in all.

        Raises:
            NotFoundError: There is no such site in the caller's organization.
            UpstreamUnavailableError: Records does not answer, or refuses what it always grants.
        """
        history = await self._setups.history(site_id)
        zone = ZoneInfo(history.newest.site.zone)
        today = self._clock.today(zone)
        first = today - timedelta(days=today.weekday())
        plans = {
            week: await self._plans(site_id, week, caller_token) for week in (first + n * _WEEK for n in range(weeks))
        }
        last = max(plans)
        meetings, published = await self._booked.of_weeks(site_id, first - LOOK_BACK, last, zone)
        setups = {week: in_force(history.in_week(week), week) for week in plans}
        rules = {week: await self._rules.of_week(site_id, plan) for week, plan in plans.items()}
        return Census(
            site_id=site_id,
            weeks=[
                week_of(
                    plan,
                    [meeting for meeting in meetings if meeting.week == week],
                    setups[week].practitioners,
                    rules[week],
                ).model_copy(update={"is_published": week in published})
                for week, plan in plans.items()
            ],
            groups=groups_of(meetings, plans, published, {week: one.offerings for week, one in setups.items()}),
        )

    async def _plans(self, site_id: SiteId, week: date, caller_token: str) -> WeekRequirements:
        try:
            return await self._records.week_requirements(caller_token, site_id, week)
        except RefusedError:
            raise UpstreamUnavailableError("records") from None
