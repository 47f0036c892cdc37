"""Key figures over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Query

from services.chassis.wiring import documented
from services.contracts.base import Day
from services.contracts.identifiers import SiteId
from services.contracts.scheduler.kpis import Kpis, WeeklyKpis
from services.scheduler.dependencies.reports import KpisRead

_FirstWeek = Annotated[Day, Query(description="The Monday of the first week.")]
_LastWeek = Annotated[Day, Query(description="The Monday of the last week, at most a year later.")]

router = APIRouter(tags=["reports"])


@router.get("/v1/sites/{site_id}/kpis", operation_id="read_kpis", responses=documented(404, 422))
async def read_kpis(site_id: SiteId, kpis: KpisRead, first_week: _FirstWeek, last_week: _LastWeek) -> Kpis:
    """Read how a site does over a range of weeks; each figure says what it is made of."""
    return await kpis.kpis(site_id, first_week, last_week)


@router.get("/v1/sites/{site_id}/weekly_kpis", operation_id="read_weekly_kpis", responses=documented(404, 422))
async def read_weekly_kpis(site_id: SiteId, kpis: KpisRead, first_week: _FirstWeek, last_week: _LastWeek) -> WeeklyKpis:
    """Read how a site does week by week: each figure of each week, judged by what was in force then."""
    return await kpis.weekly(site_id, first_week, last_week)
