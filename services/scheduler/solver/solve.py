"""The whole solve: a publishable week at once, then a better one and a better bound until stopped."""

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil
from time import monotonic

import numpy as np

from services.scheduler.solver.annealing.partner import AnnealingPartner
from services.scheduler.solver.bound import BoundSearch, Guide, Relaxation, rounded, unavoidable_unmet
from services.scheduler.solver.check import check
from services.scheduler.solver.compiled import is_compiled
from services.scheduler.solver.core import COMPOSED, IMPROVED, PLANNED, Core, is_whole
from services.scheduler.solver.explain import explain
from services.scheduler.solver.fixed import contradictions
from services.scheduler.solver.grid import Grid
from services.scheduler.solver.instance import Instance, Timetable
from services.scheduler.solver.offers import enumerate_offers
from services.scheduler.solver.outcome import Outcome, Progress, Status, relative_gap
from services.scheduler.solver.partner import BoundPartner
from services.scheduler.solver.search import Search
from services.scheduler.solver.shortage import least_unmet, shadow_prices
from services.scheduler.solver.statics import Statics
from services.scheduler.solver.submodel import Submodel
from services.scheduler.solver.whole import whole_problem

# Kept back from the time limit for the reasons and the last check.
CLOSING_SECONDS = 0.5
BOUND_STEP_WORK = 0.05
BOUND_SHARE = 0.5
# Of the time or the work, for one model with everything in it, where the site is small enough for that.
PROOF_SHARE = 0.1
LEAST_ANNEALING_SECONDS = 30.0
# Of the time, for annealing the whole week: where one model then holds everybody it only has to begin well, and
# where a plan is being made it has until that comes.
ANNEALING_SHARE, ANNEALING_SHARE_OF_SMALL, ANNEALING_SHARE_BEFORE_PLAN = 0.8, 0.3, 0.8
# Of the time that is left, for cooling a planned week, and for cooling what a core has changed.
PLAN_SHARE, COOLING_SHARE = 0.5, 0.2
# What comes of a week differs more than one long cooling gains.
COOLINGS = (COMPOSED, IMPROVED, PLANNED)
LEAST_CORE_SECONDS = 5.0
CORE_SECONDS = 12.0
CORE_SHARE = 0.7
SETTLING_SECONDS = 2.0
NEIGHBOURHOODS_EACH = 4
ANNEALING_POLL_SECONDS = 0.2
TOLERANCE = 1e-6


def _never() -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Effort:
    """How long and how hard to try; `work` is deterministic, `seconds` wall time."""

    seconds: float
    seed: int
    workers: int
    work: float | None


