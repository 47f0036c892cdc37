"""Weeks that stay as people know them: series keep their times, members keep their group."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.scheduler.solver.check import check
from services.scheduler.solver.fixed import contradictions
from services.scheduler.solver.format import instance_from_json, timetable_to_json
from services.scheduler.solver.instance import Instance, TherapyGroup, Timetable, Visit
from services.scheduler.solver.keepable import keepable
from services.scheduler.solver.model import Problem
from services.scheduler.solver.outcome import Outcome, Progress
from services.scheduler.solver.steady import solve_steadily
from services.scheduler.solver.submodel import Submodel

Document = dict[str, Any]
Make = Callable[..., Instance]
FIVE = tuple(f"patient-{number}" for number in range(5))


def series(day: int = 2, slot: int = 24, lead: str = "staff-1", members: tuple[str, ...] = FIVE) -> TherapyGroup:
    """A meeting that no cost alone would put there: Wednesday afternoon, under the second leader."""
    return TherapyGroup("skills", day, slot, "on_site", None, "en", lead, None, "big", members)


def hour(patient: str, slot: int) -> Visit:
    return Visit(patient, "individual", 2, slot, "on_site", "staff-0")


USUAL = Timetable((series(),), (hour("patient-0", 12), hour("patient-1", 16)))


def steadily(instance: Instance, **changes: Any) -> Outcome:
    limits: dict[str, Any] = {"time_limit": 30.0, "seed": 1, "workers": 1, "work_limit": 0.4}
    outcome = solve_steadily(instance, **(limits | changes))
    assert outcome.timetable is not None
    verdict = check(instance, outcome.timetable)
    assert verdict.ok, verdict.errors
    assert outcome.goals == verdict.goals
    return outcome


def moved(instance: Instance, timetable: Timetable) -> int:
    return check(instance, timetable).goals.moved


def test_the_usual_week_comes_again_where_nothing_speaks_against_it(make: Make) -> None:
    outcome = steadily(replace(make(), usual=USUAL))

    assert outcome.goals is not None
    assert outcome.timetable is not None
    assert outcome.goals.moved == 0
    assert outcome.goals.unmet == 0
    assert [(group.day, group.slot, group.lead, set(group.members)) for group in outcome.timetable.groups] == [
        (2, 24, "staff-1", set(FIVE))
    ]


def test_without_a_usual_week_the_same_group_meets_elsewhere(make: Make) -> None:
    outcome = steadily(make())

    assert outcome.timetable is not None
    assert [(group.day, group.slot) for group in outcome.timetable.groups] != [(2, 24)]


@pytest.mark.parametrize(
    ("change", "lost"),
    [
        ({}, 0),
        ({"day": 0}, 5),
        ({"slot": 22}, 5),
        ({"lead": "staff-0"}, 5),
        ({"members": FIVE[:4]}, 1),
    ],
)
def test_a_seat_is_kept_at_its_time_under_its_lead(make: Make, change: dict[str, Any], lost: int) -> None:
    instance = replace(make(), usual=Timetable((series(),)))

    assert moved(instance, Timetable((series(**change),))) == lost


def test_who_needs_the_group_no_more_is_not_missed(make: Make, patient: Callable[..., Document]) -> None:
    people = [patient(number) for number in range(5)]
    people[4]["needs"] = {"individual": 4}
    instance = replace(make(patients=people), usual=Timetable((series(),)))

    assert moved(instance, Timetable((series(members=FIVE[:4]),))) == 0


def test_an_hour_of_counselling_is_kept_too(make: Make) -> None:
    instance = replace(make(), usual=Timetable((), (hour("patient-0", 8),)))

    assert moved(instance, Timetable((), (hour("patient-0", 8),))) == 0
    assert moved(instance, Timetable((), (hour("patient-0", 12),))) == 1


def test_a_week_without_a_usual_one_costs_what_it_did(make: Make) -> None:
    week = Timetable((series(),))

    without = check(make(), week)

    assert without.goals.moved == 0
    assert check(replace(make(), usual=week), week).cost == without.cost


def test_a_series_moves_where_somebody_would_go_without(make: Make, patient: Callable[..., Document]) -> None:
    people = [patient(number) for number in range(5)]
    people[0]["commitments"] = [[2, 8, 40]]
    instance = replace(make(patients=people, group_size={"min": 5, "max": 6}), usual=Timetable((series(),)))

    outcome = steadily(instance)

    assert outcome.goals is not None
    assert outcome.goals.unmet == 0
    assert outcome.goals.moved == 5


def test_a_new_admission_finds_room_beside_the_series(make: Make) -> None:
    instance = replace(make(6), usual=Timetable((series(),)))

    outcome = steadily(instance)

    assert outcome.goals is not None
    assert outcome.goals.unmet == 0
    assert outcome.goals.moved == 0


def test_a_published_week_is_left_alone_where_only_one_person_changed(
    make: Make, patient: Callable[..., Document]
) -> None:
    people = [patient(number) for number in range(5)]
    people[1]["commitments"] = [[2, 8, 20]]

    outcome = steadily(replace(make(patients=people), published=USUAL))

    assert outcome.goals is not None
    assert outcome.goals.changes == 1
    assert outcome.goals.unmet == 0


def test_two_cohorts_side_by_side_are_not_mixed(
    make: Make, patient: Callable[..., Document], exact: Callable[[Instance], Problem]
) -> None:
    people = [patient(number, needs={"skills_group": 6}) for number in range(8)]
    first, second = FIVE[:4], tuple(f"patient-{number}" for number in range(4, 8))
    side_by_side = (
        series(lead="staff-1", members=(*first[:2], *second[:2])),
        replace(series(lead="staff-0", members=(*first[2:], *second[2:])), room="small"),
    )
    document = {"rooms": [{"id": "big", "capacity": 6}, {"id": "small", "capacity": 6}]}
    instance = replace(make(patients=people, **document), usual=Timetable(side_by_side))

    answer = Submodel(exact(instance)).solve(seconds=30, effort=None, seed=0, cancelled=lambda: False)

    assert answer.timetable is not None
    assert moved(instance, answer.timetable) == 0


def test_a_fixed_meeting_does_not_take_place_in_another_language_too(
    document: Callable[..., Document],
    patient: Callable[..., Document],
    exact: Callable[[Instance], Problem],
) -> None:
    """Every model of such a site had no answer, so that a week that had begun, or was kept, could not be bettered."""
    written = document(
        patients=[patient(number, languages=["en", "es"]) for number in range(5)], languages=["en", "es"]
    )
    for person in written["practitioners"]:
        person["languages"] = ["en", "es"]
    instance = replace(instance_from_json(written), fixed=Timetable((series(),)))

    answer = Submodel(exact(instance)).solve(seconds=30, effort=None, seed=0, cancelled=lambda: False)

    assert answer.timetable is not None
    verdict = check(instance, answer.timetable)
    assert verdict.errors == ()
    assert verdict.goals.unmet == 0
    assert [(group.language, group.lead) for group in answer.timetable.groups] == [("en", "staff-1")]


def medication(slot: int) -> Visit:
    return Visit("patient-0", "medication", 2, slot, "on_site", None)


def test_of_a_known_day_what_would_leave_somebody_waiting_is_not_kept(
    make: Make, document: Callable[..., Document], patient: Callable[..., Document]
) -> None:
    """Nothing of the whole week was kept where one person's day had a hole."""
    kinds = {"skills": {"service": "skills_group", "slots": 6}, "process": {"service": "process_group", "slots": 6}}
    staff = [person | {"leads": ["skills_group", "process_group"]} for person in document()["practitioners"]]
    people = [patient(number, needs={"skills_group": 6, "process_group": 6, "medication": 2}) for number in range(9)]
    others = tuple(f"patient-{number}" for number in range(5, 9))
    process = TherapyGroup("process", 2, 10, "on_site", "A", "en", "staff-0", None, "big", FIVE)
    known = Timetable((process, series(slot=26, members=("patient-0", *others))), (medication(20),))
    assert keepable(make(patients=people, group_kinds=kinds, practitioners=staff), known) == known

    people[0]["needs"] = {"skills_group": 6, "process_group": 6}
    instance = make(patients=people, group_kinds=kinds, practitioners=staff)
    kept = keepable(instance, known)

    assert contradictions(replace(instance, fixed=kept)) == ()
    assert kept == Timetable((process, series(slot=26, members=others)), ())


