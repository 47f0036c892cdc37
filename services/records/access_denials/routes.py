"""Routes of refusals."""

from typing import Annotated

from fastapi import APIRouter, Query

from services.chassis.idempotency import IdempotentRoute
from services.chassis.paging import RequestedPage
from services.chassis.wiring import documented
from services.contracts.base import Instant, Page
from services.contracts.identifiers import AccountId
from services.contracts.records.access_denials import AccessDenial
from services.records.dependencies.law import AccessDenialReading

router = APIRouter(prefix="/v1", tags=["access_denials"], route_class=IdempotentRoute)


@router.get("/access_denials", operation_id="list_access_denials", responses=documented(422))
async def list_access_denials(
    *,
    denials: AccessDenialReading,
    page: RequestedPage,
    since: Annotated[Instant | None, Query(description="From this instant on, to the millisecond.")] = None,
    until: Annotated[Instant | None, Query(description="Before this instant, to the millisecond.")] = None,
    account_id: Annotated[AccountId | None, Query(description="Only what this account was refused.")] = None,
) -> Page[AccessDenial]:
    """List who was refused what of the record, oldest first, each with its rule and what would satisfy it.

    Uses and disclosures alike. Nothing is told of a record but whose it is, and that only of patients here.
    """
    return await denials.page(page, since=since, until=until, account_id=account_id)
