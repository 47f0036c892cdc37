"""The relaxation in compiled code says what the plain one says, and a dive keeps to what there is."""

from collections import Counter, defaultdict
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from itertools import pairwise
from multiprocessing.connection import Connection
from typing import Any, cast

import numpy as np
import pytest

from services.scheduler.solver import composing, dive, partner
from services.scheduler.solver.booking import Staffed, booked
from services.scheduler.solver.bound import BoundSearch, Relaxation, unavoidable_unmet
from services.scheduler.solver.check import check
from services.scheduler.solver.composing import composed
from services.scheduler.solver.dive import Dive
from services.scheduler.solver.duals.engine import CompiledMarket, CompiledWeeks, compiled_relaxation
from services.scheduler.solver.filling import filled
from services.scheduler.solver.format import instance_from_json
from services.scheduler.solver.grid import Grid
from services.scheduler.solver.instance import (
    DAYS,
    INDIVIDUAL,
    ON_SITE,
    Instance,
    Practitioner,
    TherapyGroup,
    Timetable,
    Visit,
)
from services.scheduler.solver.master import Master
from services.scheduler.solver.neighbourhood import offer_of
from services.scheduler.solver.offers import Offers, enumerate_offers
from services.scheduler.solver.partner import News
from services.scheduler.solver.planned_weeks import Week, WeekReader
from services.scheduler.solver.prices import POOLS, Array, Market, Prices
from services.scheduler.solver.pricing import PricedWeeks
from services.scheduler.solver.seating import Seating
from services.scheduler.solver.statics import Statics
from tests.scheduler.solver.annealing.test_annealing import Known, crowded, known
from tests.scheduler.solver.conftest import tiny_document, tiny_patient


class EndOfTestError(Exception):
    """What is to be seen has been."""


Make = Callable[[Instance, Offers, Statics, Dive], Timetable | None]


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

    def dive(self) -> Dive:
        search = self.bound(60)
        return Dive(self.instance, self.offers, self.statics, prices=search.best_prices, wanted=search.wanted)

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

    found = CompiledWeeks(site.instance, site.offers, site.statics, threads=1 + number % 3).respond(prices)
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


def test_who_is_wanted_for_visits_does_not_lead_a_meeting_that_another_can_lead() -> None:
    therapist, other = (
        tiny_document()["practitioners"][number] | {"shifts": [[0, 8, 28]], "breaks": [], "individual": holds}
        for number, holds in enumerate((["family"], ["individual"]))
    )
    families = [
        tiny_patient(
            number,
            team=["staff-0"],
            needs={"skills_group": 6, "family": 4} if number < 5 else {"skills_group": 6},
            family_available=[[0, 0, 60]],
        )
        for number in range(8)
    ]
    site = Site(instance_from_json(tiny_document(0, practitioners=[therapist, other], patients=families)))

    nothing = Prices.nothing(site.instance, site.offers)
    diving = Dive(site.instance, site.offers, site.statics, prices=nothing, wanted=nothing.seats)
    # By the prices alone the therapist would lead for less.
    diving._now.prices.staff[1] = 1 + diving._now.prices.staff[0]
    diving._fix(0)

    assert [lead for _, lead in diving.plan.meetings] == [1]


def test_a_dive_fixes_no_more_meetings_than_there_are_members_for() -> None:
    site = Site(crowded(11))
    diving = site.dive()
    while diving.advance():
        pass

    assert Seating(site.instance, site.offers).lacks([meeting for meeting, _ in diving.plan.meetings]) < 0.1


@pytest.mark.parametrize("known_as", ["usual", "published"])
def test_a_week_that_people_know_costs_no_less_than_the_bound(known_as: Known) -> None:
    site = Site(known(known_as))
    week = site.instance.usual or site.instance.published
    assert week is not None
    dear = Site(replace(site.instance, weights=replace(site.instance.weights, moved=40, changes=40)))

    for one in (site, dear):
        kept = check(one.instance, week)
        assert kept.goals.moved + kept.goals.changes == 0
        assert 0 < one.bound(100).best <= kept.cost
    # The dearer a change is, the more has to be paid where not all can be kept.
    assert dear.bound(100).best >= site.bound(100).best


