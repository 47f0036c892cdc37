"""What is allowed with key figures."""

from datetime import date

from services.chassis.database import Read
from services.contracts.identifiers import SiteId
from services.contracts.scheduler.kpis import Kpi, Kpis
from services.scheduler.kpis import storage
from services.scheduler.kpis.definitions import DEFINITIONS, FULL_MINUTES
from services.scheduler.sites.logic import SitesReader
from services.scheduler.weekly import refuse_range


class KpisReader:
    """Counts what the book holds."""

    def __init__(self, read: Read, sites: SitesReader) -> None:
        self._read = read
        self._sites = sites

    async def kpis(self, site_id: SiteId, first_week: date, last_week: date) -> Kpis:
        """Return a site's figures over whole weeks.

        Raises:
            NotFoundError: There is no such site in the caller's organization.
            InvalidRequestError: The range is none.
        """
        refuse_range(first_week, last_week)
        zone = (await self._sites.get(site_id)).zone
        figures = []
        for code, definition in DEFINITIONS.items():
            numerator, denominator = await storage.fraction(
                self._read, code, site_id, first_week, last_week, zone=zone, full_minutes=FULL_MINUTES
            )
            figures.append(
                Kpi(
                    code=code,
                    value=numerator / denominator if denominator else None,
                    numerator=numerator,
                    denominator=denominator,
                    meaning=definition.meaning,
                    citation=definition.citation,
                )
            )
        return Kpis(
            site_id=site_id,
            first_week=first_week,
            last_week=last_week,
            published_weeks=await storage.published_weeks(self._read, site_id, first_week, last_week),
            figures=figures,
        )
