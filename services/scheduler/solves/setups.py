"""Where a site's setup is read as one."""

from services.contracts.identifiers import SiteId
from services.scheduler.group_offerings.logic import GroupOfferingsReader
from services.scheduler.practitioners.logic import PractitionersReader
from services.scheduler.sites.logic import SitesReader
from services.scheduler.solves.rules import SiteSetup


class SetupsReader:
    """Reads how sites are set up: all that was ever entered, with the days on which it counts."""

    def __init__(self, sites: SitesReader, practitioners: PractitionersReader, offerings: GroupOfferingsReader) -> None:
        self.sites = sites
        self._practitioners = practitioners
        self._offerings = offerings

    async def of(self, site_id: SiteId) -> SiteSetup:
        """Return the setup of a site.

        Raises:
            NotFoundError: There is no such site in the caller's organization.
        """
        return SiteSetup(
            await self.sites.get(site_id),
            await self.sites.all_rooms(site_id),
            await self._practitioners.of_site(site_id),
            await self._offerings.of_site(site_id),
        )
