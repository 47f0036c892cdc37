"""Make-ups over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Query

from services.chassis.idempotency import IdempotentRoute
from services.chassis.paging import RequestedPage
from services.chassis.wiring import BearerToken, documented
from services.contracts.base import Day, Page
from services.contracts.identifiers import MakeUpId, SiteId
from services.contracts.scheduler.make_ups import MakeUp, MakeUpBookingRequest, MakeUpStatus, RecommendedSeats
from services.scheduler.dependencies.attendance import MakeUps, MakeUpsRead
from services.scheduler.dependencies.base import Reach
from services.scheduler.transport.documenting import NO_RIDE

router = APIRouter(route_class=IdempotentRoute, tags=["make-ups"])


@router.get("/v1/sites/{site_id}/make_ups", operation_id="list_make_ups", responses=documented(404, 422, 503))
async def list_make_ups(
    *,
    site_id: SiteId,
    make_ups: MakeUpsRead,
    page: RequestedPage,
    reach: Reach,
    week: Annotated[Day, Query(description="The Monday of the week.")],
    status: Annotated[MakeUpStatus, Query(description="open for what is still owed.")] = MakeUpStatus.OPEN,
) -> Page[MakeUp]:
    """List the sessions of a week that those whom the caller treats missed, and are to make up for."""
    return await make_ups.page(site_id, week, status, page, reach=reach)


@router.get(
    "/v1/make_ups/{make_up_id}:recommend", operation_id="recommend_make_up_seats", responses=documented(404, 422, 503)
)
async def recommend_make_up_seats(
    *,
    make_up_id: MakeUpId,
    make_ups: MakeUpsRead,
    token: BearerToken,
    reach: Reach,
    limit: Annotated[int, Query(ge=1, le=20, description="How many seats at most.")] = 5,
) -> RecommendedSeats:
    """Find seats of the same service in the same week that fit the patient, the best first, each with its reasons."""
    return await make_ups.recommend(make_up_id, limit, token, reach)


@router.post(
    "/v1/make_ups/{make_up_id}:book",
    operation_id="book_make_up",
    responses=documented(404, 422, 503) | NO_RIDE,
)
async def book_make_up(
    make_up_id: MakeUpId, request: MakeUpBookingRequest, make_ups: MakeUps, token: BearerToken, reach: Reach
) -> MakeUp:
    """Give the patient a seat in which to make up for what was missed; that closes the make-up."""
    return await make_ups.book(make_up_id, request, token, reach)
