"""Fairness over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Query

from services.chassis.wiring import BearerToken, documented
from services.contracts.base import Day
from services.contracts.identifiers import SiteId
from services.contracts.scheduler.fairness import Fairness
from services.scheduler.dependencies.reports import FairnessRead

router = APIRouter(tags=["reports"])


@router.get("/v1/sites/{site_id}/fairness", operation_id="read_fairness", responses=documented(404, 422, 503))
async def read_fairness(
    site_id: SiteId,
    fairness: FairnessRead,
    token: BearerToken,
    last_week: Annotated[Day, Query(description="The Monday of the window's last week.")],
    weeks: Annotated[int, Query(ge=1, le=26, description="How many weeks the window has.")] = 8,
) -> Fairness:
    """Read who works the evenings and weekends, and which patients come when it suits them least."""
    return await fairness.fairness(site_id, last_week, weeks, token)
