"""Deciding the meetings of many people anew keeps every rule, and is worth the while."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from typing_extensions import override

from services.scheduler.solver import core, solve
from services.scheduler.solver.bound import BoundSearch, Guide, Relaxation
from services.scheduler.solver.check import check
from services.scheduler.solver.core import Core, is_whole
from services.scheduler.solver.greedy import greedy
from services.scheduler.solver.grid import Grid
from services.scheduler.solver.instance import Instance, Timetable
from services.scheduler.solver.kernels import compile_kernels
from services.scheduler.solver.offers import enumerate_offers
from services.scheduler.solver.statics import Statics
from tests.scheduler.solver.annealing.test_annealing import crowded

SECONDS = 20.0


class Site:
    """A small site, its first week, and what the bound has learnt of it."""

    def __init__(self, instance: Instance) -> None:
        grid = Grid(instance)
        offers, statics = enumerate_offers(instance, grid), Statics(instance, grid)
        bound = BoundSearch(instance, offers, Relaxation.plain(instance, offers, statics))
        for _ in range(30):
            bound.step()
        self.instance = instance
        self.guide: Guide = bound.guide()
        self.start: Timetable = greedy(instance, offers, statics)
        self.core = Core(instance, offers, statics, grid, seed=0)
        self.lacking = np.ones(len(instance.patients))

    def improved(self, *, cancelled: Callable[[], bool] = lambda: False) -> Timetable | None:
        return self.core.improve(self.start, self.guide, self.lacking, seconds=SECONDS, cancelled=cancelled)


def test_everybody_of_a_small_site_is_decided_at_once_within_the_rules() -> None:
    site = Site(crowded())
    assert is_whole(site.instance)

    week = site.improved()

    assert week is not None
    verdict = check(site.instance, week)
    assert verdict.errors == ()
    assert verdict.cost < 0.8 * check(site.instance, site.start).cost


def test_of_a_larger_site_some_are_decided_around_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(core, "EVERYBODY", 4)
    monkeypatch.setattr(core, "MOST_PEOPLE", 6)
    site = Site(crowded())
    assert not is_whole(site.instance)

    week = site.improved()

    assert week is not None
    verdict = check(site.instance, week)
    assert verdict.errors == ()
    assert verdict.cost < check(site.instance, site.start).cost


def test_a_longer_solve_goes_through_every_stage(monkeypatch: pytest.MonkeyPatch) -> None:
    decided: list[Timetable | None] = []

    class Watched(Core):
        @override
        def improve(self, *args: Any, **options: Any) -> Timetable | None:
            decided.append(super().improve(*args, **options))
            return decided[-1]

    monkeypatch.setattr(solve, "Core", Watched)
    compile_kernels()
    instance = crowded(8)

    outcome = solve.solve(instance, time_limit=30.0, seed=0, workers=2, cancelled=lambda: bool(decided))

    assert decided
    assert outcome.timetable is not None
    assert outcome.objective is not None
    assert outcome.bound is not None
    assert outcome.bound <= outcome.objective
    assert check(instance, outcome.timetable).cost == outcome.objective
