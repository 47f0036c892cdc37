"""The route of the scheduler's events of sites."""

from fastapi import APIRouter

from services.chassis.idempotency import IdempotentRoute
from services.chassis.wiring import documented
from services.contracts.identifiers import OrganizationId
from services.contracts.records.site_zones import SiteEvent, SiteReceipt
from services.records.dependencies.encounters import SiteEvents

router = APIRouter(prefix="/v1", tags=["encounters"], route_class=IdempotentRoute)


@router.post(
    "/organizations/{organization_id}/site_events",
    operation_id="receive_site_event",
    responses=documented(401, 422),
)
async def receive_site_event(
    organization_id: OrganizationId,  # noqa: ARG001 - the wiring opens that organization's record
    event: SiteEvent,
    events: SiteEvents,
) -> SiteReceipt:
    """Take by which zone the days of a site are counted and where it is, signed (Standard Webhooks 1.0.0)."""
    return await events.take(event)
