"""A part of the week set free: which patients, which meetings, which visits a model may decide."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from random import Random

import numpy as np

from services.scheduler.solver.board import Board
from services.scheduler.solver.grid import Mask
from services.scheduler.solver.instance import (
    Id,
    Instance,
    TherapyGroup,
    Timetable,
)
from services.scheduler.solver.model import Join, Problem, Staffing
from services.scheduler.solver.offers import Offer, Offers
from services.scheduler.solver.statics import Statics
from services.scheduler.solver.visits import VisitChoices

MOST_LEADERS = 6
MOST_ASSISTANTS = 3
# More starts for each service make the models slower than they make them better.
VISITS_EACH = 4


def offer_of(group: TherapyGroup) -> Offer:
    """Return the offer a group is a copy of."""
    return Offer(group.kind, group.track, group.language, group.modality, group.day, group.slot)


class Neighbourhood:
    """Builds the problem that frees some patients of a timetable.

    `extra` are meetings that may be opened; meetings without members who stay may close or change
    hands, and so may all those on a day in `restaffed`.
    """

    def __init__(
        self,
        instance: Instance,
        offers: Offers,
        statics: Statics,
        random: Random,
    ) -> None:
        self._instance = instance
        self._offers = offers
        self._random = random
        self._choices = VisitChoices(instance, statics, random, VISITS_EACH)
        self._person = {patient.id: n for n, patient in enumerate(instance.patients)}
        self._staff = [person.id for person in instance.practitioners]

    def problem(
        self,
        timetable: Timetable,
        free: frozenset[Id],
        extra: Iterable[Offer],
        restaffed: frozenset[int] = frozenset(),
    ) -> Problem:
        """Free the patients and everything that depends on them alone."""
        board, freed = self._freed(timetable, free, extra, restaffed, MOST_LEADERS)
        visits = dict.fromkeys(visit for visit in timetable.visits if visit.patient in free)
        for column in self._columns(free):
            patient = self._instance.patients[column].id
            joinable = [join.offer for join in freed.joins if join.patient == patient]
            visits.update(dict.fromkeys(self._choices.of(board, column, joinable)))
        return replace(freed, visits=tuple(visits))

    def meetings(self, timetable: Timetable, free: frozenset[Id], extra: Iterable[Offer]) -> Problem:
        """Free the patients' meetings, under any leader; their visits are gone."""
        return self._freed(timetable, free, extra, frozenset(), len(self._staff))[1]

    def _columns(self, free: frozenset[Id]) -> list[int]:
        return [self._person[patient] for patient in sorted(free, key=self._person.__getitem__)]

    def _freed(
        self,
        timetable: Timetable,
        free: frozenset[Id],
        extra: Iterable[Offer],
        restaffed: frozenset[int],
        most_leaders: int,
    ) -> tuple[Board, Problem]:
        columns = self._columns(free)
        existing: dict[Offer, list[TherapyGroup]] = defaultdict(list)
        outside: list[TherapyGroup] = []
        for group in timetable.groups:
            offer = offer_of(group)
            row = self._offers.index.get(offer)
            if row is not None and self._offers.eligible[row, columns].any():
                existing[offer].append(group)
            else:
                outside.append(group)
        stay = tuple(visit for visit in timetable.visits if visit.patient not in free)
        background = Timetable(tuple(outside), stay)
        board = Board.of(self._instance, background)
        held = {
            offer: frozenset(m for group in groups for m in group.members if m not in free)
            for offer, groups in existing.items()
        }
        chosen = [*existing, *(offer for offer in dict.fromkeys(extra) if offer not in existing)]
        leads: list[Staffing] = []
        assists: list[Staffing] = []
        joins: list[Join] = []
        for offer in chosen:
            keeps = bool(held.get(offer)) and offer.day not in restaffed
            current = [group.lead for group in existing.get(offer, [])]
            leads += self._leads(board, offer, current, most=0 if keeps else most_leaders)
            assists += self._assists(board, offer, existing.get(offer, []))
            row = self._offers.index[offer]
            joins += [
                Join(self._instance.patients[column].id, offer)
                for column in columns
                if self._offers.eligible[row, column]
            ]
        return board, Problem(
            instance=self._instance,
            joins=tuple(joins),
            leads=tuple(leads),
            assists=tuple(assists),
            visits=(),
            held={offer: members for offer, members in held.items() if members},
            background=background,
        )

    def _leads(self, board: Board, offer: Offer, current: list[Id], *, most: int) -> list[Staffing]:
        able = self._free(board, offer, self._offers.leaders) if most else []
        others = [who for who in able if who not in current]
        self._random.shuffle(others)
        return [Staffing(offer, who) for who in [*current, *others[:most]]]

    def _assists(self, board: Board, offer: Offer, groups: list[TherapyGroup]) -> list[Staffing]:
        current = [group.co for group in groups if group.co is not None]
        size = self._instance.kinds[offer.kind].size
        row = self._offers.index[offer]
        if self._offers.eligible[row].sum() <= size.co_facilitator_above:
            return [Staffing(offer, who) for who in current]
        able = self._free(board, offer, self._offers.assistants)
        others = [who for who in able if who not in current]
        self._random.shuffle(others)
        return [Staffing(offer, who) for who in [*current, *others[:MOST_ASSISTANTS]]]

    def _free(self, board: Board, offer: Offer, able: Mask) -> list[Id]:
        slots = self._instance.kinds[offer.kind].slots
        return [
            self._staff[number]
            for number in np.flatnonzero(able[self._offers.index[offer]]).tolist()
            if board.may_work(number, offer.day, offer.slot, slots)
        ]
