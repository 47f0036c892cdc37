"""Who and what is missing from a week, as the solver reads it. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from services.contracts.identifiers import PractitionerId, RoomId, SiteId
from services.scheduler.solves.rules import pool_of
from services.scheduler.weeks import SlotInterval, WeekGrid

Slots = Sequence[SlotInterval]


@dataclass(frozen=True, slots=True)
class Hours:
    """When somebody works in a week, and rests."""

    shifts: Slots
    breaks: Slots


@dataclass(frozen=True, slots=True)
class Outages:
    """What is open of a week's disruptions, in slots."""

    hours: Mapping[PractitionerId, Hours] = field(default_factory=dict)
    away: Mapping[PractitionerId, Slots] = field(default_factory=dict)
    lost: Mapping[RoomId, Slots] = field(default_factory=dict)
    closed: Slots = ()


class OutagesSource(Protocol):
    """Where outages are written down."""

    async def of_week(self, site_id: SiteId, grid: WeekGrid) -> Outages:
        """Return the outages of a site's week."""


def with_outages(instance: Mapping[str, Any], outages: Outages) -> dict[str, Any]:
    """Return the instance without what is missing; what it lacks already it goes on lacking."""
    practitioners = [_practitioner(practitioner, outages) for practitioner in instance["practitioners"]]
    lost = {str(room_id): slots for room_id, slots in outages.lost.items()}
    return {
        **instance,
        "site_open": _without(instance["site_open"], outages.closed),
        "rooms": [
            {**room, "closed": [*room.get("closed", ()), *lost.get(room["id"], ())]} for room in instance["rooms"]
        ],
        "practitioners": practitioners,
        "medication_pool": pool_of(practitioners, "prescriber"),
        "nurse_pool": pool_of(practitioners, "nurse"),
    }


def _practitioner(practitioner: Mapping[str, Any], outages: Outages) -> dict[str, Any]:
    hours = {str(who): own for who, own in outages.hours.items()}.get(practitioner["id"])
    away = {str(who): slots for who, slots in outages.away.items()}.get(practitioner["id"], ())
    shifts, breaks = (practitioner["shifts"], practitioner["breaks"]) if hours is None else (hours.shifts, hours.breaks)
    return {**practitioner, "shifts": list(shifts), "breaks": [*breaks, *away]}


def _without(opening: Iterable[Sequence[int]], closed: Slots) -> list[SlotInterval]:
    left = [SlotInterval(*interval) for interval in opening]
    for day, start, end in closed:
        pieces = (
            piece
            for interval in left
            for piece in (
                (interval,)
                if interval.day != day
                else (
                    SlotInterval(day, interval.start, min(interval.end, start)),
                    SlotInterval(day, max(interval.start, end), interval.end),
                )
            )
        )
        left = [piece for piece in pieces if piece.start < piece.end]
    return left
