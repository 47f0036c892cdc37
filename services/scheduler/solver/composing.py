"""A plan's meetings made into a week: everybody's weeks priced against each other, then decided one after another."""

from collections import Counter, defaultdict
from itertools import compress
from typing import Final

import numpy as np

from services.scheduler.solver.board import Board
from services.scheduler.solver.dive import Dive
from services.scheduler.solver.duals.engine import CompiledMarket
from services.scheduler.solver.instance import ON_SITE, Id, Instance, TherapyGroup, Timetable, Visit
from services.scheduler.solver.master import Master, Variable
from services.scheduler.solver.offers import Offers
from services.scheduler.solver.placement import place_visits
from services.scheduler.solver.planned_weeks import Week, WeekReader
from services.scheduler.solver.prices import Array, Prices
from services.scheduler.solver.statics import Statics

# Weeks are also planned between the best prices so far and the newest, which alone swing too widely.
STEADINESS: Final = 0.7
ROUNDS: Final = 60
ROUNDS_AFTER_DECISION: Final = 2
USEFUL: Final = 0.01
NEARLY_WHOLE: Final = 0.85
# How much dearer the week may become by whole leads before meetings are looked at one by one.
WORTH_A_LOOK: Final = 60.0
LEAST_SHARE: Final = 0.05
# Somebody whose weeks are refused so often has none that fits what is decided; the search looks on.
MOST_REFUSALS: Final = 3
# One more person is decided at a time for each so many.
PEOPLE_FOR_EACH_AT_ONCE: Final = 30


def composed(instance: Instance, offers: Offers, statics: Statics, dive: Dive) -> Timetable:
    """Build a week that breaks no rule of those meetings the dive has fixed that can take place."""
    return _Composer(instance, offers, statics, dive).timetable()


