"""One repair as a CP-SAT model: every hard rule, and the levels of what a repair is judged by."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from math import ceil
from typing import Final

from ortools.sat.python import cp_model

from services.scheduler.solver.assemble import assemble
from services.scheduler.solver.instance import Id, TherapyGroup, Timetable
from services.scheduler.solver.model import Join, Literal, Staffing, Variables
from services.scheduler.solver.objective import Objective
from services.scheduler.solver.offers import Offer
from services.scheduler.solver.repair.choices import Choice
from services.scheduler.solver.repair.promises import Promise
from services.scheduler.solver.rules import ALL_RULES, GroupMinimum, NoContact, Rule

_SOLVED: Final = (cp_model.OPTIMAL, cp_model.FEASIBLE)


@dataclass(frozen=True, slots=True)
class Found:
    """What minimising a level came to; `value` is None without a solution, `bound` holds in any case."""

    value: int | None
    bound: int
    infeasible: bool = False

    @property
    def is_proven(self) -> bool:
        """Say whether nothing better exists in the model."""
        return self.value is not None and self.value <= self.bound


class Levels:
    """The model, minimised level by level; what a level reached binds those after it."""

    def __init__(
        self, choice: Choice, eligible: Callable[[Offer], list[Id]], rules: Iterable[Rule] = ALL_RULES
    ) -> None:
        self._choice = choice
        self._scope = choice.scope
        self.model = cp_model.CpModel()
        self.variables = Variables(self.model, choice.problem)
        self._solution: list[int] | None = None
        self._hinted: dict[int, int] = {}
        for rule in rules:
            # A model takes copies side by side for one, which no relaxation may: what it proves holds for all weeks.
            if not (self._scope.relaxed and isinstance(rule, (GroupMinimum, NoContact))):
                rule.add(self.model, self.variables)
        self._same = self._literals_by_promise()
        self.touched = self._touched()
        if self._scope.relaxed:
            self._minimum_with_the_others(eligible)
        self.lost = self._lost()
        self.people = cp_model.LinearExpr.sum(list(self.touched.values()))
        self.changed = self._changed()

    def _literals_by_promise(self) -> dict[Promise, list[Literal]]:
        found: dict[Promise, list[Literal]] = defaultdict(list)
        for patient, sessions in self.variables.attendances.items():
            for s in sessions:
                found[Promise(patient, s.service, s.day, s.slot, s.slots, s.modality)].append(s.literal)
        return found

    def _touched(self) -> dict[Id, Literal]:
        """One literal for each patient who may be touched."""
        model, free = self.model, self._scope.free
        may_be = free if not self._scope.relaxed else free | {promise.patient for promise in self._choice.promises}
        touched = {patient: model.new_bool_var("touched") for patient in sorted(may_be, key=str)}
        promised = set(self._choice.promises)
        for promise in self._choice.promises:
            excuse = touched.get(promise.patient)
            kept = self._same.get(promise, [])
            model.add_bool_or(kept if excuse is None else [*kept, excuse])
        for promise, literals in self._same.items():
            if promise.patient in free and promise not in promised:
                for literal in literals:
                    model.add_implication(literal, touched[promise.patient])
        return touched

    def _minimum_with_the_others(self, eligible: Callable[[Offer], list[Id]]) -> None:
        """Ask each copy for its minimum, of which those who were let go may be."""
        variables = self.variables
        others = {patient: literal for patient, literal in self.touched.items() if patient not in self._scope.free}
        for offer in (offer for offer in variables.offers if not variables.has_begun(offer)):
            least = variables.kind(offer).size.minimum
            could = [others[patient] for patient in eligible(offer) if patient in others]
            self.model.add(variables.members(offer) + sum(could) >= least * variables.copies(offer))

    def _lost(self) -> cp_model.LinearExpr:
        """Slots that were promised, are still required and are not delivered, of the free patients."""
        promised: Counter[tuple[Id, str]] = Counter()
        for promise in self._choice.promises:
            if promise.patient in self._scope.free:
                promised[promise.patient, promise.service] += promise.slots
        terms = []
        for (patient, service), slots in promised.items():
            due = min(slots, self.variables.patient(patient).needs.get(service, 0))
            sessions = [s for s in self.variables.attendances.get(patient, []) if s.service == service]
            lost = self.model.new_int_var(0, due, "lost")
            self.model.add(lost + sum(s.slots * s.literal for s in sessions) >= due)
            terms.append(lost)
        return cp_model.LinearExpr.sum(terms)

    def _changed(self) -> cp_model.LinearExpr:
        """Promises to the free patients that are not kept."""
        own = [promise for promise in self._choice.promises if promise.patient in self._scope.free]
        kept = [literal for promise in own for literal in self._same.get(promise, ())]
        return len(own) - cp_model.LinearExpr.sum(kept)

    def people_among(self, patients: AbstractSet[Id]) -> cp_model.LinearExpr:
        """Count who of these is touched."""
        return cp_model.LinearExpr.sum([literal for patient, literal in self.touched.items() if patient in patients])

    def reassigned(self, told: Timetable) -> cp_model.LinearExpr:
        """Count meetings and visits that get a practitioner they did not have."""
        had = Counter((group.kind, group.day, group.slot, group.lead) for group in told.groups)
        held = set(told.visits)
        leads = [
            literal
            for (offer, who), literal in self.variables.lead.items()
            if not had[offer.kind, offer.day, offer.slot, who]
        ]
        visits = [literal for visit, literal in self.variables.visit.items() if visit not in held]
        return cp_model.LinearExpr.sum([*leads, *visits])

    def disturbance(self, told: Timetable) -> cp_model.LinearExpr:
        """Count promises that are not kept, whoever was given them; among as many, sessions that are reassigned."""
        weight = 1 + len(self.variables.lead) + len(self.variables.visit)
        promises = self._choice.promises
        kept = [literal for promise in promises for literal in self._same.get(promise, ())]
        return weight * (len(promises) - cp_model.LinearExpr.sum(kept)) + self.reassigned(told)

    def at_most(self, level: cp_model.LinearExpr, value: int) -> None:
        """Bind what comes after to a level that is reached."""
        self.model.add(level <= value)

    def usual_cost(self) -> None:
        """Price what is left to decide as every solve does."""
        Objective(self.model, self.variables)

    def minimise(self, level: cp_model.LinearExpr | None, *, seconds: float, linear: bool = False) -> Found:
        """Minimise a level, or the usual cost where it is None; starts from the last solution.

        `linear` says whether a linear relaxation pays: for who must be touched and for costs it does, for re-placing
        people it takes more time than it saves.
        """
        if level is not None:
            self.model.minimize(level)
        self.model.clear_hints()  # type: ignore[no-untyped-call]
        for index, value in enumerate(self._solution) if self._solution else self._hinted.items():
            self.model.add_hint(self.model.get_int_var_from_proto_index(index), value)
        solver = cp_model.CpSolver()
        parameters = solver.parameters
        parameters.max_time_in_seconds = max(0.01, seconds)
        parameters.num_workers = 1
        parameters.cp_model_probing_level = 0
        parameters.symmetry_level = 0
        parameters.max_presolve_iterations = 1
        parameters.linearization_level = 2 if linear else 0
        status = solver.solve(self.model)
        if status not in _SOLVED:
            bound = solver.best_objective_bound if status == cp_model.UNKNOWN else 0
            return Found(None, _ceil(bound), infeasible=status == cp_model.INFEASIBLE)
        self._solution = list(solver.response_proto.solution)
        self._value = solver.value
        return Found(round(solver.objective_value), _ceil(solver.best_objective_bound))

    def hint(self, timetable: Timetable) -> None:
        """Start from a timetable; those who are not free keep what they were promised."""
        variables = self.variables
        joined = {Join(member, _offer_of(group)) for group in timetable.groups for member in group.members}
        led = {Staffing(_offer_of(group), group.lead) for group in timetable.groups}
        helped = {Staffing(_offer_of(group), group.co) for group in timetable.groups if group.co is not None}
        visits = set(timetable.visits)
        self._hinted = {
            literal.index: int(key in chosen)
            for known, chosen in (
                (variables.join, joined),
                (variables.lead, led),
                (variables.assist, helped),
                (variables.visit, visits),
            )
            for key, literal in known.items()
        }

    def is_touched(self) -> frozenset[Id]:
        """Return who is touched in the last solution."""
        return frozenset(patient for patient, literal in self.touched.items() if self._value(literal))

    def timetable(self) -> Timetable:
        """Return the last solution."""
        return assemble(self.variables, self._value)


def _ceil(bound: float) -> int:
    return max(0, ceil(bound - 1e-6))


def _offer_of(group: TherapyGroup) -> Offer:
    return Offer(group.kind, group.track, group.language, group.modality, group.day, group.slot)
