from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.scheduler.solver.bound import BoundSearch, Relaxation, unavoidable_unmet
from services.scheduler.solver.check import check
from services.scheduler.solver.format import instance_from_json, timetable_to_json
from services.scheduler.solver.grid import Grid
from services.scheduler.solver.instance import Instance, Timetable, Visit
from services.scheduler.solver.limits import Weights
from services.scheduler.solver.model import Problem
from services.scheduler.solver.offers import enumerate_offers
from services.scheduler.solver.outcome import Outcome, Progress, Status
from services.scheduler.solver.partner import BoundPartner
from services.scheduler.solver.report import outcome_to_json
from services.scheduler.solver.solve import solve
from services.scheduler.solver.statics import Statics
from services.scheduler.solver.submodel import Submodel
from tests.scheduler.solver.annealing.test_annealing import annealing_of, crowded

Document = dict[str, Any]


def never() -> bool:
    return False


def solve_shortly(instance: Instance, **changes: Any) -> Outcome:
    limits: dict[str, Any] = {"time_limit": 30.0, "seed": 1, "workers": 1, "work_limit": 0.5}
    return solve(instance, **(limits | changes))


def best_cost(problem: Problem) -> float:
    answer = Submodel(problem).solve(seconds=30, effort=None, seed=0, cancelled=never)
    assert answer.proven
    assert answer.timetable is not None
    verdict = check(problem.instance, answer.timetable)
    assert verdict.ok, verdict.errors
    return verdict.cost