@pytest.mark.parametrize("seed", [3, 6, 9])
def test_a_plan_keeps_some_of_the_week_that_people_know_and_every_rule(seed: int) -> None:
    """Of seed 9 a visit is lost between two meetings, and with it what kept the waiting short."""
    site = Site(known("usual", seed))
    diving = site.dive()
    while diving.advance():
        pass
    *_, week = composed(site.instance, site.offers, site.statics, diving)
    assert week is not None

    verdict = check(site.instance, week)
    assert verdict.errors == ()
    assert verdict.goals.moved < len(site.instance.usual_seats())


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
    monkeypatch.setattr(dive, "LEAP_EACH", -np.inf)
    diving._most = 1

    assert diving.advance()

    now = diving._now
    assert diving.plan.meetings == ()
    assert now.is_closed.sum() == 1
    for name in ("capacity", "leaders", "assistants", "team_starts"):
        assert np.array_equal(getattr(now, name), getattr(before, name)), name
    assert all(np.array_equal(now.stock[name], before.stock[name]) for name in before.stock)
    for name in ("day", "week", "share"):
        assert np.array_equal(getattr(now.hours, name), getattr(before.hours, name)), name
    # The kernels look at the same arrays.
    assert now.team_starts is diving.weeks.shapes.team_starts
    assert now.capacity is diving.market.capacity


