"""Rules about practitioners (FORMAT, hard rules 1, 2 and 4)."""

from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from ortools.sat.python import cp_model

from services.scheduler.solver.instance import (
    INDIVIDUAL,
    SLOTS_A_DAY,
    STAFFED_SERVICES,
    Id,
    Instance,
    Timetable,
)
from services.scheduler.solver.model import Literal, Variables
from services.scheduler.solver.rules.base import forbid


class Work(NamedTuple):
    """A stretch of a practitioner's contact time."""

    practitioner: Id
    day: int
    slot: int
    slots: int

    @property
    def week_slots(self) -> range:
        """The slots of the week it covers."""
        first = self.day * SLOTS_A_DAY + self.slot
        return range(first, first + self.slots)


def possible_work(variables: Variables) -> Iterator[tuple[Work, Literal]]:
    """Yield the contact time the model may decide on."""
    for staffings in (variables.lead, variables.assist):
        for (offer, practitioner), literal in staffings.items():
            slots = variables.kind(offer).slots
            yield Work(practitioner, offer.day, offer.slot, slots), literal
    for visit, literal in variables.visit.items():
        if visit.practitioner is not None:
            patient = variables.patient(visit.patient)
            slots = variables.instance.visit_slots(patient, visit.service)
            yield Work(visit.practitioner, visit.day, visit.slot, slots), literal


def decided_work(instance: Instance, timetable: Timetable) -> Iterator[Work]:
    """Yield the contact time of a timetable."""
    patients = {patient.id: patient for patient in instance.patients}
    for group in timetable.groups:
        for person in (group.lead, group.co):
            if person is not None:
                slots = instance.kinds[group.kind].slots
                yield Work(person, group.day, group.slot, slots)
    for visit in timetable.visits:
        if visit.practitioner is not None:
            slots = instance.visit_slots(patients[visit.patient], visit.service)
            yield Work(visit.practitioner, visit.day, visit.slot, slots)


class Credentials:
    """Who leads a group may lead that service, who assists may assist, both in its language.

    Source: FORMAT rule 1.
    """

    def add(self, model: cp_model.CpModel, variables: Variables) -> None:
        """Forbid everybody else."""
        for (offer, practitioner), literal in variables.lead.items():
            person = variables.practitioner(practitioner)
            service = variables.kind(offer).service
            if service not in person.leads or offer.language not in person.languages:
                forbid(model, variables, literal)
        for (offer, practitioner), literal in variables.assist.items():
            person = variables.practitioner(practitioner)
            if not person.co_facilitates or offer.language not in person.languages:
                forbid(model, variables, literal)


class CareTeam:
    """Individual sessions are with the patient's team; family sessions with who may hold them.

    Source: FORMAT rule 4.
    """

    def add(self, model: cp_model.CpModel, variables: Variables) -> None:
        """Forbid staffed visits with anybody else."""
        for visit, literal in variables.visit.items():
            if visit.service not in STAFFED_SERVICES:
                continue
            who = visit.practitioner
            may_hold = who is not None and visit.service in variables.practitioner(who).individual
            team = variables.patient(visit.patient).team
            if not may_hold or (visit.service == INDIVIDUAL and who not in team):
                forbid(model, variables, literal)


class ShiftsAndBreaks:
    """A practitioner works inside shifts and outside breaks.

    Source: FORMAT rule 2.
    """

    def add(self, model: cp_model.CpModel, variables: Variables) -> None:
        """Forbid work at any other time."""
        for work, literal in possible_work(variables):
            person = variables.practitioner(work.practitioner)
            if not person.works(work.day, work.slot, work.slot + work.slots):
                forbid(model, variables, literal)


class OneThingAtATime:
    """A practitioner does one thing at a time.

    Source: FORMAT rule 2.
    """

    def add(self, model: cp_model.CpModel, variables: Variables) -> None:
        """Give each slot of a practitioner to one piece of work."""
        taken: set[tuple[Id, int]] = set()
        for work in decided_work(variables.instance, variables.problem.background):
            taken.update((work.practitioner, slot) for slot in work.week_slots)
        claims: dict[tuple[Id, int], list[Literal]] = defaultdict(list)
        for work, literal in possible_work(variables):
            claimed = [(work.practitioner, slot) for slot in work.week_slots]
            if taken.intersection(claimed):
                forbid(model, variables, literal)
            else:
                for claim in claimed:
                    claims[claim].append(literal)
        for literals in {tuple(lit.index for lit in own): own for own in claims.values()}.values():
            if len(literals) > 1:
                model.add_at_most_one(literals)


class ContactHours:
    """A practitioner has at most so many contact slots a day and a week.

    Source: FORMAT rule 2.
    """

    def add(self, model: cp_model.CpModel, variables: Variables) -> None:
        """Bound the work of each day and of the week."""
        load: dict[tuple[Id, int | None], int] = defaultdict(int)
        for work in decided_work(variables.instance, variables.problem.background):
            load[work.practitioner, work.day] += work.slots
            load[work.practitioner, None] += work.slots
        claims: dict[tuple[Id, int | None], list[cp_model.LinearExprT]] = defaultdict(list)
        for work, literal in possible_work(variables):
            claims[work.practitioner, work.day].append(work.slots * literal)
            claims[work.practitioner, None].append(work.slots * literal)
        for (practitioner, day), own in claims.items():
            person = variables.practitioner(practitioner)
            most = person.max_slots_week if day is None else person.max_slots_day
            left = max(0, most - load[practitioner, day])
            model.add(cp_model.LinearExpr.sum(own) <= left)
