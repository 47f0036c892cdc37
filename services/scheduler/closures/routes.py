"""Closures over HTTP."""

from http import HTTPStatus

from fastapi import APIRouter, Response

from services.chassis.idempotency import IdempotentRoute
from services.chassis.paging import RequestedPage
from services.chassis.wiring import BearerToken, documented
from services.contracts.base import Page
from services.contracts.identifiers import ClosureId, SiteId
from services.contracts.scheduler.closures import ClosedSessions, Closure, ClosurePreview, ClosureRequest
from services.scheduler.dependencies.closures import Closures, ClosuresRead

router = APIRouter(route_class=IdempotentRoute, tags=["closures"])


@router.post(
    "/v1/sites/{site_id}/closures:preview", operation_id="preview_closure", responses=documented(404, 422, 503)
)
async def preview_closure(
    site_id: SiteId, request: ClosureRequest, closures: Closures, token: BearerToken
) -> ClosurePreview:
    """Show whom closing a site would concern, what it leaves them, and what they would be told; nothing is stored."""
    return await closures.preview(site_id, request, token)


@router.post(
    "/v1/sites/{site_id}/closures",
    operation_id="create_closure",
    status_code=HTTPStatus.CREATED,
    responses=documented(404, 409, 422, 503),
)
async def create_closure(
    site_id: SiteId, request: ClosureRequest, closures: Closures, token: BearerToken, response: Response
) -> Closure:
    """Close a site for some hours: sessions, notices and opening hours change at once."""
    closure = await closures.close(site_id, request, token)
    response.headers["Location"] = f"/v1/closures/{closure.id}"
    return closure


@router.get("/v1/sites/{site_id}/closures", operation_id="list_closures", responses=documented(404, 422))
async def list_closures(site_id: SiteId, closures: ClosuresRead, page: RequestedPage) -> Page[Closure]:
    """List a site's closures, the first made first."""
    return await closures.page(site_id, page)


@router.get("/v1/closures/{closure_id}", operation_id="read_closure", responses=documented(404, 422))
async def read_closure(closure_id: ClosureId, closures: ClosuresRead) -> Closure:
    """Read one closure."""
    return await closures.get(closure_id)


@router.get("/v1/closures/{closure_id}/sessions", operation_id="list_closed_sessions", responses=documented(404, 422))
async def list_closed_sessions(closure_id: ClosureId, closures: ClosuresRead) -> ClosedSessions:
    """List what a closure made of each session: after reopening, what there is to plan again."""
    return await closures.sessions(closure_id)


@router.post(
    "/v1/closures/{closure_id}:repair", operation_id="repair_closure", responses=documented(404, 409, 422, 503)
)
async def repair_closure(closure_id: ClosureId, closures: Closures, token: BearerToken) -> Closure:
    """Ask again for the weeks to be repaired: where one was being solved then, or was published anew since."""
    return await closures.repair(closure_id, token)


@router.post("/v1/closures/{closure_id}:reopen", operation_id="reopen_closure", responses=documented(404, 409, 422))
async def reopen_closure(closure_id: ClosureId, closures: Closures) -> Closure:
    """Open a site again; nothing is booked and nobody is told: solve the week, look, and publish."""
    return await closures.reopen(closure_id)
