"""The trail over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Query

from services.chassis.idempotency import IdempotentRoute
from services.chassis.paging import RequestedPage
from services.chassis.wiring import Caller, documented
from services.contracts.base import Instant, Page
from services.contracts.gateway.security_events import SecurityEvent, SecurityEventKind
from services.gateway.dependencies import Trail
from services.gateway.security_events.logic import Wanted

router = APIRouter(prefix="/v1/security_events", tags=["security_events"], route_class=IdempotentRoute)


@router.get("", operation_id="list_security_events", responses=documented(401, 403))
async def list_security_events(
    *,
    trail: Trail,
    principal: Caller,
    page: RequestedPage,
    kind: SecurityEventKind | None = None,
    since: Annotated[Instant | None, Query(description="From this instant on, to the millisecond.")] = None,
    until: Annotated[Instant | None, Query(description="Before this instant, to the millisecond.")] = None,
) -> Page[SecurityEvent]:
    """List who signed in to your organization or was refused, and what was granted, taken away and administered.

    In the order it happened. Attempts with an address that nobody has are in the installation's list, which platform
    operators see, and so are those of people with several workplaces who named none.
    """
    return await trail.page(Wanted(kind, since, until), page, principal=principal)
