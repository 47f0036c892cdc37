"""Which patients to set free next, and which meetings to let them open."""

from collections.abc import Callable
from random import Random
from typing import NamedTuple

import numpy as np

from services.scheduler.solver.bound import Guide
from services.scheduler.solver.instance import DAYS, Id, Instance, Timetable
from services.scheduler.solver.offers import Offer, Offers
from services.scheduler.solver.prices import Array

SMALLEST, FIRST, LARGEST = 5, 8, 24
RESTAFFED_DAYS = 2
RESTAFFING = 0.5
MOST_OFFERS = 60
NOISE = 0.2


class Pick(NamedTuple):
    """Patients to free, meetings to weigh, and days on which leaders may change."""

    free: frozenset[Id]
    extra: tuple[Offer, ...]
    restaffed: frozenset[int]


class Picker:
    """Chooses neighbourhoods; those ways that lately paid off are chosen more often."""

    def __init__(self, instance: Instance, offers: Offers, random: Random) -> None:
        self._instance = instance
        self._offers = offers
        self._random = random
        self._noise = np.random.default_rng(random.getrandbits(32))
        self._ids = [patient.id for patient in instance.patients]
        self._person = {patient: n for n, patient in enumerate(self._ids)}
        self._size = min(len(self._ids), FIRST)
        self._ways: tuple[Callable[[Timetable, Array], int], ...] = (
            self._by_unmet,
            self._by_small_group,
            self._at_random,
        )
        self._credit = [3.0, 1.0, 1.0]
        self._way = 0
        self.guide: Guide | None = None

    def pick(self, timetable: Timetable, unmet: Array) -> Pick:
        """Choose a neighbourhood of the timetable; `unmet` is each patient's avoidable slots."""
        weights = [credit if n or unmet.any() else 0.0 for n, credit in enumerate(self._credit)]
        self._way = self._random.choices(range(len(self._ways)), weights)[0]
        seed = self._ways[self._way](timetable, unmet)
        columns = self._companions(seed, timetable)
        free = frozenset(self._ids[column] for column in columns)
        changes = self._random.random() < RESTAFFING
        days = self._random.sample(range(DAYS), RESTAFFED_DAYS) if changes else ()
        return Pick(free, self._extra(columns), frozenset(days))

    def reward(self, gain: float, *, proven: bool) -> None:
        """Learn from the last pick: what it gained, and whether the model was solved."""
        paid = 1.0 if gain > 0 else 0.0
        self._credit[self._way] = max(0.2, 0.9 * self._credit[self._way] + 0.5 * paid)
        if proven and gain <= 0:
            self._size = min(self._size + 1, LARGEST, len(self._ids))
        elif not proven:
            self._size = max(self._size - 1, min(SMALLEST, len(self._ids)))

    def _by_unmet(self, _: Timetable, unmet: Array) -> int:
        return self._random.choices(range(len(self._ids)), unmet.tolist())[0]

    def _by_small_group(self, timetable: Timetable, _: Array) -> int:
        if not timetable.groups:
            return self._random.randrange(len(self._ids))
        some = self._random.sample(timetable.groups, min(4, len(timetable.groups)))
        smallest = min(some, key=lambda group: len(group.members))
        return self._person[self._random.choice(smallest.members)]

    def _at_random(self, _timetable: Timetable, _unmet: Array) -> int:
        return self._random.randrange(len(self._ids))

    def _companions(self, seed: int, timetable: Timetable) -> list[int]:
        """Those who could sit with the seed most often, or do."""
        eligible = self._offers.eligible
        affinity = eligible[eligible[:, seed]].mean(axis=0) if eligible[:, seed].any() else 0.0
        score = affinity + self._noise.random(len(self._ids)) * NOISE
        if self.guide is not None:
            wanted = self.guide.wanted
            score = score + 2.0 * wanted[:, seed] @ wanted
        for group in timetable.groups:
            if self._ids[seed] in group.members:
                for member in group.members:
                    score[self._person[member]] += 0.3
        score[seed] = np.inf
        return sorted(np.argsort(-score, kind="stable")[: self._size].tolist())

    def _extra(self, columns: list[int]) -> tuple[Offer, ...]:
        counts = self._offers.eligible[:, columns].sum(axis=1)
        least = [self._instance.kinds[offer.kind].size.minimum for offer in self._offers.items]
        score = counts / max(1, len(columns)) * self._offers.slots / 12
        if self.guide is not None:
            score = 0.02 * score + self.guide.wanted[:, columns].sum(axis=1)
        score = score * (1 + NOISE * self._noise.random(len(score)))
        score = np.where(counts >= np.minimum(least, len(columns)), score, -1.0)
        best = np.argsort(-score, kind="stable")[:MOST_OFFERS].tolist()
        return tuple(self._offers.items[row] for row in best if score[row] >= 0)
