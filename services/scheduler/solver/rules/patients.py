"""Rules about one patient's week (FORMAT, hard rules 4 and 5)."""

from collections import defaultdict

from ortools.sat.python import cp_model

from services.scheduler.solver.instance import FAMILY, NURSE_VISIT, ON_SITE, SLOTS_A_DAY
from services.scheduler.solver.model import Literal, Segment, Variables
from services.scheduler.solver.rules.base import forbid


class CommitmentsAndTravel:
    """A patient is never asked to be away from work or school; on site, travel counts too.

    Source: FORMAT rule 5; the programme keeps job, school and home (ASAM level 2.1).
    """

    def add(self, model: cp_model.CpModel, variables: Variables) -> None:
        """Forbid every session that meets a commitment or the travel around it."""
        for patient, sessions in variables.attendances.items():
            person = variables.patient(patient)
            for session in sessions:
                if not person.is_free(session.day, session.slot, session.end, session.modality):
                    forbid(model, variables, session.literal)


class AllowedModality:
    """A patient is seen only in the modalities that suit and are consented to.

    Source: FORMAT rule 5.
    """

    def add(self, model: cp_model.CpModel, variables: Variables) -> None:
        """Forbid sessions in any other modality."""
        for patient, sessions in variables.attendances.items():
            allowed = variables.patient(patient).modalities
            for session in sessions:
                if session.modality not in allowed:
                    forbid(model, variables, session.literal)


class OneModalityADay:
    """On one day a patient is either on site or on telehealth.

    Source: FORMAT rule 5.
    """

    def add(self, model: cp_model.CpModel, variables: Variables) -> None:
        """Tie each session to the day's modality, of which there is one."""
        by_day: dict[tuple[object, int], list[Literal]] = defaultdict(list)
        for (patient, day, _), literal in variables.present.items():
            by_day[patient, day].append(literal)
        for literals in by_day.values():
            model.add_at_most_one(literals)
        for patient, sessions in variables.attendances.items():
            for session in sessions:
                present = variables.present[patient, session.day, session.modality]
                model.add_implication(session.literal, present)


class OneServiceADay:
    """A patient has a service at most once a day.

    Source: FORMAT rule 5.
    """

    def add(self, model: cp_model.CpModel, variables: Variables) -> None:
        """Let at most one session of a service happen on each day."""
        for sessions in variables.attendances.values():
            same: dict[tuple[int, str], list[Literal]] = defaultdict(list)
            for session in sessions:
                same[session.day, session.service].append(session.literal)
            for literals in same.values():
                model.add_at_most_one(literals)


class BreakBetweenSessions:
    """Between two sessions of a patient there is a break.

    Source: FORMAT rule 5, `gap_slots` of the rule pack.
    """

    def add(self, model: cp_model.CpModel, variables: Variables) -> None:
        """Let one session, with the break after it, or waiting take a stretch of the day."""
        for segments in variables.segments.values():
            for segment in segments:
                waiting = [] if segment.waiting is None else [segment.waiting]
                model.add_at_most_one([*segment.covering, *waiting])


class DayLength:
    """A patient has at most so many slots of sessions in a day.

    Source: FORMAT rule 5, `day_slots` of the rule pack or the patient's own maximum.
    """

    def add(self, model: cp_model.CpModel, variables: Variables) -> None:
        """Bound each day's session slots."""
        for patient, day in variables.segments:
            sessions = variables.on_day(patient, day)
            most = variables.instance.max_slots_day(variables.patient(patient))
            if sum(session.slots for session in sessions) > most:
                model.add(sum(session.slots * session.literal for session in sessions) <= most)


class IdleMaximum:
    """A patient waits at most so many slots in a day, breaks not counted.

    Source: FORMAT rule 5, `idle_slots` of the rule pack.
    """

    def add(self, model: cp_model.CpModel, variables: Variables) -> None:
        """Make presence one unbroken stretch, and bound the waiting in it."""
        for segments in variables.segments.values():
            self._one_stretch(model, segments)
            waiting = [s.slots * s.waiting for s in segments if s.waiting is not None]
            if waiting:
                most = variables.instance.limits.idle_slots
                model.add(cp_model.LinearExpr.sum(waiting) <= most)

    def _one_stretch(self, model: cp_model.CpModel, segments: list[Segment]) -> None:
        arrivals: list[Literal] = []
        before: list[Literal] = []
        for segment in segments:
            if segment.beginning:
                arrival = model.new_bool_var("arrival")
                arrivals.append(arrival)
                model.add(sum(segment.beginning) <= sum(before) + arrival)
            if segment.waiting is not None:
                model.add(segment.waiting <= sum(before))
            before = [*segment.covering, *([] if segment.waiting is None else [segment.waiting])]
        model.add_at_most_one(arrivals)


class NurseSpacing:
    """Nurse visits of a patient are on days that are not adjacent, and on site.

    Source: FORMAT rule 4, `nurse_days_apart` of the rule pack.
    """

    def add(self, model: cp_model.CpModel, variables: Variables) -> None:
        """Let at most one visit fall into each run of days."""
        apart = variables.instance.limits.nurse_days_apart
        for sessions in variables.attendances.values():
            visits = [session for session in sessions if session.service == NURSE_VISIT]
            for session in visits:
                if session.modality != ON_SITE:
                    forbid(model, variables, session.literal)
            for first in sorted({session.day for session in visits}):
                model.add_at_most_one(session.literal for session in visits if first <= session.day < first + apart)


class NeverMoreThanNeeded:
    """A patient never gets more of a service than the plan requires.

    Source: FORMAT rule 5.
    """

    def add(self, model: cp_model.CpModel, variables: Variables) -> None:
        """Bound the slots of each service."""
        for patient, sessions in variables.attendances.items():
            needs = variables.patient(patient).needs
            for service in sorted({session.service for session in sessions}):
                same = [session for session in sessions if session.service == service]
                need = needs.get(service, 0)
                model.add(sum(session.slots * session.literal for session in same) <= need)


class FamilyAvailability:
    """A family session takes place only while the family is available.

    Source: FORMAT rule 4.
    """

    def add(self, model: cp_model.CpModel, variables: Variables) -> None:
        """Forbid family sessions outside the family's hours."""
        for patient, sessions in variables.attendances.items():
            family = variables.patient(patient).family_available or ()
            hours = {day * SLOTS_A_DAY + slot for day, start, end in family for slot in range(start, end)}
            for session in sessions:
                first = session.day * SLOTS_A_DAY + session.slot
                needed = range(first, first + session.slots)
                if session.service == FAMILY and not hours.issuperset(needed):
                    forbid(model, variables, session.literal)
