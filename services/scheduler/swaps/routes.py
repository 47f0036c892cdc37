"""Swaps over HTTP."""

from http import HTTPStatus

from fastapi import APIRouter

from services.chassis.idempotency import IdempotentRoute
from services.chassis.paging import RequestedPage
from services.chassis.wiring import BearerToken, documented
from services.contracts.base import Page
from services.contracts.identifiers import SiteId
from services.contracts.scheduler.swaps import Swap, SwapPartners, SwapPartnersRequest, SwapPreview, SwapRequest
from services.scheduler.dependencies.swaps import Swaps, SwapsRead
from services.scheduler.transport.documenting import NO_RIDE

router = APIRouter(route_class=IdempotentRoute, tags=["swaps"])


@router.post("/v1/swaps:preview", operation_id="preview_swap", responses=documented(404, 409, 422, 503))
async def preview_swap(request: SwapRequest, swaps: Swaps, token: BearerToken) -> SwapPreview:
    """Show everything that speaks against an exchange, and what people would be told; nothing is stored."""
    return await swaps.preview(request, token)


@router.post("/v1/swaps:recommend", operation_id="recommend_swaps", responses=documented(404, 409, 422, 503))
async def recommend_swaps(request: SwapPartnersRequest, swaps: Swaps, token: BearerToken) -> SwapPartners:
    """Rank with whom a patient could exchange a seat within its week, and the free seats there are; nothing is stored.

    Only exchanges that could be made now are listed, of both sides; what rules out the others is told to nobody.
    """
    return await swaps.partners(request, token)


@router.post(
    "/v1/swaps",
    operation_id="create_swap",
    status_code=HTTPStatus.CREATED,
    responses=documented(404, 422, 503) | NO_RIDE,
)
async def create_swap(request: SwapRequest, swaps: Swaps, token: BearerToken) -> Swap:
    """Let two patients exchange their seats, or one go to a free seat elsewhere: at once, or not at all."""
    return await swaps.swap(request, token)


@router.get("/v1/sites/{site_id}/swaps", operation_id="list_swaps", responses=documented(404, 422))
async def list_swaps(site_id: SiteId, swaps: SwapsRead, page: RequestedPage) -> Page[Swap]:
    """List the exchanges that were made from sessions of a site, the first one first."""
    return await swaps.page(site_id, page)
