"""A dive's meetings filled: by weeks that go together, and without a trace in the dive."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from copy import deepcopy
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from services.scheduler.solver import composing
from services.scheduler.solver.booking import booked
from services.scheduler.solver.check import check
from services.scheduler.solver.composing import composed
from services.scheduler.solver.dive import Dive
from services.scheduler.solver.filling import Filling, filled
from services.scheduler.solver.instance import DAYS, ON_SITE, Timetable
from services.scheduler.solver.planned_weeks import Week, WeekReader
from services.scheduler.solver.taken import Taken
from tests.scheduler.solver.annealing.test_annealing import crowded
from tests.scheduler.solver.duals.test_duals import Site


@pytest.fixture(scope="module")
def site() -> Site:
    return Site(crowded())


def whole(site: Site) -> Dive:
    diving = site.dive()
    while diving.advance():
        pass
    return diving


def state(diving: Dive) -> list[Any]:
    now = diving._now
    hours = (now.hours.day, now.hours.week, now.hours.share)
    return deepcopy(
        [now.capacity, now.team_starts, now.prices.seats, *hours, *now.stock.values(), diving.weeks.shapes.is_free]
    )


def test_a_dive_ends_where_nothing_is_wanted_that_is_not_fixed(site: Site) -> None:
    """What was wanted by less than three tenths of a person was closed at once, and who wanted it went without."""
    diving = whole(site)

    assert diving._wanted().sum() == 0
    before = diving.bound
    diving.settle(lambda _: None)
    assert diving.bound <= 1.1 * before


def test_a_dive_is_left_as_it_was(site: Site) -> None:
    diving = whole(site)
    before = state(diving)

    filled(site.instance, site.offers, site.statics, diving)

    for one, other in zip(before, state(diving), strict=True):
        assert np.array_equal(one, other)


def test_decided_weeks_go_together_so_that_booking_loses_none(site: Site) -> None:
    rooms = tuple(replace(room, capacity=12) for room in site.instance.rooms)
    site = Site(replace(site.instance, rooms=rooms))
    filling = Filling(site.instance, site.offers, site.statics, whole(site))
    filling.fill()

    week = filling.timetable()
    decided = filling._decided.values()
    sizes = {site.offers.items[m]: len(who) for m, who in filling._taken.members.items() if who}
    short = [offer for offer, size in sizes.items() if size < site.instance.kinds[offer.kind].size.minimum]

    assert len(decided) == len(site.instance.patients)
    assert short == []
    assert sum(len(group.members) for group in week.groups) == sum(len(one.meetings) for one in decided)
    assert {visit for one in decided for visit in one.visits} <= set(week.visits)


def test_what_is_given_back_can_be_taken_again(site: Site) -> None:
    diving = whole(site)
    market, shapes = diving.market, diving.weeks.shapes
    taken = Taken(site.instance, site.offers, market, shapes, dict(diving.plan.meetings))
    prices = diving.prices
    diving.weeks.respond(prices)
    reader = WeekReader(site.instance, diving.weeks)
    before = state(diving)
    weeks = [week for patient in range(len(site.instance.patients)) if (week := reader.week(patient, prices))]
    booked = []
    for week in weeks:
        if taken.fits(week, prices):
            taken.take(week, prices)
            booked.append(week)

    assert len(booked) > 0
    assert any(week.visits for week in booked)
    # Nobody can be in the same place twice.
    assert not any(taken.fits(week, prices) for week in booked if any(visit.practitioner for visit in week.visits))
    for week in booked:
        taken.give_back(week)
    for one, other in zip(before, state(diving), strict=True):
        assert np.array_equal(one, other)
    assert not any(taken.members.values())


def test_nobody_is_decided_into_a_room_that_is_nowhere(site: Site) -> None:
    rooms = tuple(replace(room, capacity=4) for room in site.instance.rooms)
    small = Site(replace(site.instance, rooms=rooms))
    filling = Filling(small.instance, small.offers, small.statics, whole(small))
    filling.fill()

    sizes = [
        len(members)
        for meeting, members in filling._taken.members.items()
        if small.offers.items[meeting].modality == ON_SITE
    ]
    assert max(sizes) == 4


def test_one_week_alone_takes_no_more_hours_than_its_practitioner_has(site: Site) -> None:
    diving = whole(site)
    market, prices = diving.market, diving.prices
    taken = Taken(site.instance, site.offers, market, diving.weeks.shapes, dict(diving.plan.meetings))
    diving.weeks.respond(prices)
    reader = WeekReader(site.instance, diving.weeks)
    weeks = [week for patient in range(len(site.instance.patients)) if (week := reader.week(patient, prices))]
    week = next(week for week in weeks if taken.fits(week, prices) and any(one.practitioner for one in week.visits))
    visit = next(one for one in week.visits if one.practitioner)
    twice = week._replace(visits=(visit, replace(visit, day=(visit.day + 1) % DAYS)))
    slots = site.instance.visit_slots(site.instance.patients[week.patient], visit.service)
    market.capacity[:] = 1
    market.hours.day[:] = slots
    market.hours.week[:] = 2 * slots

    assert taken.fits(twice, prices)
    market.hours.week[:] = 2 * slots - 1
    assert not taken.fits(twice, prices)


def with_enemies() -> Site:
    """Everybody of the crowded site may not meet one other."""
    instance = crowded()
    ids = [patient.id for patient in instance.patients]
    return Site(replace(instance, no_contact=tuple(zip(ids[::2], ids[1::2], strict=False))))


def meet(site: Site, members: Iterable[Collection[int]]) -> int:
    """How often two who may not meet are in one meeting; patients by their numbers."""
    ids = [patient.id for patient in site.instance.patients]
    together = [{ids[member] for member in meeting} for meeting in members if len(meeting) > 1]
    assert together
    return sum(set(pair) <= meeting for meeting in together for pair in site.instance.no_contact)


def test_who_may_not_meet_is_not_filled_into_one_meeting() -> None:
    site = with_enemies()
    filling = Filling(site.instance, site.offers, site.statics, whole(site))
    filling.fill()

    assert meet(site, filling._taken.members.values()) == 0


def test_who_may_not_meet_is_not_composed_into_one_meeting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Booking left one of them out, and a meeting of four that then lacked its fourth was lost for all of them."""
    site, weeks = with_enemies(), list[Week]()

    def booking(*arguments: Any) -> Timetable:
        weeks.extend(arguments[-1])
        return booked(*arguments)

    monkeypatch.setattr(composing, "booked", booking)
    *_, week = composed(site.instance, site.offers, site.statics, whole(site))

    assert week is not None
    assert check(site.instance, week).errors == ()
    members: dict[int, list[int]] = defaultdict(list)
    for one in weeks:
        for meeting in one.meetings:
            members[meeting].append(one.patient)
    assert meet(site, members.values()) == 0
