"""Where a site's setup is read as one, as it is in a week."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from services.contracts.identifiers import SiteId
from services.scheduler.group_offerings.logic import GroupOfferingsReader
from services.scheduler.practitioners.logic import PractitionersReader
from services.scheduler.setup_versions.facts import SetupVersion
from services.scheduler.setup_versions.logic import SetupVersionsReader
from services.scheduler.setup_versions.rules import as_of
from services.scheduler.sites.logic import SitesReader
from services.scheduler.solves.rules import SiteSetup


@dataclass(frozen=True, slots=True)
class SetupHistory:
    """A site as it was last set up, and the versions of what was ever changed of it."""

    newest: SiteSetup
    versions: Mapping[UUID, Sequence[SetupVersion]]

    def in_week(self, monday: date) -> SiteSetup:
        """Return how the site is set up in a week; all that was ever entered is in it, with the days it is there."""
        newest, versions = self.newest, self.versions
        return SiteSetup(
            as_of(newest.site, versions.get(newest.site.id, ()), monday),
            [as_of(one, versions.get(one.id, ()), monday) for one in newest.rooms],
            [as_of(one, versions.get(one.id, ()), monday) for one in newest.practitioners],
            [as_of(one, versions.get(one.id, ()), monday) for one in newest.offerings],
        )


class SetupsReader:
    """Reads how sites are set up: all that was ever entered, with the days on which it counts."""

    def __init__(
        self,
        sites: SitesReader,
        practitioners: PractitionersReader,
        offerings: GroupOfferingsReader,
        versions: SetupVersionsReader,
    ) -> None:
        self.sites = sites
        self._practitioners = practitioners
        self._offerings = offerings
        self._versions = versions

    async def in_week(self, site_id: SiteId, monday: date) -> SiteSetup:
        """Return the setup of a site as it is in a week.

        Raises:
            NotFoundError: There is no such site in the caller's organization.
        """
        return (await self.history(site_id)).in_week(monday)

    async def history(self, site_id: SiteId) -> SetupHistory:
        """Return the setup of a site in every week.

        Raises:
            NotFoundError: There is no such site in the caller's organization.
        """
        newest = SiteSetup(
            await self.sites.get(site_id),
            await self.sites.all_rooms(site_id),
            await self._practitioners.of_site(site_id),
            await self._offerings.of_site(site_id),
        )
        return SetupHistory(newest, await self._versions.of_site(site_id))