def test_a_visit_is_kept_whatever_comes_first_of_what_is_known_of_its_day(
    make: Make, patient: Callable[..., Document]
) -> None:
    people = [patient(number, needs={"skills_group": 6, "individual": 4, "medication": 2}) for number in range(5)]
    visits = (hour("patient-0", 8), medication(16))

    for order in (visits, visits[::-1]):
        assert set(keepable(make(patients=people), Timetable((series(),), order)).visits) == set(visits)


def test_what_fewer_offices_or_hours_leave_no_place_for_is_not_kept(
    make: Make, document: Callable[..., Document]
) -> None:
    side_by_side = (hour("patient-0", 12), replace(hour("patient-1", 12), practitioner="staff-1"))
    known = Timetable((), side_by_side)
    assert keepable(make(offices=2), known) == known

    assert keepable(make(offices=1), known) == Timetable((), side_by_side[:1])

    written = document(offices=2)
    written["practitioners"][0]["max_slots_week"] = 3
    assert keepable(instance_from_json(written), known) == Timetable((), side_by_side[1:])


@st.composite
def changed_weeks(draw: st.DrawFn) -> dict[str, Any]:
    busy = st.lists(st.tuples(st.sampled_from([0, 2]), st.integers(4, 28), st.integers(1, 12)), max_size=2)
    return {
        "count": draw(st.integers(4, 7)),
        "busy": draw(st.lists(busy, min_size=7, max_size=7)),
        "needs": draw(st.lists(st.sampled_from([0, 6, 12]), min_size=7, max_size=7)),
        "shifts": draw(st.sampled_from([[[0, 8, 32], [2, 8, 32]], [[2, 8, 32]], [[0, 8, 20]]])),
    }


