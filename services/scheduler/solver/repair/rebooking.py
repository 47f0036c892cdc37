"""A repair as a front desk does it by hand: a substitute or another room at the same time, or cancel and rebook.

It takes some hundredths of a second: what any search has to be better than, and what it starts from.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from services.scheduler.solver.instance import (
    ON_SITE,
    PROCESS_GROUP,
    Id,
    Instance,
    Patient,
    Practitioner,
    TherapyGroup,
    Timetable,
    Visit,
)
from services.scheduler.solver.interactive.candidates import Candidates
from services.scheduler.solver.interactive.frozen import FrozenWeek
from services.scheduler.solver.interactive.place import Alternative, taking
from services.scheduler.solver.interactive.ranking import Parts
from services.scheduler.solver.interactive.slots import stretch
from services.scheduler.solver.repair.cancelling import what_remains
from services.scheduler.solver.repair.refilling import in_need


def rebooked(instance: Instance, told: Timetable, hit: Iterable[TherapyGroup | Visit]) -> Timetable:
    """Go through what fell out, once, taking the first that fits each time."""
    hit = list(dict.fromkeys(hit))
    frozen = FrozenWeek(instance, what_remains(instance, told, hit))
    for group in (session for session in hit if isinstance(session, TherapyGroup)):
        frozen = _held_anyway(frozen, group)
    for patient in in_need(frozen, told):
        for service in patient.needs:
            frozen = _booked(frozen, patient, service)
    return frozen.timetable


def _held_anyway(week: FrozenWeek, group: TherapyGroup) -> FrozenWeek:
    """Hold the meeting at its time with the first who may lead it in the first room that is free, or leave it off."""
    instance, kind = week.instance, week.instance.kinds[group.kind]
    end = group.slot + kind.slots
    members = tuple(member for member in group.members if _can_come(week, week.patients[member], group, end))
    if not kind.size.minimum <= len(members) <= kind.size.maximum:
        return week
    for lead in _able(week, group, end, lambda person: kind.service in person.leads, group.lead):
        co: Id | None = None
        if len(members) > kind.size.co_facilitator_above:
            others = _able(week, group, end, lambda person: person.co_facilitates, group.co)
            co = next((who for who in others if who != lead), None)
            if co is None:
                continue
        for room in _rooms(week, group, len(members), end):
            held = replace(group, members=members, lead=lead, co=co, room=room)
            return FrozenWeek(instance, Timetable((*week.timetable.groups, held), week.timetable.visits))
    return week


def _can_come(week: FrozenWeek, patient: Patient, group: TherapyGroup, end: int) -> bool:
    service = week.instance.kinds[group.kind].service
    return (
        group.modality in patient.modalities
        and group.language in patient.languages
        and (service != PROCESS_GROUP or patient.track == group.track)
        and patient.is_free(group.day, group.slot, end, group.modality)
        and end - group.slot <= week.missing(patient).get(service, 0)
    )


def _able(
    week: FrozenWeek, group: TherapyGroup, end: int, may: Callable[[Practitioner], bool], usual: Id | None
) -> Iterator[Id]:
    """Yield who may do it and has the time, whoever did it before first."""
    slots, taken = end - group.slot, stretch(group.slot, end)
    for person in sorted(week.instance.practitioners, key=lambda one: one.id != usual):
        work = week.work[person.id]
        if (
            may(person)
            and group.language in person.languages
            and person.works(group.day, group.slot, end)
            and not work.busy[group.day] & taken
            and work.on(group.day) + slots <= person.max_slots_day
            and work.load + slots <= person.max_slots_week
        ):
            yield person.id


def _rooms(week: FrozenWeek, group: TherapyGroup, members: int, end: int) -> Iterator[Id | None]:
    instance = week.instance
    if group.modality != ON_SITE:
        yield None
    elif instance.is_open(group.day, group.slot, end):
        taken = {
            other.group.room
            for other in week.meetings
            if (other.group.day, other.group.modality) == (group.day, ON_SITE)
            and other.group.slot < end
            and group.slot < other.group.slot + other.slots
        }
        for room in sorted(instance.rooms, key=lambda one: one.id != group.room):
            if room.id not in taken and room.capacity >= members and room.is_open(group.day, group.slot, end):
                yield room.id


def _booked(week: FrozenWeek, patient: Patient, service: str) -> FrozenWeek:
    """Book the first sessions of a service that fit, in order of time, until nothing is missing."""
    while (missing := week.missing(patient).get(service, 0)) > 0:
        found = next(_fitting(week, patient, service, missing), None)
        if found is None:
            break
        week = taking(week, patient, found)
    return week


def _fitting(week: FrozenWeek, patient: Patient, service: str, missing: int) -> Iterator[Alternative]:
    candidates = sorted(Candidates(week, patient, service).all, key=lambda one: (one.session.day, one.session.slot))
    for candidate in candidates:
        session = candidate.session
        for holder, way in zip(candidate.holders, candidate.ways, strict=True):
            if way or session.slots > missing:
                continue
            if session.meeting is not None:
                yield Alternative((session.meeting,), (), (session,), Parts(), {}, {})
            else:
                where = (session.day, session.slot, session.modality, holder.practitioner)
                yield Alternative((), (Visit(patient.id, service, *where),), (session,), Parts(), {}, {})
