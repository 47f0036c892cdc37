"""Cohorts meet where that costs nobody anything: no rule, no hour, no place that somebody knows."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations, product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.scheduler.solver.check import check
from services.scheduler.solver.cohorts import solve_for_cohorts, together
from services.scheduler.solver.format import instance_from_json
from services.scheduler.solver.instance import (
    TELEHEALTH,
    Id,
    Instance,
    Interval,
    Patient,
    Preference,
    TherapyGroup,
    Timetable,
    UsualSeat,
    Visit,
)
from services.scheduler.solver.outcome import Outcome
from tests.scheduler.solver.conftest import tiny_document, tiny_patient

PEOPLE = 12
MONDAY, WEDNESDAY, MORNING = 0, 2, 8
WHO = [f"patient-{number}" for number in range(PEOPLE)]
STAFF = [f"staff-{number}" for number in range(3)]
FOUR = (WHO[:4],)


def an_instance(people: int = PEOPLE, **changes: Any) -> Instance:
    """Twelve people and three who may lead groups of two to six, on Monday and on Wednesday."""
    document = tiny_document(0)
    practitioner = document["practitioners"][0] | {"breaks": []}
    return instance_from_json(
        document
        | {
            "group_size": {"min": 2, "max": 6, "co_facilitator_above": 6},
            "rooms": [{"id": f"room-{number}", "capacity": 6} for number in range(3)],
            "medication_pool": [PEOPLE] * 420,
            "practitioners": [practitioner | {"id": one} for one in STAFF],
            "patients": [
                tiny_patient(number, needs={"skills_group": 12, "medication": 2}, modalities=["on_site", "telehealth"])
                for number in range(people)
            ],
            **changes,
        }
    )


def a_group(day: int, number: int, members: list[str], **changes: Any) -> TherapyGroup:
    values: dict[str, Any] = {
        "kind": "skills",
        "day": day,
        "slot": MORNING,
        "modality": "on_site",
        "track": None,
        "language": "en",
        "lead": STAFF[number],
        "co": None,
        "room": f"room-{number}",
        "members": tuple(members),
    }
    return TherapyGroup(**{**values, **changes})


SPLIT = [a_group(MONDAY, 0, [*WHO[:2], *WHO[4:6]]), a_group(MONDAY, 1, [*WHO[2:4], *WHO[6:8]])]


SIZES: dict[int, list[tuple[int, ...]]] = {
    12: [(4, 4, 4), (2, 4, 6), (5, 5, 2)],
    9: [(4, 3, 2), (3, 3, 3)],
    6: [(2, 4), (3, 3), (2, 2, 2)],
}


@st.composite
def days(draw: st.DrawFn, day: int, people: list[str]) -> list[TherapyGroup]:
    """People dealt to the meetings of a day, which may be at one time or not."""
    order = iter(draw(st.permutations(people)))
    sizes = draw(st.sampled_from(SIZES[len(people)]))
    times = draw(st.sampled_from([(8, 8, 8), (8, 8, 20), (8, 14, 20), (20, 20, 14)]))
    return [
        a_group(day, number, [next(order) for _ in range(size)], slot=slot)
        for number, (size, slot) in enumerate(zip(sizes, times, strict=False))
    ]


@st.composite
def weeks(draw: st.DrawFn) -> Timetable:
    """Days to which everybody comes, or some to one and some to the other."""
    first, others = draw(st.sampled_from([(WHO, WHO), (WHO[:6], WHO[6:]), (WHO[:9], WHO[3:])]))
    return Timetable((*draw(days(MONDAY, first)), *draw(days(WEDNESDAY, others))))


@st.composite
def lives(draw: st.DrawFn, patient: Patient) -> Patient:
    """Somebody with hours of their own, whom mornings may suit worse."""
    day, start = draw(st.sampled_from([MONDAY, WEDNESDAY])), draw(st.integers(4, 26))
    return replace(
        patient,
        travel_slots=draw(st.integers(0, 2)),
        commitments=(Interval(day, start, start + draw(st.integers(1, 6))),) if draw(st.booleans()) else (),
        preference=Preference(morning=draw(st.integers(0, 1)), afternoon=draw(st.integers(0, 1))),
    )


@st.composite
def cases(draw: st.DrawFn) -> tuple[Instance, Timetable]:
    """A week that breaks no rule, with visits between the groups, and what people know and cannot do."""
    week, instance = draw(weeks()), an_instance()
    for number, patient in enumerate(instance.patients):
        other = draw(lives(patient))
        visit = Visit(patient.id, "medication", MONDAY, draw(st.integers(8, 30)), "on_site", None)
        for life, visits in ((other, (visit,)), (other, ()), (patient, (visit,))):
            people = (*instance.patients[:number], life, *instance.patients[number + 1 :])
            lived, held = replace(instance, patients=people), replace(week, visits=(*week.visits, *visits))
            if check(lived, held).ok:
                instance, week = lived, held
                break
    seated = {pair for group in week.groups for pair in beside(group)}
    pairs = [pair for pair in combinations(WHO, 2) if frozenset(pair) not in seated]
    known = draw(st.none() | weeks())
    is_published = draw(st.booleans())
    fixed = draw(st.sets(st.sampled_from(week.groups), max_size=1))
    return replace(
        instance,
        no_contact=tuple(draw(st.lists(st.sampled_from(pairs), max_size=6)) if pairs else ()),
        published=known if is_published else None,
        usual=None if is_published else known,
        fixed=Timetable(tuple(replace(group, members=group.members[:2]) for group in fixed)),
    ), week


@st.composite
def some_cohorts(draw: st.DrawFn) -> tuple[list[str], ...]:
    order = draw(st.permutations(WHO))
    size = draw(st.integers(2, 5))
    return order[:size], order[size : size + draw(st.integers(0, 4))]


def beside(group: TherapyGroup) -> list[frozenset[Id]]:
    return [frozenset(pair) for pair in combinations(group.members, 2)]


def met(timetable: Timetable, cohorts: tuple[list[str], ...]) -> tuple[int, int]:
    """How many pairs of a cohort meet at all, and how many times in all."""
    pairs = {frozenset(pair) for cohort in cohorts for pair in combinations(cohort, 2)}
    times = Counter(pair for group in timetable.groups for pair in beside(group) if pair in pairs)
    return len(times), times.total()


def of_one(instance: Instance, week: Timetable, patient: Patient) -> tuple[float, ...]:
    """What the week costs one person, by the checker."""
    groups = (replace(group, members=(patient.id,) if patient.id in group.members else ()) for group in week.groups)
    visits = tuple(visit for visit in week.visits if visit.patient == patient.id)
    alone = replace(instance, patients=(patient,), no_contact=(), fixed=Timetable())
    goals = check(alone, Timetable(tuple(groups), visits)).goals
    return goals.unmet, goals.changes, goals.moved, goals.preference, goals.trips, goals.idle


def known_seats(instance: Instance, week: Timetable) -> set[UsualSeat]:
    known = {seat for told in (instance.published, instance.usual) if told for seat in instance.seats(told)}
    return known.intersection(instance.seats(week))


def is_no_worse(instance: Instance, week: Timetable, other: Timetable) -> bool:
    """Say whether another week keeps every rule, and what it costs each person and lets them keep."""
    return (
        check(instance, other).ok
        and known_seats(instance, week) <= known_seats(instance, other)
        and all(
            later <= before
            for patient in instance.patients
            for before, later in zip(of_one(instance, week, patient), of_one(instance, other, patient), strict=True)
        )
    )


def exchanges(week: Timetable) -> Iterator[Timetable]:
    """Every week in which two people of two groups have changed places."""
    for (here, first), (there, second) in combinations(enumerate(week.groups), 2):
        for one, other in product(first.members, second.members):
            groups = list(week.groups)
            groups[here] = replace(first, members=tuple(other if who == one else who for who in first.members))
            groups[there] = replace(second, members=tuple(one if who == other else who for who in second.members))
            yield replace(week, groups=tuple(groups))


@given(case=cases(), cohorts=some_cohorts())
def test_more_of_a_cohort_meet_with_nobody_worse_off_until_no_two_can_change_places(
    case: tuple[Instance, Timetable], cohorts: tuple[list[str], ...]
) -> None:
    instance, week = case
    before = check(instance, week)
    assert before.ok, before.errors

    after = together(instance, week, cohorts)

    verdict = check(instance, after)
    assert verdict.errors == ()
    assert verdict.cost <= before.cost
    assert verdict.goals.rank(replace(instance.weights, lexicographic=True)) <= before.goals.rank(
        replace(instance.weights, lexicographic=True)
    )
    assert is_no_worse(instance, week, after)
    assert all(now >= then for now, then in zip(met(after, cohorts), met(week, cohorts), strict=True))
    assert [len(group.members) for group in after.groups] == [len(group.members) for group in week.groups]
    assert together(instance, week, cohorts) == after
    pairs, times = met(after, cohorts)
    for other in exchanges(after):
        more = met(other, cohorts)
        if more != (pairs, times) and more[0] >= pairs and more[1] >= times:
            assert not is_no_worse(instance, after, other)


def test_four_who_sit_in_two_rooms_at_one_time_come_to_sit_in_one() -> None:
    after = together(an_instance(), Timetable(tuple(SPLIT)), FOUR)

    assert set(WHO[:4]) in [set(group.members) for group in after.groups]
    assert [len(group.members) for group in after.groups] == [4, 4]


def test_a_cohort_leaves_the_group_that_has_too_few_seats_for_it_all_at_once() -> None:
    """Before, three of four sat in the small group, where there is no fourth seat, and none had a reason to go."""
    large, small = a_group(MONDAY, 0, [WHO[0], *WHO[4:8]]), a_group(MONDAY, 1, WHO[1:4])

    after = together(an_instance(), Timetable((large, small)), FOUR)

    assert met(after, FOUR) == (6, 6)
    assert [len(group.members) for group in after.groups] == [5, 3]


def test_nobody_leaves_one_whom_they_meet_nowhere_else_for_three_whom_they_meet_anyway() -> None:
    one, left, *others = WHO[:5]
    here = a_group(MONDAY, 0, [one, left, *WHO[5:7]])
    there = a_group(MONDAY, 1, [*others, WHO[7]])
    elsewhere = a_group(WEDNESDAY, 0, [one, *others])
    fixed = Timetable((replace(here, members=(left,)), replace(there, members=tuple(others)), elsewhere))
    week = Timetable((here, there, elsewhere))

    assert together(replace(an_instance(), fixed=fixed), week, (WHO[:5],)) == week


def test_nobody_comes_on_one_day_more_to_meet_their_cohort() -> None:
    one, mate, other = WHO[:3]
    groups = (a_group(MONDAY, 0, [one, WHO[3]]), a_group(WEDNESDAY, 0, [mate, other]))
    stays = (replace(groups[1], members=(mate,)),)
    week = Timetable(groups, (Visit(one, "medication", MONDAY, 15, "on_site", None),))

    assert together(replace(an_instance(), fixed=Timetable(stays)), week, ([one, mate],)) == week
    alone = together(replace(an_instance(), fixed=Timetable(stays)), Timetable(groups), ([one, mate],))
    assert set(alone.groups[1].members) == {one, mate}


TWO_KINDS = {"skills": {"service": "skills_group", "slots": 6}, "other": {"service": "education_group", "slots": 6}}


def test_who_goes_to_another_day_with_one_who_is_there_as_well_leaves_nobody() -> None:
    """On Wednesday they meet the one they meet on Monday, and once more the one they meet in another kind of group."""
    one, mate, known, other = WHO[0], WHO[1], WHO[2], WHO[5]
    monday, wednesday = a_group(MONDAY, 0, [one, mate]), a_group(WEDNESDAY, 0, [mate, known, other])
    after_it = a_group(WEDNESDAY, 1, [one, known], slot=16, kind="other")
    stays = (replace(monday, members=(mate,)), replace(wednesday, members=(mate, known)), after_it)
    instance = replace(an_instance(group_kinds=TWO_KINDS, limits={"gap_slots": 2}), fixed=Timetable(stays))

    after = together(instance, Timetable((monday, wednesday, after_it)), ([one, mate, known],))

    assert [set(group.members) for group in after.groups] == [{other, mate}, {mate, known, one}, {one, known}]


def test_who_has_gone_to_another_day_is_not_let_into_a_second_group_at_that_time() -> None:
    one, first, second, *others = WHO[:5]
    groups = (
        a_group(MONDAY, 0, [one, *WHO[6:8]]),
        a_group(MONDAY, 0, [one, *WHO[8:10]], slot=16, kind="other"),
        a_group(WEDNESDAY, 0, [first, others[0]]),
        a_group(WEDNESDAY, 1, [second, others[1]], kind="other"),
    )
    stays = tuple(replace(group, members=group.members[:1]) for group in groups[2:])
    visit = Visit(one, "medication", WEDNESDAY, 16, "on_site", None)
    instance = replace(an_instance(group_kinds=TWO_KINDS, limits={"gap_slots": 2}), fixed=Timetable(stays))

    after = together(instance, Timetable(groups, (visit,)), ([one, first, second],))

    assert [one in group.members for group in after.groups[2:]].count(True) == 1


def test_at_another_time_they_meet_where_that_suits_everybody_who_changes_places() -> None:
    instance = an_instance()
    later = Timetable((SPLIT[0], replace(SPLIT[1], slot=14)))
    evening = Timetable((SPLIT[0], replace(SPLIT[1], slot=20)))

    assert met(together(instance, later, FOUR), FOUR) == (6, 6)
    # In the afternoon it costs everybody a point more.
    assert together(instance, evening, FOUR) == evening


@pytest.mark.parametrize(
    ("groups", "begins"),
    [
        ([replace(group, modality=TELEHEALTH, room=None) for group in SPLIT], 0),
        ([replace(group, language=language) for group, language in zip(SPLIT, ("en", "es"), strict=True)], 0),
        ([replace(group, kind=kind) for group, kind in zip(SPLIT, ("skills", "short"), strict=True)], 0),
        (SPLIT, MORNING + 1),
    ],
    ids=["by telehealth", "other languages", "other kinds", "begun"],
)
def test_nobody_changes_places_between_meetings_that_are_not_alike(groups: list[TherapyGroup], begins: int) -> None:
    kinds = {code: {"service": "skills_group", "slots": 6} for code in ("skills", "short")}
    week = Timetable(tuple(groups))

    assert together(replace(an_instance(group_kinds=kinds), begins=begins), week, FOUR) == week


def test_on_another_track_nobody_sits_in_a_process_group() -> None:
    kinds = {"skills": {"service": "process_group", "slots": 6}}
    week = Timetable(tuple(replace(group, track=track) for group, track in zip(SPLIT, "AB", strict=True)))

    assert together(an_instance(group_kinds=kinds), week, FOUR) == week


def test_without_cohorts_a_week_stays_as_it_was_found() -> None:
    week = Timetable(tuple(SPLIT))

    assert together(an_instance(), week, ()) == week


def solved(instance: Instance, cohorts: tuple[list[str], ...]) -> tuple[Outcome, Timetable]:
    outcome = solve_for_cohorts(instance, cohorts, time_limit=30.0, seed=1, workers=1, work_limit=0.1)
    assert outcome.timetable is not None
    verdict = check(instance, outcome.timetable, bound=outcome.bound)
    assert verdict.ok, verdict.errors
    assert (outcome.objective, outcome.goals) == (verdict.cost, verdict.goals)
    return outcome, outcome.timetable


def test_a_cohort_that_meets_stays_where_it_was_the_week_before_and_a_newcomer_joins_it() -> None:
    """Week after week: what the solver keeps of the usual week is not undone, whoever comes."""
    eight, ten = (
        an_instance(
            site_open=[[MONDAY, 8, 14]],
            group_size={"min": 4, "max": 5, "co_facilitator_above": 5},
            patients=[tiny_patient(number, needs={"skills_group": 6}) for number in range(count)],
        )
        for count in (8, 10)
    )
    dealt = [list(map(str, group.members)) for group in solved(eight, ())[1].groups]
    cohort = [*dealt[0][:2], *dealt[1][:2]]
    _, first = solved(eight, (cohort,))
    known = replace(ten, usual=first)
    [apart] = [group for group in solved(known, ())[1].groups if not set(cohort) & set(group.members)]
    grown = ([*cohort, *{*map(str, apart.members)}.intersection(WHO[8:10])],)

    outcome, second = solved(known, grown)

    assert met(first, (cohort,)) == (6, 6)
    assert outcome.goals is not None
    assert (outcome.goals.unmet, outcome.goals.moved) == (0, 0)
    assert met(second, grown) == (10, 10)
