"""The relaxation's two halves in compiled code: everybody's week under prices, and prices made affordable."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from typing_extensions import override

from services.scheduler.solver.bound import Relaxation
from services.scheduler.solver.duals.days import Scratch, Tariff, scratch_of
from services.scheduler.solver.duals.seats import Sizes, lower_seats
from services.scheduler.solver.duals.shapes import Shapes, shapes_of
from services.scheduler.solver.duals.weeks import Usage, plan_weeks
from services.scheduler.solver.instance import DAYS, Instance
from services.scheduler.solver.offers import Offers
from services.scheduler.solver.prices import POOLS, Array, Market, Prices
from services.scheduler.solver.pricing import Response
from services.scheduler.solver.ragged import end_to_end
from services.scheduler.solver.statics import Statics


@dataclass(frozen=True, slots=True)
class _Part:
    """Some patients, one after another in the instance, and the room to plan their weeks."""

    people: slice
    shapes: Shapes
    scratch: Scratch


class CompiledWeeks:
    """Plans all patients of an instance under any price list, as `PricedWeeks` does and ten times as fast.

    After each response `values` [patient] is what the weeks cost, and `sessions` [patient, session, column] the first
    `counts` [patient] of which are their sessions.
    """

    def __init__(self, instance: Instance, offers: Offers, statics: Statics, threads: int = 1) -> None:
        self._instance = instance
        self._offers = offers
        self.shapes = shapes_of(instance, offers, statics)
        people, longest = len(instance.patients), DAYS * self.shapes.options.shape[1]
        self.counts = np.zeros(people, np.int64)
        self.sessions = np.zeros((people, longest, 4), np.int64)
        self.values = np.zeros(people)
        ends = [people * number // threads for number in range(threads + 1)]
        self._parts = [_part(self.shapes, slice(*bounds)) for bounds in pairwise(ends)]
        self._helpers = ThreadPoolExecutor(threads - 1) if threads > 1 else None

    def respond(self, prices: Prices) -> Response:
        """Plan everybody's week; seats are priced per person, other things by the slot."""
        usage = Prices.nothing(self._instance, self._offers)
        first, *others = self._parts
        running = [self._helpers.submit(self._plan, part, prices) for part in others] if self._helpers else []
        for taken, part in [
            (self._plan(first, prices), first),
            *zip((r.result() for r in running), others, strict=True),
        ]:
            usage.seats[:, part.people] = taken.seats
            usage.staff += taken.staff
            for name, pool in zip(POOLS, taken.pools, strict=True):
                usage.places[name] += pool
        return Response(float(self.values.sum()), usage)

    def _plan(self, part: _Part, prices: Prices) -> Usage:
        people = part.people
        seats = np.ascontiguousarray(prices.seats[:, people])
        pools = np.array([prices.places[name] for name in POOLS])
        taken = Usage(
            np.zeros_like(seats),
            np.zeros_like(prices.staff),
            np.zeros_like(pools),
            self.values[people],
            self.counts[people],
            self.sessions[people],
        )
        plan_weeks(part.shapes, Tariff(seats, _before(prices.staff), _before(pools)), part.scratch, taken)
        return taken


def _part(shapes: Shapes, people: slice) -> _Part:
    by_patient = ("is_free", "kind", "static", "numbers", "team_first", "unmet")
    own = shapes._replace(**{name: getattr(shapes, name)[people] for name in by_patient})
    return _Part(people, own, scratch_of(own))


class CompiledMarket(Market):
    """The market whose seats are lowered in compiled code."""

    def __init__(self, instance: Instance, offers: Offers) -> None:
        super().__init__(instance, offers)
        first, people = end_to_end(np.flatnonzero(row) for row in offers.eligible)
        self.sizes = Sizes(first, people, self._minimum, self._alone, self._maximum)

    @override
    def _lowered(self, seats: Array, alone: Array, paired: Array) -> tuple[Array, Array]:
        result, lowered = np.where(self._offers.eligible, seats, 0.0), np.zeros(len(seats))
        lower_seats(self.sizes, result, alone, paired, lowered)
        return result, lowered


def compiled_relaxation(instance: Instance, offers: Offers, statics: Statics, threads: int = 1) -> Relaxation:
    """Make both halves of the relaxation in compiled code."""
    return Relaxation(CompiledWeeks(instance, offers, statics, threads), CompiledMarket(instance, offers))


def _before(price: Array) -> Array:
    """Sum prices up to each slot of the week: [row, slots before]."""
    return np.concatenate([np.zeros((len(price), 1)), price.cumsum(axis=1)], axis=1)
