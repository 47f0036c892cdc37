"""Weeks whose goals count one after another, and the proof that there is none better."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.scheduler.solver import objective, whole
from services.scheduler.solver.check import check
from services.scheduler.solver.format import instance_from_json
from services.scheduler.solver.instance import Instance, Timetable, Visit
from services.scheduler.solver.limits import Weights
from services.scheduler.solver.outcome import Outcome, Status
from services.scheduler.solver.solve import solve
from services.scheduler.solver.steady import solve_steadily
from services.scheduler.solver.submodel import Submodel
from tests.scheduler.solver.conftest import tiny_document, tiny_patient, whole_problem

Document = dict[str, Any]
LEXICOGRAPHIC = Weights(lexicographic=True)
# Each outweighs all that follows in weeks as small as these.
DOMINATING = Weights(
    unmet=10**12,
    changes=10**10,
    moved=10**8,
    preference=10**5,
    trip_on_site=6 * 10**5,
    trip_telehealth=2 * 10**5,
    idle=10**5,
    continuity=5 * 10**3,
)


def free_between(first: int, last: int) -> list[list[int]]:
    """Commitments that leave the slots from `first` to before `last` on Monday, a slot of travel away."""
    return [[0, 0, first - 1], [0, last + 1, 60], [2, 0, 60]]


def specimen(number: int, slot: int) -> Visit:
    return Visit(f"patient-{number}", "nurse_visit", 0, slot, "on_site", None)


@pytest.fixture
def chain() -> Instance:
    """Four people have published specimen visits in a row; a fifth could only have the first place."""
    people = [
        tiny_patient(number, needs={"nurse_visit": 1}, commitments=free_between(10 + number, 12 + number))
        for number in range(4)
    ]
    people.append(tiny_patient(4, needs={"nurse_visit": 1}, commitments=free_between(10, 11)))
    instance = instance_from_json(tiny_document(patients=people))
    return replace(instance, published=Timetable((), tuple(specimen(number, 10 + number) for number in range(4))))


def solve_in_full(instance: Instance, **changes: Any) -> Outcome:
    return solve(instance, **({"time_limit": 60.0, "seed": 0, "workers": 1, "work_limit": 5.0} | changes))


@pytest.mark.parametrize("workers", [1, 2])
def test_fifteen_minutes_that_are_needed_come_before_four_changes_of_what_is_published(
    chain: Instance, workers: int
) -> None:
    by_cost = solve_in_full(chain, workers=workers)
    by_level = solve_in_full(replace(chain, weights=LEXICOGRAPHIC), workers=workers)

    assert by_cost.goals is not None
    assert (by_cost.goals.unmet, by_cost.goals.changes) == (1, 0)
    assert by_level.goals is not None
    assert (by_level.goals.unmet, by_level.goals.changes) == (0, 4)
    assert (by_cost.status, by_level.status) == (Status.OPTIMAL, Status.OPTIMAL)
    assert by_cost.bound == by_cost.objective


def test_a_week_with_nobody_in_it_is_the_best_there_is() -> None:
    empty = replace(instance_from_json(tiny_document(0)), weights=LEXICOGRAPHIC)

    outcome = solve_in_full(empty)

    assert outcome.status is Status.OPTIMAL
    assert outcome.timetable == Timetable()


def test_a_week_whose_model_is_too_large_is_not_called_the_best(
    monkeypatch: pytest.MonkeyPatch, chain: Instance
) -> None:
    monkeypatch.setattr("services.scheduler.solver.solve.whole_problem", lambda *_: None)

    outcome = solve_in_full(replace(chain, weights=LEXICOGRAPHIC), work_limit=0.5)

    assert outcome.status is Status.FEASIBLE
    assert outcome.goals is not None
    # The steps of the search go by levels too.
    assert (outcome.goals.unmet, outcome.goals.changes) == (0, 4)


def test_the_best_of_the_weeks_that_keep_what_is_known_is_not_the_best_of_all(
    monkeypatch: pytest.MonkeyPatch, chain: Instance
) -> None:
    every_problem = whole.whole_problem

    def only_of_a_part(instance: Instance, *rest: Any) -> Any:
        return every_problem(instance, *rest) if instance.fixed != Timetable() else None

    monkeypatch.setattr("services.scheduler.solver.solve.whole_problem", only_of_a_part)
    without_the_fifth = replace(chain, patients=chain.patients[:4], weights=LEXICOGRAPHIC)

    outcome = solve_steadily(without_the_fifth, time_limit=60.0, workers=1, work_limit=1.0)

    assert outcome.goals is not None
    assert (outcome.goals.unmet, outcome.goals.changes) == (0, 0)
    assert outcome.status is Status.FEASIBLE


@st.composite
def small_weeks(draw: st.DrawFn) -> Instance:
    people = []
    for number in range(draw(st.integers(2, 4))):
        start = draw(st.integers(9, 16))
        needs = {
            "skills_group": draw(st.sampled_from([0, 6])),
            "nurse_visit": draw(st.integers(0, 2)),
            "individual": draw(st.sampled_from([0, 4])),
        }
        likes = {"morning": draw(st.integers(0, 3)), "afternoon": 1, "evening": 2, "weekend": 3}
        commitments = [[0, 0, start], [0, start + draw(st.integers(5, 9)), 60], [2, 0, draw(st.integers(10, 60))]]
        people.append(tiny_patient(number, needs=needs, commitments=commitments, preference_cost=likes))
    instance = instance_from_json(tiny_document(patients=people, group_size={"min": 2, "max": 6}))
    told = tuple(specimen(number, draw(st.integers(9, 24))) for number in range(len(people)) if draw(st.booleans()))
    known = Timetable((), told)
    return replace(instance, published=known) if draw(st.booleans()) else replace(instance, usual=known)


def levels_of(instance: Instance, *, by_levels: bool) -> tuple[float, ...]:
    answer = Submodel(whole_problem(instance), by_levels=by_levels).solve(
        seconds=60.0, effort=None, seed=0, cancelled=lambda: False
    )
    assert answer.proven
    assert answer.timetable is not None
    # Trips and continuity are counted in what they cost: both weeks are judged at the same prices.
    verdict = check(replace(instance, weights=LEXICOGRAPHIC), answer.timetable)
    assert verdict.ok, verdict.errors
    return verdict.goals.levels()


@pytest.mark.parametrize("most_in_one_stage", [objective.MOST_IN_ONE_STAGE, 1])
@settings(max_examples=25)
@given(instance=small_weeks())
def test_one_level_after_another_is_what_dominating_weights_come_to(most_in_one_stage: int, instance: Instance) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(objective, "MOST_IN_ONE_STAGE", most_in_one_stage)
        staged = levels_of(replace(instance, weights=LEXICOGRAPHIC), by_levels=True)

    assert staged == levels_of(replace(instance, weights=DOMINATING), by_levels=False)
