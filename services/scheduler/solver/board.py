"""A week under construction: who and what is taken, slot by slot."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple, Self

import numpy as np

from services.scheduler.solver.grid import Mask, pool_starts
from services.scheduler.solver.instance import (
    DAYS,
    FAMILY,
    INDIVIDUAL,
    MEDICATION,
    NURSE_VISIT,
    ON_SITE,
    SLOTS_A_DAY,
    Id,
    Instance,
    TherapyGroup,
    Timetable,
    Visit,
)

WEEK = DAYS * SLOTS_A_DAY


def window(day: int, slot: int, slots: int) -> slice:
    """Name the slots of the week a session covers."""
    first = day * SLOTS_A_DAY + slot
    return slice(first, first + slots)


class _Session(NamedTuple):
    service: str
    day: int
    slot: int
    slots: int
    modality: str


@dataclass(slots=True)
class PatientDay:
    """The sessions one patient has on one day."""

    modality: str
    sessions: list[tuple[int, int, str]] = field(default_factory=list)

    @property
    def total(self) -> int:
        """Slots of sessions."""
        return sum(slots for _, slots, _ in self.sessions)

    def waiting(self, gap: int) -> int:
        """Slots between sessions, beyond the gap that is due after each."""
        first, last = min(slot for slot, _, _ in self.sessions), max(slot + slots for slot, slots, _ in self.sessions)
        return last - first - self.total - gap * (len(self.sessions) - 1)


class Board:
    """Occupancy of practitioners, rooms and pools, and every patient's days.

    It books what it is told; asking first is the caller's business, except where a method says so.
    """

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        self.staff = {person.id: n for n, person in enumerate(instance.practitioners)}
        self.person = {patient.id: n for n, patient in enumerate(instance.patients)}
        self.busy: Mask = np.zeros((len(instance.practitioners), WEEK), np.bool_)
        self._rooms: Mask = np.zeros((len(instance.rooms), WEEK), np.bool_)
        for number, room in enumerate(instance.rooms):
            for day, start, end in room.closed:
                self._rooms[number, window(day, start, end - start)] = True
        self._left = {
            INDIVIDUAL: np.full(WEEK, instance.offices),
            FAMILY: np.full(WEEK, instance.family_rooms),
            MEDICATION: np.array(instance.medication_pool),
            NURSE_VISIT: np.array(instance.nurse_pool),
        }
        self.days: list[dict[int, PatientDay]] = [{} for _ in instance.patients]
        self.left = [dict(patient.needs) for patient in instance.patients]
        self._groups: list[TherapyGroup] = []
        self._visits: list[Visit] = []

    @classmethod
    def of(cls, instance: Instance, timetable: Timetable) -> Self:
        """Book a whole timetable."""
        board = cls(instance)
        for group in timetable.groups:
            board.book_group(group)
        for visit in timetable.visits:
            board.book_visit(visit)
        return board

    def timetable(self) -> Timetable:
        """Return what is booked."""
        return Timetable(tuple(self._groups), tuple(self._visits))

    def _free_rooms(self, day: int, slot: int, slots: int) -> Mask:
        return np.asarray(~self._rooms[:, window(day, slot, slots)].any(axis=1))

    def room(self, day: int, slot: int, slots: int, members: int) -> Id | None:
        """Find the smallest free room that seats them."""
        free = self._free_rooms(day, slot, slots)
        fitting = [
            (room.capacity, number)
            for number, room in enumerate(self.instance.rooms)
            if free[number] and room.capacity >= members
        ]
        return self.instance.rooms[min(fitting)[1]].id if fitting else None

    def largest_room(self, day: int, slot: int, slots: int) -> int:
        """Seats of the largest free room, 0 if there is none."""
        free = self._free_rooms(day, slot, slots)
        seats = [room.capacity for room, is_free in zip(self.instance.rooms, free, strict=True) if is_free]
        return max(seats, default=0)

    def may_work(self, number: int, day: int, slot: int, slots: int) -> bool:
        """Say whether the practitioner has the time and the hours left."""
        person, busy = self.instance.practitioners[number], self.busy[number]
        today = busy[window(day, 0, SLOTS_A_DAY)].sum()
        return (
            not busy[window(day, slot, slots)].any()
            and today + slots <= person.max_slots_day
            and busy.sum() + slots <= person.max_slots_week
        )

    def open_starts(self, service: str, slots: int, modality: str) -> Mask:
        """Where a visit finds an office, a family room or somebody in the pool: [day, slot]."""
        mask = np.ones((DAYS, SLOTS_A_DAY), np.bool_)
        if service in (MEDICATION, NURSE_VISIT) or modality == ON_SITE:
            mask = pool_starts(self._left[service], slots)
        return mask

    def working_starts(self, number: int, slots: int) -> Mask:
        """Where the practitioner has the time and the hours left: [day, slot]."""
        person, busy = self.instance.practitioners[number], self.busy[number]
        if busy.sum() + slots > person.max_slots_week:
            return np.zeros((DAYS, SLOTS_A_DAY), np.bool_)
        today = busy.reshape(DAYS, SLOTS_A_DAY).sum(axis=1)
        mask = pool_starts(~busy, slots)
        mask[today + slots > person.max_slots_day] = False
        return mask

    def has_place_for(self, visit: Visit) -> bool:
        """Say whether practitioner, place and the patient's own day have room for the visit."""
        number = self.person[visit.patient]
        slots = self.instance.visit_slots(self.instance.patients[number], visit.service)
        is_free = visit.practitioner is None or self.may_work(
            self.staff[visit.practitioner], visit.day, visit.slot, slots
        )
        place = self.open_starts(visit.service, slots, visit.modality)[visit.day, visit.slot]
        own = self.day_starts(number, visit.day, slots, visit.service, visit.modality)[visit.slot]
        return bool(is_free and place and own)

    def book_group(self, group: TherapyGroup) -> None:
        """Take the practitioners, the room and the members' time."""
        kind = self.instance.kinds[group.kind]
        when = window(group.day, group.slot, kind.slots)
        for person in (group.lead, group.co):
            if person is not None:
                self.busy[self.staff[person], when] = True
        for number, room in enumerate(self.instance.rooms):
            if room.id == group.room:
                self._rooms[number, when] = True
        self._groups.append(group)
        session = _Session(kind.service, group.day, group.slot, kind.slots, group.modality)
        self._attend(group.members, session)

    def book_visit(self, visit: Visit) -> None:
        """Take the practitioner or pool, the place and the patient's time."""
        patient = self.instance.patients[self.person[visit.patient]]
        slots = self.instance.visit_slots(patient, visit.service)
        when = window(visit.day, visit.slot, slots)
        if visit.practitioner is not None:
            self.busy[self.staff[visit.practitioner], when] = True
        if visit.service in (MEDICATION, NURSE_VISIT) or visit.modality == ON_SITE:
            self._left[visit.service][when] -= 1
        self._visits.append(visit)
        session = _Session(visit.service, visit.day, visit.slot, slots, visit.modality)
        self._attend((visit.patient,), session)

    def _attend(self, members: Iterable[Id], session: _Session) -> None:
        service, day, slot, slots, modality = session
        for member in members:
            number = self.person[member]
            today = self.days[number].setdefault(day, PatientDay(modality))
            today.sessions.append((slot, slots, service))
            self.left[number][service] -= slots

    def day_starts(self, number: int, day: int, slots: int, service: str, modality: str) -> Mask:
        """Where one more session keeps the patient's day within the rules: [slot]."""
        limits = self.instance.limits
        open_slots = np.ones(SLOTS_A_DAY, np.bool_)
        patient, today = self.instance.patients[number], self.days[number].get(day)
        if self.left[number].get(service, 0) < slots or slots > self.instance.max_slots_day(patient):
            return np.zeros(SLOTS_A_DAY, np.bool_)
        if today is None:
            return open_slots & self._nurse_clear(number, day, service)
        if (
            today.modality != modality
            or today.total + slots > self.instance.max_slots_day(patient)
            or any(other == service for _, _, other in today.sessions)
        ):
            return np.zeros(SLOTS_A_DAY, np.bool_)
        gap, start = limits.gap_slots, np.arange(SLOTS_A_DAY)
        for other, length, _ in today.sessions:
            open_slots &= (start + slots + gap <= other) | (other + length + gap <= start)
        first = np.minimum(start, min(other for other, _, _ in today.sessions))
        last = np.maximum(start + slots, max(other + n for other, n, _ in today.sessions))
        idle = last - first - today.total - slots - gap * len(today.sessions)
        return open_slots & (idle <= limits.idle_slots) & self._nurse_clear(number, day, service)

    def _nurse_clear(self, number: int, day: int, service: str) -> bool:
        if service != NURSE_VISIT:
            return True
        apart = self.instance.limits.nurse_days_apart
        return all(
            abs(day - other) >= apart
            for other, today in self.days[number].items()
            if any(code == NURSE_VISIT for _, _, code in today.sessions)
        )
