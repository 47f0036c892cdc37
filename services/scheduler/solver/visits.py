"""Which visits a model should weigh: beside the meetings a patient may join, and a few others."""

from collections.abc import Iterable
from random import Random

import numpy as np
import numpy.typing as npt

from services.scheduler.solver.batches import Option
from services.scheduler.solver.board import Board
from services.scheduler.solver.days import Costs
from services.scheduler.solver.grid import Mask
from services.scheduler.solver.instance import (
    DAYS,
    INDIVIDUAL,
    INDIVIDUAL_SERVICES,
    MODALITIES,
    SLOTS_A_DAY,
    STAFFED_SERVICES,
    Instance,
    Visit,
)
from services.scheduler.solver.offers import Offer
from services.scheduler.solver.statics import Statics

# A start beside no meeting means waiting or a trip of its own: about what that costs.
APART = 6.0
NOISE = 4.0


class VisitChoices:
    """Chooses starts for each patient and service, cheapest first with some noise."""

    def __init__(self, instance: Instance, statics: Statics, random: Random, each: int) -> None:
        self._instance = instance
        self._statics = statics
        self._random = np.random.default_rng(random.getrandbits(32))
        self._each = each

    def of(self, board: Board, column: int, joinable: Iterable[Offer]) -> list[Visit]:
        """List visits of one patient that the board leaves room for."""
        patient, found = self._instance.patients[column], []
        meetings = list(joinable)
        for service in INDIVIDUAL_SERVICES:
            slots = self._instance.visit_slots(patient, service)
            if slots and patient.needs.get(service, 0) >= slots:
                option = Option(service, None, slots)
                found += self._service(board, column, option, meetings)
        return found

    def _service(self, board: Board, column: int, option: Option, meetings: list[Offer]) -> list[Visit]:
        patient = self._instance.patients[column]
        mask = self._statics.possible(column, option)
        for index, modality in enumerate(MODALITIES):
            mask[index] &= board.open_starts(option.service, option.slots, modality)
        team, free = self._team(board, column, option)
        mask &= free.any(axis=0)
        cost = self._statics.preference(patient) + np.where(self._beside(option, meetings), 0, APART)
        cost = cost + self._random.random(cost.shape) * NOISE
        chosen = self._cheapest(np.where(mask, cost, np.inf))
        return [
            Visit(patient.id, option.service, day, slot, MODALITIES[index], who)
            for index, day, slot in chosen
            for who, is_free in zip(team, free[:, day, slot].tolist(), strict=True)
            if is_free
        ]

    def _cheapest(self, cost: Costs) -> list[tuple[int, int, int]]:
        flat = cost.ravel()
        count = min(self._each, int(np.isfinite(flat).sum()))
        if not count:
            return []
        places: npt.NDArray[np.int64] = np.argpartition(flat, count - 1)[:count]
        indices = np.unravel_index(np.sort(places), cost.shape)
        return [(int(m), int(d), int(s)) for m, d, s in zip(*indices, strict=True)]

    def _team(self, board: Board, column: int, option: Option) -> tuple[tuple[int | str | None, ...], Mask]:
        if option.service not in STAFFED_SERVICES:
            return (None,), np.ones((1, DAYS, SLOTS_A_DAY), np.bool_)
        everybody = tuple(person.id for person in self._instance.practitioners)
        own = self._instance.patients[column].team
        team = own if option.service == INDIVIDUAL else everybody
        free = self._statics.staffed(team, option)
        for row, member in enumerate(team):
            if free[row].any():
                free[row] &= board.working_starts(board.staff[member], option.slots)
        return team, free

    def _beside(self, option: Option, meetings: list[Offer]) -> Mask:
        """Mark starts right after or right before a meeting: [modality, day, slot]."""
        gap = self._instance.limits.gap_slots
        mask = np.zeros((len(MODALITIES), DAYS, SLOTS_A_DAY), np.bool_)
        for offer in meetings:
            own = mask[MODALITIES.index(offer.modality), offer.day]
            after = offer.slot + self._instance.kinds[offer.kind].slots + gap
            before = offer.slot - gap - option.slots
            own[[slot for slot in (before, after) if 0 <= slot < SLOTS_A_DAY]] = True
        return mask