def solve(
    instance: Instance,
    *,
    time_limit: float,
    seed: int = 0,
    workers: int = 2,
    work_limit: float | None = None,
    start: Timetable | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Outcome:
    """Find the best week in `time_limit` seconds of wall time, from `start` on if that breaks no rule.

    With one worker, a seed and a `work_limit` (deterministic seconds) that ends the solve before the
    time does, the timetable is always the same. `cancelled` is asked often, also from a thread;
    once true, the best timetable so far is the answer.
    """
    effort = Effort(time_limit, seed, workers, work_limit)
    return _Solve(instance, effort, start, on_progress, cancelled or _never).run()


class _Solve:
    def __init__(
        self,
        instance: Instance,
        effort: Effort,
        start: Timetable | None,
        on_progress: Callable[[Progress], None] | None,
        cancelled: Callable[[], bool],
    ) -> None:
        self._instance = instance
        self._effort = effort
        self._start = start
        self._report = on_progress
        self._cancelled = cancelled
        self._began = monotonic()
        self._bound = -np.inf
        self._unmet_bound = 0
        self._work = 0.0
        self._is_proven_whole = False
        self._is_planned = False
        self._planned: Timetable | None = None

    def run(self) -> Outcome:
        faults = contradictions(self._instance)
        if faults:
            return self._without_timetable(Status.INFEASIBLE, faults)
        if self._effort.seconds <= 0 or (self._cancelled() and self._start is None):
            return self._without_timetable(Status.UNKNOWN)
        self._prepare()
        self._prove()
        if self._goes_on():
            self._improve()
        return self._close()

    def _prepare(self) -> None:
        instance, self._grid = self._instance, Grid(self._instance)
        self._offers = enumerate_offers(instance, self._grid)
        self._statics = Statics(instance, self._grid)
        self._search = Search(instance, self._offers, self._statics, self._effort.seed)
        if self._start is not None:
            self._search.offer(self._start)
        self._progress()
        self._search.unavoidable = unavoidable_unmet(instance, self._offers, self._grid)
        self._unmet_bound = round(float(self._search.unavoidable.sum()))
        self._progress()
        self._shortage = shadow_prices(instance, self._offers, self._statics)
        if self._shortage.is_anything:
            least = least_unmet(instance, self._offers, self._grid, self._shortage)
            self._unmet_bound = max(self._unmet_bound, ceil(least - TOLERANCE))
            self._progress()

    def _prove(self) -> None:
        """Solve the week of a small site as one model: what that finds at its end is proven best."""
        problem = whole_problem(self._instance, self._offers, self._statics)
        if problem is None or not self._goes_on():
            return
        effort, is_lexicographic = self._effort, self._instance.weights.lexicographic
        model = Submodel(problem, by_levels=is_lexicographic)
        model.hint(self._search.timetable)
        answer = model.solve(
            seconds=self._left() if effort.work is not None else PROOF_SHARE * self._left(),
            effort=None if effort.work is None else PROOF_SHARE * effort.work,
            seed=effort.seed,
            cancelled=self._cancelled,
        )
        self._work += answer.effort
        if answer.timetable is not None:
            self._search.offer(answer.timetable)
            self._is_proven_whole = answer.proven and self._search.timetable == answer.timetable
        if self._is_proven_whole:
            self._unmet_bound = max(self._unmet_bound, self._search.goals.unmet if is_lexicographic else 0)
            self._bound = max(self._bound, -np.inf if is_lexicographic else self._objective())
        self._progress()

    def _improve(self) -> None:
        if self._effort.workers == 1:
            self._in_turn()
            return
        with self._partner() as partner:
            self._beside(partner)

    def _partner(self) -> BoundPartner:
        return BoundPartner(self._instance, seconds=self._left(), plans=self._may_anneal())

    def _beside(self, partner: BoundPartner) -> None:
        """Search here while the partner raises the bound; a longer solve anneals first."""
        if self._may_anneal() and self._anneal(partner):
            self._decide_meetings(partner)
        while self._goes_on():
            self._hear(partner)
            self._step()
        for news in partner.news():
            self._raise(news.bound)

    def _may_anneal(self) -> bool:
        """Annealing pays where there is time to cool; it does not know a part of the week that is fixed."""
        is_free = self._instance.fixed == Timetable() and not self._instance.begins
        return is_free and self._search.is_valid and self._effort.seconds >= LEAST_ANNEALING_SECONDS

    def _anneal(self, partner: BoundPartner) -> bool:
        """Keep what the annealing finds, once checked, until it has cooled or there is a plan of meetings.

        Says whether the kernels are at hand.
        """
        share = ANNEALING_SHARE_OF_SMALL if is_whole(self._instance) else ANNEALING_SHARE
        if partner.makes_plans:
            share = ANNEALING_SHARE_BEFORE_PLAN
        seconds = share * self._left()
        # By this clock too: a partner that gives way may not come to look at its own.
        until = self._elapsed() + seconds
        annealing = AnnealingPartner(
            self._instance,
            self._search.timetable,
            seconds=seconds,
            seed=self._effort.seed,
            gives_way=partner.makes_plans,
        )
        is_ready = False
        with annealing:
            while self._goes_on() and not self._is_planned:
                self._hear(partner)
                # Until the kernels are compiled the time is better spent searching here.
                if not is_ready:
                    self._step()
                week = annealing.next(ANNEALING_POLL_SECONDS if is_ready else 0.0)
                if week is not None:
                    is_ready = True
                    self._search.offer(week)
                    self._progress()
                elif not annealing.is_at_work or self._elapsed() > until:
                    break
        return is_compiled()

    def _decide_meetings(self, partner: BoundPartner) -> None:
        """Take turns: plans made into weeks, many people's meetings, then neighbourhoods with everything in them."""
        core = Core(self._instance, self._offers, self._statics, self._grid, self._effort.seed)
        while self._goes_on():
            self._hear(partner)
            if self._planned is not None:
                week, self._planned = self._planned, None
                self._cool(core, week, partner)
            guide, left = self._search.guide, self._left()
            if guide is not None and left > LEAST_CORE_SECONDS:
                self._improve_core(core, guide, left)
            for _ in range(NEIGHBOURHOODS_EACH):
                if self._goes_on():
                    self._hear(partner)
                    self._step()

    def _cool(self, core: Core, week: Timetable, partner: BoundPartner) -> None:
        """Make the best of a planned week, until there is another: it may lack what could still be had."""
        seconds = PLAN_SHARE * self._left() / len(COOLINGS)
        for heats in COOLINGS:
            if self._goes_on() and seconds > 0 and self._planned is None:
                self._keep(core.cooled(week, heats, seconds=seconds, cancelled=self._cancelled))
                self._hear(partner)

    def _improve_core(self, core: Core, guide: Guide, left: float) -> None:
        seconds = CORE_SHARE * left if is_whole(self._instance) else min(CORE_SECONDS, left - SETTLING_SECONDS)
        unmet = self._search.unmet()
        week = core.improve(self._search.timetable, guide, unmet, seconds=seconds, cancelled=self._cancelled)
        if week is not None:
            self._keep(week)
        seconds = COOLING_SHARE * self._left()
        if seconds > 0:
            self._keep(core.cooled(self._search.timetable, IMPROVED, seconds=seconds, cancelled=self._cancelled))

    def _keep(self, timetable: Timetable) -> None:
        self._search.offer(timetable)
        self._progress()

    def _left(self) -> float:
        return self._effort.seconds - CLOSING_SECONDS - self._elapsed()

    def _hear(self, partner: BoundPartner) -> None:
        for news in partner.news():
            self._raise(news.bound)
            if news.week is not None:
                self._planned, self._is_planned = news.week, True
                self._keep(news.week)
            if news.guide is not None and (news.week is not None or not self._is_planned):
                self._search.learn(news.guide)

    def _in_turn(self) -> None:
        """Raise the bound and search by turns, by effort alone, so that it can be repeated."""
        relaxation = Relaxation.plain(self._instance, self._offers, self._statics)
        bound = BoundSearch(self._instance, self._offers, relaxation, self._shortage)
        spent = 0.0
        while self._goes_on():
            if not bound.is_exhausted and spent <= BOUND_SHARE * self._work:
                self._raise(bound.step())
                spent += BOUND_STEP_WORK
                self._work += BOUND_STEP_WORK
                self._search.learn(bound.guide())
            else:
                self._step()

    def _step(self) -> None:
        before = self._search.work
        self._search.step(self._left(), self._cancelled, by_effort=self._effort.work is not None)
        self._work += self._search.work - before
        self._progress()

    def _goes_on(self) -> bool:
        effort = self._effort
        return not (
            self._cancelled()
            or self._elapsed() > effort.seconds - CLOSING_SECONDS
            or (effort.work is not None and self._work >= effort.work)
            or self._is_proven()
        )

    def _elapsed(self) -> float:
        return monotonic() - self._began

    def _raise(self, bound: float) -> None:
        if bound > self._bound:
            self._bound = rounded(bound)
            self._progress()

    def _objective(self) -> float:
        return self._search.goals.cost(self._instance.weights)

    def _is_proven(self) -> bool:
        """Say whether no week is better; where levels count that the single number is least proves nothing."""
        is_least = self._bound >= self._objective() - TOLERANCE
        return self._is_proven_whole or (is_least and not self._instance.weights.lexicographic)

    def _progress(self) -> None:
        if self._report is not None:
            objective = self._objective()
            self._report(
                Progress(
                    incumbent=objective,
                    bound=self._lower_bound(),
                    gap=relative_gap(objective, self._lower_bound()),
                    unmet=self._search.goals.unmet,
                    unmet_bound=self._unmet_bound,
                    seconds=self._elapsed(),
                    timetable=self._search.timetable if self._search.is_valid else None,
                )
            )

    def _lower_bound(self) -> float:
        """The best bound; before the first one, what cannot be delivered costs in any case."""
        return max(self._bound, float(self._instance.weights.unmet * self._unmet_bound))

    def _close(self) -> Outcome:
        if not self._search.is_valid:
            return self._without_timetable(Status.UNKNOWN)
        timetable = self._search.timetable
        verdict = check(self._instance, timetable, bound=self._lower_bound())
        return Outcome(
            status=Status.OPTIMAL if self._is_proven() else Status.FEASIBLE,
            timetable=timetable,
            objective=verdict.cost,
            bound=self._lower_bound(),
            goals=verdict.goals,
            unmet=explain(self._instance, self._offers, self._statics, timetable),
            unmet_bound=self._unmet_bound,
            seconds=self._elapsed(),
            work=self._work,
        )

    def _without_timetable(self, status: Status, faults: tuple[str, ...] = ()) -> Outcome:
        return Outcome(
            status=status,
            timetable=None,
            objective=None,
            bound=None,
            goals=None,
            unmet=(),
            unmet_bound=self._unmet_bound,
            seconds=self._elapsed(),
            work=0.0,
            contradictions=faults,
        )
