"""What is offered to be asked for: once granted it works, and nothing that is less to ask would have."""

from collections import Counter
from collections.abc import Iterator
from itertools import combinations, pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from services.scheduler.solver.interactive.answers import Wish, why_not, why_unplaced
from services.scheduler.solver.interactive.candidates import Asking, Candidates
from services.scheduler.solver.interactive.conflicts import Conflict
from services.scheduler.solver.interactive.facts import Ask
from services.scheduler.solver.interactive.frozen import FrozenWeek
from services.scheduler.solver.interactive.place import place, taking
from services.scheduler.solver.interactive.relaxed import granted
from tests.scheduler.solver.interactive.conftest import Case, cases


def every_choice(candidates: Candidates, slots: int, apart: int) -> Iterator[frozenset[Ask]]:
    """Brute force: what every choice of up to two sessions that meets so many slots takes."""
    asking = Asking(candidates)
    priced = [(one.session, frozenset(asks)) for one in candidates.all if (asks := asking.asks(one)) is not None]
    for size in (1, 2):
        for chosen in combinations(priced, size):
            days = sorted(session.day for session, _ in chosen)
            are_apart = all(later - earlier >= apart for earlier, later in pairwise(days))
            if are_apart and sum(session.slots for session, _ in chosen) == slots:
                yield frozenset().union(*(asks for _, asks in chosen))


def effort(asks: frozenset[Ask]) -> int:
    return sum(ask.effort for ask in asks)


def test_nothing_that_is_less_to_ask_places_the_patient() -> None:
    seen: Counter[str] = Counter()

    @given(cases())
    @settings(max_examples=40, deadline=None, derandomize=True, database=None)
    def holds(case: Case) -> None:
        week = FrozenWeek(case.instance, case.timetable)
        full = taking(week, case.newcomer, place(week, case.newcomer, count=1)[0])
        for why in why_unplaced(week, case.newcomer):
            candidates = Candidates(full, case.newcomer, why.service)
            most = Conflict(candidates, why.slots).most()
            needed = sum(full.missing(case.newcomer).values()) - most
            apart = case.instance.limits.nurse_days_apart if why.service == "nurse_visit" else 1
            if not why.relaxations or most > 2 * max(one.session.slots for one in candidates.all):
                continue
            first = why.relaxations[0]
            for asks in set(every_choice(candidates, most, apart)):
                if asks and effort(asks) < first.effort:
                    after, newcomer = granted(full, case.newcomer, sorted(asks), why.service)
                    assert place(after, newcomer, count=1)[0].parts.unmet > needed, (asks, first.asks)
                    seen["refuted"] += 1
            seen["first"] += 1

    holds()
    assert seen["first"] > 0, seen


def test_what_is_asked_for_a_wish_makes_it_possible_once_granted() -> None:
    seen: Counter[str] = Counter()

    @given(cases(), st.integers(0, 2), st.integers(8, 32))
    @settings(max_examples=60, deadline=None, derandomize=True, database=None)
    def holds(case: Case, day: int, slot: int) -> None:
        groups = [(case.instance.kinds[one.kind].service, one.day, one.slot) for one in case.timetable.groups]
        for service, when, start in (*groups, ("individual", day, slot)):
            seen.update(asked_and_granted(case, Wish(service, when, start)))

    holds()
    assert min(seen[code] for code in ("seat", "free_time", "practitioner", "language", "modality")) > 0, seen


def asked_and_granted(case: Case, wish: Wish) -> Iterator[str]:
    """Grant each relaxation of a wish, and yield what was asked for."""
    week = FrozenWeek(case.instance, case.timetable)
    for relaxation in why_not(week, case.newcomer, wish).relaxations:
        after, newcomer = granted(week, case.newcomer, relaxation.asks, wish.service)
        answer = why_not(after, newcomer, wish)
        assert not answer.facts, (relaxation.asks, answer.facts)
        assert answer.instead is not None
        assert any(wish.is_met_by(session) for session in answer.instead.alternative.sessions)
        yield from (ask.code for ask in relaxation.asks)
