"""Who and what is missing from a week, as the solver reads it. Pure."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from services.contracts.identifiers import GroupOfferingId, PractitionerId, RoomId, SiteId
from services.scheduler.solves.rules import SiteSetup, pool_of
from services.scheduler.solves.setup_rules import Hours, Slots, with_changed_setup, without
from services.scheduler.weeks import WeekGrid


@dataclass(frozen=True, slots=True)
class Outages:
    """What is missing from a week, in slots: while the building is `closed` video goes on, `nobody` means nobody works.

    `hours` are instead of the usual ones. `setup` is the site's by now, and `ended` the kinds of group that it has no
    more.
    """

    hours: Mapping[PractitionerId, Hours] = field(default_factory=dict)
    away: Mapping[PractitionerId, Slots] = field(default_factory=dict)
    lost: Mapping[RoomId, Slots] = field(default_factory=dict)
    closed: Slots = ()
    nobody: Slots = ()
    setup: SiteSetup | None = None
    ended: Collection[GroupOfferingId] = frozenset()


class OutagesSource(Protocol):
    """Where outages are written down."""

    async def of_week(self, site_id: SiteId, grid: WeekGrid) -> Outages:
        """Return the outages of a site's week."""


def with_outages(instance: Mapping[str, Any], outages: Outages) -> dict[str, Any]:
    """Return the instance without what is missing, and as the site is set up by now; what it lacks it goes on lacking.

    An instance that was made before somebody changed the setup is so held to the setup of today.
    """
    if outages.setup is not None:
        instance = with_changed_setup(instance, outages.setup, outages.ended)
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
