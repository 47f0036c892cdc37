"""Seats over HTTP."""

from http import HTTPStatus

from fastapi import APIRouter

from services.chassis.idempotency import IdempotentRoute
from services.chassis.wiring import BearerToken, documented
from services.contracts.identifiers import AppointmentId
from services.contracts.scheduler.bookings import Booking, BookingRequest, HoldRequest, ReleaseRequest
from services.scheduler.dependencies.seats import Bookings
from services.scheduler.transport.documenting import NO_RIDE

router = APIRouter(prefix="/v1/appointments", route_class=IdempotentRoute, tags=["bookings"])


@router.post(
    "/{appointment_id}:book",
    operation_id="book_appointment",
    responses=documented(404, 422, 503) | NO_RIDE,
)
async def book_appointment(
    appointment_id: AppointmentId, request: BookingRequest, bookings: Bookings, token: BearerToken
) -> Booking:
    """Give a patient a free seat, or turn the seat held for the patient into a booking."""
    return await bookings.book(appointment_id, request, token)


@router.post("/{appointment_id}:hold", operation_id="hold_appointment", responses=documented(404, 409, 422, 503))
async def hold_appointment(
    appointment_id: AppointmentId, request: HoldRequest, bookings: Bookings, token: BearerToken
) -> Booking:
    """Keep a free seat for a patient for some minutes; it is free again by itself."""
    return await bookings.hold(appointment_id, request, token)


@router.post(
    "/{appointment_id}:release",
    operation_id="release_appointment",
    status_code=HTTPStatus.NO_CONTENT,
    responses=documented(404, 409, 422),
)
async def release_appointment(
    appointment_id: AppointmentId, request: ReleaseRequest, bookings: Bookings, token: BearerToken
) -> None:
    """Give a patient's seat back, and say why."""
    await bookings.release(appointment_id, request, token)
