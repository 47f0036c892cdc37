"""Group series over HTTP."""

from fastapi import APIRouter

from services.chassis.paging import RequestedPage
from services.chassis.wiring import documented
from services.contracts.base import Page
from services.contracts.identifiers import SiteId
from services.contracts.scheduler.group_series import GroupSeries
from services.scheduler.dependencies import GroupSeriesRead

router = APIRouter(tags=["group series"])


@router.get("/v1/sites/{site_id}/group_series", operation_id="list_group_series", responses=documented(404, 422))
async def list_group_series(site_id: SiteId, series: GroupSeriesRead, page: RequestedPage) -> Page[GroupSeries]:
    """List the groups that come again each week, with the weeks in which they meet; never who is in them."""
    return await series.page(site_id, page)