def test_a_meeting_that_costs_no_less_to_close_stays_though_the_bound_leapt(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    diving = site.dive()
    monkeypatch.setattr(dive, "LEAP", -np.inf)
    monkeypatch.setattr(dive, "LEAP_EACH", -np.inf)

    while diving.advance():
        pass

    assert len(diving.plan.meetings) >= 2
    assert diving._now.is_closed.any()


@pytest.mark.parametrize(
    "make", [filled, lambda *parts: next(composed(*parts)), lambda *parts: [*composed(*parts)][-1]]
)
def test_a_plan_becomes_a_week_that_keeps_every_rule(site: Site, make: Make) -> None:
    diving = site.dive()
    while diving.advance():
        pass

    week = make(site.instance, site.offers, site.statics, diving)
    assert week is not None

    verdict = check(site.instance, week)
    assert verdict.errors == ()
    opened = {(group.kind, group.day, group.slot) for group in week.groups}
    meant = {site.offers.items[offer] for offer, _ in diving.plan.meetings}
    assert len(opened & {(offer.kind, offer.day, offer.slot) for offer in meant}) >= len(meant) / 2


def test_no_plan_leaves_a_lead_more_contact_hours_than_there_are(site: Site) -> None:
    diving = site.dive()
    while diving.advance():
        pass
    load = Counter[tuple[int, int]]()
    for meeting, lead in diving.plan.meetings:
        load[lead, site.offers.items[meeting].day] += int(site.offers.slots[meeting])

    assert load
    for (lead, _), slots in load.items():
        assert slots <= site.instance.practitioners[lead].max_slots_day
    for lead, person in enumerate(site.instance.practitioners):
        assert sum(slots for (who, _), slots in load.items() if who == lead) <= person.max_slots_week


@pytest.mark.parametrize("number", range(6))
def test_practitioners_earn_what_no_other_choice_of_hours_could_beat(site: Site, number: int) -> None:
    instance = replace(site.instance, practitioners=tuple(map(_short_of_hours, site.instance.practitioners)))
    market, prices = Market(instance, site.offers), site.drawn(number)
    random = np.random.default_rng(number)

    earned, taken = market.work(prices)

    def worth(work: Array) -> float:
        busy = np.maximum(0.0, work.sum(axis=1) - market.hours.share).sum()
        return float((prices.staff * work).sum() - instance.weights.balance * busy)

    assert worth(taken) == pytest.approx(earned)
    assert (taken <= market.capacity).all()
    assert (taken.reshape(len(taken), DAYS, -1).sum(axis=2) <= market.hours.day).all()
    assert (taken.sum(axis=1) <= market.hours.week).all()
    for _ in range(200):
        other = taken.copy()
        for who in range(len(other)):
            out, into = np.flatnonzero(other[who] > 0), np.flatnonzero((market.capacity[who] > 0) & (other[who] == 0))
            if out.size and into.size:
                other[who, random.choice(out)] = 0.0
                other[who, random.choice(into)] = random.integers(0, 2)
        in_days = other.reshape(len(other), DAYS, -1).sum(axis=2) <= market.hours.day
        if in_days.all() and (other.sum(axis=1) <= market.hours.week).all():
            assert worth(other) <= earned + 1e-9


def _short_of_hours(person: Practitioner) -> Practitioner:
    return replace(person, max_slots_day=9, max_slots_week=30)


@pytest.mark.parametrize("number", range(4))
def test_a_week_read_back_costs_what_its_sessions_cost(site: Site, number: int) -> None:
    weeks, prices = CompiledWeeks(site.instance, site.offers, site.statics), site.drawn(number)
    reader = WeekReader(site.instance, weeks)
    weeks.respond(prices)

    read = [week for patient in range(len(site.instance.patients)) if (week := reader.week(patient, prices))]

    assert sum(bool(week.meetings) for week in read) >= 3
    assert sum(bool(week.visits) for week in read) >= 3
    for week in read:
        assert week.cost == pytest.approx(_cost(site, week))


def _cost(site: Site, week: Week) -> float:
    """Price a week from the instance alone."""
    instance, weights = site.instance, site.instance.weights
    patient, days = instance.patients[week.patient], defaultdict[int, list[tuple[int, int, str]]](list)
    unmet, cost = sum(patient.needs.values()), 0.0
    for meeting in week.meetings:
        offer, slots = site.offers.items[meeting], int(site.offers.slots[meeting])
        days[offer.day].append((offer.slot, offer.slot + slots, offer.modality))
    for visit in week.visits:
        days[visit.day].append((visit.slot, visit.slot + instance.visit_slots(patient, visit.service), visit.modality))
        is_other = patient.primary is not None and visit.practitioner != patient.primary
        cost += weights.continuity if visit.service == INDIVIDUAL and is_other else 0
    for day, sessions in days.items():
        sessions.sort()
        unmet -= sum(end - start for start, end, _ in sessions)
        cost += sum(weights.preference * patient.preference.cost(day, start) for start, _, _ in sessions)
        cost += weights.trip_on_site if sessions[0][2] == ON_SITE else weights.trip_telehealth
        for (_, end, _), (start, _, _) in pairwise(sessions):
            cost += weights.idle * (start - end - instance.limits.gap_slots)
    return cost + weights.unmet * unmet


def test_a_plan_far_dearer_than_the_best_week_so_far_is_not_composed(site: Site) -> None:
    diving = site.dive()
    while diving.advance():
        pass

    assert not list(composed(site.instance, site.offers, site.statics, diving, best=1.0))


class _Told:
    """Hears what the partner says."""

    def __init__(self) -> None:
        self.news: list[News] = []

    def send(self, news: News) -> None:
        self.news.append(news)


def test_prices_settle_and_the_bound_is_told_before_the_first_plan(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    told = _Told()
    side = partner._Partner(site.instance, cast("Connection", told), partner._Task(seconds=600.0, plans=True))
    told_before = list[float]()
    monkeypatch.setattr(partner, "is_compiled", lambda: True)
    monkeypatch.setattr(side, "_left", lambda: 600.0 if not told_before else 0.0)

    def plan() -> None:
        told_before.append(side._search.best)
        raise EndOfTestError

    monkeypatch.setattr(side, "_plan", plan)
    with pytest.raises(EndOfTestError):
        side.work()

    [settled] = told_before
    assert settled == max(news.bound for news in told.news) > 0
    # As many steps again, and it hardly rises.
    side._raise(steps=partner.SETTLING_STEPS)
    assert side._search.best - settled <= 5 * partner.SETTLED * settled


def test_a_meeting_takes_place_whole_or_not_at_all_once_decided(site: Site) -> None:
    meeting = int(np.flatnonzero(site.offers.leaders.any(axis=1) & (site.offers.eligible.sum(axis=1) >= 4))[0])
    eligible = np.flatnonzero(site.offers.eligible[meeting]).tolist()
    slots = float(site.offers.slots[meeting])
    master = Master(site.instance, site.offers, Market(site.instance, site.offers), [meeting])
    for patient in eligible:
        nothing = master.nothing(patient)
        master.add(Week(patient, (meeting,), (), nothing.cost - site.instance.weights.unmet * slots))
    assert master.solve()

    assert master.hold(meeting)
    held = master.cost
    assert master.shares() == {meeting: pytest.approx(1.0)}
    assert sum(lead.solution_value() for lead in master.leads[meeting].values()) == pytest.approx(1.0)

    master.cancel(meeting)
    assert master.shares() == {}
    assert master.cost == pytest.approx(sum(master.nothing(p).cost for p in range(len(site.instance.patients))))
    assert held < master.cost

    assert master.hold(meeting)
    assert master.cost == pytest.approx(held)


def test_nobody_is_planned_to_wait_through_a_long_commitment() -> None:
    staff = tiny_document()["practitioners"][0] | {"shifts": [[0, 8, 44]], "breaks": []}
    split = [tiny_patient(number, commitments=[[0, 16, 36]], team=["staff-0"]) for number in range(4)]
    document = tiny_document(site_open=[[0, 8, 44]], practitioners=[staff], patients=split)
    site = Site(instance_from_json(document))
    weeks, free = CompiledWeeks(site.instance, site.offers, site.statics), Prices.nothing(site.instance, site.offers)

    weeks.respond(free)
    week = WeekReader(site.instance, weeks).week(0, free)

    assert week is not None
    assert len(week.meetings) + len(week.visits) == 1
    assert PricedWeeks(site.instance, site.offers, site.statics).values(free).tolist() == weeks.values.tolist()
    assert unavoidable_unmet(site.instance, site.offers, Grid(site.instance)).tolist() == [4] * 4


def test_two_people_cannot_both_have_the_week_of_one_practitioner(site: Site) -> None:
    master = Master(site.instance, site.offers, Market(site.instance, site.offers), [])
    staff = site.instance.practitioners
    visits = [Visit(patient.id, INDIVIDUAL, 0, 20, ON_SITE, staff[0].id) for patient in site.instance.patients[:2]]
    weeks = [Week(number, (), (visit,), 1.0) for number, visit in enumerate(visits)]
    for week in weeks:
        assert master.add(week)
        assert not master.add(week)

    assert master.solve()
    assert sum(master.weeks[week].solution_value() for week in weeks) == pytest.approx(1.0)
    assert sum(master.decide([master.weeks[week] for week in weeks])) == 1
    assert max(master.worths()[:2]) > 1.0


def test_a_visit_waits_for_somebody_with_hours_for_the_whole_of_it() -> None:
    instance = crowded()
    one = replace(instance.practitioners[0], max_slots_day=6)
    site = Site(replace(instance, practitioners=(one, *instance.practitioners[1:])))
    master = Master(site.instance, site.offers, Market(site.instance, site.offers), [])
    first, later, elsewhere = (
        Week(number, (), (Visit(site.instance.patients[number].id, INDIVIDUAL, day, 20, ON_SITE, one.id),), 1.0)
        for number, day in ((0, 0), (1, 0), (2, 1))
    )

    left = master.hours_left([first], [])

    assert left[0][0, 0] == 6 - site.instance.visit_slots(site.instance.patients[0], INDIVIDUAL)
    assert not master.fits(later, left)
    assert master.fits(elsewhere, left)


def test_two_rooms_suffice_where_two_meetings_at_a_time_take_place_in_whatever_order_they_were_decided() -> None:
    starts = {"first": 8, "last": 18, "second": 12, "third": 16}
    staff = [tiny_document()["practitioners"][0] | {"id": name, "breaks": []} for name in starts]
    document = tiny_document(
        8,
        group_size={"min": 2, "max": 6, "co_facilitator_above": 5},
        rooms=[{"id": "one", "capacity": 6}, {"id": "other", "capacity": 6}],
        practitioners=staff,
    )
    for patient in document["patients"]:
        patient |= {"team": ["first"], "primary": "first"}
    site = Site(instance_from_json(document))
    meetings = [
        next(number for number, offer in enumerate(site.offers.items) if (offer.day, offer.slot) == (0, slot))
        for slot in starts.values()
    ]
    weeks = [Week(number, (meetings[number % 4],), (), 0.0) for number in range(8)]

    week = booked(
        site.instance, site.offers, site.statics, Staffed(dict(zip(meetings, range(4), strict=True)), {}), weeks
    )

    assert sorted(group.slot for group in week.groups) == sorted(starts.values())
    assert {len(group.members) for group in week.groups} == {2}
    assert check(site.instance, week).errors == ()


def test_doing_without_a_meeting_is_judged_by_weeks_planned_without_it(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the weeks at hand alone every meeting seemed indispensable, and a plan with too many kept them all."""
    diving = site.dive()
    while diving.advance():
        pass
    composer = composing._Composer(site.instance, site.offers, site.statics, diving)
    composer._generate(composing.ROUNDS, steadiness=composing.STEADINESS)
    master = composer._master
    meeting = next(iter(master.shares()))
    before, weeks = master.cost, len(master.weeks)
    monkeypatch.setattr(composing, "DEAR", -np.inf)
    monkeypatch.setattr(master, "hold", lambda _meeting: False)
    asked = iter([{meeting: 0.5}, dict[int, float]()])
    monkeypatch.setattr(master, "shares", lambda: next(asked))

    composer._decide_meetings()

    assert len(master.weeks) > weeks
    assert master.cost < before + 4 * site.instance.weights.unmet * site.offers.slots[meeting]


@pytest.mark.parametrize("lead", ["staff-0", "staff-1"])
def test_a_plan_and_its_week_keep_a_meeting_under_the_lead_of_every_week(lead: str) -> None:
    members = tuple(f"patient-{number}" for number in range(5))
    series = TherapyGroup("skills", 2, 24, "on_site", None, "en", lead, None, "big", members)
    site = Site(replace(instance_from_json(tiny_document()), usual=Timetable((series,))))
    diving = site.dive()
    while diving.advance():
        pass
    *_, week = composed(site.instance, site.offers, site.statics, diving)

    staff = [person.id for person in site.instance.practitioners]
    assert [(site.offers.items[offer].slot, staff[who]) for offer, who in diving.plan.meetings] == [(24, lead)]
    assert week is not None
    assert [(group.slot, group.lead) for group in week.groups] == [(24, lead)]
    assert check(site.instance, week).goals.moved == 0


def test_a_week_is_filled_at_the_prices_of_whole_weeks_before_one_is_decided(
    monkeypatch: pytest.MonkeyPatch, site: Site
) -> None:
    diving, asked = site.dive(), list[Prices | None]()
    while diving.advance():
        pass

    def filling(*parts: Any, prices: Prices | None = None) -> Timetable:
        asked.append(prices)
        return filled(*parts, prices=prices)

    monkeypatch.setattr(composing, "filled", filling)
    first, second = composed(site.instance, site.offers, site.statics, diving)

    assert check(site.instance, first).errors == ()
    assert check(site.instance, second).errors == ()
    assert first.groups
    assert asked[0] is not None
    assert not np.array_equal(asked[0].seats, diving.prices.seats)


def test_weeks_composed_in_a_hurry_keep_the_leads_of_their_plan(site: Site) -> None:
    diving = site.dive()
    while diving.advance():
        pass
    staff = [person.id for person in site.instance.practitioners]
    planned = {site.offers.items[offer]: staff[who] for offer, who in diving.plan.meetings}

    hurried = list(composed(site.instance, site.offers, site.statics, diving, keeps_leads=True))

    assert len(hurried) == 2
    for week in hurried:
        assert check(site.instance, week).errors == ()
        assert week.groups
        assert all(planned[offer_of(group)] == group.lead for group in week.groups)
    # Who leads is decided anew where there is time.
    *_, slower = composed(site.instance, site.offers, site.statics, diving)
    assert any(planned[offer_of(group)] != group.lead for group in slower.groups)
