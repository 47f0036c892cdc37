"""The bound, raised in a process of its own beside the search."""

from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from queue import SimpleQueue
from threading import Thread
from time import monotonic
from types import TracebackType
from typing import Final, NamedTuple, Self

import numpy as np

from services.scheduler.solver.bound import BoundSearch, Guide, Relaxation
from services.scheduler.solver.check import check
from services.scheduler.solver.compiled import is_compiled
from services.scheduler.solver.composing import composed
from services.scheduler.solver.dive import Dive
from services.scheduler.solver.duals.engine import compiled_relaxation
from services.scheduler.solver.filling import filled
from services.scheduler.solver.grid import Grid
from services.scheduler.solver.instance import Instance, Timetable
from services.scheduler.solver.lifetime import die_with_parent
from services.scheduler.solver.offers import enumerate_offers
from services.scheduler.solver.shortage import shadow_prices
from services.scheduler.solver.statics import Statics

GUIDE_EVERY_SECONDS: Final = 2.0
# Plans made before prices have settled are poor. They have where the bound rises no more than by this share of it in
# so many steps; at a large site they get this share of the time, since the plan itself takes most of it.
SETTLED: Final = 1e-3
SETTLING_STEPS: Final = 100
SETTLING_SHARE: Final = 0.1
# Between two plans: other prices make another plan.
STEPS_BETWEEN: Final = 60
# Of the time that is left, how long one more plan may take.
PLAN_SHARE: Final = 0.9
# Of the whole time, what is kept to fill what has been fixed by then.
LEFT_TO_FILL: Final = 0.2
# The search beside it waits for a plan most of the time; where there is none to come it has a core to itself.
THREADS: Final = 2
# Of the time a dive takes, how long weeks take to be composed of it, and the first of them under the dive's leads.
COMPOSING_TIMES: Final = 0.8
FIRST_OF_ITS_LEADS_TIMES: Final = 0.4
# How much dearer than the best so far a week may be for somebody to work on it.
PASSABLE: Final = 1.03


class News(NamedTuple):
    """What the partner has to say: a bound, and at times what the prices teach or a week made at them."""

    bound: float
    guide: Guide | None = None
    week: Timetable | None = None


class BoundPartner:
    """Runs a `BoundSearch` in a child process; the child ends with this process, however it ends.

    Where the time is long enough for plans it makes them too, if their code is compiled.
    """

    def __init__(self, instance: Instance, *, seconds: float, plans: bool) -> None:
        context = get_context("spawn")
        self._receiver, sender = context.Pipe(duplex=False)
        self._process = context.Process(
            target=_raise_bound, args=(instance, sender, _Task(seconds, plans)), daemon=True
        )
        self._process.start()
        self.makes_plans = plans and is_compiled()
        sender.close()
        self._said: SimpleQueue[News] = SimpleQueue()
        # A guide is larger than what a pipe holds: the child would wait with each until the search comes to ask.
        self._listener = Thread(target=self._listen, daemon=True)
        self._listener.start()

    def news(self) -> list[News]:
        """Return what the child has said since last asked, without waiting."""
        messages: list[News] = []
        while not self._said.empty():
            messages.append(self._said.get())
        return messages

    def _listen(self) -> None:
        with suppress(EOFError, OSError):
            while True:
                self._said.put(self._receiver.recv())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.kill()
        self._process.join()
        self._listener.join()
        self._receiver.close()


@dataclass(frozen=True, slots=True)
class _Task:
    seconds: float
    plans: bool


def _raise_bound(instance: Instance, sender: Connection, task: _Task) -> None:
    die_with_parent()
    _Partner(instance, sender, task).work()


class _Partner:
    """The child's side."""

    def __init__(self, instance: Instance, sender: Connection, task: _Task) -> None:
        self._began = monotonic()
        self._sender = sender
        self._task = task
        self._instance = instance
        grid = Grid(instance)
        self._offers = enumerate_offers(instance, grid)
        self._statics = Statics(instance, grid)
        shortage = shadow_prices(instance, self._offers, self._statics)
        self._search = BoundSearch(instance, self._offers, self._relaxation(), shortage)
        self._said, self._guided = -np.inf, self._began
        self._longest_plan = 0.0
        self._cheapest = np.inf

    def _relaxation(self) -> Relaxation:
        if not is_compiled():
            return Relaxation.plain(self._instance, self._offers, self._statics)
        return compiled_relaxation(self._instance, self._offers, self._statics, THREADS if self._task.plans else 1)

    def work(self) -> None:
        if self._task.plans and is_compiled():
            self._settle()
            while self._longest_plan < PLAN_SHARE * self._left():
                self._plan()
                self._raise(steps=STEPS_BETWEEN)
        self._raise()
        self._sender.send(News(self._search.best, self._search.guide()))

    def _elapsed(self) -> float:
        return monotonic() - self._began

    def _left(self) -> float:
        return self._task.seconds - self._elapsed()

    def _settle(self) -> None:
        until, search, has_settled = SETTLING_SHARE * self._task.seconds, self._search, False
        while self._elapsed() < until and not has_settled:
            before = search.best
            self._raise(steps=SETTLING_STEPS, until=until)
            has_settled = search.best - before <= SETTLED * abs(search.best)

    def _raise(self, *, steps: float = np.inf, until: float = np.inf) -> None:
        search = self._search
        while steps > 0 and not search.is_exhausted and self._elapsed() < until:
            bound = search.step()
            steps -= 1
            due = monotonic() - self._guided > GUIDE_EVERY_SECONDS
            if bound > self._said or due:
                self._sender.send(News(bound, search.guide() if due else None))
                self._said = bound
            if due:
                self._guided = monotonic()

    def _plan(self) -> None:
        began, search = monotonic(), self._search
        dive = Dive(
            self._instance,
            self._offers,
            self._statics,
            prices=search.best_prices,
            wanted=search.wanted,
            threads=THREADS,
        )
        # No week with the meetings fixed so far, and without those closed, costs less than the dive's bound.
        while dive.bound < self._cheapest and self._left() > LEFT_TO_FILL * self._task.seconds and dive.advance():
            pass
        if dive.bound < self._cheapest:
            # What is wanted beside the meetings of the dive tells more than what was wanted before there were any.
            guide = Guide(dive.plan.wanted)
            self._tell(guide, filled(self._instance, self._offers, self._statics, dive))
            took, left = monotonic() - began, self._left()
            if FIRST_OF_ITS_LEADS_TIMES * took < left:
                hurry = COMPOSING_TIMES * took >= left
                parts = self._instance, self._offers, self._statics
                for week in composed(*parts, dive, best=self._cheapest, keeps_leads=hurry):
                    self._tell(guide, week)
        self._longest_plan = max(self._longest_plan, monotonic() - began)

    def _tell(self, guide: Guide, week: Timetable | None) -> None:
        """Send a week if it is worth somebody's work."""
        if week is not None and self._is_passable(week):
            self._sender.send(News(self._search.best, guide, week))

    def _is_passable(self, week: Timetable) -> bool:
        cost = check(self._instance, week).cost
        self._cheapest = min(self._cheapest, cost)
        return cost <= PASSABLE * self._cheapest
