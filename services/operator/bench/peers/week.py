"""A week that can be changed, priced and taken back, one step at a time."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from services.operator.bench.peers.facts import Facts, span
from services.scheduler.solver.instance import (
    DAYS,
    INDIVIDUAL,
    NURSE_VISIT,
    ON_SITE,
    PROCESS_GROUP,
    SLOTS_A_DAY,
    STAFFED_SERVICES,
    GroupKind,
    TherapyGroup,
    Timetable,
    Visit,
)

FORBIDDEN = 1e6
"""Price of a day that waits too long, which only leaving a session can bring about: no search keeps it."""


@dataclass(slots=True, eq=False)
class Meeting:
    """A group meeting, or a visit of one patient without a kind; positions stand for ids."""

    service: str
    slots: int
    day: int
    slot: int
    modality: str
    lead: int | None
    kind: GroupKind | None = None
    track: str | None = None
    language: str = ""
    room: int | None = None
    co: int | None = None
    members: list[int] = field(default_factory=list)

    @property
    def end(self) -> int:
        """The first slot after it."""
        return self.slot + self.slots


class Week:
    """Who meets when, what it costs, and how to take back what was done last.

    Asking first (`may_attend`, `may_lead`, ...) is the caller's business. `cost` is always current.
    """

    def __init__(self, facts: Facts) -> None:
        instance = facts.instance
        self.facts = facts
        self.meetings: list[Meeting] = []
        self.days: list[list[list[Meeting]]] = [[[] for _ in range(DAYS)] for _ in instance.patients]
        self.left = [dict(patient.needs) for patient in instance.patients]
        self.cost: float = instance.weights.unmet * sum(sum(left.values()) for left in self.left)
        self._most_a_day = [instance.max_slots_day(patient) for patient in instance.patients]
        self._busy = [[0] * DAYS for _ in instance.practitioners]
        self._worked = [[0] * DAYS for _ in instance.practitioners]
        self._rooms = [[0] * DAYS for _ in instance.rooms]
        self._used = {service: [0] * (DAYS * SLOTS_A_DAY) for service in facts.places}
        self._done: list[tuple[Callable[..., None], tuple[Any, ...]]] = []

    def mark(self) -> int:
        """Remember this moment."""
        return len(self._done)

    def back_to(self, mark: int) -> None:
        """Take back everything done since."""
        while len(self._done) > mark:
            undo, arguments = self._done.pop()
            undo(*arguments)

    def forget(self) -> None:
        """Let what was done stand."""
        self._done.clear()

    def may_attend(self, patient: int, service: str, slots: int, place: tuple[int, int, str]) -> bool:
        """Say whether one more session at (day, slot, modality) keeps every rule of the patient's day."""
        day, slot, modality = place
        if self.left[patient].get(service, 0) < slots:
            return False
        if not self.facts.patient(patient, modality, slots)[day] >> slot & 1:
            return False
        return self._keeps_day(patient, service, slots, place) and (
            service != NURSE_VISIT or self._nurse_rests(patient, day)
        )

    def _keeps_day(self, patient: int, service: str, slots: int, place: tuple[int, int, str]) -> bool:
        day, slot, modality = place
        limits = self.facts.instance.limits
        gap, total, first, last = limits.gap_slots, slots, slot, slot + slots
        for other in self.days[patient][day]:
            if other.modality != modality or other.service == service:
                return False
            if slot < other.end + gap and other.slot < slot + slots + gap:
                return False
            total += other.slots
            first, last = min(first, other.slot), max(last, other.end)
        idle = last - first - total - gap * len(self.days[patient][day])
        return total <= self._most_a_day[patient] and idle <= limits.idle_slots

    def _nurse_rests(self, patient: int, day: int) -> bool:
        apart = self.facts.instance.limits.nurse_days_apart
        nearby = range(max(0, day - apart + 1), min(DAYS, day + apart))
        return not any(other.service == NURSE_VISIT for near in nearby for other in self.days[patient][near])

    def may_work(self, person: int, day: int, slot: int, slots: int) -> bool:
        """Say whether the practitioner is there, free, and has hours left."""
        contact = self.facts.instance.practitioners[person]
        worked = self._worked[person]
        return (
            bool(self.facts.staff(person, slots)[day] >> slot & 1)
            and not self._busy[person][day] & span(slot, slots)
            and worked[day] + slots <= contact.max_slots_day
            and sum(worked) + slots <= contact.max_slots_week
        )

    def has_place(self, service: str, slots: int, place: tuple[int, int, str]) -> bool:
        """Say whether an office, a family room or somebody in the pool is free for a visit."""
        day, slot, modality = place
        if service in STAFFED_SERVICES and modality != ON_SITE:
            return True
        first = day * SLOTS_A_DAY + slot
        limit, used = self.facts.places[service], self._used[service]
        return all(used[at] < limit[at] for at in range(first, first + slots))

    def free_rooms(self, day: int, slot: int, slots: int) -> list[int]:
        """List the free group rooms, the smallest first."""
        rooms, taken = self.facts.instance.rooms, span(slot, slots)
        free = [number for number in range(len(rooms)) if not self._rooms[number][day] & taken]
        return sorted(free, key=lambda number: rooms[number].capacity)

    def seats(self, meeting: Meeting) -> int:
        """Count the seats of a group as it is led and housed."""
        if meeting.kind is None:
            return 1
        size = meeting.kind.size
        most = size.maximum if meeting.co is not None else min(size.maximum, size.co_facilitator_above)
        return most if meeting.room is None else min(most, self.facts.instance.rooms[meeting.room].capacity)

    def could_join(self, patient: int, meeting: Meeting) -> bool:
        """Say whether a group has a seat for the patient and may have them, the rest of their day aside."""
        person = self.facts.instance.patients[patient]
        return (
            len(meeting.members) < self.seats(meeting)
            and meeting.language in person.languages
            and (meeting.service != PROCESS_GROUP or meeting.track == person.track)
            and bool(self.facts.patient(patient, meeting.modality, meeting.slots)[meeting.day] >> meeting.slot & 1)
            and self.facts.enemies[patient].isdisjoint(meeting.members)
        )

    def may_join(self, patient: int, meeting: Meeting) -> bool:
        """Say whether the patient can take a seat in a group."""
        place = meeting.day, meeting.slot, meeting.modality
        return self.could_join(patient, meeting) and self.may_attend(patient, meeting.service, meeting.slots, place)

    def open(self, meeting: Meeting, members: Iterable[int]) -> None:
        """Hold a meeting with these patients."""
        self._open(meeting)
        self._done.append((self._close, (meeting,)))
        for patient in members:
            self.join(patient, meeting)

    def close(self, meeting: Meeting) -> None:
        """Cancel a meeting; its patients leave it first."""
        for patient in tuple(meeting.members):
            self.leave(patient, meeting)
        self._close(meeting)
        self._done.append((self._open, (meeting,)))

    def join(self, patient: int, meeting: Meeting) -> None:
        """Seat a patient."""
        self._join(patient, meeting)
        self._done.append((self._leave, (patient, meeting)))

    def leave(self, patient: int, meeting: Meeting) -> None:
        """Free a seat; the meeting stays."""
        self._leave(patient, meeting)
        self._done.append((self._join, (patient, meeting)))

    def _open(self, meeting: Meeting) -> None:
        self.meetings.append(meeting)
        self._take(meeting, 1)

    def _close(self, meeting: Meeting) -> None:
        self.meetings.remove(meeting)
        self._take(meeting, -1)

    def _take(self, meeting: Meeting, sign: int) -> None:
        day, slots, taken = meeting.day, meeting.slots, span(meeting.slot, meeting.slots)
        for person in (meeting.lead, meeting.co):
            if person is not None:
                self.cost -= self._overwork(person)
                self._busy[person][day] ^= taken
                self._worked[person][day] += sign * slots
                self.cost += self._overwork(person)
        if meeting.room is not None:
            self._rooms[meeting.room][day] ^= taken
        if meeting.kind is not None:
            slots_paid = slots if meeting.co is None else slots * 1.5
            self.cost += sign * self.facts.instance.weights.group * slots_paid
        elif meeting.service not in STAFFED_SERVICES or meeting.modality == ON_SITE:
            first = day * SLOTS_A_DAY + meeting.slot
            used = self._used[meeting.service]
            for at in range(first, first + slots):
                used[at] += sign

    def _overwork(self, person: int) -> float:
        weights = self.facts.instance.weights
        share = self.facts.instance.practitioners[person].max_slots_week * weights.busy_percent // 100
        return weights.balance * max(0, sum(self._worked[person]) - share)

    def _join(self, patient: int, meeting: Meeting) -> None:
        self.cost += self._attendance(patient, meeting) - self._day(patient, meeting.day)
        meeting.members.append(patient)
        self.days[patient][meeting.day].append(meeting)
        self.left[patient][meeting.service] -= meeting.slots
        self.cost += self._day(patient, meeting.day)

    def _leave(self, patient: int, meeting: Meeting) -> None:
        self.cost -= self._attendance(patient, meeting) + self._day(patient, meeting.day)
        meeting.members.remove(patient)
        self.days[patient][meeting.day].remove(meeting)
        self.left[patient][meeting.service] += meeting.slots
        self.cost += self._day(patient, meeting.day)

    def _attendance(self, patient: int, meeting: Meeting) -> float:
        """What one session costs beside its day: less unmet, a preference, another counsellor."""
        weights, person = self.facts.instance.weights, self.facts.instance.patients[patient]
        cost = weights.preference * person.preference.cost(meeting.day, meeting.slot) - weights.unmet * meeting.slots
        if meeting.service == INDIVIDUAL and person.primary is not None:
            cost += weights.continuity * (self.facts.staff_at[person.primary] != meeting.lead)
        return cost

    def _day(self, patient: int, day: int) -> float:
        sessions = self.days[patient][day]
        if not sessions:
            return 0
        instance = self.facts.instance
        weights = instance.weights
        first, last = min(one.slot for one in sessions), max(one.end for one in sessions)
        idle = last - first - sum(one.slots for one in sessions) - instance.limits.gap_slots * (len(sessions) - 1)
        trip = weights.trip_on_site if sessions[0].modality == ON_SITE else weights.trip_telehealth
        return trip + weights.idle * idle + (FORBIDDEN if idle > instance.limits.idle_slots else 0)

    def timetable(self) -> Timetable:
        """Write the week down."""
        return Timetable(
            tuple(self._group(meeting, meeting.kind) for meeting in self.meetings if meeting.kind is not None),
            tuple(self._visit(meeting) for meeting in self.meetings if meeting.kind is None),
        )

    def _group(self, meeting: Meeting, kind: GroupKind) -> TherapyGroup:
        instance = self.facts.instance
        lead, co = (None if who is None else instance.practitioners[who].id for who in (meeting.lead, meeting.co))
        return TherapyGroup(
            kind=kind.code,
            day=meeting.day,
            slot=meeting.slot,
            modality=meeting.modality,
            track=meeting.track,
            language=meeting.language,
            lead=lead if lead is not None else "",
            co=co,
            room=None if meeting.room is None else instance.rooms[meeting.room].id,
            members=tuple(instance.patients[member].id for member in meeting.members),
        )

    def _visit(self, meeting: Meeting) -> Visit:
        instance = self.facts.instance
        who = None if meeting.lead is None else instance.practitioners[meeting.lead].id
        patient = instance.patients[meeting.members[0]].id
        return Visit(patient, meeting.service, meeting.day, meeting.slot, meeting.modality, who)
