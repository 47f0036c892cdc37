"""A published week that stands still: who is where, and what is left."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import NamedTuple

from services.scheduler.solver.instance import (
    DAYS,
    FAMILY,
    INDIVIDUAL,
    MEDICATION,
    NURSE_VISIT,
    ON_SITE,
    SLOTS_A_DAY,
    GroupKind,
    Id,
    Instance,
    Patient,
    TherapyGroup,
    Timetable,
)
from services.scheduler.solver.interactive.slots import Week, stretch


class Meeting(NamedTuple):
    """A group meeting of the week; `number` is its place among the timetable's groups, `seats` are free."""

    number: int
    kind: GroupKind
    group: TherapyGroup
    seats: int

    @property
    def slots(self) -> int:
        """Its length."""
        return self.kind.slots


class Session(NamedTuple):
    """One session of one patient; `meeting` is the number of a group, `practitioner` who holds a visit."""

    service: str
    day: int
    slot: int
    slots: int
    modality: str
    meeting: int | None = None
    practitioner: Id | None = None

    @property
    def end(self) -> int:
        """First slot after the session."""
        return self.slot + self.slots


@dataclass(slots=True)
class Work:
    """What one practitioner does: busy slots of each day, and contact slots in all."""

    busy: Week
    load: int = 0

    def take(self, day: int, slot: int, slots: int) -> None:
        """Add a stretch of contact time."""
        self.busy[day] |= stretch(slot, slot + slots)
        self.load += slots

    def on(self, day: int) -> int:
        """Contact slots of one day."""
        return self.busy[day].bit_count()


class FrozenWeek:
    """The week around a question, indexed once; `free_seats` overrides what is counted, where seats are held.

    Attributes:
        work: What each practitioner does.
        full: For each service, the slots at which no office, family room or pool member is left.
        sessions: What each patient attends.
        enemies: Who may not sit with whom.
    """

    def __init__(self, instance: Instance, timetable: Timetable, free_seats: Mapping[int, int] | None = None) -> None:
        self.instance = instance
        self.timetable = timetable
        self.patients = {patient.id: patient for patient in instance.patients}
        self.practitioners = {person.id: person for person in instance.practitioners}
        self.work = {person.id: Work([0] * DAYS) for person in instance.practitioners}
        self.sessions: dict[Id, list[Session]] = defaultdict(list)
        self.enemies: dict[Id, set[Id]] = defaultdict(set)
        for one, other in instance.no_contact:
            self.enemies[one].add(other)
            self.enemies[other].add(one)
        self._capacity = {room.id: room.capacity for room in instance.rooms}
        self.meetings = [
            self._meeting(number, group, free_seats or {}) for number, group in enumerate(timetable.groups)
        ]
        self.full = self._book_visits()

    def _meeting(self, number: int, group: TherapyGroup, free_seats: Mapping[int, int]) -> Meeting:
        kind = self.instance.kinds[group.kind]
        for person in (group.lead, group.co):
            if person is not None and person in self.work:
                self.work[person].take(group.day, group.slot, kind.slots)
        session = Session(kind.service, group.day, group.slot, kind.slots, group.modality, number, group.lead)
        for member in group.members:
            self.sessions[member].append(session)
        return Meeting(number, kind, group, free_seats.get(number, self._free_seats(kind, group)))

    def _free_seats(self, kind: GroupKind, group: TherapyGroup) -> int:
        seats = kind.size.maximum
        if group.modality == ON_SITE:
            seats = min(seats, self._capacity.get(group.room, 0) if group.room is not None else 0)
        if group.co is None:
            seats = min(seats, kind.size.co_facilitator_above)
        return max(0, seats - len(group.members))

    def _book_visits(self) -> dict[str, Week]:
        instance = self.instance
        week = DAYS * SLOTS_A_DAY
        left = {
            INDIVIDUAL: [instance.offices] * week,
            FAMILY: [instance.family_rooms] * week,
            MEDICATION: list(instance.medication_pool),
            NURSE_VISIT: list(instance.nurse_pool),
        }
        for visit in self.timetable.visits:
            slots = instance.visit_slots(self.patients[visit.patient], visit.service)
            self.sessions[visit.patient].append(
                Session(visit.service, visit.day, visit.slot, slots, visit.modality, None, visit.practitioner)
            )
            if visit.practitioner is not None and visit.practitioner in self.work:
                self.work[visit.practitioner].take(visit.day, visit.slot, slots)
            if visit.service in (MEDICATION, NURSE_VISIT) or visit.modality == ON_SITE:
                first = visit.day * SLOTS_A_DAY + visit.slot
                for slot in range(first, first + slots):
                    left[visit.service][slot] -= 1
        return {service: _none_left(numbers) for service, numbers in left.items()}

    def missing(self, patient: Patient) -> dict[str, int]:
        """Slots of each service that the patient needs and does not have."""
        left = dict(patient.needs)
        for session in self.sessions.get(patient.id, ()):
            left[session.service] = left.get(session.service, 0) - session.slots
        return {service: slots for service, slots in left.items() if slots > 0}

    def fits_day(self, patient: Patient, own: Sequence[Session], session: Session) -> bool:
        """Say whether the patient's sessions of a day keep its rules with one more."""
        limits = self.instance.limits
        day = sorted([*own, session], key=lambda one: one.slot)
        gaps = [later.slot - earlier.end - limits.gap_slots for earlier, later in pairwise(day)]
        return (
            len({one.modality for one in day}) == 1
            and len({one.service for one in day}) == len(day)
            and min(gaps, default=0) >= 0
            and sum(gaps) <= limits.idle_slots
            and sum(one.slots for one in day) <= self.instance.max_slots_day(patient)
        )

    def sits_with_enemy(self, patient: Patient, meeting: Meeting) -> bool:
        """Say whether a seating rule keeps the patient out of the meeting."""
        return not self.enemies.get(patient.id, set()).isdisjoint(meeting.group.members)


def _none_left(numbers: Sequence[int]) -> Week:
    week = [0] * DAYS
    for slot, number in enumerate(numbers):
        if number <= 0:
            week[slot // SLOTS_A_DAY] |= 1 << (slot % SLOTS_A_DAY)
    return week


def without(timetable: Timetable, patient: Id) -> Timetable:
    """Return the week without one patient's sessions; groups stay, however small."""
    groups = (
        replace(group, members=tuple(member for member in group.members if member != patient))
        if patient in group.members
        else group
        for group in timetable.groups
    )
    visits = (visit for visit in timetable.visits if visit.patient != patient)
    return Timetable(tuple(groups), tuple(visits))
