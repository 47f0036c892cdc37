"""Everybody's best week under a price list, and what it uses."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from services.scheduler.solver.batches import Option, batches
from services.scheduler.solver.board import window
from services.scheduler.solver.days import Costs, Integers
from services.scheduler.solver.instance import (
    DAYS,
    MODALITIES,
    ON_SITE,
    PROCESS_GROUP,
    SLOTS_A_DAY,
    STAFFED_SERVICES,
    Instance,
)
from services.scheduler.solver.offers import Offers
from services.scheduler.solver.prices import Array, Prices
from services.scheduler.solver.statics import Statics
from services.scheduler.solver.weeks import PlannedSession, WeekPlanner, WeekTable

BATCH = 16
SPARE_TERMS = 100


@dataclass(slots=True)
class Response:
    """The patients' answer to prices: the sum of their costs, and what they use."""

    value: float
    usage: Prices


class PricedWeeks:
    """Plans all patients of an instance under any price list."""

    def __init__(self, instance: Instance, offers: Offers, statics: Statics) -> None:
        self.instance = instance
        self._offers = offers
        dtype = np.float32 if _is_exact(instance) else np.float64
        self._batches = [
            _PricedBatch(instance, offers, statics, WeekPlanner(instance, batch, static))
            for batch in batches(instance, size=BATCH)
            for static in [statics.costs(batch, dtype)]
        ]

    def values(self, prices: Prices) -> Array:
        """What each patient's best week costs."""
        values = np.zeros(len(self.instance.patients))
        for batch in self._batches:
            values[list(batch.planner.batch.patients)] = batch.solve(prices).values
        return values

    def respond(self, prices: Prices) -> Response:
        """Plan everybody's week; seats are priced per person, other things by the slot."""
        usage = Prices.nothing(self.instance, self._offers)
        value = 0.0
        for batch in self._batches:
            table = batch.solve(prices)
            value += float(table.values.astype(np.float64).sum())
            for column in range(len(table.values)):
                batch.use(column, table.plan(column), prices, usage)
        return Response(value, usage)


def _is_exact(instance: Instance) -> bool:
    """Say whether single precision holds every sum: quanta of 1/64 below 2**18."""
    need = max((sum(patient.needs.values()) for patient in instance.patients), default=0)
    weights = instance.weights
    dearest = max(weights.unmet, weights.changes + weights.moved, weights.trip_on_site, weights.continuity)
    return (need + SPARE_TERMS) * dearest < 2**17


class _PricedBatch:
    def __init__(self, instance: Instance, offers: Offers, statics: Statics, planner: WeekPlanner) -> None:
        self.planner = planner
        self._instance = instance
        self._people = np.array(planner.batch.patients, np.int64)
        self._meetings = {
            n: self._numbers(option, offers)
            for n, option in enumerate(planner.batch.options)
            if option.kind is not None
        }
        self._teams = {
            n: [statics.team(index, option) for index in planner.batch.patients]
            for n, option in enumerate(planner.batch.options)
            if option.service in STAFFED_SERVICES
        }

    def _numbers(self, option: Option, offers: Offers) -> Integers:
        """Find the offers each patient could join: [patient, language, modality, day, slot]."""
        instance = self._instance
        kind = list(instance.kinds).index(str(option.kind))
        shape = (len(self._people), len(instance.languages), len(MODALITIES), DAYS, SLOTS_A_DAY)
        numbers = np.full(shape, -1, np.int64)
        for row, index in enumerate(self._people.tolist()):
            patient = instance.patients[index]
            is_process = option.service == PROCESS_GROUP
            track = instance.tracks.index(patient.track) + 1 if is_process else 0
            for position, language in enumerate(instance.languages):
                if language in patient.languages:
                    numbers[row, position] = offers.number[kind, track, position]
        return numbers

    def solve(self, prices: Prices) -> WeekTable:
        costs = self.planner.static.copy()
        seats = np.vstack([prices.seats, np.full((1, prices.seats.shape[1]), np.inf)])
        who = self._people[:, None, None, None, None]
        for column, numbers in self._meetings.items():
            costs[:, column] += seats[numbers, who].min(axis=1).astype(costs.dtype)
        for column, option in enumerate(self.planner.batch.options):
            if option.kind is None:
                self._price_visits(costs, column, option, prices)
        return self.planner.solve(costs)

    def _price_visits(self, costs: Costs, column: int, option: Option, prices: Prices) -> None:
        place = _starts(prices.places[option.service][None], option.slots)[0]
        for modality, code in enumerate(MODALITIES):
            if option.service not in STAFFED_SERVICES or code == ON_SITE:
                costs[:, column, modality] += place.astype(costs.dtype)
        if option.service in STAFFED_SERVICES:
            staff = _starts(prices.staff, option.slots)
            for row, team in enumerate(self._teams[column]):
                cheapest = _cheapest(team, staff).astype(costs.dtype)
                costs[row, column] += cheapest

    def use(self, row: int, sessions: Sequence[PlannedSession], prices: Prices, usage: Prices) -> None:
        """Add what a week takes to the usage."""
        for session in sessions:
            if session.option.kind is not None:
                usage.seats[self._meeting(row, session, prices), self._people[row]] += 1
            else:
                self._visit(row, session, prices, usage)

    def _visit(self, row: int, session: PlannedSession, prices: Prices, usage: Prices) -> None:
        option = session.option
        when = window(session.day, session.slot, option.slots)
        if option.service not in STAFFED_SERVICES or MODALITIES[session.modality] == ON_SITE:
            usage.places[option.service][when] += 1
        if option.service in STAFFED_SERVICES:
            team = self._teams[self.planner.batch.options.index(option)][row]
            cost = [
                float(prices.staff[person, when].sum()) + extra if mask[session.day, session.slot] else np.inf
                for person, mask, extra in team
            ]
            usage.staff[team[int(np.argmin(cost))][0], when] += 1

    def _meeting(self, row: int, session: PlannedSession, prices: Prices) -> int:
        """Find the offer a planned group session is, the cheapest of the patient's languages."""
        column = self.planner.batch.options.index(session.option)
        numbers = self._meetings[column][row, :, session.modality, session.day, session.slot]
        known = numbers[numbers >= 0]
        return int(known[prices.seats[known, self._people[row]].argmin()])


def _starts(price: Array, slots: int) -> Array:
    """Sum prices over a session from each start: [row, day, slot], infinite past the day."""
    by_day = price.reshape(len(price), DAYS, SLOTS_A_DAY)
    running = np.concatenate([np.zeros((len(price), DAYS, 1)), by_day.cumsum(axis=2)], axis=2)
    sums = np.full(by_day.shape, np.inf)
    sums[:, :, : SLOTS_A_DAY - slots + 1] = running[:, :, slots:] - running[:, :, :-slots]
    return sums


def _cheapest(team: list[tuple[int, npt.NDArray[np.bool_], int]], staff: Array) -> Array:
    costs = [np.where(mask, staff[person] + extra, np.inf) for person, mask, extra in team]
    return np.min(costs, axis=0) if costs else np.full((DAYS, SLOTS_A_DAY), np.inf)