class _Composer:
    def __init__(self, instance: Instance, offers: Offers, statics: Statics, dive: Dive) -> None:
        self._instance = instance
        self._offers = offers
        self._statics = statics
        self._weeks = dive.weeks
        self._reader = WeekReader(instance, dive.weeks)
        meetings = [offer for offer, _ in dive.plan.meetings]
        self._master = Master(instance, offers, CompiledMarket(instance, offers), meetings)
        self._decided: dict[int, Week] = {}
        self._refusals: Counter[int] = Counter()
        self._center = dive.settle(self._hear)

    def _hear(self, prices: Prices) -> None:
        for patient in range(len(self._instance.patients)):
            week = self._reader.week(patient, prices)
            if week is not None:
                self._master.add(week)

    def timetable(self) -> Timetable:
        self._generate(ROUNDS, steadiness=STEADINESS)
        leads = self._lead()
        helpers = self._staff(self._master.helpers)
        is_deciding = True
        while is_deciding and len(self._decided) < len(self._instance.patients):
            self._generate(ROUNDS_AFTER_DECISION, steadiness=0.0)
            is_deciding = self._decide()
        return self._booked(leads, helpers)

    def _generate(self, rounds: int, *, steadiness: float) -> None:
        """Plan new weeks at the program's prices until none is of use."""
        best = -np.inf
        self._master.solve()
        for _ in range(rounds):
            newest, worths = self._master.prices(), self._master.worths()
            if steadiness:
                self._plan(_between(self._center, newest, steadiness), np.full(len(worths), np.inf))
            loss = self._plan(newest, worths)
            if loss > best:
                best, self._center = loss, newest
            self._master.solve()
            if loss > -USEFUL:
                break

    def _plan(self, prices: Prices, worths: Array) -> float:
        """Add everybody's week at these prices that is worth it; return what all are below it, at most 0."""
        self._weeks.respond(prices)
        losses = np.minimum(0.0, self._weeks.values - worths + USEFUL)
        for patient in np.flatnonzero(losses < 0).tolist():
            if patient not in self._decided:
                week = self._reader.week(patient, prices)
                if week is None or not self._master.add(week):
                    losses[patient] = 0.0
        return float(losses.sum())

    def _lead(self) -> dict[int, int]:
        """Decide who leads where, and do without meetings that take more from the week than they bring."""
        leads, before = self._master.leads, self._master.cost
        chosen = self._staff(leads)
        for meeting in sorted(chosen, key=lambda meeting: self._offers.eligible[meeting].sum()):
            best, lead = self._master.cost, leads[meeting][chosen[meeting]]
            if best <= before + WORTH_A_LOOK:
                break
            self._master.drop([lead])
            if self._master.cost >= best:
                self._master.decide([lead])
            else:
                del chosen[meeting]
                self._generate(ROUNDS_AFTER_DECISION, steadiness=0.0)
        return chosen

    def _staff(self, choices: dict[int, dict[int, Variable]]) -> dict[int, int]:
        """Decide who leads or helps where, the surest first; where nobody does it is not asked again."""
        chosen: dict[int, int] = {}
        left = {meeting: people for meeting, people in choices.items() if people}
        while left:
            shares = {m: max((v.solution_value(), who) for who, v in people.items()) for m, people in left.items()}
            least = min(NEARLY_WHOLE, max(share for share, _ in shares.values()))
            sure = [(meeting, who) for meeting, (share, who) in shares.items() if share >= least]
            if least >= LEAST_SHARE:
                are_decided = self._master.decide([left[meeting][who] for meeting, who in sure])
                chosen.update(dict(compress(sure, are_decided)))
            gone = {meeting: left.pop(meeting) for meeting, _ in sure}
            self._master.drop(
                variable for m, people in gone.items() for who, variable in people.items() if chosen.get(m) != who
            )
        return chosen

    def _decide(self) -> bool:
        """Decide the weeks that are nearly whole, or else the surest; say whether there was anything to decide."""
        surest: dict[int, tuple[float, Week]] = {}
        for week, variable in self._master.weeks.items():
            share = variable.solution_value()
            if week.patient not in self._decided and share > surest.get(week.patient, (0.0, week))[0]:
                surest[week.patient] = (share, week)
        order = sorted(surest.values(), key=lambda one: -one[0])
        at_once = 1 + len(self._instance.patients) // PEOPLE_FOR_EACH_AT_ONCE
        sure = [week for share, week in order if share >= NEARLY_WHOLE] or [week for _, week in order[:at_once]]
        are_decided = self._master.decide([self._master.weeks[week] for week in sure])
        self._decided.update({week.patient: week for week in compress(sure, are_decided)})
        self._refusals.update(week.patient for week in sure if week.patient not in self._decided)
        for patient, refusals in self._refusals.items():
            if refusals >= MOST_REFUSALS and patient not in self._decided:
                self._decided[patient] = self._master.nothing(patient)
        return bool(sure)

    def _booked(self, leads: dict[int, int], helpers: dict[int, int]) -> Timetable:
        """Book what was decided as far as it goes; what a meeting or a visit then lacks is found anew."""
        board = Board(self._instance)
        members: dict[int, list[int]] = defaultdict(list)
        for week in self._decided.values():
            for meeting in week.meetings:
                members[meeting].append(week.patient)
        for meeting, lead in leads.items():
            group = self._group(board, meeting, lead, helpers.get(meeting), members[meeting])
            if group is not None:
                board.book_group(group)
        for week in self._decided.values():
            for visit in week.visits:
                if self._fits(board, week.patient, visit):
                    board.book_visit(visit)
        place_visits(self._instance, self._statics, board)
        return board.timetable()

    def _group(
        self, board: Board, meeting: int, lead: int, helper: int | None, members: list[int]
    ) -> TherapyGroup | None:
        instance, offer = self._instance, self._offers.items[meeting]
        kind, staff = instance.kinds[offer.kind], instance.practitioners
        together = self._without_enemies([instance.patients[number].id for number in members])
        if helper is not None and not board.may_work(helper, offer.day, offer.slot, kind.slots):
            helper = None
        together = together[: kind.size.maximum if helper is not None else kind.size.co_facilitator_above]
        if offer.modality == ON_SITE:
            together = together[: board.largest_room(offer.day, offer.slot, kind.slots)]
        if len(together) < kind.size.minimum or not board.may_work(lead, offer.day, offer.slot, kind.slots):
            return None
        return TherapyGroup(
            kind=offer.kind,
            day=offer.day,
            slot=offer.slot,
            modality=offer.modality,
            track=offer.track,
            language=offer.language,
            lead=staff[lead].id,
            co=staff[helper].id if helper is not None and len(together) > kind.size.co_facilitator_above else None,
            room=board.room(offer.day, offer.slot, kind.slots, len(together)) if offer.modality == ON_SITE else None,
            members=tuple(together),
        )

    def _without_enemies(self, members: list[Id]) -> list[Id]:
        together: list[Id] = []
        for member in members:
            if not any(member in pair and set(pair) & set(together) for pair in self._instance.no_contact):
                together.append(member)
        return together

    def _fits(self, board: Board, patient: int, visit: Visit) -> bool:
        slots = self._instance.visit_slots(self._instance.patients[patient], visit.service)
        is_free = visit.practitioner is None or board.may_work(
            board.staff[visit.practitioner], visit.day, visit.slot, slots
        )
        place = board.open_starts(visit.service, slots, visit.modality)[visit.day, visit.slot]
        own = board.day_starts(patient, visit.day, slots, visit.service, visit.modality)[visit.slot]
        return bool(is_free and place and own)


def _between(center: Prices, newest: Prices, steadiness: float) -> Prices:
    with np.errstate(invalid="ignore"):
        mixed = center.blended(newest, steadiness)
    mixed.seats[np.isinf(newest.seats)] = np.inf
    return mixed
