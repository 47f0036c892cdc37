"""The outbox over HTTP."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query

from services.chassis.paging import RequestedPage
from services.chassis.wiring import documented
from services.contracts.base import Page
from services.contracts.identifiers import PatientId, SiteId
from services.contracts.scheduler.notices import Notice, NoticeStatus
from services.scheduler.dependencies import NoticesRead

router = APIRouter(tags=["notices"])


@router.get("/v1/sites/{site_id}/notices", operation_id="list_notices", responses=documented(404, 422))
async def list_notices(
    site_id: SiteId,
    notices: NoticesRead,
    page: RequestedPage,
    day: Annotated[date, Query(description="The day they are to go out, in the site's zone.")],
    status: Annotated[NoticeStatus | None, Query(description="Only those that stand here.")] = None,
) -> Page[Notice]:
    """List what goes out to patients on one day, with what became of it."""
    return await notices.page_of_site(site_id, day, status, page)


@router.get("/v1/patients/{patient_id}/notices", operation_id="list_patient_notices", responses=documented(422))
async def list_patient_notices(patient_id: PatientId, notices: NoticesRead, page: RequestedPage) -> Page[Notice]:
    """List what one patient was told, the first notice first."""
    return await notices.page_of_patient(patient_id, page)
