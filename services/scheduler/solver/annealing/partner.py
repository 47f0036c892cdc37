"""The annealing, in a process of its own, that sends home each better week."""

import os
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from time import monotonic
from types import TracebackType
from typing import Final, Self

from services.scheduler.solver.annealing.engine import Annealing
from services.scheduler.solver.grid import Grid
from services.scheduler.solver.instance import Instance, Timetable
from services.scheduler.solver.lifetime import die_with_parent, give_way
from services.scheduler.solver.offers import enumerate_offers
from services.scheduler.solver.statics import Statics

NICENESS: Final = 10
HOT: Final = 80.0
COLD: Final = 1.5
MOVES_AT_ONCE: Final = 20_000
SECONDS_BETWEEN_WEEKS: Final = 1.0


class AnnealingPartner:
    """Anneals a timetable for so many seconds in a child process, which ends with this one however it ends.

    Where it `gives_way`, whoever makes a plan beside it has more to gain from the time.
    """

    def __init__(self, instance: Instance, start: Timetable, *, seconds: float, seed: int, gives_way: bool) -> None:
        context = get_context("spawn")
        self._receiver, sender = context.Pipe(duplex=False)
        work = (instance, start, _Task(seconds, seed, gives_way), sender)
        self._process = context.Process(target=_anneal, args=work, daemon=True)
        self._process.start()
        sender.close()

    @property
    def is_at_work(self) -> bool:
        """Say whether more may come."""
        return self._process.is_alive()

    def next(self, seconds: float) -> Timetable | None:
        """Wait so long for a better week."""
        try:
            week: Timetable | None = self._receiver.recv() if self._receiver.poll(seconds) else None
        except (EOFError, OSError):
            self._process.join()
            return None
        return week

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.join()
        self._receiver.close()


@dataclass(frozen=True, slots=True)
class _Task:
    seconds: float
    seed: int
    gives_way: bool


def _anneal(instance: Instance, start: Timetable, task: _Task, sender: Connection) -> None:
    """Cool down over the time that compiling leaves."""
    die_with_parent()
    os.nice(NICENESS)
    ends = monotonic() + task.seconds
    grid = Grid(instance)
    offers = enumerate_offers(instance, grid)
    annealing = Annealing(instance, offers, Statics(instance, grid), grid, task.seed)
    annealing.load(start)
    annealing.anneal(1, COLD)
    if task.gives_way:
        give_way()
    # Compiled: from here on every second of the processor is spent on better weeks.
    sender.send(start)
    began, sent, said = monotonic(), annealing.cost, monotonic()
    while (now := monotonic()) < ends:
        annealing.anneal(MOVES_AT_ONCE, HOT * (COLD / HOT) ** ((now - began) / (ends - began)))
        if annealing.cost < sent and now - said > SECONDS_BETWEEN_WEEKS:
            sent, said = annealing.cost, now
            sender.send(annealing.timetable())
    if annealing.cost < sent:
        sender.send(annealing.timetable())
