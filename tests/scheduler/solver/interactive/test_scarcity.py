"""Scarce seats go to those who have no other choice, and never at the price of a patient's own need."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings

from services.scheduler.solver.format import instance_from_json
from services.scheduler.solver.instance import Instance, TherapyGroup, Timetable
from services.scheduler.solver.interactive.frozen import FrozenWeek
from services.scheduler.solver.interactive.place import place
from services.scheduler.solver.interactive.scarcity import seat_prices
from services.scheduler.solver.limits import Weights
from tests.scheduler.solver.interactive.conftest import NEWCOMER, Case, case_of, cases, small_document

MORNING, EVENING = 0, 1
AT_WORK = [[0, 0, 24], [1, 0, 24], [2, 0, 24]]


def desk(waiting: int, *, evening_seats: int = 1, **newcomer: Any) -> Case:
    """A morning and an evening group, a newcomer who likes the evening, and people who wait and work in the day."""
    document = small_document(1)
    template = document["patients"][-1] | {
        "needs": {"process_group": 6},
        "commitments": [],
        "modalities": ["on_site"],
        "languages": ["en"],
        "travel_slots": 0,
        "track": "A",
    }
    likes = {"morning": 9, "afternoon": 0, "evening": 0, "weekend": 0}
    seated = [template | {"id": f"seated-{number}", "needs": {}} for number in range(9)]
    waits = [template | {"id": f"waits-{number}", "commitments": AT_WORK} for number in range(waiting)]
    document["patients"] = [*seated, *waits, template | {"preference_cost": likes} | newcomer]
    document |= {"no_contact": [], "limits": {}, "weights": {"lexicographic": True}}
    document["group_size"] = {"min": 2, "max": 5, "co_facilitator_above": 5}
    document["rooms"] = [{"id": 0, "capacity": 5}]
    instance = instance_from_json(document)
    return Case(instance, _week(instance, evening_seats))


def _week(instance: Instance, evening_seats: int) -> Timetable:
    seated = [patient.id for patient in instance.patients]
    morning = TherapyGroup("process", 0, 8, "on_site", "A", "en", "staff-0", None, 0, tuple(seated[:4]))
    evening = replace(morning, slot=26, members=tuple(seated[4 : 9 - evening_seats]))
    return Timetable((morning, evening))


def chosen(case: Case, *, priced: bool = True) -> tuple[int, ...]:
    week = FrozenWeek(case.instance, case.timetable)
    prices = seat_prices(week, NEWCOMER) if priced else {}
    return place(week, case.newcomer, prices)[0].joins


def test_who_could_come_in_the_morning_does_not_get_the_evening_seat_that_others_wait_for() -> None:
    assert chosen(desk(waiting=2)) == (MORNING,)
    assert chosen(desk(waiting=2), priced=False) == (EVENING,)


def test_where_nobody_waits_the_patient_gets_what_they_prefer() -> None:
    assert chosen(desk(waiting=0)) == (EVENING,)


def test_who_can_only_come_in_the_evening_gets_the_scarce_seat() -> None:
    assert chosen(desk(waiting=2, commitments=AT_WORK)) == (EVENING,)


def test_the_alternatives_say_what_the_scarce_seat_would_cost_others() -> None:
    case = desk(waiting=2)
    week = FrozenWeek(case.instance, case.timetable)
    prices = seat_prices(week, NEWCOMER)
    by_seat = {alternative.joins: alternative for alternative in place(week, case.newcomer, prices)}

    scarce = by_seat[(EVENING,)]
    assert scarce.scarce == {EVENING: prices[EVENING]}
    assert scarce.parts.scarcity == prices[EVENING] > 9


@pytest.mark.parametrize("waiting", range(4))
def test_more_people_waiting_make_a_seat_dearer_and_more_seats_cheaper(waiting: int) -> None:
    def price(waiting: int, seats: int) -> int:
        case = desk(waiting, evening_seats=seats)
        return seat_prices(FrozenWeek(case.instance, case.timetable), NEWCOMER).get(EVENING, 0)

    assert price(waiting, 1) < price(waiting + 1, 1)
    assert price(waiting + 1, 2) < price(waiting + 1, 1)


def test_a_price_is_the_expected_use_of_the_last_seat() -> None:
    """One person waits who can only take this seat: asked for with probability 1 - 1/e, beside one newcomer in 12."""
    case = desk(waiting=1)
    alone = replace(case.instance, patients=case.instance.patients[-2:])
    case = Case(alone, Timetable(tuple(replace(group, members=()) for group in case.timetable.groups)))
    week = FrozenWeek(case.instance, case.timetable, {MORNING: 5, EVENING: 1})

    # worth 30 a slot x 6 slots x (1 - exp(-(1 + 1/12)))
    assert seat_prices(week, NEWCOMER)[EVENING] == 119


@given(cases())
@settings(max_examples=25, deadline=None)
def test_in_lexicographic_order_no_price_takes_anything_from_the_patients_own_needs(case: Case) -> None:
    case = Case(replace(case.instance, weights=Weights(lexicographic=True)), case.timetable)
    week = FrozenWeek(case.instance, case.timetable)

    priced, free = (place(week, case.newcomer, prices)[0] for prices in (seat_prices(week, NEWCOMER), {}))

    assert priced.parts.unmet == free.parts.unmet


def test_nobody_else_and_no_seat_mean_no_price() -> None:
    case = case_of(small_document(3))
    full = FrozenWeek(case.instance, case.timetable, dict.fromkeys(range(len(case.timetable.groups)), 0))
    alone = FrozenWeek(replace(case.instance, patients=(case.newcomer,), no_contact=()), Timetable())

    assert seat_prices(full, NEWCOMER) == {}
    assert seat_prices(alone, NEWCOMER) == {}
