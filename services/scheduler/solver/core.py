"""A part of the week decided anew in its meetings alone; visits find their place afterwards.

Meetings bind people together and visits hardly do, so a model without visits can free twenty people
where one with visits frees eight. What it opens comes from the bound: meetings that somebody wanted
at the prices of the relaxation.
"""

from collections.abc import Callable
from random import Random
from time import monotonic
from typing import Final

import numpy as np

from services.scheduler.solver.annealing.engine import Annealing
from services.scheduler.solver.bound import Guide
from services.scheduler.solver.grid import Grid
from services.scheduler.solver.instance import Instance, Timetable
from services.scheduler.solver.neighbourhood import Neighbourhood
from services.scheduler.solver.offers import Offer, Offers
from services.scheduler.solver.prices import Array
from services.scheduler.solver.statics import Statics
from services.scheduler.solver.submodel import Submodel

# Meetings that the relaxation wanted less than this in all are left out.
WANTED: Final = 0.02
EVERYBODY: Final = 26
MOST_PEOPLE: Final = 20
MOST_OFFERS: Final = 320
OF_ONE_TRACK: Final = 2.0
# From the heat at which visits find their place to one at which nothing moves any more.
SETTLING: Final = (6.0, 1.0)
SETTLING_ROUNDS: Final = 40
# A composed week needs no more than its last seats found.
COMPOSED: Final = (2.0, 0.5)
# A planned week may still have people to move; a week that has been improved is not to be melted again.
PLANNED: Final = (10.0, 1.5)
IMPROVED: Final = (4.0, 1.0)
MOVES_AT_ONCE: Final = 20_000


def is_whole(instance: Instance) -> bool:
    """Say whether one model holds the meetings of everybody."""
    return len(instance.patients) <= EVERYBODY


class Core:
    """Improves a timetable by models of the meetings of many people at once; at a small site, of all."""

    def __init__(self, instance: Instance, offers: Offers, statics: Statics, grid: Grid, seed: int) -> None:
        self._instance = instance
        self._offers = offers
        self._statics = statics
        self._random = Random(seed)  # noqa: S311 -- reproducible search, nothing secret
        self._neighbourhood = Neighbourhood(instance, offers, statics, self._random)
        self._annealing = Annealing(instance, offers, statics, grid, seed)
        self._ids = [patient.id for patient in instance.patients]
        tracks = [patient.track for patient in instance.patients]
        self._same_track = np.array([[OF_ONE_TRACK * (one == other) for one in tracks] for other in tracks])

    def improve(
        self, timetable: Timetable, guide: Guide, unmet: Array, *, seconds: float, cancelled: Callable[[], bool]
    ) -> Timetable | None:
        """Decide the meetings of some people anew, then let their visits settle; None where no time was enough.

        `unmet` are each patient's slots that are missing and could be had.
        """
        columns = self._people(guide, unmet)
        free = frozenset(self._ids[column] for column in columns)
        model = Submodel(self._neighbourhood.meetings(timetable, free, self._wanted(guide, columns)))
        model.hint(timetable)
        seed = self._random.getrandbits(30)
        answer = model.solve(seconds=seconds, effort=None, seed=seed, cancelled=cancelled)
        return None if answer.timetable is None else self._settled(answer.timetable)

    def cooled(
        self, timetable: Timetable, heats: tuple[float, float], *, seconds: float, cancelled: Callable[[], bool]
    ) -> Timetable:
        """Anneal from the first heat to the second; return the best week met."""
        self._annealing.load(timetable)
        (hot, cold), began = heats, monotonic()
        while (share := (monotonic() - began) / seconds) < 1 and not cancelled():
            self._annealing.anneal(MOVES_AT_ONCE, hot * (cold / hot) ** share)
        return self._annealing.timetable()

    def _settled(self, timetable: Timetable) -> Timetable:
        self._annealing.load(timetable)
        hot, cold = SETTLING
        for number in range(SETTLING_ROUNDS):
            self._annealing.anneal(MOVES_AT_ONCE, hot * (cold / hot) ** (number / SETTLING_ROUNDS))
        return self._annealing.timetable()

    def _people(self, guide: Guide, unmet: Array) -> list[int]:
        """Somebody who lacks something, and those of the same track who would sit with them at the bound's prices."""
        count = len(self._ids)
        if is_whole(self._instance):
            return list(range(count))
        weights = unmet if unmet.any() else np.ones(count)
        seed = self._random.choices(range(count), weights.tolist())[0]
        noise = np.array([self._random.random() for _ in range(count)])
        together = guide.wanted.T @ guide.wanted[:, seed]
        score = self._same_track[seed] + together * (0.5 + noise) + 0.5 * (unmet > 0) * noise + 0.01 * noise
        score[seed] = np.inf
        return sorted(np.argsort(-score, kind="stable")[:MOST_PEOPLE].tolist())

    def _wanted(self, guide: Guide, columns: list[int]) -> tuple[Offer, ...]:
        wanted = guide.wanted[:, columns].sum(axis=1)
        best = np.argsort(-wanted, kind="stable")[:MOST_OFFERS].tolist()
        return tuple(self._offers.items[row] for row in best if wanted[row] > WANTED)
