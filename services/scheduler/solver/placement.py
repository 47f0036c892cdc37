"""Visits placed one at a time where they cost least, groups left as they are."""

from collections.abc import Iterator

import numpy as np

from services.scheduler.solver.batches import Option
from services.scheduler.solver.board import Board
from services.scheduler.solver.days import Costs
from services.scheduler.solver.grid import Mask
from services.scheduler.solver.instance import (
    DAYS,
    FAMILY,
    INDIVIDUAL,
    MEDICATION,
    MODALITIES,
    NURSE_VISIT,
    ON_SITE,
    SLOTS_A_DAY,
    STAFFED_SERVICES,
    Id,
    Instance,
    Visit,
)
from services.scheduler.solver.statics import Statics

# Family sessions have the fewest hours, nurse visits fit almost anywhere.
HARDEST_FIRST = (FAMILY, MEDICATION, INDIVIDUAL, NURSE_VISIT)


def place_visits(instance: Instance, statics: Statics, board: Board) -> None:
    """Book every visit that still fits, the hardest service first."""
    placement = _Placement(instance, statics, board)
    for service in HARDEST_FIRST:
        for number, patient in enumerate(instance.patients):
            slots = instance.visit_slots(patient, service)
            option = Option(service, None, slots)
            while slots and board.left[number].get(service, 0) >= slots:
                visit = placement.cheapest(number, option)
                if visit is None:
                    break
                board.book_visit(visit)


class _Placement:
    def __init__(self, instance: Instance, statics: Statics, board: Board) -> None:
        self._instance = instance
        self._statics = statics
        self._board = board

    def cheapest(self, number: int, option: Option) -> Visit | None:
        patient = self._instance.patients[number]
        possible = self._statics.possible(number, option)
        choices: list[tuple[float, int, str, Id | None]] = []
        for index, modality in enumerate(MODALITIES):
            mask = possible[index] & self._fitting(number, option, modality)
            if not mask.any():
                continue
            cost = np.where(mask, self._cost(number, option, modality), np.inf)
            for practitioner, free, extra in self._practitioners(number, option):
                own = np.where(free, cost + extra, np.inf)
                best = int(own.argmin())
                choices.append((float(own.flat[best]), best, modality, practitioner))
        lowest, best, modality, who = min(choices, key=lambda choice: choice[0], default=(np.inf, 0, ON_SITE, None))
        if not np.isfinite(lowest):
            return None
        day, slot = divmod(best, SLOTS_A_DAY)
        return Visit(patient.id, option.service, day, slot, modality, who)

    def _fitting(self, number: int, option: Option, modality: str) -> Mask:
        mask = self._board.open_starts(option.service, option.slots, modality)
        for day in range(DAYS):
            mask[day] &= self._board.day_starts(number, day, option.slots, option.service, modality)
        return mask

    def _cost(self, number: int, option: Option, modality: str) -> Costs:
        """Preference, a new trip, and how far the day grows: [day, slot]."""
        weights = self._instance.weights
        trip = weights.trip_on_site if modality == ON_SITE else weights.trip_telehealth
        cost = self._statics.preference(self._instance.patients[number])
        start = np.arange(SLOTS_A_DAY)
        for day in range(DAYS):
            today = self._board.days[number].get(day)
            if today is None:
                cost[day] += trip
                continue
            first = min(slot for slot, _, _ in today.sessions)
            last = max(slot + slots for slot, slots, _ in today.sessions)
            before, after = np.maximum(0, first - start), np.maximum(0, start + option.slots - last)
            cost[day] += weights.idle * np.maximum(0, before + after - option.slots)
        return cost

    def _practitioners(self, number: int, option: Option) -> Iterator[tuple[Id | None, Mask | bool, int]]:
        """Yield who could hold it, where they are free, and what choosing them costs."""
        if option.service not in STAFFED_SERVICES:
            yield None, True, 0
            return
        for person, mask, extra in self._statics.team(number, option):
            free = mask & self._board.working_starts(person, option.slots)
            yield self._instance.practitioners[person].id, free, extra
