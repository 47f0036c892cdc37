"""The goals as terms of a CP-SAT objective, in half units so that all numbers are whole."""

from collections import defaultdict

from ortools.sat.python import cp_model

from services.scheduler.solver.instance import INDIVIDUAL, ON_SITE, Id, SessionKey, UsualSeat
from services.scheduler.solver.model import Join, Staffing, Variables
from services.scheduler.solver.offers import Offer
from services.scheduler.solver.rules.staff import decided_work, possible_work

HALVES = 2
Term = cp_model.LinearExprT


class Objective:
    """Prices everything the model may decide; what it cannot change is left out."""

    def __init__(self, model: cp_model.CpModel, variables: Variables) -> None:
        self._model = model
        self._variables = variables
        self._weights = variables.instance.weights
        terms = [
            *self._sessions(),
            *self._usual_hours(),
            *self._usual_groups(),
            *self._trips(),
            *self._waiting(),
            *self._meetings(),
            *self._balance(),
        ]
        model.minimize(cp_model.LinearExpr.sum(terms))

    def _sessions(self) -> list[Term]:
        """Delivered slots and kept sessions earn, preference and strangers cost."""
        variables, weights = self._variables, self._weights
        published = variables.instance.published_keys()
        terms: list[Term] = []
        for patient, sessions in variables.attendances.items():
            preference = variables.patient(patient).preference
            for session in sessions:
                key = SessionKey(patient, session.service, session.day, session.slot)
                cost = weights.preference * preference.cost(session.day, session.slot)
                cost -= weights.unmet * session.slots
                cost -= weights.changes if key in published else 0
                terms.append(HALVES * cost * session.literal)
        for visit, literal in variables.visit.items():
            primary = variables.patient(visit.patient).primary
            is_other = primary is not None and visit.practitioner != primary
            if visit.service == INDIVIDUAL and is_other:
                terms.append(HALVES * weights.continuity * literal)
        return terms

    def _usual_hours(self) -> list[Term]:
        """A visit at the hour the patient knows earns."""
        usual, earned = self._variables.instance.usual_seats(), -HALVES * self._weights.moved
        return [
            earned * literal
            for visit, literal in self._variables.visit.items()
            if UsualSeat(visit.patient, visit.service, visit.day, visit.slot) in usual
        ]

    def _usual_groups(self) -> list[Term]:
        """A member in the group of every week, under its lead, earns."""
        variables, earned = self._variables, -HALVES * self._weights.moved
        meetings: dict[tuple[object, ...], list[Offer]] = defaultdict(list)
        for offer in variables.offers:
            meetings[offer.kind, offer.day, offer.slot, offer.track, offer.language].append(offer)
        terms: list[Term] = []
        for patient, what, day, slot, track, language, lead in sorted(variables.instance.usual_seats(), key=str):
            for offer in meetings.get((what, day, slot, track, language), ()):
                led = None if lead is None else variables.lead.get(Staffing(offer, lead))
                join = variables.join.get(Join(patient, offer))
                if led is not None and patient in variables.problem.held.get(offer, ()):
                    terms.append(earned * led)
                elif led is not None and join is not None:
                    kept = self._model.new_bool_var("kept")
                    self._model.add_implication(kept, led)
                    self._model.add_implication(kept, join)
                    terms.append(earned * kept)
        return terms

    def _trips(self) -> list[Term]:
        weights = self._weights
        return [
            HALVES * (weights.trip_on_site if modality == ON_SITE else weights.trip_telehealth) * literal
            for (_, _, modality), literal in self._variables.present.items()
        ]

    def _waiting(self) -> list[Term]:
        return [
            HALVES * self._weights.idle * segment.slots * segment.waiting
            for segments in self._variables.segments.values()
            for segment in segments
            if segment.waiting is not None
        ]

    def _meetings(self) -> list[Term]:
        variables, price = self._variables, self._weights.group
        leads = [
            HALVES * price * variables.kind(staffing.offer).slots * literal
            for staffing, literal in variables.lead.items()
        ]
        assists = [
            price * variables.kind(staffing.offer).slots * literal for staffing, literal in variables.assist.items()
        ]
        return [*leads, *assists]

    def _balance(self) -> list[Term]:
        """Slots beyond a share of the week's maximum, for each practitioner with new work."""
        variables, model = self._variables, self._model
        decided: dict[Id, int] = defaultdict(int)
        for work in decided_work(variables.instance, variables.problem.background):
            decided[work.practitioner] += work.slots
        new: dict[Id, list[Term]] = defaultdict(list)
        for work, literal in possible_work(variables):
            new[work.practitioner].append(work.slots * literal)
        terms: list[Term] = []
        for practitioner, work_terms in new.items():
            most = variables.practitioner(practitioner).max_slots_week
            share = most * self._weights.busy_percent // 100
            over = model.new_int_var(0, max(0, most), "over")
            load = cp_model.LinearExpr.sum(work_terms) + decided[practitioner]
            model.add(over >= load - share)
            terms.append(HALVES * self._weights.balance * over)
        return terms
