"""Advice on capacity: what it says would be served can be, and it is the most while everybody else stays."""

from dataclasses import replace
from itertools import combinations, product

from hypothesis import given, settings
from hypothesis import strategies as st

from services.scheduler.solver.check import check
from services.scheduler.solver.format import instance_from_json
from services.scheduler.solver.instance import Id, Instance, Interval, TherapyGroup, Timetable, Visit
from services.scheduler.solver.interactive.capacity import GROUP, ROOM, Advice, _most_visits, advise, together
from services.scheduler.solver.interactive.frozen import FrozenWeek
from services.scheduler.solver.limits import Weights
from services.scheduler.solver.model import Problem
from services.scheduler.solver.submodel import Submodel
from tests.scheduler.solver.interactive.conftest import small_document


def understaffed(seed: int) -> Instance:
    """A week in which everybody needs something and nothing takes place yet, with hardly any staff at work."""
    document = small_document(seed)
    for person in document["practitioners"]:
        person["shifts"] = [[seed % 3, 8, 20]]
    document["rooms"] = [{"id": 0, "capacity": 5}]
    return instance_from_json(document)


def with_meeting(week: FrozenWeek, advice: Advice, members: tuple[Id, ...]) -> tuple[Instance, Timetable]:
    """The week with what the advice asks for: two people on duty for just that time, and a room where it lacks one."""
    instance = week.instance
    kind = next(
        k for k in instance.kinds.values() if (k.service, k.slots) == (advice.service, advice.end - advice.start)
    )
    hours = (Interval(advice.day, advice.start, advice.end),)
    more = [
        replace(instance.practitioners[0], id=name, shifts=hours, breaks=(), max_slots_day=60, max_slots_week=420)
        for name in ("lead", "co")
    ]
    rooms = (*instance.rooms, replace(instance.rooms[0], id="more"))
    group = TherapyGroup(
        kind.code,
        advice.day,
        advice.start,
        str(advice.modality),
        advice.track,
        str(advice.language),
        "lead",
        "co" if len(members) > kind.size.co_facilitator_above else None,
        "more" if advice.modality == "on_site" else None,
        members,
    )
    asked = replace(instance, practitioners=(*instance.practitioners, *more), rooms=rooms)
    return asked, replace(week.timetable, groups=(*week.timetable.groups, group))


@given(st.integers(0, 2000))
@settings(max_examples=8, deadline=None)
def test_a_meeting_serves_as_many_as_may_sit_in_it_and_no_more(seed: int) -> None:
    instance = understaffed(seed)
    week = FrozenWeek(instance, Timetable())
    meetings = [advice for advice in advise(week, count=20) if advice.modality is not None]
    for advice in meetings:
        asked, timetable = with_meeting(week, advice, advice.members)
        assert check(asked, timetable).ok, check(asked, timetable).errors
        assert advice.slots == len(advice.members) * (advice.end - advice.start)
        for other in instance.patients:
            if other.id not in advice.members:
                fuller = with_meeting(week, advice, (*advice.members, other.id))
                # Nobody else could: no time, no need, to be kept apart, or nobody to help with more than four.
                assert not check(*fuller).ok or len(advice.members) == 4


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), max_size=6))
def test_the_most_people_who_may_sit_together(pairs: list[tuple[int, int]]) -> None:
    instance = instance_from_json(small_document(1))
    week = FrozenWeek(instance, Timetable())
    apart = {frozenset(pair) for pair in pairs if pair[0] != pair[1]}
    for pair in apart:
        one, other = pair
        week.enemies[one].add(other)
        week.enemies[other].add(one)
    most = max(
        size
        for size in range(7)
        for chosen in combinations(range(6), size)
        if not any(pair <= set(chosen) for pair in apart)
    )

    found = together(range(6), week)

    assert len(found) == most
    assert not any(pair <= set(found) for pair in apart)


@given(st.lists(st.tuples(st.sampled_from([1, 2, 4]), st.sets(st.integers(0, 11), max_size=3)), max_size=4))
@settings(max_examples=40, deadline=None)
def test_a_shift_is_filled_as_well_as_brute_force_can(people: list[tuple[int, set[int]]]) -> None:
    able = [(number, n, sum(1 << slot for slot in starts)) for number, (n, starts) in enumerate(people)]
    best = 0
    for choice in product(*([None, *sorted(starts)] for _, starts in people)):
        taken = [
            slot
            for start, (n, _) in zip(choice, people, strict=True)
            if start is not None
            for slot in range(start, start + n)
        ]
        if len(taken) == len(set(taken)):
            best = max(best, len(taken))

    assert sum(people[int(who)][0] for who in _most_visits(able)) == best


@given(st.integers(0, 2000))
@settings(max_examples=8, deadline=None)
def test_a_shift_serves_whom_it_says(seed: int) -> None:
    """The solver's own model sees everybody named in just that shift, by just one person."""
    instance = understaffed(seed)
    advices = [one for one in advise(FrozenWeek(instance, Timetable()), count=8) if one.modality is None]
    for advice in (one for one in advices if one.service in ("individual", "family")):
        hours = (Interval(advice.day, advice.start, advice.end),)
        model = next(p for p in instance.practitioners if advice.practitioner in (None, p.id))
        asked = replace(model, shifts=hours, breaks=(), max_slots_day=60, max_slots_week=420)
        members = tuple(
            replace(p, needs={advice.service: 4}, team=(asked.id,), primary=None)
            for p in instance.patients
            if p.id in advice.members
        )
        alone = replace(instance, practitioners=(asked,), patients=members, no_contact=(), weights=Weights())
        visits = tuple(
            Visit(member.id, advice.service, advice.day, slot, modality, asked.id)
            for member in members
            for slot in range(advice.start, advice.end - 3)
            for modality in ("on_site", "telehealth")
        )
        answer = Submodel(Problem(alone, (), (), (), visits)).solve(
            seconds=10, effort=None, seed=0, cancelled=lambda: False
        )

        assert answer.timetable is not None
        assert {visit.patient for visit in answer.timetable.visits} == set(advice.members)
        assert advice.slots == 4 * len(advice.members)


def test_a_room_that_cannot_be_used_is_no_room() -> None:
    instance = next(i for i in map(understaffed, range(50)) if any(a.lacks == GROUP for a in _on_site(i)))
    closed = tuple(Interval(day, 0, 60) for day in range(7))
    without_rooms = replace(instance, rooms=tuple(replace(room, closed=closed) for room in instance.rooms))

    assert not any(advice.lacks == GROUP for advice in _on_site(without_rooms))
    assert any(advice.lacks == ROOM for advice in _on_site(without_rooms))


def _on_site(instance: Instance) -> list[Advice]:
    return [advice for advice in advise(FrozenWeek(instance, Timetable()), count=20) if advice.modality == "on_site"]
