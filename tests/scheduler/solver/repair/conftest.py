"""A week at one small site, told to people."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from services.scheduler.solver.check import check
from services.scheduler.solver.greedy import greedy
from services.scheduler.solver.grid import Grid
from services.scheduler.solver.instance import Instance
from services.scheduler.solver.offers import enumerate_offers
from services.scheduler.solver.statics import Statics


@pytest.fixture
def told() -> Callable[[Instance], Instance]:
    """Publish what a first fit finds."""

    def publish(instance: Instance) -> Instance:
        grid = Grid(instance)
        week = greedy(instance, enumerate_offers(instance, grid), Statics(instance, grid))
        assert check(instance, week).ok
        return replace(instance, published=week)

    return publish
