"""From decisions to a timetable: members dealt to copies, rooms given names."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import replace

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
from services.scheduler.solver.model import Variables
from services.scheduler.solver.offers import Offer

Value = Callable[[cp_model.IntVar], int]


def assemble(variables: Variables, value: Value) -> Timetable:
    """Turn a solution into a timetable, the background included."""
    problem = variables.problem
    groups: list[TherapyGroup] = list(problem.background.groups)
    capacities: dict[int, int] = {}
    members: dict[Offer, list[Id]] = defaultdict(list)
    for offer, held in problem.held.items():
        members[offer].extend(sorted(held, key=str))
    for join, literal in variables.join.items():
        if value(literal):
            members[join.offer].append(join.patient)
    for offer in variables.offers:
        for group, capacity in _copies(variables, value, offer, members[offer]):
            capacities[len(groups)] = capacity
            groups.append(group)
    visits = [visit for visit, literal in variables.visit.items() if value(literal)]
    return Timetable(
        tuple(_with_rooms(problem.instance, groups, capacities)),
        (*problem.background.visits, *visits),
    )


def _copies(variables: Variables, value: Value, offer: Offer, members: list[Id]) -> Iterable[tuple[TherapyGroup, int]]:
    """Yield each copy of an offer with the capacity of its room."""
    leads = [who for (own, who), lit in variables.lead.items() if own == offer and value(lit)]
    helpers = [who for (own, who), lit in variables.assist.items() if own == offer and value(lit)]
    rooms: list[tuple[int, bool]] = []
    for venue in variables.venues[offer]:
        assisted = value(venue.assisted)
        rooms += [(venue.capacity, n < assisted) for n in range(value(venue.copies))]
    kind, usual = variables.kind(offer), variables.instance.usual_seats()
    for lead, (capacity, assisted) in zip(leads, rooms, strict=True):
        co = helpers.pop() if assisted else None
        left = len(leads) - 1 - leads.index(lead)
        share = _share(kind, capacity, len(members), left, assisted=assisted)
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
        yield group, capacity


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


def _with_rooms(instance: Instance, groups: list[TherapyGroup], capacities: dict[int, int]) -> list[TherapyGroup]:
    """Give every on-site group a room of its capacity, the first that is free by then."""
    rooms = {room.id: room for room in instance.rooms}
    alike: dict[int, list[Room]] = defaultdict(list)
    for room in instance.rooms:
        alike[room.capacity].append(room)
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
        capacity = known.capacity if known else capacities[number]
        start = (group.day, group.slot)
        room = next(room for room in alike[capacity] if free_from.get(room.id, (-1, 0)) <= start)
        free_from[room.id] = end
        housed[number] = replace(group, room=room.id)
    return housed


def _identity(group: TherapyGroup) -> tuple[str, int, int, Id]:
    return group.kind, group.day, group.slot, group.lead
