"""A plan's meetings made into weeks: everybody's weeks priced against each other, then decided one after another."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import compress
from typing import Final

import numpy as np

from services.scheduler.solver.booking import Staffed, booked
from services.scheduler.solver.dive import Dive
from services.scheduler.solver.duals.engine import CompiledMarket
from services.scheduler.solver.duals.shapes import LENGTH, WHO
from services.scheduler.solver.filling import filled
from services.scheduler.solver.grid import Mask
from services.scheduler.solver.instance import Instance, Timetable
from services.scheduler.solver.master import Master, Variable
from services.scheduler.solver.offers import Offers
from services.scheduler.solver.planned_weeks import Week, WeekReader
from services.scheduler.solver.prices import Array, Prices
from services.scheduler.solver.statics import Statics
from services.scheduler.solver.taken import enemies

# Weeks are also planned between the best prices so far and the newest, which alone swing too widely.
STEADINESS: Final = 0.7
ROUNDS: Final = 60
ROUNDS_AFTER_DECISION: Final = 3
ROUNDS_AFTER_CANCELLING: Final = 8
ROUNDS_AFTER_CLOSING: Final = 12
USEFUL: Final = 0.01
# Of the cost: where new weeks could not save more, none is planned.
NEARLY_NOTHING: Final = 2e-4
NEARLY_WHOLE: Final = 0.75
LEAST_SHARE: Final = 0.05
LITTLE: Final = 0.01
# A decision after which the week is so much dearer, new weeks or not, is taken back.
DEAR: Final = 30.0
# Somebody whose weeks are refused so often has none that fits what is decided; the search looks on.
MOST_REFUSALS: Final = 6
# By how much the program may cost more than the best week there is: at first it also pays for meetings that need
# not take place, which it no longer does once they are decided.
HOPELESS: Final = 1.08
DECIDED_HOPELESS: Final = 1.02
# How often meetings that lack members are closed; what still lacks them then is left to the search.
MOST_CLOSINGS: Final = 3
# One more person is decided at a time for each so many.
PEOPLE_FOR_EACH_AT_ONCE: Final = 12


def composed(
    instance: Instance,
    offers: Offers,
    statics: Statics,
    dive: Dive,
    *,
    best: float = np.inf,
    keeps_leads: bool = False,
) -> Iterator[Timetable]:
    """Yield weeks that break no rule, of those meetings the dive has fixed that can take place.

    The first is filled as soon as weeks are priced; the second, mostly better, takes several times as long. With
    `keeps_leads` everybody leads what the dive gave them, which takes less time and makes somewhat dearer weeks. There
    is none where already the program says that it would cost far more than the `best` so far.
    """
    if keeps_leads:
        offers = replace(offers, leaders=_leads_of(dive, offers))
    return _Composer(instance, offers, statics, dive).weeks(best)


def _leads_of(dive: Dive, offers: Offers) -> Mask:
    leaders = np.zeros_like(offers.leaders)
    for meeting, who in dive.plan.meetings:
        leaders[meeting, who] = True
    return leaders


class _Composer:
    def __init__(self, instance: Instance, offers: Offers, statics: Statics, dive: Dive) -> None:
        self._instance = instance
        self._offers = offers
        self._statics = statics
        self._dive = dive
        self._weeks = dive.weeks
        self._reader = WeekReader(instance, dive.weeks)
        meetings = [offer for offer, _ in dive.plan.meetings]
        self._master = Master(instance, offers, CompiledMarket(instance, offers), meetings)
        self._enemies = enemies(instance)
        self._decided: dict[int, Week] = {}
        self._refusals: Counter[int] = Counter()
        self._center = dive.settle(self._hear)

    def _hear(self, prices: Prices) -> None:
        for patient in range(len(self._instance.patients)):
            week = self._reader.week(patient, prices)
            if week is not None:
                self._master.add(week)

    def weeks(self, best: float) -> Iterator[Timetable]:
        """Compose weeks, unless their shares alone cost far more than the best there is."""
        self._generate(ROUNDS, steadiness=STEADINESS)
        if self._master.cost > HOPELESS * best:
            return
        yield filled(self._instance, self._offers, self._statics, self._dive, prices=self._master.prices())
        self._decide_meetings()
        if self._master.cost > DECIDED_HOPELESS * best:
            return
        leads = self._staff(self._master.leads)
        helpers = self._staff(self._master.helpers)
        self._decide_weeks(leads, helpers)
        for _ in range(MOST_CLOSINGS):
            short = self._short(leads)
            if not short:
                break
            self._do_without(short, leads, helpers)
            self._decide_weeks(leads, helpers)
        yield booked(self._instance, self._offers, self._statics, Staffed(leads, helpers), self._decided.values())

    def _generate(self, rounds: int, *, steadiness: float) -> None:
        """Plan new weeks at the program's prices until none is of use."""
        best = -np.inf
        for _ in range(rounds):
            newest, worths = self._master.prices(), self._master.worths()
            if steadiness:
                self._plan(_between(self._center, newest, steadiness), np.full(len(worths), np.inf))
            loss = self._plan(newest, worths)
            if loss > best:
                best, self._center = loss, newest
            if loss > -NEARLY_NOTHING * self._master.cost:
                break

    def _renew(self, planned_at: float) -> float:
        """Plan new weeks where decisions have cost something since: else the weeks there are will do."""
        if self._master.cost <= planned_at + NEARLY_NOTHING * self._master.cost:
            return planned_at
        self._generate(ROUNDS_AFTER_DECISION, steadiness=0.0)
        return self._master.cost

    def _plan(self, prices: Prices, worths: Array) -> float:
        """Add everybody's week at these prices that is worth it; return what all are below it, at most 0."""
        for meeting, enemy in self._barred(self._decided.values()):
            prices.seats[meeting, enemy] = np.inf
        self._weeks.respond(prices)
        losses = np.minimum(0.0, self._weeks.values - worths + USEFUL)
        for patient in np.flatnonzero(losses < 0).tolist():
            if patient not in self._decided:
                week = self._reader.week(patient, prices)
                if week is None or not self._master.add(week):
                    losses[patient] = 0.0
        return float(losses.sum())

    def _decide_meetings(self) -> None:
        """Decide which meetings take place at all, those first that do by the least share."""
        planned_at = self._master.cost
        while doubtful := {m: share for m, share in self._master.shares().items() if share < 1 - LEAST_SHARE}:
            meeting = min(doubtful, key=lambda meeting: doubtful[meeting])
            before = self._master.cost
            with_it = self._master.cost if self._master.hold(meeting) else np.inf
            self._master.cancel(meeting)
            if min(with_it, self._master.cost) > before + DEAR:
                # The weeks there are count on the meeting: what doing without it costs, only new ones can tell.
                self._generate(ROUNDS_AFTER_CANCELLING, steadiness=0.0)
            if with_it <= self._master.cost:
                self._master.hold(meeting)
            planned_at = self._renew(planned_at)

    def _staff(self, choices: dict[int, dict[int, Variable]]) -> dict[int, int]:
        """Decide who leads or helps where, the surest first; where nobody does it is not asked again."""
        chosen: dict[int, int] = {}
        planned_at = self._master.cost
        left = {meeting: people for meeting, people in choices.items() if people}
        while left:
            shares = {m: {who: self._master.share(v) for who, v in people.items()} for m, people in left.items()}
            if max(sum(people.values()) for people in shares.values()) < LEAST_SHARE:
                self._master.drop(variable for people in left.values() for variable in people.values())
                break
            likely = {meeting: max(people, key=lambda who: people[who]) for meeting, people in shares.items()}
            order = sorted(likely, key=lambda meeting: shares[meeting][likely[meeting]], reverse=True)
            sure = [meeting for meeting in order if shares[meeting][likely[meeting]] >= NEARLY_WHOLE]
            decided = self._together({meeting: likely[meeting] for meeting in sure}, left)
            if not decided:
                decided = self._cheapest(order[0], left[order[0]])
            chosen |= decided
            for meeting in decided or order[:1]:
                people = left.pop(meeting)
                self._master.drop(variable for who, variable in people.items() if who != decided.get(meeting))
            planned_at = self._renew(planned_at)
        return chosen

    def _together(self, sure: dict[int, int], people: dict[int, dict[int, Variable]]) -> dict[int, int]:
        """Decide as many of these, the surest first, as make the week together no dearer."""
        before = self._master.cost
        while sure:
            variables = [people[meeting][who] for meeting, who in sure.items()]
            if self._master.can_have(variables) and self._master.cost <= before + DEAR:
                break
            self._master.release(variables)
            sure = dict(list(sure.items())[: len(sure) // 2])
        return sure

    def _cheapest(self, meeting: int, people: dict[int, Variable]) -> dict[int, int]:
        """Decide for the one with whom the week costs least; a meeting nobody can lead is cancelled."""
        before, costs = self._master.cost, dict[int, float]()
        shares = {who: self._master.share(variable) for who, variable in people.items()}
        for likely in (True, False):
            if min(costs.values(), default=np.inf) > before + DEAR:
                asked = [who for who, share in shares.items() if (share >= LEAST_SHARE) == likely]
                costs |= dict(zip(asked, self._master.trials([people[who] for who in asked]), strict=True))
        best = min(costs, key=lambda who: costs[who])
        if costs[best] < np.inf:
            self._master.decide([people[best]])
            return {meeting: best}
        if people is self._master.leads[meeting]:
            self._master.cancel(meeting)
        return {}

    def _decide_weeks(self, leads: dict[int, int], helpers: dict[int, int]) -> None:
        is_deciding, planned_at = True, -np.inf
        while is_deciding and len(self._decided) < len(self._instance.patients):
            self._exclude([*leads.items(), *helpers.items()])
            self._keep_apart()
            planned_at = self._renew(planned_at)
            is_deciding = self._decide()

    def _exclude(self, staff: list[tuple[int, int]]) -> None:
        """Do without visits for which hours are left, but too few: the program would have a share of them."""
        day, in_week = left = self._master.hours_left(self._decided.values(), staff)
        shapes = self._weeks.shapes
        hours = np.minimum(day, in_week[:, None])[shapes.team[:, WHO]]
        shapes.team_starts[shapes.team[:, LENGTH, None] > hours] = False
        self._master.drop(
            variable
            for week, variable in self._master.weeks.items()
            if week.patient not in self._decided and not self._master.fits(week, left)
        )

    def _barred(self, weeks: Iterable[Week]) -> set[tuple[int, int]]:
        """Return who may not come where, since these people do and may not be met: (meeting, patient)."""
        return {(m, enemy) for week in weeks for m in week.meetings for enemy in self._enemies[week.patient]}

    def _keep_apart(self) -> None:
        barred = self._barred(self._decided.values())
        self._master.drop(
            variable
            for week, variable in self._master.weeks.items()
            if week.patient not in self._decided and any((m, week.patient) in barred for m in week.meetings)
        )

    def _do_without(self, short: list[int], leads: dict[int, int], helpers: dict[int, int]) -> None:
        """Close meetings that would lack members; whoever was to come there is decided anew."""
        helping = [self._master.helpers[meeting][helpers.pop(meeting)] for meeting in short if meeting in helpers]
        waiting = [patient for patient, week in self._decided.items() if set(short) & set(week.meetings)]
        self._master.release([self._master.weeks[self._decided.pop(patient)] for patient in waiting])
        self._master.drop(helping)
        for meeting in short:
            del leads[meeting]
            self._master.cancel(meeting)
        for patient in waiting:
            self._refusals.pop(patient, None)
        self._generate(ROUNDS_AFTER_CLOSING, steadiness=0.0)

    def _short(self, leads: dict[int, int]) -> list[int]:
        """Return the meetings to which fewer people are to come than must."""
        members = Counter(meeting for week in self._decided.values() for meeting in week.meetings)
        kinds, offers = self._instance.kinds, self._offers.items
        return [meeting for meeting in leads if members[meeting] < kinds[offers[meeting].kind].size.minimum]

    def _decide(self) -> bool:
        """Decide the weeks that are nearly whole, or else the surest; say whether there was anything to decide."""
        before, sure = self._master.cost, self._surest()
        are_decided = self._have(sure)
        if len(sure) > 1 and self._master.cost > before + DEAR:
            self._master.release([self._master.weeks[week] for week in sure])
            sure = sure[:1]
            are_decided = self._have(sure)
        if self._master.cost > before + DEAR and self._refusals[sure[0].patient] < MOST_REFUSALS:
            self._generate(ROUNDS_AFTER_DECISION, steadiness=0.0)
            if self._master.cost > before + DEAR:
                self._master.drop([self._master.weeks[sure[0]]])
                are_decided = [False]
        self._decided.update({week.patient: week for week in compress(sure, are_decided)})
        self._refusals.update(week.patient for week in sure if week.patient not in self._decided)
        for patient, refusals in self._refusals.items():
            if refusals > MOST_REFUSALS and patient not in self._decided:
                self._decided[patient] = nothing = self._master.nothing(patient)
                self._have([nothing])
        return bool(sure)

    def _surest(self) -> list[Week]:
        """Return the weeks to decide next, the surest first."""
        surest: dict[int, tuple[float, Week]] = {}
        for week, variable in self._master.weeks.items():
            # Somebody who would have nothing for a share of the week waits until there is nothing else.
            share = self._master.share(variable) * (1.0 if week.meetings or week.visits else LITTLE)
            if week.patient not in self._decided and share > surest.get(week.patient, (0.0, week))[0]:
                surest[week.patient] = (share, week)
        order = sorted(surest.values(), key=lambda one: -one[0])
        at_once = 1 + len(self._instance.patients) // PEOPLE_FOR_EACH_AT_ONCE
        weeks = [week for share, week in order if share >= NEARLY_WHOLE] or [week for _, week in order[:at_once]]
        together: list[Week] = []
        for week in weeks:
            if not self._barred(together) & {(meeting, week.patient) for meeting in week.meetings}:
                together.append(week)
        return together

    def _have(self, weeks: list[Week]) -> list[bool]:
        return self._master.decide([self._master.weeks[week] for week in weeks])


def _between(center: Prices, newest: Prices, steadiness: float) -> Prices:
    with np.errstate(invalid="ignore"):
        mixed = center.blended(newest, steadiness)
    mixed.seats[np.isinf(newest.seats)] = np.inf
    return mixed