def test_whatever_changed_since_the_answer_keeps_the_rules_and_delivers_no_less(
    make: Make, document: Callable[..., Document], patient: Callable[..., Document]
) -> None:
    """Delivery comes before custom: with what people know, nobody gets less than without."""
    seen: Counter[str] = Counter()
    usual = steadily(make(5), work_limit=0.1).timetable

    @settings(max_examples=6, deadline=None, derandomize=True, database=None)
    @given(week=changed_weeks())
    def holds(week: dict[str, Any]) -> None:
        people = [
            patient(
                number,
                commitments=[[day, start, start + length] for day, start, length in week["busy"][number]],
                needs={"skills_group": week["needs"][number], "individual": 4},
            )
            for number in range(week["count"])
        ]
        written = document(patients=people)
        written["practitioners"][0]["shifts"] = week["shifts"]
        assert usual is not None
        instance = instance_from_json(written | {"usual": timetable_to_json(usual)})

        kept = keepable(instance, instance.usual or Timetable())
        assert contradictions(replace(instance, fixed=kept)) == ()
        outcome = steadily(instance)

        alone = steadily(replace(instance, usual=None))
        assert outcome.goals is not None
        assert alone.goals is not None
        assert alone.timetable is not None
        assert outcome.bound is None or outcome.objective is None or outcome.bound <= outcome.objective
        seen["kept"] += outcome.goals.moved < moved(instance, alone.timetable)
        seen["less"] += outcome.goals.unmet > alone.goals.unmet

    holds()

    assert seen["kept"] >= 2, seen
    assert seen["less"] <= 1, seen


def test_the_same_seed_and_work_give_the_same_week(make: Make) -> None:
    instance = replace(make(6), usual=USUAL)

    first, second = steadily(instance), steadily(instance)

    assert first.timetable == second.timetable
    assert first.goals == second.goals


def test_progress_is_one_course_that_never_gets_worse(make: Make) -> None:
    seen: list[Progress] = []

    steadily(replace(make(6), usual=USUAL), on_progress=seen.append)

    incumbents = [progress.incumbent for progress in seen]
    assert incumbents == sorted(incumbents, reverse=True)
    assert [progress.seconds for progress in seen] == sorted(progress.seconds for progress in seen)


def test_cancelled_early_it_answers_with_what_is_known(make: Make) -> None:
    asked = 0

    def cancelled() -> bool:
        nonlocal asked
        asked += 1
        return asked > 2

    outcome = steadily(replace(make(5), usual=Timetable((series(),))), cancelled=cancelled)

    assert outcome.goals is not None
    assert outcome.goals.moved == 0
    assert outcome.bound is None
