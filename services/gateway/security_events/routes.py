"""The trail over HTTP."""

from datetime import UTC, datetime
from typing import Annotated, Final

from fastapi import APIRouter, Query
from pydantic import AfterValidator, AwareDatetime

from services.chassis.idempotency import IdempotentRoute
from services.chassis.paging import RequestedPage
from services.chassis.wiring import Caller, documented
from services.contracts.base import Page
from services.contracts.gateway.security_events import SecurityEvent, SecurityEventKind
from services.gateway.dependencies import Trail
from services.gateway.security_events.logic import Wanted

router = APIRouter(prefix="/v1/security_events", tags=["security_events"], route_class=IdempotentRoute)
_FIRST: Final = datetime(1970, 1, 2, tzinfo=UTC)
_LAST: Final = datetime(9999, 12, 30, tzinfo=UTC)


def _within_reach(at: datetime) -> datetime:
    if not _FIRST <= at <= _LAST:
        raise ValueError("must be an instant after 1970 and before the end of the calendar")
    return at


_Instant = Annotated[AwareDatetime, AfterValidator(_within_reach)]


@router.get("", operation_id="list_security_events", responses=documented(401, 403))
async def list_security_events(
    *,
    trail: Trail,
    principal: Caller,
    page: RequestedPage,
    kind: SecurityEventKind | None = None,
    since: Annotated[_Instant | None, Query(description="From this instant on, to the millisecond.")] = None,
    until: Annotated[_Instant | None, Query(description="Before this instant, to the millisecond.")] = None,
) -> Page[SecurityEvent]:
    """List who signed in to your organization or was refused, and what was granted, taken away and administered.

    In the order it happened. Attempts with an address that nobody has are in the installation's list, which platform
    operators see, and so are those of people with several workplaces who named none.
    """
    return await trail.page(Wanted(kind, since, until), page, principal=principal)
