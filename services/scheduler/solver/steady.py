"""A week that stays as people know it: first everything they know kept, then less and less of it.

What is known is the published week or, before there is one, the usual one. Keeping all of it is the
smallest neighbourhood; each later one frees more, and moves something only if that is better
(the growing neighbourhoods of Phillips, Walker, Ehrgott and Ryan, 2016).
"""

from collections.abc import Callable
from dataclasses import replace
from time import monotonic

from services.scheduler.solver.check import check
from services.scheduler.solver.core import is_whole
from services.scheduler.solver.fixed import contradictions
from services.scheduler.solver.instance import Instance, Timetable
from services.scheduler.solver.keepable import keepable
from services.scheduler.solver.outcome import Outcome, Progress, Status
from services.scheduler.solver.solve import solve

# Of the time: everything known kept, the meetings kept, nothing kept. The last also proves the bound, and where one
# model does not hold everybody it makes plans, which take most of it.
SHARES_OF_SMALL, SHARES = (0.2, 0.1), (0.1, 0.05)


def solve_steadily(
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
    """Find the best week as `solve` does, and among equals the one that people know.

    Where nothing is known the answer is that of `solve`; from a week to start from there is nothing to free by steps.
    """
    course = _Course(on_progress)
    for part, share in _rungs(instance) if start is None else [(instance, 1.0)]:
        if course.best is not None and cancelled is not None and cancelled():
            break
        outcome = solve(
            part,
            time_limit=time_limit * share,
            seed=seed,
            workers=workers,
            work_limit=None if work_limit is None else work_limit * share,
            start=start if course.best is None else course.best.timetable,
            on_progress=course.report,
            cancelled=cancelled,
        )
        course.take(instance, outcome, is_whole=part is instance)
    answer = course.answer()
    return answer if _is_consistent(instance) else _unproven(answer)


def _is_consistent(instance: Instance) -> bool:
    """Say whether what has begun would keep today's rules; the bound takes them for those of the whole week."""
    return not instance.begins or check(replace(instance, fixed=Timetable(), begins=0), instance.begun()).ok


def _unproven(outcome: Outcome) -> Outcome:
    status = Status.FEASIBLE if outcome.status is Status.OPTIMAL else outcome.status
    return replace(outcome, status=status, bound=None, unmet_bound=0)


def _rungs(instance: Instance) -> list[tuple[Instance, float]]:
    known = instance.published or instance.usual
    if known is None:
        return [(instance, 1.0)]
    kept, meetings = keepable(instance, known), keepable(instance, replace(known, visits=()))
    rungs = [
        (replace(instance, fixed=part), share)
        for part, share in zip((kept, meetings), SHARES_OF_SMALL if is_whole(instance) else SHARES, strict=True)
        if part != instance.fixed
    ]
    rungs = [(part, share) for part, share in rungs if not contradictions(part)]
    return [*rungs, (instance, 1.0 - sum(share for _, share in rungs))]


class _Course:
    """The best answer so far, over all neighbourhoods; only the whole problem's bound holds for it."""

    def __init__(self, on_progress: Callable[[Progress], None] | None) -> None:
        self.best: Outcome | None = None
        self._whole: Outcome | None = None
        self._report = on_progress
        self._began = monotonic()
        self._work = 0.0
        self._unmet: int | None = None
        self._incumbent = float("inf")

    def report(self, progress: Progress) -> None:
        """Pass progress on as one course that never gets worse."""
        if self._report is None:
            return
        self._incumbent = min(self._incumbent, progress.incumbent)
        self._unmet = progress.unmet if self._unmet is None else min(self._unmet, progress.unmet)
        bound = min(progress.bound, self._incumbent)
        gap = (self._incumbent - bound) / max(1e-9, abs(self._incumbent))
        seconds = monotonic() - self._began
        self._report(
            Progress(self._incumbent, bound, gap, self._unmet, progress.unmet_bound, seconds, progress.timetable)
        )

    def take(self, instance: Instance, outcome: Outcome, *, is_whole: bool) -> None:
        """Keep an outcome if it is better than what there is."""
        self._work += outcome.work
        if is_whole:
            self._whole = outcome
        if self.best is None or _rank(instance, outcome) < _rank(instance, self.best):
            self.best = outcome

    def answer(self) -> Outcome:
        """Return the best timetable with what is proven of the whole problem.

        Raises:
            LookupError: Nothing was taken.
        """
        if self.best is None:
            raise LookupError("there is always the whole problem")
        seconds, work = monotonic() - self._began, self._work
        if self._whole is None or self._whole is self.best:
            proven = self.best if self._whole is self.best else _unproven(self.best)
            return replace(proven, seconds=seconds, work=work)
        if self._whole.bound is None:
            return replace(_unproven(self.best), seconds=seconds, work=work)
        # What is best of a part of the weeks there are is proven best only where the whole problem's answer is.
        best = self.best if self._whole.status is Status.OPTIMAL else _unproven(self.best)
        return replace(
            best,
            status=self._whole.status if self.best.timetable is None else best.status,
            bound=self._whole.bound,
            unmet_bound=self._whole.unmet_bound,
            seconds=seconds,
            work=work,
        )


def _rank(instance: Instance, outcome: Outcome) -> tuple[float, ...]:
    if outcome.goals is None:
        return (float("inf"),)
    return outcome.goals.rank(instance.weights)
