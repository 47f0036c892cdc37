"""A published week of which what lies in closed hours is as it is booked by now. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from services.contracts.scheduler.timetables import Appointment
from services.contracts.vocabulary import Modality
from services.scheduler.solver.instance import Instance, TherapyGroup, Timetable, Visit
from services.scheduler.solves.outages import Outages
from services.scheduler.weeks import WeekGrid

_Where = tuple[str, int, int, str]


def as_closed(
    week: Timetable, booked: Iterable[Appointment], grid: WeekGrid, instance: Instance, outages: Outages
) -> Timetable:
    """Return the week with what a closure has made of its sessions: by video, for fewer people, or gone.

    The version that people were told of knows nothing of that; made anew from it, the next one would hold sessions in
    closed hours again. What has begun stays as it was. The instance knows all kinds and people of the week.
    """
    found = {where: one for one in booked for where in _places(one, grid)}
    people = {patient.id: patient for patient in instance.patients}

    def of_group(group: TherapyGroup) -> TherapyGroup | None:
        slots = instance.kinds[group.kind].slots if group.kind in instance.kinds else 1
        if instance.has_begun(group) or not _is_closed(group, slots, outages):
            return group
        held = found.get(("group", group.day, group.slot, str(group.lead)))
        if held is None:
            return None
        there = {str(one) for one in held.patient_ids}
        room = None if held.room_id is None else str(held.room_id)
        members = tuple(one for one in group.members if one in there)
        return replace(group, modality=held.modality.value, room=room, members=members)

    def of_visit(visit: Visit) -> Visit | None:
        patient = people.get(visit.patient)
        slots = 1 if patient is None else instance.visit_slots(patient, visit.service)
        if instance.has_begun(visit) or not _is_closed(visit, slots, outages):
            return visit
        held = found.get((visit.service, visit.day, visit.slot, str(visit.patient)))
        return None if held is None else replace(visit, modality=held.modality.value)

    groups = (of_group(group) for group in week.groups)
    visits = (of_visit(visit) for visit in week.visits)
    return Timetable(
        tuple(group for group in groups if group is not None), tuple(visit for visit in visits if visit is not None)
    )


def _places(appointment: Appointment, grid: WeekGrid) -> Iterator[_Where]:
    place = grid.place(appointment.start)
    if place is None:
        return
    if appointment.service.is_group:
        yield ("group", *place, str(appointment.practitioner_id))
    else:
        yield from ((appointment.service.value, *place, str(one)) for one in appointment.patient_ids)


def _is_closed(session: TherapyGroup | Visit, slots: int, outages: Outages) -> bool:
    closed = outages.closed if session.modality == Modality.ON_SITE.value else outages.nobody
    return any(day == session.day and start < session.slot + slots and session.slot < end for day, start, end in closed)