@st.composite
def documents(draw: st.DrawFn) -> Callable[[Callable[..., Any], Callable[..., Any]], Document]:
    count = draw(st.integers(3, 6))
    intervals = st.tuples(st.sampled_from([0, 2]), st.integers(4, 28), st.integers(1, 12))
    busy = [draw(st.lists(intervals, max_size=3)) for _ in range(count)]
    needs = [
        {
            "skills_group": draw(st.sampled_from([0, 6, 12])),
            "individual": draw(st.sampled_from([0, 4])),
            "nurse_visit": draw(st.integers(0, 2)),
            "medication": draw(st.integers(0, 2)),
        }
        for _ in range(count)
    ]
    modalities = [draw(st.sampled_from([["on_site"], ["telehealth"], ["on_site", "telehealth"]])) for _ in range(count)]
    enemies = draw(st.booleans())

    def build(document: Callable[..., Document], patient: Callable[..., Document]) -> Document:
        people = [
            patient(
                number,
                commitments=[[day, start, start + length] for day, start, length in busy[number]],
                needs=needs[number],
                modalities=modalities[number],
            )
            for number in range(count)
        ]
        pairs = [["patient-0", "patient-1"]] if enemies else []
        sizes = {"min": 2, "max": 4, "co_facilitator_above": 3}
        hours = [[0, 8, 20], [2, 8, 20]]
        pool = [int(slot // 60 in (0, 2) and 8 <= slot % 60 < 20) for slot in range(420)]
        return document(
            patients=people,
            no_contact=pairs,
            group_size=sizes,
            site_open=hours,
            nurse_pool=pool,
            medication_pool=pool,
        )

    return build


def test_every_outcome_obeys_the_rules_and_its_bound_holds(
    document: Callable[..., Document],
    patient: Callable[..., Document],
    exact: Callable[[Instance], Problem],
    outside_checker: ModuleType,
) -> None:
    seen: Counter[str] = Counter()

    @settings(max_examples=15, deadline=None, derandomize=True, database=None)
    @given(build=documents())
    def holds(build: Callable[..., Document]) -> None:
        written = build(document, patient)
        instance = instance_from_json(written)

        outcome = solve_shortly(instance)

        best = best_cost(exact(instance))
        judged = outside_checker.check(written, outcome_to_json(instance, outcome))
        assert judged["ok"], judged["errors"]
        assert outcome.bound is not None
        assert outcome.objective is not None
        assert outcome.bound <= best <= outcome.objective == judged["cost"]
        seen["with groups"] += bool(judged["groups"])
        seen["best found"] += outcome.objective == best
        seen["proven"] += outcome.status == Status.OPTIMAL

    holds()

    assert seen["with groups"] >= 5, seen
    assert seen["best found"] >= 5, seen
    assert seen["proven"] >= 1, seen


def test_no_step_of_the_bound_is_above_the_best_timetable(
    make: Callable[..., Instance], exact: Callable[[Instance], Problem]
) -> None:
    instance = make(6, site_open=[[0, 8, 20]])
    grid = Grid(instance)
    offers = enumerate_offers(instance, grid)
    search = BoundSearch(instance, offers, Relaxation.plain(instance, offers, Statics(instance, grid)))

    bounds = [search.step() for _ in range(40)]

    assert bounds == sorted(bounds)
    assert 0 < bounds[-1] <= best_cost(exact(instance))


def test_the_same_seed_and_work_give_the_same_timetable(make: Callable[..., Instance]) -> None:
    instance = make(8)

    first, second = (solve_shortly(instance, work_limit=0.2) for _ in range(2))

    assert first.timetable == second.timetable
    assert first.work == second.work


def test_two_workers_find_and_prove_too(make: Callable[..., Instance]) -> None:
    seen: list[Progress] = []

    # As long as the partner needs to start and say something, however busy the machine is.
    outcome = solve(
        make(4),
        time_limit=25.0,
        seed=0,
        workers=2,
        on_progress=seen.append,
        cancelled=lambda: bool(seen) and seen[-1].bound > 0,
    )

    assert outcome.timetable is not None
    assert outcome.objective is not None
    assert outcome.bound is not None
    assert 0 < outcome.bound <= outcome.objective


def test_cancelling_returns_the_best_timetable_so_far(make: Callable[..., Instance]) -> None:
    seen: list[Progress] = []

    outcome = solve(
        make(8),
        time_limit=20.0,
        workers=1,
        on_progress=seen.append,
        cancelled=lambda: len(seen) > 3,
    )

    assert outcome.status == Status.FEASIBLE
    assert outcome.objective == seen[-1].incumbent
    assert len(seen) <= 6


def test_cancelled_at_once_is_unknown(make: Callable[..., Instance]) -> None:
    outcome = solve(make(4), time_limit=10.0, cancelled=lambda: True)

    assert outcome.status == Status.UNKNOWN
    assert outcome.timetable is None


def test_progress_never_gets_worse(make: Callable[..., Instance]) -> None:
    seen: list[Progress] = []

    solve_shortly(make(8), on_progress=seen.append)

    incumbents = [progress.incumbent for progress in seen]
    bounds = [progress.bound for progress in seen]
    assert incumbents == sorted(incumbents, reverse=True)
    assert bounds == sorted(bounds)
    assert all(progress.bound <= progress.incumbent for progress in seen)


def test_a_solve_is_never_worse_than_the_week_it_starts_from() -> None:
    instance = crowded()
    annealing, greedy_cost = annealing_of(instance, 1)
    annealing.anneal(20_000, 10.0)
    assert annealing.cost < greedy_cost

    outcome = solve(instance, time_limit=30.0, workers=1, work_limit=0.001, start=annealing.timetable())

    at_once = solve(instance, time_limit=30.0, workers=1, start=annealing.timetable(), cancelled=lambda: True)

    assert outcome.objective is not None
    assert outcome.objective <= annealing.cost
    assert at_once.timetable == annealing.timetable()


def test_nobody_to_serve_is_optimal(make: Callable[..., Instance]) -> None:
    outcome = solve_shortly(make(0))

    assert outcome.status == Status.OPTIMAL
    assert outcome.objective == 0


def test_fixed_sessions_that_contradict_each_other_are_infeasible(
    make: Callable[..., Instance],
) -> None:
    visits = (
        Visit("patient-0", "individual", 0, 8, "on_site", "staff-0"),
        Visit("patient-1", "individual", 0, 10, "on_site", "staff-0"),
    )
    instance = replace(make(4), fixed=Timetable((), visits))

    outcome = solve_shortly(instance)

    assert outcome.status == Status.INFEASIBLE
    assert outcome.timetable is None
    assert any("staff-0 twice" in fault for fault in outcome.contradictions)


def test_a_fixed_visit_stays_where_it_is(make: Callable[..., Instance]) -> None:
    visit = Visit("patient-0", "individual", 2, 27, "on_site", "staff-1")
    instance = replace(make(6), fixed=Timetable((), (visit,)))

    outcome = solve_shortly(instance)

    assert outcome.timetable is not None
    assert visit in outcome.timetable.visits


def test_what_is_published_is_kept_where_nothing_forces_a_change(
    make: Callable[..., Instance],
) -> None:
    before = solve_shortly(make(6)).timetable
    published = replace(make(6), published=before)

    after = solve_shortly(published)

    assert after.goals is not None
    assert after.goals.changes == 0


def test_lexicographic_goals_put_delivery_before_everything(make: Callable[..., Instance]) -> None:
    cheap = replace(make(5), weights=Weights(unmet=0))
    strict = replace(make(5), weights=Weights(unmet=0, lexicographic=True))

    by_cost, by_level = solve_shortly(cheap), solve_shortly(strict)

    assert by_cost.goals is not None
    assert by_level.goals is not None
    assert by_level.goals.unmet < by_cost.goals.unmet


def test_unmet_slots_are_never_below_their_bound(
    make: Callable[..., Instance], patient: Callable[..., Document]
) -> None:
    blocked = patient(5, commitments=[[day, 0, 60] for day in range(7)])
    instance = make(0, patients=[*(patient(number) for number in range(5)), blocked])
    grid = Grid(instance)

    unavoidable = unavoidable_unmet(instance, enumerate_offers(instance, grid), grid)
    outcome = solve_shortly(instance)

    assert unavoidable.tolist() == [0, 0, 0, 0, 0, 10]
    assert outcome.unmet_bound == 10
    assert outcome.goals is not None
    assert outcome.goals.unmet == 10
    assert {need.reasons[0].code for need in outcome.unmet} == {"no_free_hour"}


@pytest.mark.parametrize("name", ["S-1"])
def test_a_benchmark_passes_the_outside_checker(
    name: str, shared_instance: Callable[[str], Document], outside_checker: ModuleType
) -> None:
    written = shared_instance(name)
    instance = instance_from_json(written)

    outcome = solve(instance, time_limit=4.0, workers=2)

    judged = outside_checker.check(written, outcome_to_json(instance, outcome))
    assert judged["ok"], judged["errors"]
    assert judged["cost"] == outcome.objective
    assert judged["bound"] == outcome.bound


@pytest.mark.parametrize("name", ["S-1", "M-1", "L-1"])
def test_the_first_timetable_of_a_benchmark_can_be_published(
    name: str, shared_instance: Callable[[str], Document], outside_checker: ModuleType
) -> None:
    written = shared_instance(name)

    outcome = solve(instance_from_json(written), time_limit=60.0, workers=1, work_limit=0.0)

    assert outcome.timetable is not None
    document = timetable_to_json(outcome.timetable) | {"status": "feasible"}
    assert outside_checker.check(written, document)["ok"]


def test_the_bound_s_process_does_not_wait_for_who_listens() -> None:
    """Before, it stood still with its first guide, which no pipe holds, until the search had ended what it was at."""
    with BoundPartner(crowded(), seconds=60.0, plans=False) as partner:
        partner._process.join(120)
        partner._listener.join(120)
        has_ended, bounds = partner._process.exitcode == 0, [news.bound for news in partner.news()]

    assert has_ended
    assert len(bounds) > 1
    assert bounds == sorted(bounds)
