"""The goals as terms of CP-SAT objectives, in half units so that all numbers are whole."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Final, NamedTuple

from ortools.sat.python import cp_model

from services.scheduler.solver.goals import LEVELS, prices
from services.scheduler.solver.instance import INDIVIDUAL, ON_SITE, Id, SessionKey, UsualSeat
from services.scheduler.solver.model import Join, Staffing, Variables
from services.scheduler.solver.offers import Offer
from services.scheduler.solver.rules.staff import decided_work, possible_work

HALVES: Final = 2
# Levels whose numbers together stay below this are one objective, in which an earlier one outweighs all that follow.
MOST_IN_ONE_STAGE: Final = 1 << 20


class Term(NamedTuple):
    """So many half units of a goal for each unit of a variable, which is at most `most`."""

    goal: str
    halves: int
    variable: cp_model.IntVar
    most: int = 1


class Objective:
    """Prices everything the model may decide; what it cannot change is left out."""

    def __init__(self, model: cp_model.CpModel, variables: Variables) -> None:
        self._model = model
        self._variables = variables
        self._weights = variables.instance.weights
        self._terms = [
            *self._sessions(),
            *self._usual_hours(),
            *self._usual_groups(),
            *self._trips(),
            *self._waiting(),
            *self._meetings(),
            *self._balance(),
        ]

    def cost(self) -> cp_model.LinearExprT:
        """Everything in the single number."""
        price = prices(self._weights)
        return _sum((term, price[term.goal]) for term in self._terms)

    def stages(self) -> list[cp_model.LinearExprT]:
        """List what is to be made least, one after another, nothing of an earlier one being given up for a later."""
        stages: list[list[tuple[Term, int]]] = [[]]
        width = 1
        for level in reversed(LEVELS):
            terms = [term for term in self._terms if term.goal in level]
            reach = 1 + sum(abs(term.halves) * term.most for term in terms)
            if width * reach > MOST_IN_ONE_STAGE and stages[-1]:
                stages.append([])
                width = 1
            stages[-1] += [(term, width) for term in terms]
            width *= reach
        return [_sum(stage) for stage in reversed(stages)]

    def _sessions(self) -> list[Term]:
        """Delivered slots and kept sessions earn, preference and strangers cost."""
        variables, weights = self._variables, self._weights
        published = variables.instance.published_keys()
        terms: list[Term] = []
        for patient, sessions in variables.attendances.items():
            preference = variables.patient(patient).preference
            for session in sessions:
                literal = session.literal
                terms.append(Term("unmet", -HALVES * session.slots, literal))
                if SessionKey(patient, session.service, session.day, session.slot) in published:
                    terms.append(Term("changes", -HALVES, literal))
                liking = preference.cost(session.day, session.slot)
                if liking:
                    terms.append(Term("preference", HALVES * liking, literal))
        for visit, literal in variables.visit.items():
            primary = variables.patient(visit.patient).primary
            is_other = primary is not None and visit.practitioner != primary
            if visit.service == INDIVIDUAL and is_other:
                terms.append(Term("continuity", HALVES * weights.continuity, literal))
        return terms

    def _usual_hours(self) -> list[Term]:
        """A visit at the hour the patient knows earns."""
        usual = self._variables.instance.usual_seats()
        return [
            Term("moved", -HALVES, literal)
            for visit, literal in self._variables.visit.items()
            if UsualSeat(visit.patient, visit.service, visit.day, visit.slot) in usual
        ]

    def _usual_groups(self) -> list[Term]:
        """A member in the group of every week, under its lead, earns."""
        variables = self._variables
        meetings: dict[tuple[object, ...], list[Offer]] = defaultdict(list)
        for offer in variables.offers:
            meetings[offer.kind, offer.day, offer.slot, offer.track, offer.language].append(offer)
        terms: list[Term] = []
        for patient, what, day, slot, track, language, lead in sorted(variables.instance.usual_seats(), key=str):
            for offer in meetings.get((what, day, slot, track, language), ()):
                led = None if lead is None else variables.lead.get(Staffing(offer, lead))
                join = variables.join.get(Join(patient, offer))
                if led is not None and patient in variables.problem.held.get(offer, ()):
                    terms.append(Term("moved", -HALVES, led))
                elif led is not None and join is not None:
                    kept = self._model.new_bool_var("kept")
                    self._model.add_implication(kept, led)
                    self._model.add_implication(kept, join)
                    terms.append(Term("moved", -HALVES, kept))
        return terms

    def _trips(self) -> list[Term]:
        weights = self._weights
        return [
            Term("trips", HALVES * (weights.trip_on_site if modality == ON_SITE else weights.trip_telehealth), literal)
            for (_, _, modality), literal in self._variables.present.items()
        ]

    def _waiting(self) -> list[Term]:
        return [
            Term("idle", HALVES * segment.slots, segment.waiting)
            for segments in self._variables.segments.values()
            for segment in segments
            if segment.waiting is not None
        ]

    def _meetings(self) -> list[Term]:
        """A meeting costs its slots, and half of them again with a co-facilitator."""
        variables = self._variables
        leads = [
            Term("groups", HALVES * variables.kind(staffing.offer).slots, literal)
            for staffing, literal in variables.lead.items()
        ]
        assists = [
            Term("groups", variables.kind(staffing.offer).slots, literal)
            for staffing, literal in variables.assist.items()
        ]
        return [*leads, *assists]

    def _balance(self) -> list[Term]:
        """Slots beyond a share of the week's maximum, for each practitioner with new work."""
        variables, model = self._variables, self._model
        decided: dict[Id, int] = defaultdict(int)
        for work in decided_work(variables.instance, variables.problem.background):
            decided[work.practitioner] += work.slots
        new: dict[Id, list[cp_model.LinearExprT]] = defaultdict(list)
        for work, literal in possible_work(variables):
            new[work.practitioner].append(work.slots * literal)
        terms: list[Term] = []
        for practitioner, work_terms in new.items():
            most = max(0, variables.practitioner(practitioner).max_slots_week)
            share = most * self._weights.busy_percent // 100
            over = model.new_int_var(0, most, "over")
            load = cp_model.LinearExpr.sum(work_terms) + decided[practitioner]
            model.add(over >= load - share)
            terms.append(Term("balance", HALVES, over, most))
        return terms


def _sum(terms: Iterable[tuple[Term, int]]) -> cp_model.LinearExprT:
    priced = list(terms)
    variables = [term.variable for term, _ in priced]
    return cp_model.LinearExpr.weighted_sum(variables, [term.halves * price for term, price in priced])
