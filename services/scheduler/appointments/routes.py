"""The book over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Query

from services.chassis.paging import RequestedPage
from services.chassis.wiring import documented
from services.contracts.base import Day, Page
from services.contracts.identifiers import SiteId
from services.contracts.scheduler.timetables import Appointment, AppointmentStatus
from services.scheduler.dependencies import AppointmentsRead

router = APIRouter(tags=["appointments"])


@router.get("/v1/sites/{site_id}/appointments", operation_id="list_appointments", responses=documented(404, 422))
async def list_appointments(
    site_id: SiteId,
    appointments: AppointmentsRead,
    page: RequestedPage,
    week: Annotated[Day, Query(description="The Monday of the week.")],
    status: Annotated[
        AppointmentStatus, Query(description="booked, or cancelled for what earlier versions had.")
    ] = AppointmentStatus.BOOKED,
) -> Page[Appointment]:
    """List the planned sessions of a week in order of time."""
    return await appointments.page_of_week(site_id, week, status, page)
