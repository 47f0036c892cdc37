"""What of a known week can still be: who has left, a new commitment or another shift takes its part away."""

from collections.abc import Iterable
from dataclasses import replace

from services.scheduler.solver.board import Board
from services.scheduler.solver.instance import (
    FAMILY,
    INDIVIDUAL,
    NURSE_VISIT,
    ON_SITE,
    PROCESS_GROUP,
    STAFFED_SERVICES,
    GroupKind,
    Id,
    Instance,
    Patient,
    TherapyGroup,
    Timetable,
    Visit,
)


def keepable(instance: Instance, known: Timetable) -> Timetable:
    """Return what is fixed already, and what can be kept beside it; together they break no rule."""
    return _Keepable(instance).of(known)


class _Keepable:
    def __init__(self, instance: Instance) -> None:
        self._instance = instance
        self._patients = {patient.id: patient for patient in instance.patients}
        self._staff = {person.id: person for person in instance.practitioners}
        self._rooms = {room.id: room.capacity for room in instance.rooms}
        self._fixed_groups = {_when(group): group for group in instance.fixed.groups}

    def of(self, known: Timetable) -> Timetable:
        """Return what is fixed already, and what can be kept beside it."""
        fixed, board = self._instance.fixed, Board.of(self._instance, self._instance.fixed)
        for group in sorted((group for group in known.groups if _when(group) not in self._fixed_groups), key=_when):
            part = self._group(group, board)
            if part is not None:
                board.book_group(part)
        left, before = [visit for visit in known.visits if visit not in fixed.visits], 0
        # What lies between two sessions lets somebody wait for the later one: those refused are asked again.
        while len(left) != before:
            before, left = len(left), [visit for visit in left if not self._books_visit(visit, board)]
        while waits := self._long_waits(board):
            board = Board.of(self._instance, self._without(waits, board.timetable()))
        return board.timetable()

    def _long_waits(self, board: Board) -> set[tuple[Id, int, int]]:
        """Return the last session of each day in which a lost one leaves too much waiting: patient, day and slot."""
        limits, waits = self._instance.limits, set()
        fixed = {(key.patient, key.day, key.slot) for key in self._instance.session_keys(self._instance.fixed)}
        for patient, days in zip(self._instance.patients, board.days, strict=True):
            for day, today in days.items():
                free = [slot for slot, _, _ in today.sessions if (patient.id, day, slot) not in fixed]
                if free and today.waiting(limits.gap_slots) > limits.idle_slots:
                    waits.add((patient.id, day, max(free)))
        return waits

    def _without(self, sessions: set[tuple[Id, int, int]], week: Timetable) -> Timetable:
        """Return the week without these sessions, and without the meetings that are too small then."""
        groups = []
        for group in week.groups:
            members = tuple(member for member in group.members if (member, group.day, group.slot) not in sessions)
            size = self._instance.kinds[group.kind].size
            co = group.co if len(members) > size.co_facilitator_above else None
            if members == group.members:
                groups.append(group)
            elif len(members) >= size.minimum:
                groups.append(replace(group, members=members, co=co))
        visits = (visit for visit in week.visits if (visit.patient, visit.day, visit.slot) not in sessions)
        return Timetable(tuple(groups), tuple(visits))

    def _group(self, group: TherapyGroup, board: Board) -> TherapyGroup | None:
        kind = self._instance.kinds.get(group.kind)
        if kind is None or not self._takes_place(group, kind.slots, kind.service):
            return None
        if not board.may_work(board.staff[group.lead], group.day, group.slot, kind.slots):
            return None
        co = group.co
        if co is not None and not (
            self._may_assist(group, kind.slots) and board.may_work(board.staff[co], group.day, group.slot, kind.slots)
        ):
            co = None
        seats = kind.size.maximum if co is not None else kind.size.co_facilitator_above
        if group.modality == ON_SITE:
            seats = min(seats, self._rooms[group.room]) if group.room is not None else 0
        able = [member for member in group.members if self._may_sit(member, group, kind, board)]
        members = self._apart(able)[:seats]
        if len(members) < kind.size.minimum:
            return None
        needs_co = len(members) > kind.size.co_facilitator_above
        return replace(group, members=tuple(members), co=co if needs_co else None)

    def _takes_place(self, group: TherapyGroup, slots: int, service: str) -> bool:
        lead, end = self._staff.get(group.lead), group.slot + slots
        if lead is None or service not in lead.leads or group.language not in lead.languages:
            return False
        is_somewhere = group.modality != ON_SITE or (
            group.room in self._rooms and self._instance.is_open(group.day, group.slot, end)
        )
        return is_somewhere and lead.works(group.day, group.slot, end)

    def _may_assist(self, group: TherapyGroup, slots: int) -> bool:
        co = None if group.co is None else self._staff.get(group.co)
        if co is None or not co.co_facilitates or group.language not in co.languages:
            return False
        return co.works(group.day, group.slot, group.slot + slots)

    def _may_sit(self, member: Id, group: TherapyGroup, kind: GroupKind, board: Board) -> bool:
        patient = self._patients.get(member)
        if patient is None or board.left[board.person[member]].get(kind.service, 0) < kind.slots:
            return False
        fits = group.language in patient.languages and (kind.service != PROCESS_GROUP or patient.track == group.track)
        return fits and self._may_be_there(patient, group, kind.slots)

    def _may_be_there(self, patient: Patient, session: TherapyGroup | Visit, slots: int) -> bool:
        is_allowed = session.modality in patient.modalities
        return is_allowed and patient.is_free(session.day, session.slot, session.slot + slots, session.modality)

    def _apart(self, members: Iterable[Id]) -> list[Id]:
        """Leave out who may not meet somebody who is there already."""
        together: list[Id] = []
        for member in members:
            if not any(member in pair and set(pair) & set(together) for pair in self._instance.no_contact):
                together.append(member)
        return together

    def _books_visit(self, visit: Visit, board: Board) -> bool:
        patient, instance = self._patients.get(visit.patient), self._instance
        if patient is None or visit.service not in patient.needs:
            return False
        slots = instance.visit_slots(patient, visit.service)
        end = visit.slot + slots
        is_somewhere = visit.modality != ON_SITE or instance.is_open(visit.day, visit.slot, end)
        is_fit = is_somewhere and self._may_be_there(patient, visit, slots) and self._is_staffed(visit, patient, slots)
        is_kept = is_fit and slots > 0 and board.has_place_for(visit)
        if is_kept:
            board.book_visit(visit)
        return is_kept

    def _is_staffed(self, visit: Visit, patient: Patient, slots: int) -> bool:
        end = visit.slot + slots
        if visit.service not in STAFFED_SERVICES:
            return visit.service != NURSE_VISIT or visit.modality == ON_SITE
        who = None if visit.practitioner is None else self._staff.get(visit.practitioner)
        if who is None or visit.service not in who.individual or not who.works(visit.day, visit.slot, end):
            return False
        if visit.service == INDIVIDUAL:
            return who.id in patient.team
        hours = {slot for day, a, b in patient.family_available or () if day == visit.day for slot in range(a, b)}
        return visit.service == FAMILY and hours.issuperset(range(visit.slot, end))


def _when(group: TherapyGroup) -> tuple[int, int, str, str]:
    return group.day, group.slot, group.kind, str(group.lead)
