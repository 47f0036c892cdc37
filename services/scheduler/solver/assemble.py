"""From decisions to a timetable: members dealt to copies, rooms given names."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import NamedTuple

from ortools.sat.python import cp_model

from services.scheduler.solver.instance import (
    ON_SITE,
    GroupKind,
    Id,
    Instance,
    Room,
    TherapyGroup,
    Timetable,
    UsualSeat,
)
from services.scheduler.solver.model import Literal, RoomClass, Staffing, Variables
from services.scheduler.solver.offers import Offer

Value = Callable[[cp_model.IntVar], int]


def assemble(variables: Variables, value: Value) -> Timetable:
    """Turn a solution into a timetable, the background included."""
    problem = variables.problem
    groups: list[TherapyGroup] = list(problem.background.groups)
    classes: dict[int, RoomClass] = {}
    members: dict[Offer, list[Id]] = defaultdict(list)
    for offer, held in problem.held.items():
        members[offer].extend(sorted(held, key=str))
    for join, literal in variables.join.items():
        if value(literal):
            members[join.offer].append(join.patient)
    leads, helpers = _chosen(variables.lead, value), _chosen(variables.assist, value)
    usual = problem.instance.usual_seats()
    for offer in variables.offers:
        rooms = [
            (venue.rooms, number < value(venue.assisted))
            for venue in variables.venues[offer]
            for number in range(value(venue.copies))
        ]
        staff = _Staff(leads[offer], helpers[offer], usual)
        for group, alike in _copies(variables.kind(offer), offer, members[offer], rooms, staff):
            classes[len(groups)] = alike
            groups.append(group)
    visits = [visit for visit, literal in variables.visit.items() if value(literal)]
    return Timetable(
        tuple(_with_rooms(problem.instance, groups, classes)),
        (*problem.background.visits, *visits),
    )


class _Staff(NamedTuple):
    """Who leads and who assists the copies of an offer, and whose group is usually whose."""

    leads: list[Id]
    helpers: list[Id]
    usual: frozenset[UsualSeat]


def _chosen(literals: Mapping[Staffing, Literal], value: Value) -> dict[Offer, list[Id]]:
    """Return who was chosen for each offer."""
    chosen: dict[Offer, list[Id]] = defaultdict(list)
    for (offer, who), literal in literals.items():
        if value(literal):
            chosen[offer].append(who)
    return chosen


def _copies(
    kind: GroupKind,
    offer: Offer,
    members: list[Id],
    rooms: list[tuple[RoomClass, bool]],
    staff: _Staff,
) -> Iterable[tuple[TherapyGroup, RoomClass]]:
    """Yield each copy of an offer with the class of its room."""
    leads, helpers, usual = staff
    for lead, (alike, assisted) in zip(leads, rooms, strict=True):
        co = helpers.pop() if assisted else None
        left = len(leads) - 1 - leads.index(lead)
        share = _share(kind, alike.capacity, len(members), left, assisted=assisted)
        known = _known_to(lead, leads, offer, usual)
        members = sorted(members, key=known)
        mine, members = members[:share], members[share:]
        group = TherapyGroup(
            kind=offer.kind,
            day=offer.day,
            slot=offer.slot,
            modality=offer.modality,
            track=offer.track,
            language=offer.language,
            lead=lead,
            co=co if len(mine) > kind.size.co_facilitator_above else None,
            room=None,
            members=tuple(mine),
        )
        yield group, alike


def _known_to(lead: Id, leads: list[Id], offer: Offer, usual: frozenset[UsualSeat]) -> Callable[[Id], int]:
    """Order members by whose group they usually are: this lead's, nobody's, another one's."""
    series = (offer.kind, offer.day, offer.slot, offer.track, offer.language)

    def order(member: Id) -> int:
        if UsualSeat(member, *series, lead) in usual:
            return 0
        return 2 if any(UsualSeat(member, *series, other) in usual for other in leads) else 1

    return order


def _share(kind: GroupKind, capacity: int, members: int, left: int, *, assisted: bool) -> int:
    """Members of this copy, so that each copy still to come gets its minimum.

    Copies come smallest room first; those with an assistant come first within a capacity.
    """
    size = kind.size
    seats = min(capacity, size.maximum if assisted else size.co_facilitator_above)
    return min(seats, members - left * size.minimum)


def _with_rooms(instance: Instance, groups: list[TherapyGroup], classes: dict[int, RoomClass]) -> list[TherapyGroup]:
    """Give every on-site group a room of its class, the first that is free by then."""
    rooms = {room.id: room for room in instance.rooms}
    alike: dict[RoomClass, list[Room]] = defaultdict(list)
    for room in instance.rooms:
        alike[RoomClass.of(room)].append(room)
    begun = {_identity(group): group for group in instance.begun().groups}
    free_from: dict[Id, tuple[int, int]] = {}
    housed = list(groups)
    for number in sorted(range(len(groups)), key=lambda n: (groups[n].day, groups[n].slot)):
        group = begun.get(_identity(groups[number]), groups[number])
        end = (group.day, group.slot + instance.kinds[group.kind].slots)
        if instance.has_begun(group):
            # What has begun stays as it is, and is there before everything else looks for a room.
            housed[number] = group
            if group.room is not None:
                free_from[group.room] = end
            continue
        if group.modality != ON_SITE:
            continue
        known = rooms.get(group.room) if group.room is not None else None
        own = RoomClass.of(known) if known else classes[number]
        start = (group.day, group.slot)
        room = next(room for room in alike[own] if free_from.get(room.id, (-1, 0)) <= start)
        free_from[room.id] = end
        housed[number] = replace(group, room=room.id)
    return housed


def _identity(group: TherapyGroup) -> tuple[str, int, int, Id]:
    return group.kind, group.day, group.slot, group.lead
