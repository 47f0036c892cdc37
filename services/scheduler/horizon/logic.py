"""What is allowed with the weeks ahead."""

import asyncio
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from services.chassis.errors import UpstreamUnavailableError
from services.clients.errors import RefusedError
from services.clients.records import RecordsClient
from services.contracts.identifiers import SiteId
from services.contracts.records.treatment_plans import HorizonRequirements
from services.contracts.scheduler.horizon import Horizon
from services.scheduler.census.logic import LOOK_BACK, BookedMeetings
from services.scheduler.closures.logic import ClosuresReader
from services.scheduler.commitments.logic import CommitmentsReader
from services.scheduler.horizon.meetings import expected_week
from services.scheduler.horizon.rules import lacking_people, week_ahead
from services.scheduler.rule_packs.logic import RulePacksReader
from services.scheduler.solves.setup_rules import in_force
from services.scheduler.solves.setups import SetupsReader
from services.scheduler.weekly import refuse_no_monday

_WEEK: Final = timedelta(weeks=1)
_DAY: Final = timedelta(days=1)


class HorizonReader:
    """Looks ahead over many weeks."""

    def __init__(
        self,
        *,
        setups: SetupsReader,
        booked: BookedMeetings,
        closures: ClosuresReader,
        commitments: CommitmentsReader,
        rules: RulePacksReader,
        records: RecordsClient,
    ) -> None:
        self._setups = setups
        self._booked = booked
        self._closures = closures
        self._commitments = commitments
        self._rules = rules
        self._records = records

    async def ahead(self, site_id: SiteId, first_week: date, weeks: int, caller_token: str) -> Horizon:
        """Return what so many weeks from a Monday on hold and lack, as plans, timetables and calendars stand today.

        Raises:
            InvalidRequestError: The day is no Monday.
            NotFoundError: There is no such site in the caller's organization.
            UpstreamUnavailableError: Records does not answer, or refuses what it always grants.
        """
        refuse_no_monday("first_week", first_week)
        history = await self._setups.history(site_id)
        zone = ZoneInfo(history.newest.site.zone)
        asked = (await self._requirements(caller_token, site_id, first_week, weeks)).weeks
        last = first_week + (weeks - 1) * _WEEK
        meetings, published = await self._booked.of_weeks(site_id, first_week - LOOK_BACK, last, zone)
        begin, until = (datetime.combine(day, time(), zone) for day in (first_week, last + _WEEK))
        closed = await self._closures.in_force(site_id, begin, until)
        closed_of = {
            week.week: [
                hours
                for hours in closed
                if hours.start < datetime.combine(week.week + _WEEK, time(), zone)
                and datetime.combine(week.week, time(), zone) < hours.end
            ]
            for week in asked
        }
        expected = [expected_week(week, meetings, published, closed_of[week.week]) for week in asked]
        busy = await self._commitments.of_patients(lacking_people(expected), begin - _DAY, until + _DAY)
        setups = {week.week: in_force(history.in_week(week.week), week.week) for week in asked}
        periods = await self._rules.periods_ahead(site_id, asked)
        found = await asyncio.to_thread(
            lambda: [
                week_ahead(
                    week,
                    known,
                    site=setups[week.week].site,
                    offerings=setups[week.week].offerings,
                    closed=closed_of[week.week],
                    busy=busy,
                    period=periods.get(week.week),
                )
                for week, known in zip(asked, expected, strict=True)
            ]
        )
        return Horizon(site_id=site_id, weeks=found)

    async def _requirements(self, caller_token: str, site_id: SiteId, first: date, weeks: int) -> HorizonRequirements:
        try:
            return await self._records.horizon_requirements(caller_token, site_id, first, weeks)
        except RefusedError:
            raise UpstreamUnavailableError("records") from None
