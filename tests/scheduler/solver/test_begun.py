"""A week that has begun: what was, stays and counts; only what is to come is free."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.scheduler.solver.check import check
from services.scheduler.solver.instance import SLOTS_A_DAY, Instance, TherapyGroup, Timetable, Visit
from services.scheduler.solver.model import Problem
from services.scheduler.solver.outcome import Outcome, Status
from services.scheduler.solver.steady import solve_steadily
from services.scheduler.solver.submodel import Submodel

Document = dict[str, Any]
Make = Callable[..., Instance]
FIVE = tuple(f"patient-{number}" for number in range(5))
TUESDAY = SLOTS_A_DAY
MET = TherapyGroup("skills", 0, 10, "on_site", None, "en", "staff-0", None, "big", FIVE)
SEEN = Visit("patient-0", "individual", 0, 22, "on_site", "staff-0")
PAST = Timetable((MET,), (SEEN,))


def solve_on(instance: Instance, **changes: Any) -> Outcome:
    limits: dict[str, Any] = {"time_limit": 30.0, "seed": 1, "workers": 1, "work_limit": 0.25}
    return solve_steadily(instance, **(limits | changes))


def sessions(timetable: Timetable) -> list[TherapyGroup | Visit]:
    return [*timetable.groups, *timetable.visits]


def test_what_has_begun_stays_and_only_the_rest_is_planned(make: Make) -> None:
    instance = replace(make(), published=PAST, fixed=PAST, begins=TUESDAY)

    outcome = solve_on(instance)

    assert outcome.timetable is not None
    assert outcome.goals is not None
    assert (outcome.goals.unmet, outcome.goals.changes) == (0, 0)
    assert set(sessions(PAST)) <= set(sessions(outcome.timetable))
    new = set(sessions(outcome.timetable)) - set(sessions(PAST))
    assert {visit.patient for visit in new if isinstance(visit, Visit)} == set(FIVE[1:])
    assert {session.day for session in new} == {2}


def test_who_missed_a_session_gets_another_in_the_same_week(make: Make, patient: Callable[..., Document]) -> None:
    people = [patient(number, needs={"skills_group": 12}) for number in range(5)]
    twice = replace(make(patients=people), fixed=Timetable((MET,)), begins=TUESDAY)

    outcome = solve_on(twice)

    assert outcome.timetable is not None
    assert outcome.goals is not None
    assert outcome.goals.unmet == 0
    assert [(group.day, set(group.members)) for group in outcome.timetable.groups] == [(0, set(FIVE)), (2, set(FIVE))]


def first_patient(instance: Instance, **changes: Any) -> Instance:
    first, *others = instance.patients
    return replace(instance, patients=(replace(first, **changes), *others))


def first_lead(instance: Instance, **changes: Any) -> Instance:
    first, *others = instance.practitioners
    return replace(instance, practitioners=(replace(first, **changes), *others))


@pytest.mark.parametrize(
    "change",
    [
        lambda week: first_patient(week, commitments=week.site_open),
        lambda week: first_patient(week, modalities=frozenset({"telehealth"})),
        lambda week: first_patient(week, languages=frozenset({"es"})),
        lambda week: first_patient(week, team=("staff-1",), primary=None),
        lambda week: first_patient(week, needs={"skills_group": 0, "individual": 0}),
        lambda week: first_lead(week, shifts=()),
        lambda week: first_lead(week, leads=frozenset(), individual=frozenset()),
        lambda week: first_lead(week, max_slots_week=1, max_slots_day=1),
        lambda week: replace(week, site_open=()),
        lambda week: replace(week, offices=0),
        lambda week: replace(week, no_contact=(("patient-0", "patient-1"),)),
    ],
)
def test_a_fact_that_changed_since_does_not_undo_what_was(make: Make, change: Callable[[Instance], Instance]) -> None:
    begun = change(replace(make(), fixed=PAST, begins=TUESDAY))

    assert check(begun, PAST).ok, check(begun, PAST).errors
    assert not check(replace(begun, begins=0), PAST).ok
    outcome = solve_on(begun)
    assert outcome.status in (Status.FEASIBLE, Status.OPTIMAL)
    assert outcome.timetable is not None
    assert set(sessions(PAST)) <= set(sessions(outcome.timetable))
    assert check(begun, outcome.timetable, bound=outcome.bound).ok


@pytest.mark.parametrize(
    "timetable",
    [
        Timetable((MET,), (SEEN, replace(SEEN, patient="patient-1", slot=28))),
        Timetable((MET, replace(MET, slot=22, members=FIVE[:4])), (SEEN,)),
        Timetable((replace(MET, members=FIVE[:4]),), (SEEN,)),
        Timetable((replace(MET, lead="staff-1"),), (SEEN,)),
        Timetable((replace(MET, room="small"),), (SEEN,)),
        Timetable((MET,)),
        Timetable((), (SEEN,)),
    ],
)
def test_nothing_is_put_into_what_has_begun_or_taken_out_of_it(make: Make, timetable: Timetable) -> None:
    instance = replace(make(), fixed=PAST, begins=TUESDAY)

    assert not check(instance, timetable).ok


def test_a_group_that_met_below_its_minimum_did_meet(make: Make) -> None:
    few = Timetable((replace(MET, members=FIVE[:2]),))
    instance = replace(make(), fixed=few, begins=TUESDAY)

    outcome = solve_on(instance)

    assert outcome.timetable is not None
    assert few.groups[0] in outcome.timetable.groups
    assert outcome.goals is not None


def test_today_what_is_to_come_keeps_clear_of_what_has_begun(make: Make) -> None:
    running = replace(make(), fixed=Timetable((MET,)), begins=12)
    at_once = replace(SEEN, patient="patient-1", slot=16)
    after_a_break = replace(SEEN, patient="patient-1")

    assert "patient patient-1 day 0: no free slot between" in check(running, Timetable((MET,), (at_once,))).errors
    assert check(running, Timetable((MET,), (after_a_break,))).ok
    meanwhile = replace(SEEN, patient="patient-1", slot=12)
    assert not check(running, Timetable((MET,), (meanwhile,))).ok


@st.composite
def moments(draw: st.DrawFn) -> tuple[int, int, list[list[tuple[int, int, int]]]]:
    busy = st.lists(st.tuples(st.sampled_from([0, 2]), st.integers(4, 28), st.integers(1, 12)), max_size=2)
    count = draw(st.integers(4, 6))
    begins = draw(st.sampled_from([0, 9, 11, 17, 25, 60, 2 * 60 + 12, 2 * 60 + 40]))
    return count, begins, draw(st.lists(busy, min_size=count, max_size=count))


def test_at_any_moment_the_answer_keeps_the_past_and_its_bound_holds(
    make: Make, patient: Callable[..., Document], exact: Callable[[Instance], Problem]
) -> None:
    seen: Counter[str] = Counter()

    @settings(max_examples=10, deadline=None, derandomize=True, database=None)
    @given(moment=moments())
    def holds(moment: tuple[int, int, list[list[tuple[int, int, int]]]]) -> None:
        count, begins, busy = moment
        before = solve_on(make(count), work_limit=0.1).timetable
        assert before is not None
        people = [
            patient(number, commitments=[[d, s, s + n] for d, s, n in busy[number]], needs={"skills_group": 12})
            for number in range(count)
        ]
        for person in people:
            person["needs"]["individual"] = 4
        later = replace(make(patients=people), begins=begins)
        past = [session for session in sessions(before) if later.has_begun(session)]
        fixed = Timetable(
            tuple(group for group in past if isinstance(group, TherapyGroup)),
            tuple(visit for visit in past if isinstance(visit, Visit)),
        )
        instance = replace(later, fixed=fixed, published=before)

        outcome = solve_on(instance)

        assert outcome.timetable is not None
        verdict = check(instance, outcome.timetable, bound=outcome.bound)
        assert verdict.ok, verdict.errors
        assert {session for session in sessions(outcome.timetable) if instance.has_begun(session)} == set(past)
        best = Submodel(exact(instance)).solve(seconds=30, effort=None, seed=0, cancelled=lambda: False)
        assert best.timetable is not None
        exactly = check(instance, best.timetable)
        assert exactly.ok, exactly.errors
        assert outcome.bound is not None
        assert outcome.bound <= exactly.cost <= verdict.cost
        seen["past"] += bool(past)
        seen["future"] += len(sessions(outcome.timetable)) > len(past)

    holds()

    assert seen["past"] >= 3, seen
    assert seen["future"] >= 3, seen
