"""Disruptions over HTTP."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query, Response

from services.chassis.idempotency import IdempotentRoute
from services.chassis.paging import RequestedPage
from services.chassis.wiring import BearerToken, documented
from services.contracts.base import Day, Page
from services.contracts.identifiers import DisruptionBatchId, DisruptionId, SiteId
from services.contracts.scheduler.disruptions import (
    Disruption,
    DisruptionBatch,
    DisruptionBatchRequest,
    DisruptionRequest,
    DisruptionStatus,
)
from services.scheduler.dependencies.disruptions import (
    DisruptionBatches,
    DisruptionBatchesRead,
    Disruptions,
    DisruptionsRead,
)

router = APIRouter(route_class=IdempotentRoute, tags=["disruptions"])

_DISRUPTION = "/v1/disruptions/{disruption_id}"
_BATCH = "/v1/disruption_batches/{batch_id}"


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


@router.post(
    "/v1/disruption_batches",
    operation_id="create_disruption_batch",
    status_code=HTTPStatus.CREATED,
    responses=documented(404, 409, 422, 503),
)
async def create_disruption_batch(
    request: DisruptionBatchRequest, batches: DisruptionBatches, token: BearerToken, response: Response
) -> DisruptionBatch:
    """Say what fell out of several weeks; each published one gets a repair, and where one cannot, nothing is done."""
    batch = await batches.record(request, token)
    response.headers["Location"] = f"/v1/disruption_batches/{batch.id}"
    return batch


@router.get(_BATCH, operation_id="read_disruption_batch", responses=documented(404, 422))
async def read_disruption_batch(batch_id: DisruptionBatchId, batches: DisruptionBatchesRead) -> DisruptionBatch:
    """Read the repair of each week, and how many people it touches."""
    return await batches.get(batch_id)


@router.post(_BATCH + ":withdraw", operation_id="withdraw_disruption_batch", responses=documented(404, 409, 422))
async def withdraw_disruption_batch(
    batch_id: DisruptionBatchId, batches: DisruptionBatches, token: BearerToken
) -> DisruptionBatch:
    """Take back what is not taken back yet of all weeks; what is published stays as it is."""
    return await batches.withdraw(batch_id, token)
