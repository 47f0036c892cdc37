"""Disruptions over HTTP."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query, Response

from services.chassis.idempotency import IdempotentRoute
from services.chassis.paging import RequestedPage
from services.chassis.wiring import BearerToken, documented
from services.contracts.base import Day, Page
from services.contracts.identifiers import DisruptionId, SiteId
from services.contracts.scheduler.disruptions import Disruption, DisruptionRequest, DisruptionStatus
from services.scheduler.dependencies.disruptions import Disruptions, DisruptionsRead

router = APIRouter(route_class=IdempotentRoute, tags=["disruptions"])

_DISRUPTION = "/v1/disruptions/{disruption_id}"


@router.post(
    "/v1/disruptions",
    operation_id="create_disruption",
    status_code=HTTPStatus.CREATED,
    responses=documented(404, 409, 422, 503),
)
async def create_disruption(
    request: DisruptionRequest, disruptions: Disruptions, token: BearerToken, response: Response
) -> Disruption:
    """Say what fell out of a week; the published week's repair with the fewest people touched comes as a proposal."""
    disruption = await disruptions.record(request, token)
    response.headers["Location"] = f"/v1/disruptions/{disruption.id}"
    return disruption


@router.get("/v1/sites/{site_id}/disruptions", operation_id="list_disruptions", responses=documented(404, 422))
async def list_disruptions(
    site_id: SiteId,
    disruptions: DisruptionsRead,
    page: RequestedPage,
    week: Annotated[Day, Query(description="The Monday of the week.")],
    status: Annotated[DisruptionStatus, Query(description="Where they stand.")] = DisruptionStatus.OPEN,
) -> Page[Disruption]:
    """List what fell out of a week, each with its repair."""
    return await disruptions.page(site_id, week, status, page)


@router.get(_DISRUPTION, operation_id="read_disruption", responses=documented(404, 422))
async def read_disruption(disruption_id: DisruptionId, disruptions: DisruptionsRead) -> Disruption:
    """Read a disruption, where its repair stands, and how many people it touches."""
    return await disruptions.get(disruption_id)


@router.post(
    _DISRUPTION + ":repair",
    operation_id="repair_disruption",
    responses=documented(404, 409, 422, 503),
)
async def repair_disruption(disruption_id: DisruptionId, disruptions: Disruptions, token: BearerToken) -> Disruption:
    """Ask for another repair, where the week was published anew since."""
    return await disruptions.repair(disruption_id, token)


@router.post(_DISRUPTION + ":withdraw", operation_id="withdraw_disruption", responses=documented(404, 409, 422))
async def withdraw_disruption(disruption_id: DisruptionId, disruptions: Disruptions, token: BearerToken) -> Disruption:
    """Take a disruption back: what it blocked can be planned again; what is published stays as it is."""
    return await disruptions.withdraw(disruption_id, token)
