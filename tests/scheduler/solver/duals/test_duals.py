"""The relaxation in compiled code says what the plain one says, and a dive keeps to what there is."""

from copy import deepcopy

import numpy as np
import pytest

from services.scheduler.solver import dive
from services.scheduler.solver.bound import BoundSearch, Relaxation
from services.scheduler.solver.check import check
from services.scheduler.solver.dive import Dive
from services.scheduler.solver.duals.engine import CompiledMarket, CompiledWeeks, compiled_relaxation
from services.scheduler.solver.grid import Grid
from services.scheduler.solver.instance import ON_SITE, Instance
from services.scheduler.solver.offers import enumerate_offers
from services.scheduler.solver.planned import planned
from services.scheduler.solver.prices import POOLS, Market, Prices
from services.scheduler.solver.pricing import PricedWeeks
from services.scheduler.solver.statics import Statics
from tests.scheduler.solver.annealing.test_annealing import crowded


class Site:
    """A crowded site and its relaxation."""

    def __init__(self, instance: Instance) -> None:
        grid = Grid(instance)
        self.instance = instance
        self.offers = enumerate_offers(instance, grid)
        self.statics = Statics(instance, grid)
        self.relaxation = compiled_relaxation(instance, self.offers, self.statics)

    def bound(self, steps: int) -> BoundSearch:
        search = BoundSearch(self.instance, self.offers, self.relaxation)
        for _ in range(steps):
            search.step()
        return search

    def dive(self, seed: int = 0) -> Dive:
        search = self.bound(60)
        return Dive(
            self.instance, self.offers, self.statics, prices=search.best_prices, wanted=search.wanted, seed=seed
        )

    def drawn(self, number: int) -> Prices:
        """Draw prices, some of them below zero."""
        random = np.random.default_rng(number)
        prices = Prices.nothing(self.instance, self.offers)
        prices.seats = random.integers(-64, 1024, prices.seats.shape) / 64
        prices.staff = random.integers(0, 64, prices.staff.shape) / 64
        prices.places = {name: random.integers(0, 64, price.shape) / 64 for name, price in prices.places.items()}
        return prices


@pytest.fixture(scope="module")
def site() -> Site:
    return Site(crowded())


@pytest.mark.parametrize("number", range(6))
def test_compiled_weeks_cost_and_use_what_plain_ones_do(site: Site, number: int) -> None:
    prices = site.drawn(number)
    plain = PricedWeeks(site.instance, site.offers, site.statics)

    found = CompiledWeeks(site.instance, site.offers, site.statics).respond(prices)
    wanted = plain.respond(prices)

    assert found.value == wanted.value
    assert found.usage.seats.sum() > 0
    assert np.array_equal(found.usage.seats, wanted.usage.seats)
    assert np.array_equal(found.usage.staff, wanted.usage.staff)
    assert all(np.array_equal(found.usage.places[name], wanted.usage.places[name]) for name in POOLS)


@pytest.mark.parametrize("number", range(6))
def test_compiled_prices_are_as_affordable_as_plain_ones(site: Site, number: int) -> None:
    prices = site.drawn(number)

    found, lowered = CompiledMarket(site.instance, site.offers).affordable(prices)
    wanted, expected = Market(site.instance, site.offers).affordable(prices)

    assert np.abs(found.seats - wanted.seats).max() <= 1 / 64
    assert lowered == pytest.approx(expected)


def test_the_compiled_bound_is_the_plain_one(site: Site) -> None:
    plain = BoundSearch(site.instance, site.offers, Relaxation.plain(site.instance, site.offers, site.statics))
    compiled = site.bound(0)

    assert [compiled.step() for _ in range(5)] == pytest.approx([plain.step() for _ in range(5)], rel=0.01)


def test_no_two_meetings_of_a_plan_have_one_lead_or_too_few_rooms(site: Site) -> None:
    diving = site.dive()
    while diving.advance():
        pass
    meetings = diving.plan.meetings
    market = Market(site.instance, site.offers)

    assert len(meetings) >= 3
    for position, (one, lead) in enumerate(meetings):
        assert site.offers.leaders[one, lead]
        rivals = [other for other, who in meetings[:position] if who == lead and market.at_once(one)[other]]
        assert rivals == []
        when = market.window(one)
        for slot in range(when.start, when.stop):
            here = [
                m
                for m, _ in meetings
                if site.offers.items[m].modality == ON_SITE and market.window(m).start <= slot < market.window(m).stop
            ]
            assert len(here) <= len(site.instance.rooms)


def test_a_meeting_after_which_the_bound_leaps_is_given_back_whole(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    diving = site.dive()
    before = deepcopy(diving._now)
    monkeypatch.setattr(dive, "LEAP", -np.inf)
    diving._most = 1

    assert diving.advance()

    now = diving._now
    assert diving.plan.meetings == ()
    assert now.is_closed.sum() == 1
    for name in ("capacity", "leaders", "assistants", "team_starts"):
        assert np.array_equal(getattr(now, name), getattr(before, name)), name
    assert all(np.array_equal(now.stock[name], before.stock[name]) for name in before.stock)
    # The kernels look at the same arrays.
    assert now.team_starts is diving._weeks.shapes.team_starts
    assert now.capacity is diving._market.capacity


@pytest.mark.parametrize("seed", [0, 1])
def test_a_plan_becomes_a_week_that_keeps_every_rule(site: Site, seed: int) -> None:
    diving = site.dive(seed)
    while diving.advance():
        pass

    week = planned(site.instance, site.offers, site.statics, diving.plan)

    verdict = check(site.instance, week)
    assert verdict.errors == ()
    opened = {(group.kind, group.day, group.slot) for group in week.groups}
    meant = {site.offers.items[offer] for offer, _ in diving.plan.meetings}
    assert len(opened & {(offer.kind, offer.day, offer.slot) for offer in meant}) >= len(meant) / 2
