"""The census over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Query

from services.chassis.wiring import BearerToken, documented
from services.contracts.identifiers import SiteId
from services.contracts.scheduler.census import Census
from services.scheduler.dependencies.reports import CensusRead

router = APIRouter(tags=["reports"])


@router.get("/v1/sites/{site_id}/census", operation_id="read_census", responses=documented(404, 422, 503))
async def read_census(
    site_id: SiteId,
    census: CensusRead,
    token: BearerToken,
    weeks: Annotated[int, Query(ge=1, le=12, description="How many weeks, the current one included.")] = 8,
) -> Census:
    """Count who is booked and who is expected in each group, this week and in the weeks to come."""
    return await census.census(site_id, weeks, token)
