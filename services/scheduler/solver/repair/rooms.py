"""Names for rooms, so that as few people as possible find their group behind another door."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from ortools.sat.python import cp_model

from services.scheduler.solver.instance import ON_SITE, Id, Instance, TherapyGroup, Timetable

_SECONDS_A_DAY: Final = 0.5


def with_known_rooms(instance: Instance, told: Timetable, timetable: Timetable) -> Timetable:
    """Return the timetable with its groups in the rooms that were told, wherever the rules allow.

    Each day is settled exactly; where that takes too long, the day stays as it is.
    """
    was = {_meeting(group): group.room for group in told.groups}
    was |= {(*_meeting(group), group.lead): group.room for group in told.groups}
    days: dict[int, list[int]] = defaultdict(list)
    for number, group in enumerate(timetable.groups):
        if group.modality == ON_SITE:
            days[group.day].append(number)
    groups = list(timetable.groups)
    for numbers in days.values():
        wanted = [_room_before(was, groups[number]) for number in numbers]
        if any(groups[number].room != room for number, room in zip(numbers, wanted, strict=True)):
            for number, room in zip(numbers, _named(instance, [groups[n] for n in numbers], wanted), strict=True):
                groups[number] = replace(groups[number], room=room)
    return replace(timetable, groups=tuple(groups))


def _meeting(group: TherapyGroup) -> tuple[object, ...]:
    return group.kind, group.track, group.language, group.day, group.slot, group.modality


def _room_before(was: Mapping[tuple[object, ...], Id | None], group: TherapyGroup) -> Id | None:
    """Where members expect the meeting: with the same lead, or else at the same time."""
    return was.get((*_meeting(group), group.lead), was.get(_meeting(group)))


def _named(instance: Instance, groups: list[TherapyGroup], wanted: list[Id | None]) -> list[Id | None]:
    """Give each group of a day a room; counts those who must be told of another one."""
    model = cp_model.CpModel()
    taken: dict[tuple[Id, int], list[cp_model.IntVar]] = defaultdict(list)
    chosen: list[dict[Id, cp_model.IntVar]] = []
    cost: list[cp_model.LinearExprT] = []
    for group, room_before in zip(groups, wanted, strict=True):
        end = group.slot + instance.kinds[group.kind].slots
        literals = {
            room.id: model.new_bool_var("room")
            for room in instance.rooms
            if room.capacity >= len(group.members) and room.is_open(group.day, group.slot, end)
        }
        model.add_exactly_one(literals.values())
        for room, literal in literals.items():
            for slot in range(group.slot, end):
                taken[room, slot].append(literal)
            model.add_hint(literal, room == group.room)
            if room_before is not None and room != room_before:
                cost.append(len(group.members) * literal)
        chosen.append(literals)
    for claims in taken.values():
        model.add_at_most_one(claims)
    model.minimize(sum(cost))
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.max_time_in_seconds = _SECONDS_A_DAY
    if solver.solve(model) not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return [group.room for group in groups]
    return [next(room for room, literal in literals.items() if solver.value(literal)) for literals in chosen]
