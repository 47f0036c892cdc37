"""Seats kept from week to week over HTTP."""

from fastapi import APIRouter

from services.chassis.idempotency import IdempotentRoute
from services.chassis.wiring import documented
from services.contracts.identifiers import GroupOfferingId, SiteId
from services.contracts.scheduler.held_seats import WeeklyHeldSeatsRule, WeeklyHeldSeatsRuleRequest
from services.scheduler.dependencies.seats import WeeklyHeldSeats, WeeklyHeldSeatsRead

router = APIRouter(route_class=IdempotentRoute, tags=["held seats"])

_RULE = "/v1/sites/{site_id}/group_offerings/{group_offering_id}/held_seats_rule"


@router.get(_RULE, operation_id="read_weekly_held_seats_rule", responses=documented(404, 422))
async def read_weekly_held_seats_rule(
    site_id: SiteId, group_offering_id: GroupOfferingId, held_seats: WeeklyHeldSeatsRead
) -> WeeklyHeldSeatsRule:
    """Read how many seats of each meeting of a kind of group are kept, in which weeks, until when, and for whom."""
    return await held_seats.rule(site_id, group_offering_id)


@router.put(_RULE, operation_id="put_weekly_held_seats_rule", responses=documented(404, 422))
async def put_weekly_held_seats_rule(
    site_id: SiteId,
    group_offering_id: GroupOfferingId,
    request: WeeklyHeldSeatsRuleRequest,
    held_seats: WeeklyHeldSeats,
) -> WeeklyHeldSeatsRule:
    """Keep seats of each meeting of a kind of group for people with few choices; bookings and solves leave them free.

    They are released for everybody so many days before each week. A solve gives them to whom nothing else is left.
    """
    return await held_seats.put_rule(site_id, group_offering_id, request)
