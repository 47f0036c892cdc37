from random import Random

import pytest

from services.operator.bench.instances import generated
from services.operator.bench.peers import annealing
from services.operator.bench.peers.annealing import anneal
from services.operator.bench.peers.facts import Facts, bits, span
from services.operator.bench.peers.front_desk import first_fit, first_fit_week
from services.operator.bench.peers.python import front_desk, local_search
from services.operator.bench.verdicts import judge
from services.scheduler.solver.check import check
from services.scheduler.solver.format import instance_from_json


@pytest.mark.parametrize("seed", range(3))
def test_the_front_desk_keeps_every_rule_and_knows_its_cost(seed: int) -> None:
    instance = instance_from_json(generated(30, seed))

    week = first_fit_week(Facts(instance))

    verdict = check(instance, week.timetable())
    assert verdict.ok, verdict.errors
    assert verdict.cost == week.cost
    assert week.meetings


@pytest.mark.parametrize("seed", range(2))
def test_annealing_keeps_every_rule_and_never_ends_worse_than_it_began(seed: int) -> None:
    instance = instance_from_json(generated(24, seed))
    told: list[float] = []

    timetable = anneal(instance, cpu_seconds=0.5, seed=seed, improved=lambda _, cost: told.append(cost))

    verdict = check(instance, timetable)
    assert verdict.ok, verdict.errors
    assert verdict.cost == told[-1] < told[0] == check(instance, first_fit(instance)).cost
    assert told == sorted(told, reverse=True)


def test_every_move_taken_back_leaves_the_week_as_it_was() -> None:
    search = annealing._Annealing(instance_from_json(generated(24, 0)), Random(0), None)  # noqa: S311 - a test
    week, done = search._week, 0
    before = {frozenset(group.members) for group in week.timetable().groups}, set(week.timetable().visits), week.cost

    for move, _ in search._moves * 40:
        done += move()
        week.back_to(0)

    after = {frozenset(group.members) for group in week.timetable().groups}, set(week.timetable().visits), week.cost
    assert after == before
    assert done > 20


def test_the_running_cost_is_the_checkers_after_many_moves() -> None:
    instance = instance_from_json(generated(24, 1))
    search = annealing._Annealing(instance, Random(1), None)  # noqa: S311 - a test

    for move, _ in search._moves * 60:
        search._try(move, 500.0)

    verdict = check(instance, search._week.timetable())
    assert verdict.ok, verdict.errors
    assert verdict.cost == search._week.cost


def test_peers_answer_with_documents_and_their_cpu_seconds() -> None:
    document = generated(12, 0)

    desk, search = front_desk(document, 9.0, 0), local_search(document, 0.3, 0)

    assert judge(document, desk.timetable).valid
    assert judge(document, search.timetable).valid
    assert 0.3 <= search.cpu_seconds < 3


def test_masks_and_slots_say_the_same() -> None:
    assert bits(span(3, 4) | 1) == [0, 3, 4, 5, 6]
    assert bits(0) == []
