"""How many seats of a session a change of the setup gives back, and no more than its version had. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from services.contracts.identifiers import AppointmentId, GroupOfferingId
from services.contracts.scheduler.timetables import Appointment
from services.scheduler.setup_changes.rules import Kinds
from services.scheduler.solver.instance import Instance
from services.scheduler.solves.rules import SiteSetup


class Seats(NamedTuple):
    """Of how many seats the setup has let a session have, and of how many it lets it have now."""

    before: int
    after: int


def sizes_of(setup: SiteSetup) -> list[tuple[int, ...]]:
    """Return what of a setup says how many may sit together."""
    rooms = [(room.capacity,) for room in setup.rooms]
    return [*rooms, *((one.maximum_size, one.co_facilitator_above) for one in setup.offerings)]


def given_again(
    sessions: Iterable[Appointment], kinds: Kinds, before: SiteSetup, after: SiteSetup, planned: Instance
) -> Mapping[Seats, list[AppointmentId]]:
    """Return the groups of a week that have more seats again, up to what the rules of their version let them have.

    Of a group whose kind nobody knows any more no seat is given again.
    """
    found: dict[Seats, list[AppointmentId]] = defaultdict(list)
    for session in sessions:
        kind = kinds.get(session.id)
        most = None if kind is None else _planned(session, kind, planned)
        if kind is not None and most is not None:
            seats = Seats(*(min(most, _set_up(session, kind, setup, most)) for setup in (before, after)))
            if seats.after > seats.before:
                found[seats].append(session.id)
    return found


def _planned(session: Appointment, kind: GroupOfferingId, planned: Instance) -> int | None:
    found = planned.kinds.get(str(kind))
    if found is None:
        return None
    alone = [] if session.co_facilitator_id is not None else [found.size.co_facilitator_above]
    rooms = [room.capacity for room in planned.rooms if room.id == str(session.room_id)]
    return min([found.size.maximum, *alone, *rooms])


def _set_up(session: Appointment, kind: GroupOfferingId, setup: SiteSetup, most: int) -> int:
    offering = next((one for one in setup.offerings if one.id == kind), None)
    rooms = [room.capacity for room in setup.rooms if room.id == session.room_id]
    if offering is None:
        return min([most, *rooms])
    alone = [] if session.co_facilitator_id is not None else [offering.co_facilitator_above]
    return min([offering.maximum_size, *alone, *rooms])
