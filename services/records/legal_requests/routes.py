"""Routes of requests that a person answers."""

from typing import Annotated

from fastapi import APIRouter, Query, status

from services.chassis.idempotency import IdempotentRoute
from services.chassis.paging import RequestedPage
from services.chassis.wiring import documented
from services.contracts.base import Page
from services.contracts.identifiers import LegalRequestId
from services.contracts.records.legal_requests import LegalRequest, LegalRequestRequest, LegalRequestSettlement
from services.records.dependencies.disclosures import LegalRequestChanges, LegalRequestReading

router = APIRouter(prefix="/v1", tags=["legal_requests"], route_class=IdempotentRoute)


@router.post(
    "/legal_requests",
    operation_id="create_legal_request",
    status_code=status.HTTP_201_CREATED,
    responses=documented(404, 422),
)
async def create_legal_request(request: LegalRequestRequest, requests: LegalRequestChanges) -> LegalRequest:
    """Hand on a request that you may not answer yourself; say to who asks neither that a patient is here nor is not."""
    return await requests.record(request)


@router.get("/legal_requests", operation_id="list_legal_requests", responses=documented(422))
async def list_legal_requests(
    requests: LegalRequestReading,
    page: RequestedPage,
    *,
    is_open: Annotated[bool, Query(description="Only what nobody has settled.")] = True,
) -> Page[LegalRequest]:
    """List requests that wait for a person, oldest first, with the day by which each is due."""
    return await requests.page(page, is_open=is_open)


@router.post(
    "/legal_requests/{legal_request_id}:settle",
    operation_id="settle_legal_request",
    responses=documented(404, 409, 422),
)
async def settle_legal_request(
    legal_request_id: LegalRequestId, settlement: LegalRequestSettlement, requests: LegalRequestChanges
) -> LegalRequest:
    """Say how you settled a request, with an intermediary's list where it was asked for (42 CFR 2.24, 2.66, 2.67)."""
    return await requests.settle(legal_request_id, settlement)
