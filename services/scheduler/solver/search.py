"""Large-neighbourhood search: set a part of the week free, solve it, keep what is not worse."""

from collections.abc import Callable
from random import Random

import numpy as np

from services.scheduler.solver.bound import Guide
from services.scheduler.solver.check import check
from services.scheduler.solver.goals import Goals
from services.scheduler.solver.greedy import greedy
from services.scheduler.solver.instance import Instance, Timetable
from services.scheduler.solver.neighbourhood import Neighbourhood
from services.scheduler.solver.offers import Offers
from services.scheduler.solver.picking import Picker
from services.scheduler.solver.prices import Array
from services.scheduler.solver.statics import Statics
from services.scheduler.solver.submodel import Submodel

STEP_SECONDS = 2.0
STEP_EFFORT = 2.0
# A step costs something even if its model is trivial, so that a work limit always ends a solve.
LEAST_EFFORT = 0.01


class Search:
    """Holds the best timetable; every one it keeps has passed the independent checker.

    Only the first may not have (`is_valid`), where fixed groups still lack members.
    """

    def __init__(
        self,
        instance: Instance,
        offers: Offers,
        statics: Statics,
        seed: int,
    ) -> None:
        self._instance = instance
        self._random = Random(seed)  # noqa: S311 -- reproducible search, nothing secret
        self._picker = Picker(instance, offers, self._random)
        self._neighbourhood = Neighbourhood(instance, offers, statics, self._random)
        self._person = {patient.id: n for n, patient in enumerate(instance.patients)}
        self.unavoidable: Array = np.zeros(len(instance.patients))
        self.timetable = greedy(instance, offers, statics)
        verdict = check(instance, self.timetable)
        if not verdict.ok:
            self.timetable = instance.fixed
            verdict = check(instance, self.timetable)
        self.is_valid = verdict.ok
        self.goals: Goals = verdict.goals
        self.work = 0.0

    @property
    def guide(self) -> Guide | None:
        """What the bound has taught so far."""
        return self._picker.guide

    def learn(self, guide: Guide) -> None:
        """Take prices and wanted seats from the bound."""
        self._picker.guide = guide

    def step(self, seconds: float, cancelled: Callable[[], bool], *, by_effort: bool) -> None:
        """Try one neighbourhood."""
        pick = self._picker.pick(self.timetable, self.unmet())
        problem = self._neighbourhood.problem(self.timetable, pick.free, pick.extra, pick.restaffed)
        submodel = Submodel(problem, by_levels=self._instance.weights.lexicographic)
        submodel.hint(self.timetable)
        answer = submodel.solve(
            seconds=seconds if by_effort else min(seconds, STEP_SECONDS),
            effort=STEP_EFFORT if by_effort else None,
            seed=self._random.getrandbits(30),
            cancelled=cancelled,
        )
        self.work += max(answer.effort, LEAST_EFFORT)
        gain = self.offer(answer.timetable) if answer.timetable is not None else 0.0
        self._picker.reward(gain, proven=answer.proven)

    def offer(self, timetable: Timetable) -> float:
        """Keep a timetable that breaks no rule and is not worse; return what it gains."""
        verdict = check(self._instance, timetable)
        weights = self._instance.weights
        is_worse = self.is_valid and verdict.goals.rank(weights) > self.goals.rank(weights)
        if not verdict.ok or is_worse:
            return 0.0
        gain = self.goals.cost(weights) - verdict.goals.cost(weights)
        self.timetable, self.goals, self.is_valid = timetable, verdict.goals, True
        return gain

    def unmet(self) -> Array:
        """Return each patient's unmet slots that are not unavoidable."""
        missing = np.array([float(sum(p.needs.values())) for p in self._instance.patients])
        for group in self.timetable.groups:
            for member in group.members:
                missing[self._person[member]] -= self._instance.kinds[group.kind].slots
        for visit in self.timetable.visits:
            number = self._person[visit.patient]
            patient = self._instance.patients[number]
            missing[number] -= self._instance.visit_slots(patient, visit.service)
        return np.maximum(0.0, missing - self.unavoidable)
