"""The linear program over whole weeks: which share of which week everybody has, where these meetings take place.

Its rows are what weeks compete for: seats, practitioners' slots and hours, rooms and pools. Their dual values are
prices at which to plan more weeks (column generation; Dantzig and Wolfe, Operations Research 8(1), 1960).
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from ortools.linear_solver import pywraplp

from services.scheduler.solver.instance import DAYS, MEDICATION, NURSE_VISIT, ON_SITE, SLOTS_A_DAY, Instance, Visit
from services.scheduler.solver.offers import Offers
from services.scheduler.solver.planned_weeks import Week
from services.scheduler.solver.prices import ROOMS, Array, Market, Prices
from services.scheduler.solver.usual import Numbers, usual_members

# What it costs that a meeting of the plan cannot take place after all.
MISSED: Final = 100.0

# Presolving and scaling would throw the last basis away, from which a few pivots lead to the next.
WARM_START: Final = "use_preprocessing: false use_scaling: false allow_simplex_algorithm_change: true"

Variable: TypeAlias = pywraplp.Variable
Row: TypeAlias = pywraplp.Constraint


@dataclass(frozen=True, slots=True)
class _Slot:
    """A slot of a practitioner."""

    who: int
    slot: int


@dataclass(frozen=True, slots=True)
class _Day:
    """The contact hours of a practitioner's day."""

    who: int
    day: int


@dataclass(frozen=True, slots=True)
class _Hours:
    """The contact hours of a practitioner's week; `is_busy` is the share of them above which they cost."""

    who: int
    is_busy: bool


@dataclass(frozen=True, slots=True)
class _Place:
    """A slot of the rooms, or of a pool."""

    name: str
    slot: int


_Key = _Slot | _Day | _Hours | _Place


