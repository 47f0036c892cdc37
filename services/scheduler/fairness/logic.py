"""What is allowed with fairness."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from services.chassis.database import Read
from services.chassis.errors import UpstreamUnavailableError
from services.clients.errors import RefusedError
from services.clients.records import RecordsClient
from services.contracts.identifiers import PatientId, SiteId
from services.contracts.records.treatment_plans import PreferenceCost
from services.contracts.scheduler.fairness import Fairness, PractitionerFairness
from services.scheduler.fairness import storage
from services.scheduler.fairness.contact import Burden
from services.scheduler.fairness.rules import burdens_of, patients_of, practitioners_of, spread_of, weights_of
from services.scheduler.sites.logic import SitesReader
from services.scheduler.weekly import refuse_no_monday

_WEEK: Final = timedelta(weeks=1)
WINDOW_WEEKS: Final = 8
"""Weeks before a week that count when it is solved."""


class BurdensReader:
    """Knows who had the worse weeks, for the solver to give them the better ones."""

    def __init__(self, read: Read, sites: SitesReader) -> None:
        self._read = read
        self._sites = sites

    async def weights(
        self, site_id: SiteId, week: date, preferences: Mapping[PatientId, PreferenceCost]
    ) -> dict[PatientId, int]:
        """Return how many times as much a bad time in a week is to count for who had the worse ones before it."""
        return weights_of(await self.within(site_id, week - WINDOW_WEEKS * _WEEK, week - _WEEK, preferences))

    async def within(
        self, site_id: SiteId, first: date, last: date, preferences: Mapping[PatientId, PreferenceCost]
    ) -> dict[PatientId, Burden]:
        """Return what each patient had of some weeks; preferences are those of today."""
        zone = ZoneInfo((await self._sites.get(site_id)).zone)
        attended = await storage.attended(self._read, site_id, first, last, zone)
        unmet = await storage.unmet(self._read, site_id, first, last)
        return burdens_of(attended, unmet, preferences)


class FairnessReader:
    """Compares who does what over a window of weeks."""

    def __init__(self, read: Read, *, sites: SitesReader, records: RecordsClient) -> None:
        self._read = read
        self._sites = sites
        self._records = records
        self._burdens = BurdensReader(read, sites)

    async def fairness(self, site_id: SiteId, last_week: date, weeks: int, caller_token: str) -> Fairness:
        """Return a site's balance over `weeks` weeks that end with `last_week`.

        Preferences are those of the plans in force in the last week.

        Raises:
            NotFoundError: There is no such site in the caller's organization.
            InvalidRequestError: The last week is no Monday.
            UpstreamUnavailableError: Records does not answer, or refuses what it always grants.
        """
        refuse_no_monday("last_week", last_week)
        zone = ZoneInfo((await self._sites.get(site_id)).zone)
        preferences = await self._preferences(site_id, last_week, caller_token)
        first = last_week - (weeks - 1) * _WEEK
        practitioners, published = await self._practitioners(site_id, first, last_week, zone)
        burdens = await self._burdens.within(site_id, first, last_week, preferences)
        return Fairness(
            site_id=site_id,
            last_week=last_week,
            weeks=weeks,
            published_weeks=published,
            contact_spread=spread_of(practitioners),
            practitioners=practitioners,
            patients=patients_of(burdens, preferences),
        )

    async def _practitioners(
        self, site_id: SiteId, first: date, last: date, zone: ZoneInfo
    ) -> tuple[list[PractitionerFairness], int]:
        published = await storage.published_weeks(self._read, site_id, first, last)
        employed = await storage.employed(self._read, site_id, first, last)
        worked = await storage.worked(self._read, site_id, first, last, zone.key)
        return practitioners_of(employed, worked), len(published)

    async def _preferences(self, site_id: SiteId, week: date, caller_token: str) -> dict[PatientId, PreferenceCost]:
        try:
            requirements = await self._records.week_requirements(caller_token, site_id, week)
        except RefusedError:
            raise UpstreamUnavailableError("records") from None
        return {plan.patient_id: plan.preference_cost for plan in requirements.patients}
