"""Key figures over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Query

from services.chassis.wiring import documented
from services.contracts.base import Day
from services.contracts.identifiers import SiteId
from services.contracts.scheduler.kpis import Kpis
from services.scheduler.dependencies.reports import KpisRead

router = APIRouter(tags=["reports"])


@router.get("/v1/sites/{site_id}/kpis", operation_id="read_kpis", responses=documented(404, 422))
async def read_kpis(
    site_id: SiteId,
    kpis: KpisRead,
    first_week: Annotated[Day, Query(description="The Monday of the first week.")],
    last_week: Annotated[Day, Query(description="The Monday of the last week, at most a year later.")],
) -> Kpis:
    """Read how a site does over a range of weeks; each figure says what it is made of."""
    return await kpis.kpis(site_id, first_week, last_week)
