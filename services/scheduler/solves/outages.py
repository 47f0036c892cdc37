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
    """What is missing from a week, in slots: while the building is `closed` video goes on, `nobody` means nobody works.

    `hours` are instead of the usual ones.
    """

    hours: Mapping[PractitionerId, Hours] = field(default_factory=dict)
    away: Mapping[PractitionerId, Slots] = field(default_factory=dict)
    lost: Mapping[RoomId, Slots] = field(default_factory=dict)
    closed: Slots = ()
    nobody: Slots = ()


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
        "site_open": without(instance["site_open"], outages.closed),
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
    return {**practitioner, "shifts": without(shifts, outages.nobody), "breaks": [*breaks, *away]}


def without(intervals: Iterable[Sequence[int]], gaps: Slots) -> list[SlotInterval]:
    """Return what the gaps leave of intervals."""
    left = [SlotInterval(*interval) for interval in intervals]
    for gap in gaps:
        left = [piece for interval in left for piece in _pieces(interval, gap)]
    return left


def _pieces(interval: SlotInterval, gap: SlotInterval) -> list[SlotInterval]:
    if interval.day != gap.day:
        return [interval]
    day, start, end = interval
    pieces = (SlotInterval(day, start, min(end, gap.start)), SlotInterval(day, max(start, gap.end), end))
    return [piece for piece in pieces if piece.start < piece.end]