class Master:
    """The program; it grows by weeks, and what is decided stays so. Offers and patients go by their numbers."""

    def __init__(self, instance: Instance, offers: Offers, market: Market, meetings: Iterable[int]) -> None:
        self._instance = instance
        self._offers = offers
        self._market = market
        self._number = {person.id: number for number, person in enumerate(instance.practitioners)}
        self._known = usual_members(instance, offers)
        self._program = pywraplp.Solver.CreateSolver("GLOP")
        self._program.SetSolverSpecificParametersAsString(WARM_START)
        self._cost = self._program.Objective()
        self._cost.SetOffset(instance.cost_of_the_known())
        # Most changes are followed by others before anybody asks what they come to.
        self._is_solved = self._has_shares = False
        self._people = [self._program.Constraint(1, 1) for _ in instance.patients]
        self._seats: dict[int, Row] = {}
        self._least: dict[int, Row] = {}
        # A row that came later would cost the program its last basis, and with it most of its time.
        self._rows = {key: self._row(key) for key in self._shared()}
        self.weeks: dict[Week, Variable] = {}
        self.leads: dict[int, dict[int, Variable]] = {}
        self.helpers: dict[int, dict[int, Variable]] = {}
        self._missed: dict[int, Variable] = {}
        for meeting in meetings:
            self._open(meeting)
        for patient in range(len(instance.patients)):
            self.add(self.nothing(patient))

    def add(self, week: Week) -> bool:
        """Let the patient have this week too; say whether it is a new one."""
        if week in self.weeks:
            return False
        share = self.weeks[week] = self._variable(week.cost)
        self._people[week.patient].SetCoefficient(share, 1)
        for meeting in week.meetings:
            self._seats[meeting].SetCoefficient(share, 1)
            self._least[meeting].SetCoefficient(share, 1)
        claims: Counter[_Key] = Counter()
        for visit in week.visits:
            claims.update(self._visit(week.patient, visit))
        self._claim(share, claims)
        return True

    def nothing(self, patient: int) -> Week:
        """Return the week in which the patient gets nothing of what is needed."""
        needs = self._instance.patients[patient].needs
        return Week(patient, (), (), float(self._instance.weights.unmet * sum(needs.values())))

    def solve(self) -> bool:
        """Find the best shares, unless they are known; say whether there are any."""
        if not self._is_solved:
            self._has_shares = self._program.Solve() == pywraplp.Solver.OPTIMAL
            self._is_solved = True
        return self._has_shares

    def prices(self) -> Prices:
        """Return what everything is worth at the best shares; seats of other meetings are not for sale."""
        self.solve()
        instance, offers = self._instance, self._offers
        prices = Prices.nothing(instance, offers)
        prices.seats[:] = np.inf
        for meeting, seats in self._seats.items():
            prices.seats[meeting] = -seats.dual_value() - self._least[meeting].dual_value()
        prices.seats[~offers.eligible] = np.inf
        by_day = prices.staff.reshape(len(prices.staff), -1, SLOTS_A_DAY)
        for key, row in self._rows.items():
            match key:
                case _Slot(who, slot):
                    prices.staff[who, slot] -= row.dual_value()
                case _Day(who, day):
                    by_day[who, day] -= row.dual_value()
                case _Hours(who, _):
                    prices.staff[who] -= row.dual_value()
                case _Place(name, slot):
                    prices.places[name][slot] -= row.dual_value()
        return prices

    def worths(self) -> Array:
        """Return what another week of each patient may cost at most, prices included, to be of use."""
        self.solve()
        return np.array([row.dual_value() for row in self._people])

    def share(self, variable: Variable) -> float:
        """Return the best share of a variable."""
        self.solve()
        return float(variable.solution_value())

    def decide(self, variables: Sequence[Variable]) -> list[bool]:
        """Have these whole, or where that is impossible not at all; say which are, and find new best shares."""
        if self.can_have(variables):
            return [True] * len(variables)
        self.drop(variables)
        return [len(variables) > 1 and self.decide([variable])[0] for variable in variables]

    def shares(self) -> dict[int, float]:
        """Return by which share each meeting takes place, of those that are not cancelled."""
        self.solve()
        return {
            meeting: 1 - missed.solution_value()
            for meeting, missed in self._missed.items()
            if self._cost.GetCoefficient(missed) > 0
        }

    def hold(self, meeting: int) -> bool:
        """Have the meeting take place whole, whoever leads it; say whether that is possible."""
        self._cost.SetCoefficient(self._missed[meeting], MISSED)
        self._bind([self._missed[meeting]], 0, 0)
        self._bind(self.leads[meeting].values(), 0, self._program.infinity())
        self._is_solved = False
        return self.solve()

    def cancel(self, meeting: int) -> None:
        """Do without a meeting; nothing is lost by that beyond what is missing then."""
        self._bind([self._missed[meeting]], 0, 1)
        self._cost.SetCoefficient(self._missed[meeting], 0)
        self.drop(self.leads[meeting].values())

    def can_have(self, variables: Sequence[Variable]) -> bool:
        """Have these whole; say whether there are shares of the others beside them."""
        self._bind(variables, 1, 1)
        return self.solve()

    def trials(self, variables: Sequence[Variable]) -> list[float]:
        """Return what it would cost to have each of these whole; infinite where that is impossible."""
        costs = []
        for variable in variables:
            self._bind([variable], 1, 1)
            costs.append(self.cost if self.solve() else np.inf)
            self._bind([variable], 0, self._program.infinity())
        return costs

    def release(self, variables: Iterable[Variable]) -> None:
        """Leave open again what was decided."""
        self._bind(variables, 0, self._program.infinity())

    def drop(self, variables: Iterable[Variable]) -> None:
        """Have nothing of these."""
        self._bind(variables, 0, 0)

    def hours_left(self, weeks: Iterable[Week], staff: Iterable[tuple[int, int]]) -> tuple[Array, Array]:
        """Return the contact slots left beside these weeks, and meetings with who works there: by day, in the week."""
        hours = self._market.hours
        day, week = hours.day.astype(np.float64), hours.week.astype(np.float64)
        for meeting, who in staff:
            when = self._market.window(meeting)
            day[who, when.start // SLOTS_A_DAY] -= when.stop - when.start
            week[who] -= when.stop - when.start
        for one in weeks:
            for visit in one.visits:
                if visit.practitioner is not None:
                    who, slots = self._number[visit.practitioner], self._slots(one.patient, visit)
                    day[who, visit.day] -= slots
                    week[who] -= slots
        return day, week

    def fits(self, week: Week, left: tuple[Array, Array]) -> bool:
        """Say whether practitioners have the hours for each of its visits."""
        day, in_week = left
        for visit in week.visits:
            if visit.practitioner is not None:
                who = self._number[visit.practitioner]
                if self._slots(week.patient, visit) > min(day[who, visit.day], in_week[who]):
                    return False
        return True

    @property
    def cost(self) -> float:
        """What the best shares cost."""
        self.solve()
        return float(self._cost.Value())

    def _slots(self, number: int, visit: Visit) -> int:
        return self._instance.visit_slots(self._instance.patients[number], visit.service)

    def _bind(self, variables: Iterable[Variable], least: float, most: float) -> None:
        for variable in variables:
            if (variable.lb(), variable.ub()) != (least, most):
                variable.SetBounds(least, most)
                self._is_solved = False

    def _variable(self, cost: float) -> Variable:
        self._is_solved = False
        variable = self._program.NumVar(0, self._program.infinity(), "")
        self._cost.SetCoefficient(variable, cost)
        return variable

    def _open(self, meeting: int) -> None:
        offers, most = self._offers, self._program.infinity()
        size = self._instance.kinds[offers.items[meeting].kind].size
        price = self._instance.weights.group * float(offers.slots[meeting])
        alone = min(size.co_facilitator_above, size.maximum)
        seats = self._seats[meeting] = self._program.Constraint(-most, 0)
        least = self._least[meeting] = self._program.Constraint(0, most)
        one, helped = self._program.Constraint(1, 1), self._program.Constraint(-most, 0)
        missed = self._missed[meeting] = self._variable(MISSED)
        one.SetCoefficient(missed, 1)
        # With a member too few it would not take place for any of them.
        least.SetCoefficient(self._variable(self._instance.weights.unmet * float(offers.slots[meeting])), 1)
        self.leads[meeting], self.helpers[meeting] = {}, {}
        staff = np.flatnonzero(offers.leaders[meeting])
        for who, strange in zip(staff.tolist(), self._strangeness(meeting, staff).tolist(), strict=True):
            lead = self.leads[meeting][who] = self._variable(price + strange)
            one.SetCoefficient(lead, 1)
            helped.SetCoefficient(lead, -1)
            seats.SetCoefficient(lead, -alone)
            least.SetCoefficient(lead, -size.minimum)
            self._claim(lead, self._leading(who, meeting))
        if offers.eligible[meeting].sum() <= alone or size.maximum <= alone:
            return
        for who in np.flatnonzero(offers.assistants[meeting]).tolist():
            helper = self.helpers[meeting][who] = self._variable(price / 2)
            helped.SetCoefficient(helper, 1)
            seats.SetCoefficient(helper, alone - size.maximum)
            self._claim(helper, self._working(who, self._market.window(meeting)))

    def _strangeness(self, meeting: int, staff: Numbers) -> Array:
        """What known seats under somebody else cost more with each of them: weeks keep a seat whoever leads."""
        if meeting not in self._known:
            return np.zeros(len(staff))
        strangers = (self._known[meeting].leads != staff[:, None]).sum(axis=1)
        return np.asarray(float(self._instance.weights.moved) * (strangers - min(strangers, default=0)))

    def _leading(self, who: int, meeting: int) -> Counter[_Key]:
        when = self._market.window(meeting)
        claims = self._working(who, when)
        if self._market.on_site[meeting]:
            claims.update(_Place(ROOMS, slot) for slot in range(when.start, when.stop))
        return claims

    def _visit(self, number: int, visit: Visit) -> Counter[_Key]:
        first = visit.day * SLOTS_A_DAY + visit.slot
        when = slice(first, first + self._slots(number, visit))
        claims: Counter[_Key] = Counter()
        if visit.practitioner is not None:
            claims.update(self._working(self._number[visit.practitioner], when))
        if visit.service in (MEDICATION, NURSE_VISIT) or visit.modality == ON_SITE:
            claims.update(_Place(visit.service, slot) for slot in range(when.start, when.stop))
        return claims

    @staticmethod
    def _working(who: int, when: slice) -> Counter[_Key]:
        slots = range(when.start, when.stop)
        claims: Counter[_Key] = Counter(_Slot(who, slot) for slot in slots)
        for key in (_Day(who, when.start // SLOTS_A_DAY), _Hours(who, is_busy=False), _Hours(who, is_busy=True)):
            claims[key] = len(slots)
        return claims

    def _claim(self, variable: Variable, claims: Counter[_Key]) -> None:
        for key, count in claims.items():
            self._rows[key].SetCoefficient(variable, count)

    def _shared(self) -> Iterator[_Key]:
        """Yield all that weeks and meetings compete for, but seats."""
        market = self._market
        for who, on_duty in enumerate(market.capacity):
            yield from (_Slot(who, slot) for slot in np.flatnonzero(on_duty).tolist())
            yield from (_Day(who, day) for day in range(DAYS))
            yield from (_Hours(who, is_busy=is_busy) for is_busy in (False, True))
        for name, stock in market.stock.items():
            yield from (_Place(name, slot) for slot in np.flatnonzero(stock).tolist())

    def _row(self, key: _Key) -> Row:
        row = self._program.Constraint(-self._program.infinity(), self._limit(key))
        if isinstance(key, _Hours) and key.is_busy:
            row.SetCoefficient(self._variable(self._instance.weights.balance), -1)
        return row

    def _limit(self, key: _Key) -> float:
        hours = self._market.hours
        match key:
            case _Slot():
                return 1
            case _Day(who, day):
                return float(hours.day[who, day])
            case _Hours(who, is_busy):
                return float(hours.share[who] if is_busy else hours.week[who])
            case _Place(name, slot):
                return float(self._market.stock[name][slot])
