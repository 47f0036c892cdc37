"""The repair: the smallest neighbourhood first, then a growing one, with a proof at every step.

0. What a front desk would do by hand is there at once, so that there is an answer however little time is left.
1. Who must be touched whatever is done is found by letting people go freely and keeping everybody else at their time,
   with whoever is qualified and on shift: a relaxation, so its optimum bounds every timetable.
2. What those people lose in it is placed again, everything else standing as it does there. Most repairs end here.
3. Where that loses minutes, those people are re-placed altogether, everybody else staying at their time.
4. Where that loses minutes, one more person after the other may be touched. At each number a relaxation, in which
   those others may vanish, either proves that no minute can be saved, or names whom to set free.
5. Whoever still loses something takes what is free by then.

Sources: Phillips, Walker, Ehrgott, Ryan, Ann. Oper. Res. 2016 (minimal perturbation in growing neighbourhoods);
Lemos, Monteiro, Lynce, J. Scheduling 2021 (minimal perturbation after disruptions).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from time import monotonic
from typing import Final

from services.scheduler.solver.check import Verdict, check
from services.scheduler.solver.goals import Goals
from services.scheduler.solver.grid import Grid
from services.scheduler.solver.instance import Id, Instance, Timetable
from services.scheduler.solver.offers import enumerate_offers
from services.scheduler.solver.outcome import Status
from services.scheduler.solver.repair.alone import unavoidably_lost
from services.scheduler.solver.repair.cancelling import what_remains
from services.scheduler.solver.repair.choices import EVERY_DAY, Choices, Scope
from services.scheduler.solver.repair.faults import Faults
from services.scheduler.solver.repair.levels import Levels
from services.scheduler.solver.repair.measures import Measures, losses, measure
from services.scheduler.solver.repair.promises import standing
from services.scheduler.solver.repair.rebooking import rebooked
from services.scheduler.solver.repair.refilling import refilled
from services.scheduler.solver.repair.rooms import with_known_rooms
from services.scheduler.solver.statics import Statics

# Of the time that is left, for one model; and what is kept back for the levels below the people touched.
_SHARE: Final = 0.6
_CLOSING_SHARE: Final = 0.15
_LEAST_SECONDS: Final = 0.05
# Beyond so many more people than the fewest, minutes are given up rather than the week turned over.
_MOST_MORE: Final = 8
# A model is built only where as much time is left as the slowest one took to build, and as long again to solve it.
_BUILD_AND_SOLVE: Final = 2.0
# For each of the levels below minutes and people: whoever waits for a repair waits for those two.
_POLISH_SECONDS: Final = 1.0
# For the first model: without an answer of it there is nothing to go on with.
_FIRST_SHARE: Final = 0.9
# Times of a visit that are weighed first; enough for most repairs.
_FEW_STARTS: Final = 24


@dataclass(frozen=True, slots=True)
class Repair:
    """The answer.

    `lost_bound` holds for every timetable, in slots. `touched_bound` holds for every timetable that loses as little as
    this one. Both reached is `optimal`. `timetable` is None where nothing publishable was found in time.
    """

    status: Status
    timetable: Timetable | None
    measures: Measures | None
    goals: Goals | None
    cost: float | None
    lost_bound: int
    touched_bound: int
    seconds: float

    @property
    def is_fewest(self) -> bool:
        """Say whether nobody could be spared without losing more minutes."""
        return self.measures is not None and len(self.measures.touched) <= self.touched_bound


def _never() -> bool:
    return False


def _are_side_by_side(week: Timetable, pair: tuple[Id, Id]) -> bool:
    """Say whether the two are in meetings of one kind at one time."""
    one, other = (
        {(group.kind, group.day, group.slot, group.modality) for group in week.groups if who in group.members}
        for who in pair
    )
    return bool(one & other)


def repair(
    instance: Instance,
    *,
    seconds: float,
    cancelled: Callable[[], bool] = _never,
    on_better: Callable[[Verdict], None] | None = None,
) -> Repair:
    """Mend `instance.published` under the facts of the instance, in about `seconds` of wall time.

    What has begun stays as it was. Minimised in this order: minutes lost, people touched, sessions changed, sessions
    reassigned, and the usual cost. Where nothing is broken the week comes back as it is.
    """
    return _Repairing(instance, seconds, cancelled, on_better).run()


class _Repairing:
    def __init__(
        self,
        instance: Instance,
        seconds: float,
        cancelled: Callable[[], bool],
        on_better: Callable[[Verdict], None] | None,
    ) -> None:
        self._began = monotonic()
        self._asked = instance
        # Members are dealt to the copies of a meeting as they are dealt to their usual groups. A model takes copies
        # side by side for one: of two in them who may not meet, only the checker judges.
        usual = standing(self._asked)
        apart = tuple(pair for pair in self._asked.no_contact if not _are_side_by_side(usual, pair))
        self._instance = replace(self._asked, usual=usual, no_contact=apart)
        self._seconds = seconds
        self._cancelled = cancelled
        self._report = on_better
        self._told = standing(self._instance)
        self._best: tuple[Measures, Timetable] | None = None
        self._model: Levels | None = None
        self._lost_bound = 0
        self._least_touched = 0
        # What is proven to be lost where at most so many more than the fewest are touched.
        self._floors: list[int] = []
        self._slowest_build = self._slowest_look = 0.0

    def run(self) -> Repair:
        hit = list(Faults(self._instance, self._told).hit())
        # Where a session cannot stay, the week cannot: no need to check the whole of it.
        if hit or not self._consider(self._told):
            by_hand = rebooked(self._asked, self._told, hit)
            if not self._consider(by_hand):
                self._consider(what_remains(self._instance, self._told, hit))
            self._prepare(frozenset(session.day for session in hit) or EVERY_DAY)
            self._mend()
            self._take_what_is_free()
            self._polish()
        return self._answer()

    def _prepare(self, days: frozenset[int]) -> None:
        grid = Grid(self._instance)
        statics = Statics(self._instance, grid)
        self._choices = Choices(self._instance, enumerate_offers(self._instance, grid), statics, self._told)
        self._days = days

    def _mend(self) -> None:
        touched = self._unavoidably_touched()
        if not self._is_done() and self._may_build():
            self._place(Scope(touched, self._days, starts=_FEW_STARTS))
        if self._goes_on():
            self._lost_bound = unavoidably_lost(self._choices, self._losing(), seconds=self._slice())
        if self._goes_on():
            self._place(Scope(touched, self._days))
        if not self._is_done():
            self._search(touched)
            self._prove(touched)

    def _unavoidably_touched(self) -> frozenset[Id]:
        """Return a smallest set of people who must be touched; its size bounds every timetable.

        What they lose at the least is placed again at once, around what the others keep.
        """
        scope = Scope(frozenset(), self._days, relaxed=True)
        model = self._levels(scope)
        model.hint(self._told)
        found = model.minimise(model.people, seconds=self._left() * _FIRST_SHARE, linear=True)
        self._least_touched = found.bound
        if found.value is None:
            return frozenset(promise.patient for promise in self._choices.promises if promise.day in self._days)
        model.at_most(model.people, found.value)
        model.minimise(model.disturbance(self._told), seconds=self._slice() / 2, linear=True)
        touched = model.is_touched()
        around = self._choices.around(self._choices.merged(scope, model.timetable()))
        self._place(Scope(touched, self._days, keeping=True), choices=around)
        return touched

    def _losing(self) -> frozenset[Id]:
        """Return who loses minutes in the best week so far; whoever loses none there has a bound of none."""
        if self._best is None:
            return frozenset()
        return frozenset(patient for patient, _ in losses(self._instance, self._told, self._best[1]))

    def _is_done(self) -> bool:
        """Say whether nobody could be spared and no minute saved."""
        if self._best is None:
            return False
        measures, _ = self._best
        return measures.lost <= self._lost_bound and len(measures.touched) <= self._least_touched

    def _place(self, scope: Scope, *, choices: Choices | None = None, most: int | None = None) -> None:
        """Find sessions for the free patients with as few minutes lost as can be, everybody else at their time."""
        free, model = scope.free, self._levels(scope, choices)
        if most is not None:
            model.at_most(model.people, most)
        model.hint(self._told)
        found = model.minimise(model.lost, seconds=self._slice())
        if found.value is None or (self._best is not None and found.value > self._best[0].lost):
            return
        model.at_most(model.lost, found.value)
        if len(free) > self._least_touched:
            fewest = model.minimise(model.people, seconds=self._slice())
            model.at_most(model.people, len(free) if fewest.value is None else fewest.value)
        if self._consider(model.timetable()):
            self._model = model

    def _search(self, free: frozenset[Id]) -> None:
        """Let more people be touched, one after the other, until no minute is lost that could be kept."""
        for more in range(_MOST_MORE + 1):
            group = free
            while self._goes_on() and (helpers := self._helpers(group, more, others=more, fewer_lost=1)):
                group |= helpers
                self._place(Scope(group, EVERY_DAY), most=self._least_touched + more)

    def _prove(self, free: frozenset[Id]) -> None:
        """Show that fewer people do not do, from the fewest on; or find out that they do."""
        if self._best is None:
            return
        for more in range(len(self._best[0].touched) - self._least_touched):
            if not self._may_build():
                return
            most, group = self._least_touched + more, free
            others = self._most_others(free, most)
            while self._may_build() and (helpers := self._helpers(group, more, others=others, fewer_lost=0)):
                group |= helpers
                self._place(Scope(group, EVERY_DAY), most=most)
            if self._floor(more) <= self._best[0].lost:
                return

    def _most_others(self, free: frozenset[Id], most: int) -> int:
        """Bound how many others can be among `most` who are touched."""
        model = self._levels(Scope(frozenset(), self._days, relaxed=True))
        model.at_most(model.people, most)
        return most - model.minimise(model.people_among(free), seconds=self._slice(), linear=True).bound

    def _helpers(self, free: frozenset[Id], more: int, *, others: int, fewer_lost: int) -> frozenset[Id]:
        """Name who should be set free to lose fewer minutes; nobody where nothing is gained, or nothing is found."""
        if self._best is None:
            return frozenset()
        goal = self._best[0].lost - fewer_lost
        model = self._levels(Scope(free, EVERY_DAY, relaxed=True, others=others))
        model.at_most(model.people, self._least_touched + more)
        model.at_most(model.people - model.people_among(free), others)
        model.at_most(model.lost, goal)
        model.hint(self._best[1])
        found = model.minimise(model.lost, seconds=self._slice())
        if found.infeasible and (not fewer_lost or others >= self._least_touched + more):
            self._note_floor(more, goal + 1)
        if found.value is None:
            return frozenset()
        helpers = model.is_touched() - free
        if not helpers and self._consider(model.timetable()):
            self._model = model
        return helpers

    def _floor(self, more: int) -> int:
        return max(self._floors[more:], default=0)

    def _note_floor(self, more: int, lost: int) -> None:
        self._floors += [self._lost_bound] * (more + 1 - len(self._floors))
        self._floors[more] = max(self._floors[more], lost)

    def _goes_on(self) -> bool:
        return self._may_build() and (self._best is None or self._best[0].lost > self._lost_bound)

    def _may_build(self) -> bool:
        """Say whether one more model could be built and looked at."""
        enough = max(_LEAST_SECONDS, _BUILD_AND_SOLVE * self._slowest_build)
        return not self._cancelled() and self._left() > enough

    def _take_what_is_free(self) -> None:
        """Give what is free in the best week to those who still lose something, one after the other."""
        if self._best is None or not self._best[0].lost:
            return
        may_stop = lambda: self._cancelled() or self._left(closing=True) <= _LEAST_SECONDS  # noqa: E731
        filled = refilled(self._asked, self._told, self._best[1], may_stop)
        if self._consider(filled):
            self._model = None

    def _polish(self) -> None:
        """Settle the levels below: sessions changed, sessions reassigned, the usual cost."""
        if self._model is None or self._cancelled():
            return
        model = self._model
        weight = 1 + len(model.variables.lead) + len(model.variables.visit)
        level = weight * model.changed + model.reassigned(self._told)
        found = model.minimise(level, seconds=min(_POLISH_SECONDS, self._left(closing=True) / 2))
        if found.value is not None:
            model.at_most(level, found.value)
        model.usual_cost()
        model.minimise(None, seconds=min(_POLISH_SECONDS, self._left(closing=True)), linear=True)
        self._consider(model.timetable())

    def _levels(self, scope: Scope, choices: Choices | None = None) -> Levels:
        began, among = monotonic(), choices or self._choices
        model = Levels(among.choice(scope), among.eligible)
        self._slowest_build = max(self._slowest_build, monotonic() - began)
        return model

    def _consider(self, timetable: Timetable) -> bool:
        """Keep a timetable that breaks no rule and is not worse."""
        began = monotonic()
        is_kept = self._keeps(timetable)
        self._slowest_look = max(self._slowest_look, monotonic() - began)
        return is_kept

    def _keeps(self, timetable: Timetable) -> bool:
        named = with_known_rooms(self._instance, self._told, timetable)
        measures = measure(self._instance, self._told, named)
        if self._best is not None and measures.rank > self._best[0].rank:
            return False
        verdict = check(self._asked, named)
        if not verdict.ok:
            return False
        self._best, self._verdict = (measures, named), verdict
        if self._report is not None:
            self._report(verdict)
        return True

    def _left(self, *, closing: bool = False) -> float:
        """Return the seconds left, without what is kept back for the end, and for looking at what was found."""
        whole = self._seconds if closing else self._seconds * (1 - _CLOSING_SHARE)
        whole -= self._slowest_look
        return max(_LEAST_SECONDS, self._began + whole - monotonic())

    def _slice(self) -> float:
        return self._left() * _SHARE

    def _answer(self) -> Repair:
        elapsed = monotonic() - self._began
        if self._best is None:
            return Repair(Status.UNKNOWN, None, None, None, None, self._lost_bound, self._least_touched, elapsed)
        measures, timetable = self._best
        spared = max((more + 1 for more, floor in enumerate(self._floors) if floor > measures.lost), default=0)
        answer = Repair(
            status=Status.FEASIBLE,
            timetable=timetable,
            measures=measures,
            goals=self._verdict.goals,
            cost=self._verdict.cost,
            lost_bound=self._lost_bound,
            touched_bound=self._least_touched + spared,
            seconds=elapsed,
        )
        is_optimal = answer.is_fewest and measures.lost <= answer.lost_bound
        return replace(answer, status=Status.OPTIMAL) if is_optimal else answer
