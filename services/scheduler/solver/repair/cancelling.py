"""The week with everything cancelled that fell out: what any repair has to be better than. Pure."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from itertools import pairwise

from services.scheduler.solver.instance import Id, Instance, TherapyGroup, Timetable, Visit
from services.scheduler.solver.repair.promises import Promise, promises_of


def what_remains(instance: Instance, told: Timetable, hit: Iterable[TherapyGroup | Visit]) -> Timetable:
    """Cancel what is hit, and whatever cannot take place without it: long waits, meetings that grew too small."""
    gone = {id(session) for session in hit}
    week = Timetable(
        tuple(group for group in told.groups if id(group) not in gone),
        tuple(visit for visit in told.visits if id(visit) not in gone),
    )
    while True:
        dropped = frozenset(_after_long_waits(instance, week))
        smaller = _without(instance, week, dropped)
        if smaller == week:
            return week
        week = smaller


def _without(instance: Instance, week: Timetable, dropped: frozenset[Promise]) -> Timetable:
    left = {(promise.patient, promise.service, promise.day, promise.slot) for promise in dropped}

    def stays(patient: Id, service: str, session: TherapyGroup | Visit) -> bool:
        return (patient, service, session.day, session.slot) not in left

    groups = []
    for group in week.groups:
        kind = instance.kinds[group.kind]
        members = tuple(member for member in group.members if stays(member, kind.service, group))
        if len(members) >= kind.size.minimum:
            groups.append(replace(group, members=members))
    return Timetable(tuple(groups), tuple(visit for visit in week.visits if stays(visit.patient, visit.service, visit)))


def _after_long_waits(instance: Instance, week: Timetable) -> Iterable[Promise]:
    """Yield the later sessions of days on which a patient would wait longer than the rule pack allows."""
    days: dict[tuple[Id, int], list[Promise]] = defaultdict(list)
    for promise in promises_of(instance, week):
        days[promise.patient, promise.day].append(promise)
    for sessions in days.values():
        sessions.sort(key=lambda promise: promise.slot)
        waited = 0
        for number, (earlier, later) in enumerate(pairwise(sessions), start=1):
            waited += max(0, later.slot - earlier.slot - earlier.slots - instance.limits.gap_slots)
            if waited > instance.limits.idle_slots:
                yield from sessions[number:]
                break
