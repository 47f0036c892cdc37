"""What there is too little of, whatever the week: hours and places that more visits of a service need than there are.

A linear program over the visits of one service alone, everything else free, says how many can take place. Its dual
values are prices at which the relaxation knows of a shortage from its first step on; by small steps of the prices it
would take a thousand to find out, since a slot that is short is worth as much as what is missed without it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import islice
from typing import Final, NamedTuple

import numpy as np
from ortools.linear_solver import pywraplp

from services.scheduler.solver.batches import Option
from services.scheduler.solver.bound import ONLY_UNMET
from services.scheduler.solver.grid import Grid, Mask
from services.scheduler.solver.instance import (
    INDIVIDUAL_SERVICES,
    MODALITIES,
    ON_SITE,
    SLOTS_A_DAY,
    STAFFED_SERVICES,
    Instance,
)
from services.scheduler.solver.offers import Offers
from services.scheduler.solver.prices import Array, Market, Prices, quantized
from services.scheduler.solver.pricing import PricedWeeks
from services.scheduler.solver.statics import Statics

# A larger program takes longer than it is worth: half a second for so many. What is short is what has few choices.
MOST_CHOICES: Final = 20_000
# The same where it is solved again for every meeting that somebody might lead.
MOST_CHOICES_EACH: Final = 16_000
TOLERANCE: Final = 1e-6


class _Choice(NamedTuple):
    """One visit that could be: whose, with whom, and when; `place` where it takes one of the pool."""

    patient: int
    who: int | None
    first: int
    slots: int
    has_place: bool


def shadow_prices(instance: Instance, offers: Offers, statics: Statics) -> Prices:
    """Return what a slot of each practitioner and pool is worth, in unmet slots; zero where nothing is short.

    A week that has begun may hold more than today's rules allow, so that nothing is said of it.
    """
    prices, market = Prices.nothing(instance, offers), Market(instance, offers)
    for service in () if instance.begins else INDIVIDUAL_SERVICES:
        choices = list(islice(_choices(instance, statics, service), MOST_CHOICES + 1))
        if 0 < len(choices) <= MOST_CHOICES:
            program = _Program(instance, market, service, choices)
            if program.shows_shortage():
                program.raise_to_dual_values(prices.staff, prices.places[service])
    prices.staff = quantized(prices.staff)
    prices.places = {name: quantized(price) for name, price in prices.places.items()}
    return prices


class Missing:
    """How many slots of visits cannot take place in what a market has left, as meetings take practitioners out of it.

    Only of services that practitioners hold, and that are few enough to be asked often.
    """

    def __init__(self, instance: Instance, statics: Statics, market: Market) -> None:
        self._market = market
        self._programs: list[_Program] = []
        for service in () if instance.begins else STAFFED_SERVICES:
            choices = list(islice(_choices(instance, statics, service), MOST_CHOICES_EACH + 1))
            if 0 < len(choices) <= MOST_CHOICES_EACH:
                self._programs.append(_Program(instance, market, service, choices))

    def slots(self, who: int | None = None, when: slice = slice(0)) -> float:
        """Return how many are missing, where somebody is not there for visits at some time of the week."""
        return sum(program.missing_in(self._market.capacity, who, when) for program in self._programs)

    def concerns(self, who: int, when: slice) -> bool:
        """Say whether somebody may be wanted for visits at that time."""
        return any(program.concerns(who, when) for program in self._programs)

    def raised(self, staff: Array, unmet: float) -> Array:
        """Return prices of practitioners that are at least what their slots are worth to visits."""
        worth, places = np.zeros_like(staff), np.zeros(staff.shape[1])
        for program in self._programs:
            program.raise_to_dual_values(worth, places)
        raised: Array = np.maximum(staff, quantized(unmet * worth))
        return raised


def least_unmet(instance: Instance, offers: Offers, grid: Grid, shortage: Prices) -> float:
    """Fewest unmet slots of everybody together in any timetable, as far as these prices show it.

    Like the bound of the cost, of which this is the part that counts unmet slots alone.
    """
    only_unmet = replace(instance, weights=ONLY_UNMET, published=None, usual=None)
    weeks = PricedWeeks(only_unmet, offers, Statics(only_unmet, grid))
    return weeks.respond(shortage).value - Market(only_unmet, offers).rent(shortage)


def _choices(instance: Instance, statics: Statics, service: str) -> Iterator[_Choice]:
    """Yield the visits that each patient could have, alone in the world."""
    for number, patient in enumerate(instance.patients):
        slots = instance.visit_slots(patient, service)
        if not slots or patient.needs.get(service, 0) < slots:
            continue
        option = Option(service, None, slots)
        possible = statics.possible(number, option)
        staffed = service in STAFFED_SERVICES
        holders: list[tuple[int | None, Mask]] = (
            [(who, mask) for who, mask, _ in statics.team(number, option)]
            if staffed
            else [(None, np.ones(possible.shape[1:], np.bool_))]
        )
        for who, mask in holders:
            for modality, code in enumerate(MODALITIES):
                for day, slot in np.argwhere(possible[modality] & mask).tolist():
                    yield _Choice(number, who, day * SLOTS_A_DAY + slot, slots, not staffed or code == ON_SITE)


class _Program:
    """How many slots of one service's visits can take place, each patient's and everybody's at most those needed."""

    def __init__(self, instance: Instance, market: Market, service: str, choices: Iterable[_Choice]) -> None:
        self._program = pywraplp.Solver.CreateSolver("GLOP")
        self._objective = self._program.Objective()
        self._objective.SetMaximization()
        self._stock = market.stock[service]
        self._people: dict[int, pywraplp.Constraint] = {}
        self._staff: dict[tuple[int, int], pywraplp.Constraint] = {}
        self._places: dict[int, pywraplp.Constraint] = {}
        self._needed = 0
        for choice in choices:
            if choice.patient not in self._people:
                needed = instance.patients[choice.patient].needs[service] // choice.slots * choice.slots
                self._people[choice.patient] = self._program.Constraint(0, float(needed))
                self._needed += needed
            self._add(choice)

    def _add(self, choice: _Choice) -> None:
        share = self._program.NumVar(0, self._program.infinity(), "")
        self._objective.SetCoefficient(share, choice.slots)
        self._people[choice.patient].SetCoefficient(share, choice.slots)
        for slot in range(choice.first, choice.first + choice.slots):
            if choice.who is not None:
                if (choice.who, slot) not in self._staff:
                    self._staff[choice.who, slot] = self._program.Constraint(0, 1)
                self._staff[choice.who, slot].SetCoefficient(share, 1)
            if choice.has_place:
                if slot not in self._places:
                    self._places[slot] = self._program.Constraint(0, float(self._stock[slot]))
                self._places[slot].SetCoefficient(share, 1)

    def shows_shortage(self) -> bool:
        """Solve it; say whether somebody has to go without."""
        is_solved = self._program.Solve() == pywraplp.Solver.OPTIMAL
        return is_solved and float(self._objective.Value()) < self._needed - TOLERANCE

    def missing_in(self, capacity: Array, who: int | None, when: slice) -> float:
        """Return how many slots go without, where these are there for visits, but for one of them at some time."""
        for (other, slot), row in self._staff.items():
            is_away = other == who and when.start <= slot < when.stop
            row.SetBounds(0, 0.0 if is_away else float(capacity[other, slot]))
        is_solved = self._program.Solve() == pywraplp.Solver.OPTIMAL
        return self._needed - float(self._objective.Value()) if is_solved else 0.0

    def concerns(self, who: int, when: slice) -> bool:
        """Say whether somebody could hold a visit then."""
        return any((who, slot) in self._staff for slot in range(when.start, when.stop))

    def raise_to_dual_values(self, staff: Array, places: Array) -> None:
        """Raise prices that are lower than what a slot is worth here."""
        for (who, slot), row in self._staff.items():
            staff[who, slot] = max(staff[who, slot], row.dual_value())
        for slot, row in self._places.items():
            places[slot] = max(places[slot], row.dual_value())
