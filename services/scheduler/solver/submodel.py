"""One CP-SAT model, solved: a problem in, a better timetable out."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event, Thread
from time import monotonic

from ortools.sat.python import cp_model

from services.scheduler.solver.assemble import assemble
from services.scheduler.solver.instance import Timetable
from services.scheduler.solver.model import Join, Problem, Staffing, Variables
from services.scheduler.solver.neighbourhood import offer_of
from services.scheduler.solver.objective import Objective
from services.scheduler.solver.rules import ALL_RULES

CANCEL_POLL_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Answer:
    """What a model found: a timetable, the deterministic effort, and whether it is proven best."""

    timetable: Timetable | None
    effort: float
    proven: bool


class Submodel:
    """A model of the problem under every rule.

    Its answer is best by the single number, or with `by_levels` by one level of the goals after another.
    """

    def __init__(self, problem: Problem, *, by_levels: bool = False) -> None:
        self._model = cp_model.CpModel()
        self.variables = Variables(self._model, problem)
        for rule in ALL_RULES:
            rule.add(self._model, self.variables)
        objective = Objective(self._model, self.variables)
        self._stages = objective.stages() if by_levels else [objective.cost()]

    def hint(self, timetable: Timetable) -> None:
        """Start the search from this timetable's decisions."""
        variables = self.variables
        joined = {Join(member, offer_of(group)) for group in timetable.groups for member in group.members}
        led = Counter(Staffing(offer_of(group), group.lead) for group in timetable.groups)
        helped = {Staffing(offer_of(group), group.co) for group in timetable.groups if group.co is not None}
        visits = set(timetable.visits)
        self._model.clear_hints()  # type: ignore[no-untyped-call]
        for join, literal in variables.join.items():
            self._model.add_hint(literal, join in joined)
        for staffing, literal in variables.lead.items():
            self._model.add_hint(literal, bool(led[staffing]))
        for staffing, literal in variables.assist.items():
            self._model.add_hint(literal, staffing in helped)
        for visit, literal in variables.visit.items():
            self._model.add_hint(literal, visit in visits)

    def solve(
        self,
        *,
        seconds: float,
        effort: float | None,
        seed: int,
        cancelled: Callable[[], bool],
    ) -> Answer:
        """Search until proven best, out of time or effort, or cancelled."""
        timetable, spent, until, proven = None, 0.0, monotonic() + seconds, True
        for stage in self._stages:
            left = None if effort is None else effort - spent
            if timetable is not None and (cancelled() or monotonic() >= until or (left is not None and left <= 0)):
                return Answer(timetable, spent, proven=False)
            self._model.minimize(stage)
            solver = self._solver(until - monotonic(), left, seed)
            with _stopping(solver, cancelled):
                status = solver.solve(self._model)
            spent += solver.response_proto.deterministic_time
            if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
                return Answer(timetable, spent, proven=status == cp_model.INFEASIBLE and timetable is None)
            timetable = assemble(self.variables, solver.value)
            proven = proven and status == cp_model.OPTIMAL
            self._model.add(stage <= round(solver.objective_value))
            self.hint(timetable)
        return Answer(timetable, spent, proven=proven)

    @staticmethod
    def _solver(seconds: float, effort: float | None, seed: int) -> cp_model.CpSolver:
        solver = cp_model.CpSolver()
        parameters = solver.parameters
        parameters.max_time_in_seconds = max(0.05, seconds)
        if effort is not None:
            parameters.max_deterministic_time = effort
        parameters.random_seed = seed
        parameters.num_workers = 1
        # Probing and symmetry detection take longer than these models need to be solved.
        parameters.cp_model_probing_level = 0
        parameters.symmetry_level = 0
        parameters.max_presolve_iterations = 1
        parameters.linearization_level = 2
        return solver


@contextmanager
def _stopping(solver: cp_model.CpSolver, cancelled: Callable[[], bool]) -> Iterator[None]:
    """Stop the solver soon after the cancellation, from a thread beside it."""
    over = Event()

    def watch() -> None:
        while not over.wait(CANCEL_POLL_SECONDS):
            if cancelled():
                solver.stop_search()

    watcher = Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()
