"""Judge a timetable against its instance, sharing no code with the rules or the search.

It runs in production before anything is booked. It knows the data (`instance`, `goals`) and
nothing else, so an error in a rule cannot hide itself here.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from services.scheduler.solver.goals import Goals
from services.scheduler.solver.instance import (
    DAYS,
    SLOTS_A_DAY,
    GroupKind,
    Id,
    Instance,
    Interval,
    Patient,
    TherapyGroup,
    Timetable,
    Visit,
)

TOLERANCE = 1e-6


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the checker found: broken rules in words, the goals, and the cost recomputed."""

    errors: tuple[str, ...]
    goals: Goals
    cost: float

    @property
    def ok(self) -> bool:
        """Say whether every hard rule holds."""
        return not self.errors


class _Attendance(NamedTuple):
    day: int
    start: int
    slots: int
    service: str
    modality: str
    begun: bool = False

    @property
    def end(self) -> int:
        return self.start + self.slots


def check(instance: Instance, timetable: Timetable, *, bound: float | None = None) -> Verdict:
    """Verify every hard rule, recompute the goals, and hold the bound against the cost."""
    return _Check(instance).run(timetable, bound)


class _Check:
    def __init__(self, instance: Instance) -> None:
        self._instance = instance
        self._patients = {patient.id: patient for patient in instance.patients}
        self._staff = {practitioner.id: practitioner for practitioner in instance.practitioners}
        self._capacity = {room.id: room.capacity for room in instance.rooms}
        self._errors: list[str] = []
        self._staff_busy: Counter[tuple[Id, int]] = Counter()
        self._room_busy: Counter[tuple[Id, int]] = Counter()
        self._shared: dict[str, Counter[int]] = defaultdict(Counter)
        self._attended: dict[Id, list[_Attendance]] = defaultdict(list)
        self._cost: Counter[str] = Counter()
        fixed: list[TherapyGroup | Visit] = [*instance.fixed.groups, *instance.fixed.visits]
        self._begun = {session for session in fixed if self._is_past(session)}
        self._worked: Counter[tuple[Id, int]] = Counter()
        self._group_cost = 0.0

    def run(self, timetable: Timetable, bound: float | None) -> Verdict:
        for number, group in enumerate(timetable.groups):
            self._group(f"group {number}", group)
        for number, visit in enumerate(timetable.visits):
            self._visit(f"visit {number}", visit)
        self._occupancy()
        for patient in self._instance.patients:
            self._patient(patient)
        self._workload()
        self._fixed(timetable)
        held = {
            (patient, session.service, session.day, session.start)
            for patient, sessions in self._attended.items()
            for session in sessions
        }
        self._cost["changes"] = len(self._instance.published_keys() - held)
        kept = set(self._instance.seats(timetable))
        self._cost["moved"] = sum(seat not in kept for seat in self._instance.usual_seats())
        goals = Goals(**self._cost, groups=self._group_cost)
        cost = goals.cost(self._instance.weights)
        if bound is not None and not bound <= cost + TOLERANCE:
            self._errors.append("the bound is above the cost")
        return Verdict(tuple(self._errors), goals, cost)

    def _is_past(self, session: TherapyGroup | Visit) -> bool:
        return session.day * SLOTS_A_DAY + session.slot < self._instance.begins

    def _require(self, where: str, *findings: tuple[bool, str]) -> None:
        self._errors.extend(f"{where}: {fault}" for holds, fault in findings if not holds)

    def _group(self, where: str, group: TherapyGroup) -> None:
        kind = self._instance.kinds.get(group.kind)
        if kind is None or not _in_day(group.day, group.slot, kind.slots):
            self._errors.append(f"{where}: unknown kind or outside the day")
            return
        if self._is_past(group):
            self._require(where, (group in self._begun, "has begun"))
            self._past_group(group, kind)
            return
        size, count = kind.size, len(group.members)
        self._require(
            where,
            (group.slot % self._instance.limits.group_start_step == 0, "starts off the grid"),
            (len(set(group.members)) == count, "a member twice"),
            (size.minimum <= count <= size.maximum, "size out of range"),
            (count <= size.co_facilitator_above or group.co is not None, "no co-facilitator"),
            (group.co != group.lead, "lead and co-facilitator are one person"),
        )
        self._leadership(where, group, kind)
        self._venue(where, group, kind)
        for member in group.members:
            self._member(where, group, kind, member)
        together = set(group.members)
        for pair in self._instance.no_contact:
            self._require(where, (not together.issuperset(pair), "no-contact pair"))

    def _past_group(self, group: TherapyGroup, kind: GroupKind) -> None:
        """What has begun is only counted: its time, its people, its room."""
        slots = _week_slots(group.day, group.slot, kind.slots)
        for who, share in ((group.lead, 1.0), (group.co, 0.5)):
            if who is not None:
                self._group_cost += share * kind.slots
                self._staff_busy.update((who, slot) for slot in slots)
                self._worked[who, group.day] += kind.slots
        if group.room is not None:
            self._room_busy.update((group.room, slot) for slot in slots)
        attended = _Attendance(group.day, group.slot, kind.slots, kind.service, group.modality, begun=True)
        for member in group.members:
            self._attended[member].append(attended)

    def _leadership(self, where: str, group: TherapyGroup, kind: GroupKind) -> None:
        lead = self._staff.get(group.lead)
        may_lead = lead is not None and kind.service in lead.leads and group.language in lead.languages
        self._require(where, (may_lead, "lead may not lead it"))
        self._work(where, group.lead, group.day, group.slot, kind.slots)
        self._group_cost += kind.slots
        if group.co is not None:
            co = self._staff.get(group.co)
            may_assist = co is not None and co.co_facilitates and group.language in co.languages
            self._require(where, (may_assist, "co-facilitator may not"))
            self._work(where, group.co, group.day, group.slot, kind.slots)
            self._group_cost += kind.slots / 2

    def _venue(self, where: str, group: TherapyGroup, kind: GroupKind) -> None:
        if group.modality != "on_site":
            self._require(where, (group.modality == "telehealth", "unknown modality"))
            return
        capacity = self._capacity.get(group.room) if group.room is not None else None
        closed = any(
            room.id == group.room and d == group.day and a < group.slot + kind.slots and group.slot < b
            for room in self._instance.rooms
            for d, a, b in room.closed
        )
        self._require(
            where,
            (capacity is not None and len(group.members) <= capacity, "no room or too small"),
            (not closed, "room closed"),
            (self._is_open(group.day, group.slot, group.slot + kind.slots), "site closed"),
        )
        if group.room is not None:
            for slot in _week_slots(group.day, group.slot, kind.slots):
                self._room_busy[group.room, slot] += 1

    def _member(self, where: str, group: TherapyGroup, kind: GroupKind, member: Id) -> None:
        patient = self._patients.get(member)
        if patient is None:
            self._errors.append(f"{where}: unknown patient")
            return
        on_track = kind.service != "process_group" or patient.track == group.track
        self._require(
            where,
            (on_track, f"patient {member} is on another track"),
            (group.language in patient.languages, f"patient {member} lacks the language"),
        )
        self._attended[member].append(_Attendance(group.day, group.slot, kind.slots, kind.service, group.modality))

    def _visit(self, where: str, visit: Visit) -> None:
        patient = self._patients.get(visit.patient)
        if patient is None or visit.service not in patient.needs:
            self._errors.append(f"{where}: not needed")
            return
        slots = self._instance.limits.visit_slots.get(visit.service, patient.needs[visit.service])
        if not _in_day(visit.day, visit.slot, slots) or slots < 1:
            self._errors.append(f"{where}: outside the day")
            return
        if self._is_past(visit):
            self._require(where, (visit in self._begun, "has begun"))
            self._past_visit(visit, slots)
            return
        end = visit.slot + slots
        on_site = visit.modality == "on_site"
        attended = _Attendance(visit.day, visit.slot, slots, visit.service, visit.modality)
        self._attended[visit.patient].append(attended)
        self._require(where, (not on_site or self._is_open(visit.day, visit.slot, end), "closed"))
        match visit.service:
            case "individual":
                self._require(where, (visit.practitioner in patient.team, "not on the team"))
                self._counselling(where, visit, slots, "offices")
                if patient.primary is not None and visit.practitioner != patient.primary:
                    self._cost["continuity"] += self._instance.weights.continuity
            case "family":
                family = patient.family_available or ()
                together = _covers(family, attended)
                self._require(where, (together, "family not available"))
                self._counselling(where, visit, slots, "family_rooms")
            case "medication" | "nurse_visit":
                is_here = on_site or visit.service == "medication"
                self._require(where, (is_here, "nurse visit is on site only"))
                self._shared[visit.service].update(_week_slots(visit.day, visit.slot, slots))
            case _:
                self._errors.append(f"{where}: takes place in groups")

    def _past_visit(self, visit: Visit, slots: int) -> None:
        where = {"individual": "offices", "family": "family_rooms"}.get(visit.service, visit.service)
        if visit.modality == "on_site" or visit.service == "medication":
            self._shared[where].update(_week_slots(visit.day, visit.slot, slots))
        if visit.practitioner is not None:
            self._staff_busy.update((visit.practitioner, slot) for slot in _week_slots(visit.day, visit.slot, slots))
            self._worked[visit.practitioner, visit.day] += slots
        self._attended[visit.patient].append(
            _Attendance(visit.day, visit.slot, slots, visit.service, visit.modality, begun=True)
        )

    def _counselling(self, where: str, visit: Visit, slots: int, places: str) -> None:
        who = self._staff.get(visit.practitioner) if visit.practitioner is not None else None
        may_see = who is not None and visit.service in who.individual
        self._require(where, (may_see, "practitioner may not"))
        if visit.practitioner is not None:
            self._work(where, visit.practitioner, visit.day, visit.slot, slots)
        if visit.modality == "on_site":
            self._shared[places].update(_week_slots(visit.day, visit.slot, slots))

    def _work(self, where: str, who: Id, day: int, start: int, slots: int) -> None:
        practitioner = self._staff.get(who)
        if practitioner is None:
            self._errors.append(f"{where}: unknown practitioner")
            return
        end = start + slots
        inside = any(d == day and a <= start and end <= b for d, a, b in practitioner.shifts)
        resting = any(d == day and a < end and start < b for d, a, b in practitioner.breaks)
        self._require(where, (inside, "not on shift"), (not resting, "on a break"))
        for slot in _week_slots(day, start, slots):
            self._staff_busy[who, slot] += 1

    def _is_open(self, day: int, start: int, end: int) -> bool:
        return any(d == day and a <= start and end <= b for d, a, b in self._instance.site_open)

    def _occupancy(self) -> None:
        instance = self._instance
        for (who, slot), count in self._staff_busy.items():
            self._require(f"slot {slot}", (count <= 1 or slot < instance.begins, f"practitioner {who} twice"))
        for (room, slot), count in self._room_busy.items():
            self._require(f"slot {slot}", (count <= 1 or slot < instance.begins, f"room {room} twice"))
        limits = {
            "offices": [instance.offices] * DAYS * SLOTS_A_DAY,
            "family_rooms": [instance.family_rooms] * DAYS * SLOTS_A_DAY,
            "medication": instance.medication_pool,
            "nurse_visit": instance.nurse_pool,
        }
        for name, used in self._shared.items():
            for slot, count in used.items():
                fits = count <= limits[name][slot] or slot < instance.begins
                self._require(f"slot {slot}", (fits, f"too many: {name}"))

    def _patient(self, patient: Patient) -> None:
        where = f"patient {patient.id}"
        days: dict[int, list[_Attendance]] = defaultdict(list)
        delivered: Counter[str] = Counter()
        begun: Counter[str] = Counter()
        for attended in self._attended[patient.id]:
            days[attended.day].append(attended)
            delivered[attended.service] += attended.slots
            self._presence(where, patient, attended)
            begun[attended.service] += attended.slots if attended.begun else 0
        for day, sessions in days.items():
            self._day(f"{where} day {day}", patient, sorted(sessions, key=lambda s: s.start))
        for service, slots in delivered.items():
            holds = slots <= max(patient.needs.get(service, 0), begun[service])
            self._require(where, (holds, f"more {service} than needed"))
        nursed = sorted({s.day for s in self._attended[patient.id] if s.service == "nurse_visit"})
        first = self._instance.begins // SLOTS_A_DAY
        apart = self._instance.limits.nurse_days_apart
        spaced = all(later - earlier >= apart or later < first for earlier, later in pairwise(nursed))
        self._require(where, (spaced, "nurse visits too close"))
        for service, need in patient.needs.items():
            self._cost["unmet"] += max(0, need - delivered[service])

    def _presence(self, where: str, patient: Patient, attended: _Attendance) -> None:
        travel = patient.travel_slots if attended.modality == "on_site" else 0
        start, end = attended.start - travel, attended.end + travel
        meets = any(d == attended.day and a < end and start < b for d, a, b in patient.commitments)
        allowed = attended.modality in patient.modalities
        self._require(
            where, (allowed or attended.begun, "modality"), (not meets or attended.begun, "meets a commitment")
        )
        likes = patient.preference
        if attended.day >= 5:  # noqa: PLR2004 -- Saturday; the checker shares no constant with the rules
            cost = likes.weekend
        elif attended.start < 20:  # noqa: PLR2004 -- FORMAT, preference
            cost = likes.morning
        else:
            cost = likes.afternoon if attended.start < 40 else likes.evening  # noqa: PLR2004 -- FORMAT, preference
        self._cost["preference"] += cost

    def _day(self, where: str, patient: Patient, sessions: list[_Attendance]) -> None:
        instance = self._instance
        begun = [session for session in sessions if session.begun]
        excused = self._day_faults(patient, begun)
        if len(begun) < len(sessions):
            faults = [fault for fault in self._day_faults(patient, sessions) if fault not in excused]
            self._errors.extend(f"{where}: {fault}" for fault in faults)
        self._cost["idle"] += self._idle(sessions)
        is_trip = sessions[0].modality == "on_site"
        weights = instance.weights
        self._cost["trips"] += weights.trip_on_site if is_trip else weights.trip_telehealth

    def _idle(self, sessions: list[_Attendance]) -> int:
        span = sessions[-1].end - sessions[0].start
        return span - sum(session.slots for session in sessions) - self._instance.limits.gap_slots * (len(sessions) - 1)

    def _day_faults(self, patient: Patient, sessions: list[_Attendance]) -> list[str]:
        if not sessions:
            return []
        limits, most = self._instance.limits, self._instance.limits.day_slots
        if patient.max_slots_day is not None:
            most = min(most, patient.max_slots_day)
        findings = (
            (len({session.modality for session in sessions}) == 1, "two modalities"),
            (len({session.service for session in sessions}) == len(sessions), "a service twice"),
            (all(a.end + limits.gap_slots <= b.start for a, b in pairwise(sessions)), "no free slot between"),
            (sum(session.slots for session in sessions) <= most, "too long a day"),
            (self._idle(sessions) <= limits.idle_slots, "too much waiting"),
        )
        return [fault for holds, fault in findings if not holds]

    def _workload(self) -> None:
        for practitioner in self._instance.practitioners:
            where = f"practitioner {practitioner.id}"
            week = [slot for who, slot in self._staff_busy if who == practitioner.id]
            days = Counter(slot // SLOTS_A_DAY for slot in week)
            worked = {day: self._worked[practitioner.id, day] for day in range(DAYS)}
            in_a_day = all(slots <= max(practitioner.max_slots_day, worked[day]) for day, slots in days.items())
            in_the_week = len(week) <= max(practitioner.max_slots_week, sum(worked.values()))
            self._require(where, (in_a_day, "day maximum"), (in_the_week, "week maximum"))
            share = practitioner.max_slots_week * self._instance.weights.busy_percent // 100
            self._cost["balance"] += max(0, len(week) - share)

    def _fixed(self, timetable: Timetable) -> None:
        placed = {(g.kind, g.day, g.slot, g.lead): set(g.members) for g in timetable.groups}
        for number, group in enumerate(self._instance.fixed.groups):
            members = placed.get((group.kind, group.day, group.slot, group.lead), set())
            kept = members == set(group.members) if group in self._begun else members.issuperset(group.members)
            self._require(f"fixed group {number}", (kept, "moved"))
        visits = set(timetable.visits)
        for number, visit in enumerate(self._instance.fixed.visits):
            self._require(f"fixed visit {number}", (visit in visits, "moved"))


def _in_day(day: int, start: int, slots: int) -> bool:
    return 0 <= day < DAYS and start >= 0 and start + slots <= SLOTS_A_DAY


def _week_slots(day: int, start: int, slots: int) -> range:
    first = day * SLOTS_A_DAY + start
    return range(first, first + slots)


def _covers(intervals: Iterable[Interval], attended: _Attendance) -> bool:
    free = {slot for day, a, b in intervals if day == attended.day for slot in range(a, b)}
    return free.issuperset(range(attended.start, attended.end))
