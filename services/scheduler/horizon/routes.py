"""The weeks ahead over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Query

from services.chassis.wiring import BearerToken, documented
from services.contracts.base import Day
from services.contracts.identifiers import SiteId
from services.contracts.scheduler.horizon import Horizon
from services.scheduler.dependencies.reports import HorizonRead

router = APIRouter(tags=["reports"])


@router.get("/v1/sites/{site_id}/horizon", operation_id="read_horizon", responses=documented(404, 422, 503))
async def read_horizon(
    site_id: SiteId,
    horizon: HorizonRead,
    token: BearerToken,
    first_week: Annotated[Day, Query(description="The Monday of the first week.")],
    weeks: Annotated[int, Query(ge=1, le=26, description="How many weeks.")] = 12,
) -> Horizon:
    """Look ahead: published weeks, then the usual week carried forward, with seats required, free and short."""
    return await horizon.ahead(site_id, first_week, weeks, token)
