"""The relaxation's two halves in compiled code: everybody's week under prices, and prices made affordable."""

import numpy as np
from typing_extensions import override

from services.scheduler.solver.bound import Relaxation
from services.scheduler.solver.duals.days import Tariff, scratch_of
from services.scheduler.solver.duals.seats import Sizes, lower_seats
from services.scheduler.solver.duals.shapes import shapes_of
from services.scheduler.solver.duals.weeks import Usage, plan_weeks
from services.scheduler.solver.instance import Instance
from services.scheduler.solver.offers import Offers
from services.scheduler.solver.prices import POOLS, Array, Market, Prices
from services.scheduler.solver.pricing import Response
from services.scheduler.solver.ragged import end_to_end
from services.scheduler.solver.statics import Statics


class CompiledWeeks:
    """Plans all patients of an instance under any price list, as `PricedWeeks` does and ten times as fast."""

    def __init__(self, instance: Instance, offers: Offers, statics: Statics) -> None:
        self._instance = instance
        self._offers = offers
        self.shapes = shapes_of(instance, offers, statics)
        self._scratch = scratch_of(self.shapes)

    def respond(self, prices: Prices) -> Response:
        """Plan everybody's week; seats are priced per person, other things by the slot."""
        usage = Prices.nothing(self._instance, self._offers)
        pools = np.array([usage.places[name] for name in POOLS])
        values = np.zeros(len(self._instance.patients))
        taken = Usage(usage.seats, usage.staff, pools, values)
        tariff = Tariff(prices.seats, _before(prices.staff), _before(np.array([prices.places[n] for n in POOLS])))
        plan_weeks(self.shapes, tariff, self._scratch, taken)
        usage.places.update(zip(POOLS, pools, strict=True))
        return Response(float(values.sum()), usage)


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


def compiled_relaxation(instance: Instance, offers: Offers, statics: Statics) -> Relaxation:
    """Make both halves of the relaxation in compiled code."""
    return Relaxation(CompiledWeeks(instance, offers, statics), CompiledMarket(instance, offers))


def _before(price: Array) -> Array:
    """Sum prices up to each slot of the week: [row, slots before]."""
    return np.concatenate([np.zeros((len(price), 1)), price.cumsum(axis=1)], axis=1)
