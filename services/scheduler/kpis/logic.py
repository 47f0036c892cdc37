"""What is allowed with key figures."""

from datetime import date

from services.chassis.database import Read
from services.contracts.identifiers import SiteId
from services.contracts.scheduler.kpis import Kpi, KpiCode, Kpis, KpiSeries, KpiWeek, WeeklyKpis
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
        counted = await self._count(site_id, first_week, last_week, by_week=False)
        return Kpis(
            site_id=site_id,
            first_week=first_week,
            last_week=last_week,
            published_weeks=len(await storage.published_weeks(self._read, site_id, first_week, last_week)),
            figures=[
                Kpi(
                    code=code,
                    value=one.value,
                    numerator=one.numerator,
                    denominator=one.denominator,
                    meaning=DEFINITIONS[code].meaning,
                    citation=DEFINITIONS[code].citation,
                )
                for code, fractions in counted.items()
                for one in fractions
            ],
        )

    async def weekly(self, site_id: SiteId, first_week: date, last_week: date) -> WeeklyKpis:
        """Return a site's figures in each of the weeks, in as many statements as for one of them.

        Raises:
            NotFoundError: There is no such site in the caller's organization.
            InvalidRequestError: The range is none.
        """
        counted = await self._count(site_id, first_week, last_week, by_week=True)
        return WeeklyKpis(
            site_id=site_id,
            first_week=first_week,
            last_week=last_week,
            published_weeks=await storage.published_weeks(self._read, site_id, first_week, last_week),
            figures=[
                KpiSeries(
                    code=code,
                    meaning=DEFINITIONS[code].meaning,
                    citation=DEFINITIONS[code].citation,
                    weeks=[
                        KpiWeek(week=one.week, value=one.value, numerator=one.numerator, denominator=one.denominator)
                        for one in fractions
                    ],
                )
                for code, fractions in counted.items()
            ],
        )

    async def _count(
        self, site_id: SiteId, first_week: date, last_week: date, *, by_week: bool
    ) -> dict[KpiCode, list[storage.Fraction]]:
        refuse_range(first_week, last_week)
        zone = (await self._sites.get(site_id)).zone
        return {
            code: await storage.fractions(
                self._read,
                code,
                site_id,
                first_week,
                last_week,
                zone=zone,
                full_minutes=FULL_MINUTES,
                by_week=by_week,
            )
            for code in DEFINITIONS
        }
