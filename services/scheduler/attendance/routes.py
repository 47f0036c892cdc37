"""Attendance over HTTP."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query

from services.chassis.idempotency import IdempotentRoute
from services.chassis.paging import RequestedPage
from services.chassis.wiring import BearerToken, documented
from services.contracts.base import Day, Page
from services.contracts.identifiers import AppointmentId, AttendanceId, PatientId
from services.contracts.scheduler.attendance import (
    Attendance,
    AttendanceAmendment,
    AttendanceRequest,
    CallOutRequest,
    ParkedAttendance,
    WeekLedger,
)
from services.contracts.scheduler.hours import OwedHours
from services.scheduler.dependencies.attendance import AttendanceRead, Attendances, OwedHoursRead
from services.scheduler.dependencies.base import Reach

router = APIRouter(route_class=IdempotentRoute, tags=["attendance"])


@router.post(
    "/v1/appointments/{appointment_id}/attendances",
    operation_id="record_attendance",
    status_code=HTTPStatus.CREATED,
    responses=documented(404, 409, 422, 503),
)
async def record_attendance(
    appointment_id: AppointmentId, request: AttendanceRequest, attendances: Attendances, reach: Reach
) -> Attendance:
    """Record that a patient arrived, stayed to the end or left early, or did not come."""
    return await attendances.record(appointment_id, request, reach)


@router.get(
    "/v1/appointments/{appointment_id}/attendances",
    operation_id="list_attendances",
    responses=documented(404, 422, 503),
)
async def list_attendances(
    appointment_id: AppointmentId, attendances: AttendanceRead, page: RequestedPage, reach: Reach
) -> Page[Attendance]:
    """List what was recorded in a session of those whom the caller treats, the earliest first; is_newest counts."""
    return await attendances.page(appointment_id, page, reach)


@router.post(
    "/v1/appointments/{appointment_id}:call_out",
    operation_id="call_out",
    status_code=HTTPStatus.CREATED,
    responses=documented(404, 409, 422, 503),
)
async def call_out(
    *,
    appointment_id: AppointmentId,
    request: CallOutRequest,
    attendances: Attendances,
    token: BearerToken,
    reach: Reach,
) -> Attendance:
    """Record before the start that a patient will not come, excused or not; the seat is free again."""
    return await attendances.call_out(appointment_id, request, token, reach)


@router.post(
    "/v1/attendances/{attendance_id}:amend",
    operation_id="amend_attendance",
    status_code=HTTPStatus.CREATED,
    responses=documented(404, 409, 412, 422, 503),
)
async def amend_attendance(
    attendance_id: AttendanceId, request: AttendanceAmendment, attendances: Attendances, reach: Reach
) -> Attendance:
    """Correct the newest record of a patient in a session; the one corrected stays on record."""
    return await attendances.amend(attendance_id, request, reach)


@router.get("/v1/parked_attendances", operation_id="list_parked_attendances", responses=documented(422))
async def list_parked_attendances(attendances: AttendanceRead, page: RequestedPage) -> Page[ParkedAttendance]:
    """List what the clinical record refused to take and is not told any more, the earliest recorded first."""
    return await attendances.parked(page)


@router.post(
    "/v1/attendances/{attendance_id}:tell_again",
    operation_id="tell_attendance_again",
    status_code=HTTPStatus.NO_CONTENT,
    responses=documented(404, 409, 422),
)
async def tell_attendance_again(attendance_id: AttendanceId, attendances: Attendances) -> None:
    """Have the clinical record told once more of what it refused, when the reason is gone."""
    await attendances.tell_again(attendance_id)


@router.get(
    "/v1/patients/{patient_id}/week_ledger", operation_id="read_week_ledger", responses=documented(404, 422, 503)
)
async def read_week_ledger(
    patient_id: PatientId,
    attendances: AttendanceRead,
    reach: Reach,
    week: Annotated[Day, Query(description="The Monday of the week.")],
) -> WeekLedger:
    """Read what a patient's week was to be: planned, attended, late, missed, made up, and still open, by service."""
    return await attendances.ledger(patient_id, week, reach)


@router.get("/v1/patients/{patient_id}/owed_hours", operation_id="read_owed_hours", responses=documented(404, 422, 503))
async def read_owed_hours(
    patient_id: PatientId,
    hours: OwedHoursRead,
    token: BearerToken,
    week: Annotated[Day, Query(description="The Monday of the week.")],
) -> OwedHours:
    """Read what a week requires by the patient's plan, what came of it, and what is missing by when."""
    return await hours.owed(patient_id, week, token)
