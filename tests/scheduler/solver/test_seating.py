"""Meetings that cannot all have the members they must are known at once, and no more than those."""

from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.scheduler.solver.format import instance_from_json
from services.scheduler.solver.grid import Grid
from services.scheduler.solver.instance import Instance
from services.scheduler.solver.neighbourhood import offer_of
from services.scheduler.solver.offers import Offers, enumerate_offers
from services.scheduler.solver.seating import Seating
from services.scheduler.solver.submodel import Submodel
from tests.scheduler.solver.conftest import tiny_document, tiny_patient, whole_problem


def site(count: int, needs: int) -> tuple[Instance, Offers]:
    """So many people who all need so many slots of the one group, of 6 slots and at least 4 members."""
    patients = [tiny_patient(number, needs={"skills_group": needs}) for number in range(count)]
    instance = instance_from_json(tiny_document(0, patients=patients))
    return instance, enumerate_offers(instance, Grid(instance))


def at(offers: Offers, *starts: tuple[int, int]) -> list[int]:
    return [
        next(number for number, offer in enumerate(offers.items) if (offer.day, offer.slot) == start)
        for start in starts
    ]


@pytest.mark.parametrize(
    ("count", "needs", "starts", "lacking"),
    [
        (4, 6, [(0, 12)], 0),
        (5, 6, [(0, 12), (2, 12)], 3),
        (8, 6, [(0, 12), (2, 12)], 0),
        (4, 12, [(0, 12), (2, 12)], 0),
        # Nobody sits in two at once, nor twice a day in the same service.
        (7, 12, [(0, 12), (0, 14)], 1),
        (4, 12, [(0, 10), (0, 24)], 4),
        (4, 24, [(0, 10), (0, 24), (2, 10)], 4),
    ],
)
def test_what_meetings_lack_is_told(count: int, needs: int, starts: Sequence[tuple[int, int]], lacking: float) -> None:
    instance, offers = site(count, needs)

    assert Seating(instance, offers).lacks(at(offers, *starts)) == pytest.approx(lacking)


def test_a_meeting_late_one_day_is_not_at_once_with_one_early_the_next() -> None:
    late_and_early = [[0, 50, 60], [1, 0, 10]]
    staff = [tiny_document()["practitioners"][0] | {"shifts": late_and_early, "breaks": []}]
    patients = [tiny_patient(number, needs={"skills_group": 12}, team=["staff-0"]) for number in range(4)]
    instance = instance_from_json(tiny_document(0, patients=patients, practitioners=staff, site_open=late_and_early))
    offers = enumerate_offers(instance, Grid(instance))

    assert Seating(instance, offers).lacks(at(offers, (0, 54), (1, 0))) == pytest.approx(0)


def test_meetings_taken_back_lack_nothing_any_more() -> None:
    instance, offers = site(5, 6)
    seating = Seating(instance, offers)
    one, other = at(offers, (0, 12), (2, 12))

    said = [seating.lacks(meetings) for meetings in ([one], [one, other], [other], [one, other], [])]

    assert said == pytest.approx([0, 3, 0, 3, 0])


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    needs=st.lists(st.sampled_from([0, 6, 12]), min_size=4, max_size=9),
    free=st.lists(st.integers(9, 20), min_size=9, max_size=9),
)
def test_meetings_of_a_week_that_can_be_had_lack_nobody(needs: list[int], free: list[int]) -> None:
    patients = [
        tiny_patient(number, needs={"skills_group": need}, commitments=[[0, 8, free[number]], [2, 8, free[-number]]])
        for number, need in enumerate(needs)
    ]
    instance = instance_from_json(tiny_document(0, patients=patients))
    answer = Submodel(whole_problem(instance)).solve(seconds=20.0, effort=None, seed=0, cancelled=lambda: False)
    assert answer.timetable is not None
    offers = enumerate_offers(instance, Grid(instance))

    held = [offers.index[offer_of(group)] for group in answer.timetable.groups]
    assert Seating(instance, offers).lacks(held) == pytest.approx(0)
