"""The outbox over HTTP."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query, Request

from services.chassis.idempotency import IdempotentRoute
from services.chassis.paging import RequestedPage
from services.chassis.wiring import documented
from services.contracts.base import Day, Page
from services.contracts.identifiers import NoticeId, OrganizationId, PatientId, SiteId
from services.contracts.scheduler.notices import Notice, NoticeReceipt, NoticeStatus
from services.scheduler.dependencies.notices import NoticeReceipts, Notices, NoticesRead

router = APIRouter(route_class=IdempotentRoute, tags=["notices"])


@router.get("/v1/sites/{site_id}/notices", operation_id="list_notices", responses=documented(404, 422))
async def list_notices(
    site_id: SiteId,
    notices: NoticesRead,
    page: RequestedPage,
    day: Annotated[Day, Query(description="The day they are to go out, in the site's zone.")],
    status: Annotated[NoticeStatus | None, Query(description="Only those that stand here.")] = None,
) -> Page[Notice]:
    """List what goes out to patients on one day, with what became of it."""
    return await notices.page_of_site(site_id, day, status, page)


@router.get("/v1/patients/{patient_id}/notices", operation_id="list_patient_notices", responses=documented(422))
async def list_patient_notices(patient_id: PatientId, notices: NoticesRead, page: RequestedPage) -> Page[Notice]:
    """List what one patient was told, the first notice first."""
    return await notices.page_of_patient(patient_id, page)


@router.get("/v1/notices/{notice_id}", operation_id="read_notice", responses=documented(404, 422))
async def read_notice(notice_id: NoticeId, notices: NoticesRead) -> Notice:
    """Read one notice."""
    return await notices.get(notice_id)


@router.post("/v1/notices/{notice_id}:retry", operation_id="retry_notice", responses=documented(404, 409, 422))
async def retry_notice(notice_id: NoticeId, notices: Notices) -> Notice:
    """Try once more to hand over a notice that has failed."""
    return await notices.retry(notice_id)


@router.post("/v1/notices/{notice_id}:cancel", operation_id="cancel_notice", responses=documented(404, 409, 422))
async def cancel_notice(notice_id: NoticeId, notices: Notices) -> Notice:
    """Stop a notice that has not left yet."""
    return await notices.cancel(notice_id)


@router.post(
    "/v1/organizations/{organization_id}/notice_receipts",
    operation_id="create_notice_receipt",
    status_code=HTTPStatus.NO_CONTENT,
    responses=documented(401, 404, 409, 422),
)
async def create_notice_receipt(
    organization_id: OrganizationId,  # noqa: ARG001 - the wiring opens that organization's outbox
    receipt: NoticeReceipt,
    receipts: NoticeReceipts,
    request: Request,
) -> None:
    """Report what became of a message, signed as messages are (Standard Webhooks 1.0.0) instead of with a token."""
    await receipts.take(receipt, request.headers, await request.body())
