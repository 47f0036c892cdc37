"""Why a need stays unmet, or a wished session cannot be: irreducible facts, and the cheapest that could be asked for.

A set of facts is irreducible when the need cannot be met while they hold, and could be if any one of them did not
(deletion filter: J. Chinneck and E. Dravnieks, ORSA Journal on Computing 3, 1991).
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, combinations

from services.scheduler.solver.instance import DAYS, NURSE_VISIT
from services.scheduler.solver.interactive.candidates import Asking, Candidate, Candidates
from services.scheduler.solver.interactive.facts import EASIEST_TO_LIFT_FIRST, Ask, Fact

_SHARED_ASKS = ("language", "modality")
"""Granted once, they count for every session; all others are for one session."""


@dataclass(frozen=True, slots=True)
class Relaxation:
    """What to ask for, all of it, so that the need is met; `sessions` are those it would be met by."""

    asks: tuple[Ask, ...]
    sessions: tuple[Candidate, ...]

    @property
    def effort(self) -> int:
        """How much it is to ask, all in all."""
        return sum(ask.effort for ask in self.asks)


class Conflict:
    """Whether some of the candidates meet a need, which facts prevent it, and what would change that."""

    def __init__(self, candidates: Candidates, slots: int) -> None:
        self._candidates = candidates
        self._slots = slots
        service_days = candidates.week.instance.limits.nurse_days_apart
        self._apart = max(1, service_days) if candidates.service == NURSE_VISIT else 1
        self._days: dict[int, dict[int, set[int]]] = defaultdict(lambda: defaultdict(set))
        for candidate in candidates.all:
            self._days[candidate.session.day][candidate.session.slots].update(candidate.ways)

    def most(self, facts: int = 0) -> int:
        """The most slots of the need that can be met while these facts hold."""
        return max(self._reachable(facts))

    def _reachable(self, facts: int) -> set[int]:
        """All numbers of slots, up to the need, that sessions on different days can add up to."""
        # For each sum, the earliest day on which the next session may be.
        found: dict[int, int] = {0: 0}
        for day in range(DAYS):
            lengths = [n for n, ways in self._days.get(day, {}).items() if any(not way & facts for way in ways)]
            for total, free in list(found.items()):
                for length in lengths if free <= day else ():
                    if total + length <= self._slots:
                        later = found.get(total + length, DAYS + self._apart)
                        found[total + length] = min(later, day + self._apart)
        return set(found)

    def irreducible(self) -> list[Fact]:
        """Return facts that together keep the need unmet, none to be left out; empty where it can be met."""
        target, facts = self.most(), (1 << len(self._candidates.facts)) - 1
        if self.most(facts) >= target:
            return []
        order = sorted(enumerate(self._candidates.facts), key=lambda item: EASIEST_TO_LIFT_FIRST.index(item[1].code))
        for number, _ in order:
            without = facts & ~(1 << number)
            if self.most(without) < target:
                facts = without
        return self._candidates.named(facts)

    def relaxations(self) -> Iterator[Relaxation]:
        """Yield what could be asked for, the least first: by effort, then number of asks, then time of the week."""
        target = self.most()
        asking = Asking(self._candidates)
        priced = [
            (candidate, asks) for candidate in self._candidates.all if (asks := asking.asks(candidate)) is not None
        ]
        found: dict[frozenset[Ask], Relaxation] = {}
        for shared in _subsets({ask for _, asks in priced for ask in asks if ask.code in _SHARED_ASKS}):
            usable = [
                (candidate, tuple(ask for ask in asks if ask not in shared))
                for candidate, asks in priced
                if all(ask in shared for ask in asks if ask.code in _SHARED_ASKS)
            ]
            for relaxation in _Cheapest(usable, target, self._apart, tuple(sorted(shared))).all():
                found.setdefault(frozenset(relaxation.asks), relaxation)
        told: list[Relaxation] = []
        for relaxation in sorted(found.values(), key=_order):
            # What asks for more than another one does is no choice.
            if not any(set(less.asks) <= set(relaxation.asks) for less in told):
                told.append(relaxation)
                yield relaxation


def _order(relaxation: Relaxation) -> tuple[int, int, list[tuple[int, int]]]:
    times = sorted((candidate.session.day, candidate.session.slot) for candidate in relaxation.sessions)
    return relaxation.effort, len(relaxation.asks), times


def _subsets(asks: Iterable[Ask]) -> Iterator[frozenset[Ask]]:
    every = sorted(asks)
    for chosen in chain.from_iterable(combinations(every, size) for size in range(len(every) + 1)):
        yield frozenset(chosen)


_Priced = tuple[Candidate, tuple[Ask, ...]]


class _Cheapest:
    """The cheapest choice of sessions that meets a target, and the cheapest with each session there could be."""

    def __init__(self, usable: Sequence[_Priced], target: int, apart: int, shared: tuple[Ask, ...]) -> None:
        self._target = target
        self._apart = apart
        self._shared = shared
        best: dict[tuple[int, int, tuple[str, ...]], _Priced] = {}
        for candidate, asks in usable:
            session = candidate.session
            key = (session.day, session.slots, tuple(ask.code for ask in asks))
            if key not in best or _price((candidate, asks)) < _price(best[key]):
                best[key] = (candidate, asks)
        self._choices = sorted(best.values(), key=_price)
        self._by_day: Mapping[int, list[_Priced]] = defaultdict(list)
        for choice in self._choices:
            self._by_day[choice[0].session.day].append(choice)

    def all(self) -> Iterator[Relaxation]:
        """Yield for each choice the cheapest completion, where there is one."""
        for choice in self._choices:
            chosen = self._completed(choice)
            if chosen is not None:
                asks = dict.fromkeys((*self._shared, *(ask for _, own in chosen for ask in own)))
                yield Relaxation(tuple(asks), tuple(candidate for candidate, _ in chosen))

    def _completed(self, fixed: _Priced) -> tuple[_Priced, ...] | None:
        # By slots met and first day free: the effort so far, and the sessions.
        ways: dict[tuple[int, int], tuple[int, tuple[_Priced, ...]]] = {(0, 0): (0, ())}
        for day in range(DAYS):
            is_fixed = day == fixed[0].session.day
            new = {} if is_fixed else dict(ways)
            for (total, free), (effort, chosen) in ways.items():
                for choice in (fixed,) if is_fixed else self._by_day.get(day, ()):
                    state = (total + choice[0].session.slots, day + self._apart)
                    price = effort + sum(ask.effort for ask in choice[1])
                    if free <= day and state[0] <= self._target and price < new.get(state, (price + 1, ()))[0]:
                        new[state] = (price, (*chosen, choice))
            ways = new
        return min(
            ((effort, chosen) for (total, _), (effort, chosen) in ways.items() if total == self._target),
            key=lambda way: way[0],
            default=(0, None),
        )[1]


def _price(choice: _Priced) -> tuple[int, int, int, int]:
    candidate, asks = choice
    return sum(ask.effort for ask in asks), len(asks), candidate.session.day, candidate.session.slot
