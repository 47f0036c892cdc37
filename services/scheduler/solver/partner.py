"""The bound, raised in a process of its own beside the search."""

from multiprocessing import get_context
from multiprocessing.connection import Connection
from time import monotonic
from types import TracebackType
from typing import Self

from services.scheduler.solver.bound import BoundSearch, Guide
from services.scheduler.solver.grid import Grid
from services.scheduler.solver.instance import Instance
from services.scheduler.solver.lifetime import die_with_parent
from services.scheduler.solver.offers import enumerate_offers
from services.scheduler.solver.statics import Statics

GUIDE_EVERY_SECONDS = 2.0
Message = tuple[float, Guide | None]


class BoundPartner:
    """Runs a `BoundSearch` in a child process; the child ends with this process, however it ends."""

    def __init__(self, instance: Instance) -> None:
        context = get_context("spawn")
        self._receiver, sender = context.Pipe(duplex=False)
        self._process = context.Process(target=_raise_bound, args=(instance, sender), daemon=True)
        self._process.start()
        sender.close()

    def news(self) -> list[Message]:
        """Return what the child has said since last asked, without waiting."""
        messages: list[Message] = []
        try:
            while self._receiver.poll():
                messages.append(self._receiver.recv())
        except (EOFError, OSError):
            return messages
        return messages

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
        self._receiver.close()


def _raise_bound(instance: Instance, sender: Connection) -> None:
    die_with_parent()
    grid = Grid(instance)
    offers = enumerate_offers(instance, grid)
    search = BoundSearch(instance, offers, Statics(instance, grid))
    said, guided = float("-inf"), monotonic()
    while not search.is_exhausted:
        bound = search.step()
        due = monotonic() - guided > GUIDE_EVERY_SECONDS
        if bound > said or due:
            sender.send((bound, search.guide() if due else None))
            said = bound
        if due:
            guided = monotonic()
    sender.send((search.best, search.guide()))
