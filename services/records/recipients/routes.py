"""Routes of the directory of recipients."""

from fastapi import APIRouter, status

from services.chassis.idempotency import IdempotentRoute
from services.chassis.paging import RequestedPage
from services.chassis.wiring import documented
from services.contracts.base import Page
from services.contracts.records.recipients import Recipient, RecipientRequest
from services.records.dependencies import RecipientChanges, RecipientReading

router = APIRouter(prefix="/v1/recipients", tags=["disclosures"], route_class=IdempotentRoute)


@router.post("", operation_id="create_recipient", status_code=status.HTTP_201_CREATED, responses=documented(422))
async def create_recipient(request: RecipientRequest, recipients: RecipientChanges) -> Recipient:
    """Enter somebody to whom something may be disclosed; a new address is a new entry."""
    return await recipients.create(request)


@router.get("", operation_id="list_recipients", responses=documented(422))
async def list_recipients(recipients: RecipientReading, page: RequestedPage) -> Page[Recipient]:
    """List the directory in the order of its entries."""
    return await recipients.page(page)
