"""What people were told of their week, session by session. Pure.

A person is **touched** when a session of theirs is not kept at its time: its service, day, start, length or modality
changes, it is lost, or one is added. Another practitioner, another room or another language group at the same time
touches nobody; it is counted apart, as **reassigned**.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from services.scheduler.solver.instance import SLOTS_A_DAY, Id, Instance, TherapyGroup, Timetable, Visit
from services.scheduler.solver.offers import Offer


class Promise(NamedTuple):
    """A session as its patient remembers it."""

    patient: Id
    service: str
    day: int
    slot: int
    slots: int
    modality: str


def start_of(session: TherapyGroup | Visit | Promise | Offer) -> int:
    """Return when a session starts, in slots from the beginning of the week."""
    return session.day * SLOTS_A_DAY + session.slot


def standing(instance: Instance) -> Timetable:
    """Return what is published, without people, rooms and kinds of meeting that the week no longer has."""
    published = instance.published or Timetable()
    people = {patient.id: patient for patient in instance.patients}
    groups = (
        replace(group, members=tuple(member for member in group.members if member in people))
        for group in published.groups
        if group.kind in instance.kinds
    )
    return Timetable(
        tuple(group for group in groups if group.members),
        tuple(
            visit
            for visit in published.visits
            if visit.patient in people and people[visit.patient].needs.get(visit.service, 0) > 0
        ),
    )


def promises_of(instance: Instance, timetable: Timetable) -> Iterator[Promise]:
    """Yield every patient's sessions of a timetable."""
    people = {patient.id: patient for patient in instance.patients}
    for group in timetable.groups:
        kind = instance.kinds[group.kind]
        for member in group.members:
            yield Promise(member, kind.service, group.day, group.slot, kind.slots, group.modality)
    for visit in timetable.visits:
        slots = instance.visit_slots(people[visit.patient], visit.service)
        yield Promise(visit.patient, visit.service, visit.day, visit.slot, slots, visit.modality)
