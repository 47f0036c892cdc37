"""What a rule of seats kept from week to week may say, and how many seats a solve leaves free. Pure."""

from collections.abc import Iterable, Mapping
from typing import Any

from services.contracts.scheduler.held_seats import WeeklyHeldSeatsRuleRequest
from services.scheduler.weekly_held_seats.kept import WeeklyKept
from services.scheduler.weeks import SLOT_MINUTES


def refusal_of(request: WeeklyHeldSeatsRuleRequest, minimum: int, maximum: int) -> tuple[str, str] | None:
    """Say what is wrong with a rule for a group of that size, as a pointer and a remedy; None where nothing is."""
    for pointer, week in (("/first_week", request.first_week), ("/last_week", request.last_week)):
        if week is not None and week.weekday() != 0:
            return pointer, "must be a Monday, the first day of the week"
    if request.first_week is not None and request.last_week is not None and request.last_week < request.first_week:
        return "/last_week", "must not lie before the first week"
    if request.seats > maximum - minimum:
        return "/seats", f"must leave the group its minimum of members: at most {maximum - minimum}"
    return None


def with_kept_seats(instance: Mapping[str, Any], kept: Iterable[WeeklyKept]) -> dict[str, Any]:
    """Return the instance whose groups keep their seats, as many as their sizes of that week allow, and say so."""
    kinds, notes = dict(instance["group_kinds"]), []
    for one in kept:
        kind = kinds.get(str(one.group_offering_id))
        seats = 0 if kind is None else min(one.seats, kind["max"] - kind["min"])
        if kind is not None and seats > 0:
            kinds[str(one.group_offering_id)] = {**kind, "kept": seats}
            what = f"{one.service.value.replace('_', ' ')}s of {kind['slots'] * SLOT_MINUTES} minutes"
            until = one.released_at.date().isoformat()
            notes.append(f"held-seats: {what} keep {seats} of their seats until {until} for who can come at few times")
    return {**instance, "group_kinds": kinds, "held_seats_notes": notes}
