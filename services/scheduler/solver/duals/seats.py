"""A kernel that lowers the prices of seats until no meeting earns more than its upkeep."""

from typing import NamedTuple

import numpy as np

from services.scheduler.solver.compiled import entry, kernel
from services.scheduler.solver.prices import QUANTUM, Array
from services.scheduler.solver.ragged import Ints

ROUNDS = 4


class Sizes(NamedTuple):
    """Who could come to each meeting, and how many seats it may sell."""

    first: Ints  # [offer] the first of `people`, and the end
    people: Ints
    minimum: Ints
    alone: Ints
    maximum: Ints


@entry
def lower_seats(sizes: Sizes, seats: Array, alone: Array, paired: Array, lowered: Array) -> None:
    """Lower [offer, patient] in place, in multiples of the quantum; say in `lowered` by how much."""
    prices = np.empty(seats.shape[1])
    order = np.empty(seats.shape[1], np.int64)
    for offer in range(len(seats)):
        people = sizes.people[sizes.first[offer] : sizes.first[offer + 1]]
        for number in range(len(people)):
            prices[number] = seats[offer, people[number]]
        own = prices[: len(people)]
        minimum, most = sizes.minimum[offer], sizes.alone[offer]
        lowered[offer] = 0.0
        for _ in range(ROUNDS):
            earned, sold = sale(own, order, minimum, most)
            if earned <= alone[offer]:
                break
            cut = (earned - alone[offer]) / max(1, sold)
            for number in range(sold):
                own[order[number]] -= cut
            lowered[offer] += cut
        excess = max(0.0, sale(own, order, minimum, most)[0] - alone[offer])
        excess = max(excess, sale(own, order, minimum, sizes.maximum[offer])[0] - paired[offer]) / minimum
        lowered[offer] += excess
        for number in range(len(people)):
            seats[offer, people[number]] = np.floor((own[number] - excess) / QUANTUM) * QUANTUM


@kernel
def sale(prices: Array, order: Ints, minimum: int, most: int) -> tuple[float, int]:
    """What a meeting earns at best, and how many seats it sells: those of the first in `order`, the dearest first.

    It must sell its minimum, and sells more where the price is above zero.
    """
    for number in range(len(prices)):
        place = number
        while place > 0 and prices[order[place - 1]] < prices[number]:
            order[place] = order[place - 1]
            place -= 1
        order[place] = number
    earned, sold = 0.0, 0
    for number in range(len(prices)):
        price = prices[order[number]]
        if number >= minimum and (number >= most or price <= 0):
            break
        earned += price
        sold += 1
    return earned, sold
