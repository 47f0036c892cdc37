"""Annealing a timetable: in and out of the compiled week."""

from typing import Final

import numpy as np

from services.scheduler.solver.annealing.boxes import packed, views
from services.scheduler.solver.annealing.facts import (
    HALVES,
    NOBODY,
    Facts,
    Ints,
    facts_of,
    practitioner_id,
    services_of,
)
from services.scheduler.solver.annealing.moves import anneal
from services.scheduler.solver.annealing.setting import seat_all
from services.scheduler.solver.annealing.week import (
    CO,
    COST,
    DAY,
    LEAD,
    MEETING,
    MODALITY,
    OFFER,
    ROOM,
    SERVICE,
    STAFF,
    START,
    Week,
    empty_week,
)
from services.scheduler.solver.grid import Grid
from services.scheduler.solver.instance import (
    MODALITIES,
    Instance,
    TherapyGroup,
    Timetable,
    Visit,
)
from services.scheduler.solver.offers import Offer, Offers
from services.scheduler.solver.statics import Statics

# How often each move is tried, in the order in which `moves` numbers them.
OFTEN: Final = (24, 24, 10, 6, 8, 4, 5, 1, 4, 8, 8, 2)


class Annealing:
    """A compiled week that starts from a timetable and gets better."""

    def __init__(self, instance: Instance, offers: Offers, statics: Statics, grid: Grid, seed: int) -> None:
        self._instance = instance
        self._offers = offers
        self._services = services_of(instance)
        self._staff = {person.id: number for number, person in enumerate(instance.practitioners)}
        self._person = {patient.id: number for number, patient in enumerate(instance.patients)}
        self._rooms = {room.id: number for number, room in enumerate(instance.rooms)}
        self._seed = seed
        self.facts: Facts = facts_of(instance, offers, statics, grid)
        self._wheel: Ints = np.repeat(np.arange(len(OFTEN), dtype=np.int64), OFTEN)
        self._facts_flat, self._facts_table = packed(self.facts)
        self._empty = empty_week(self.facts, seed)
        self._week_flat, self._week_table = packed(self._empty)
        self._best_flat = self._week_flat.copy()
        self._week: Week = views(Week, self._week_flat, self._week_table, self._empty)
        self._best: Week = views(Week, self._best_flat, self._week_table, self._empty)

    @property
    def cost(self) -> float:
        """Cost of the best week."""
        return float(self._best.total[COST]) / HALVES + self._instance.cost_of_the_known()

    def load(self, timetable: Timetable) -> None:
        """Start from a timetable that breaks no rule."""
        random = self._week.random[0]
        self._week_flat[:] = packed(self._empty)[0]
        self._week.random[0] = random
        fixed = self._instance.fixed
        groups = [self._group_row(group, bound=group in fixed.groups) for group in timetable.groups]
        visits = [self._visit_row(visit, fixed=visit in fixed.visits) for visit in timetable.visits]
        members = [[self._person[member] for member in group.members] for group in timetable.groups]
        seat_all(
            self._facts_flat,
            self._facts_table,
            self._week_flat,
            self._week_table,
            np.array(groups, np.int64).reshape(-1, 5),
            np.array([(row, member) for row, who in enumerate(members) for member in who], np.int64).reshape(-1, 2),
            np.array(visits, np.int64).reshape(-1, 9),
        )
        self._best_flat[:] = self._week_flat

    def _group_row(self, group: TherapyGroup, *, bound: bool) -> tuple[int, ...]:
        offer = self._offers.index[
            Offer(group.kind, group.track, group.language, group.modality, group.day, group.slot)
        ]
        co = NOBODY if group.co is None else self._staff[group.co]
        room = NOBODY if group.room is None else self._rooms[group.room]
        return offer, self._staff[group.lead], co, room, int(bound)

    def _visit_row(self, visit: Visit, *, fixed: bool) -> tuple[int, ...]:
        patient = self._person[visit.patient]
        service = self._services.index(visit.service)
        length = int(self.facts.visit_length[patient, service])
        staff = NOBODY if visit.practitioner is None else self._staff[visit.practitioner]
        modality = MODALITIES.index(visit.modality)
        return patient, service, visit.day, visit.slot, length, modality, NOBODY, staff, int(fixed)

    def anneal(self, moves: int, heat: float) -> int:
        """Try so many moves at this heat, in units of cost; return how many were kept."""
        return anneal(*self._memory, self._wheel, moves, heat * HALVES)

    @property
    def _memory(self) -> tuple[Ints, Ints, Ints, Ints, Ints]:
        return self._facts_flat, self._facts_table, self._week_flat, self._best_flat, self._week_table

    def timetable(self) -> Timetable:
        """Return the best week."""
        return _Reading(self._instance, self._offers, self._services, self._best).timetable()


class _Reading:
    def __init__(self, instance: Instance, offers: Offers, services: list[str], week: Week) -> None:
        self._instance = instance
        self._offers = offers
        self._services = services
        self._week = week

    def timetable(self) -> Timetable:
        members: dict[int, list[int]] = {}
        visits: list[Visit] = []
        for patient, count in enumerate(self._week.count.tolist()):
            for session in self._week.sessions[patient, :count].tolist():
                if session[MEETING] >= 0:
                    members.setdefault(session[MEETING], []).append(patient)
                else:
                    visits.append(self._visit(patient, session))
        groups = [self._group(self._week.meetings[number].tolist(), who) for number, who in sorted(members.items())]
        return Timetable(tuple(groups), tuple(visits))

    def _group(self, row: list[int], members: list[int]) -> TherapyGroup:
        instance, offer = self._instance, self._offers.items[row[OFFER]]
        lead = practitioner_id(instance, row[LEAD])
        assert lead is not None  # noqa: S101 -- a meeting has a lead
        return TherapyGroup(
            kind=offer.kind,
            day=offer.day,
            slot=offer.slot,
            modality=offer.modality,
            track=offer.track,
            language=offer.language,
            lead=lead,
            co=practitioner_id(instance, row[CO]),
            room=None if row[ROOM] == NOBODY else instance.rooms[row[ROOM]].id,
            members=tuple(instance.patients[member].id for member in members),
        )

    def _visit(self, patient: int, session: list[int]) -> Visit:
        return Visit(
            patient=self._instance.patients[patient].id,
            service=self._services[session[SERVICE]],
            day=session[DAY],
            slot=session[START],
            modality=MODALITIES[session[MODALITY]],
            practitioner=practitioner_id(self._instance, session[STAFF]),
        )
