"""Kept seats over HTTP."""

from fastapi import APIRouter

from services.chassis.idempotency import IdempotentRoute
from services.chassis.wiring import BearerToken, documented
from services.contracts.identifiers import AppointmentId, SiteId
from services.contracts.scheduler.bookings import Booking
from services.contracts.scheduler.held_seats import HeldSeatRequest, HeldSeatsRule, HeldSeatsRuleRequest
from services.scheduler.dependencies.seats import HeldSeats, HeldSeatsRead
from services.scheduler.transport.documenting import NO_RIDE

router = APIRouter(route_class=IdempotentRoute, tags=["held seats"])

_RULE = "/v1/sites/{site_id}/held_seats_rule"


@router.get(_RULE, operation_id="read_held_seats_rule", responses=documented(404, 422))
async def read_held_seats_rule(site_id: SiteId, held_seats: HeldSeatsRead) -> HeldSeatsRule:
    """Read which scarce seats a site keeps, until when, and for whom."""
    return await held_seats.rule(site_id)


@router.put(_RULE, operation_id="put_held_seats_rule", responses=documented(404, 422))
async def put_held_seats_rule(site_id: SiteId, request: HeldSeatsRuleRequest, held_seats: HeldSeats) -> HeldSeatsRule:
    """Keep some seats of each group in the scarce parts of the week for people who can come at few other times."""
    return await held_seats.put_rule(site_id, request)


@router.post(
    "/v1/appointments/{appointment_id}:book_held_seat",
    operation_id="book_held_seat",
    responses=documented(404, 422, 503) | NO_RIDE,
)
async def book_held_seat(
    appointment_id: AppointmentId, request: HeldSeatRequest, held_seats: HeldSeats, token: BearerToken
) -> Booking:
    """Give a patient a seat that is kept for others; whoever decides so gives the reason, and both are kept."""
    return await held_seats.book(appointment_id, request, token)
