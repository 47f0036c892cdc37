from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from ortools.sat.python import cp_model

from services.scheduler.solver.check import check
from services.scheduler.solver.format import instance_from_json
from services.scheduler.solver.greedy import greedy
from services.scheduler.solver.grid import Grid
from services.scheduler.solver.instance import Id, Instance, Interval, TherapyGroup, Timetable, Visit
from services.scheduler.solver.model import Problem, Variables
from services.scheduler.solver.offers import enumerate_offers
from services.scheduler.solver.outcome import Status
from services.scheduler.solver.repair.disruption import (
    CommitmentsAdded,
    Disruption,
    PractitionerOut,
    RoomLost,
    ShiftChanged,
    SiteClosed,
    disrupted,
)
from services.scheduler.solver.repair.measures import measure
from services.scheduler.solver.repair.promises import promises_of, standing
from services.scheduler.solver.repair.repair import Repair, repair
from services.scheduler.solver.rules import ALL_RULES
from services.scheduler.solver.statics import Statics

Document = dict[str, Any]
MONDAY, WEDNESDAY = 0, 2
ALL_DAY = (8, 32)
LONG_ENOUGH = 60.0


def published(instance: Instance) -> Instance:
    """Publish what a first fit finds."""
    grid = Grid(instance)
    week = greedy(instance, enumerate_offers(instance, grid), Statics(instance, grid))
    assert check(instance, week).ok
    return replace(instance, published=week)


def mended(instance: Instance, *disruptions: Disruption) -> tuple[Instance, Repair]:
    after = disrupted(instance, disruptions)
    return after, repair(after, seconds=LONG_ENOUGH)


Told = tuple[Any, ...]


def fewest(instance: Instance, problem: Problem) -> tuple[int, int]:
    """Slots lost and people touched at the least, from one model in which everything is free."""
    model = cp_model.CpModel()
    variables = Variables(model, problem)
    for rule in ALL_RULES:
        rule.add(model, variables)
    told = {tuple(promise) for promise in promises_of(instance, standing(instance))}
    offered: dict[Told, list[cp_model.IntVar]] = defaultdict(list)
    for who, sessions in variables.attendances.items():
        for s in sessions:
            offered[who, s.service, s.day, s.slot, s.slots, s.modality].append(s.literal)
    touched = {patient.id: model.new_bool_var("touched") for patient in instance.patients}
    for key in told | offered.keys():
        happens = model.new_bool_var("happens")
        model.add(sum(offered[key]) == happens)
        model.add(happens == (key in told)).only_enforce_if(~touched[key[0]])
    lost = cp_model.LinearExpr.sum(list(missing(model, variables, told)))
    return minimum(model, lost), minimum(model, cp_model.LinearExpr.sum(list(touched.values())))


def missing(model: cp_model.CpModel, variables: Variables, told: set[Told]) -> Iterator[cp_model.IntVar]:
    due: Counter[tuple[Id, str]] = Counter()
    for who, service, _, _, slots, _ in told:
        due[who, service] += slots
    for (who, service), slots in due.items():
        short = model.new_int_var(0, slots, "short")
        sessions = variables.attendances.get(who, [])
        model.add(short + sum(s.slots * s.literal for s in sessions if s.service == service) >= slots)
        yield short


def minimum(model: cp_model.CpModel, level: cp_model.LinearExpr) -> int:
    """Minimise, and keep to it from then on."""
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    model.minimize(level)
    assert solver.solve(model) == cp_model.OPTIMAL
    least = round(solver.objective_value)
    model.add(level <= least)
    return least


DAYS = st.sampled_from([MONDAY, WEDNESDAY])
SPANS = st.builds(
    lambda day, start, slots: (Interval(day, start, min(32, start + slots)),),
    DAYS,
    st.sampled_from([8, 10, 14, 20]),
    st.sampled_from([24, 12, 6]),
)
DISRUPTIONS: st.SearchStrategy[Disruption] = st.one_of(
    st.builds(PractitionerOut, st.sampled_from(["staff-0", "staff-1"]), SPANS),
    st.builds(RoomLost, st.sampled_from(["big", "small"]), SPANS),
    st.builds(SiteClosed, SPANS),
    st.builds(ShiftChanged, st.sampled_from(["staff-0", "staff-1"]), SPANS, st.just(())),
    st.builds(CommitmentsAdded, st.sampled_from([f"patient-{n}" for n in range(5)]), SPANS),
)


@st.composite
def documents(draw: st.DrawFn) -> Callable[[Callable[..., Any], Callable[..., Any]], Document]:
    intervals = st.tuples(DAYS, st.integers(8, 28), st.integers(1, 8))
    busy = [draw(st.lists(intervals, max_size=2)) for _ in range(5)]
    needs = [
        {
            "skills_group": draw(st.sampled_from([12, 6])),
            "individual": draw(st.sampled_from([4, 0])),
            "nurse_visit": draw(st.integers(0, 1)),
        }
        for _ in range(5)
    ]
    modalities = [draw(st.sampled_from([["on_site"], ["on_site", "telehealth"]])) for _ in range(5)]

    def build(document: Callable[..., Any], patient: Callable[..., Any]) -> Document:
        patients = [
            patient(
                number,
                commitments=[[day, start, start + slots] for day, start, slots in busy[number]],
                needs=needs[number],
                modalities=modalities[number],
            )
            for number in range(5)
        ]
        result: Document = document(
            patients=patients, group_size={"min": 2, "max": 4, "co_facilitator_above": 3}, name="drawn"
        )
        return result

    return build


def test_loses_the_fewest_minutes_and_touches_the_fewest_people(
    document: Callable[..., Any], patient: Callable[..., Any], exact: Callable[[Instance], Problem]
) -> None:
    seen: Counter[str] = Counter()

    @settings(max_examples=12, deadline=None, derandomize=True, database=None)
    @given(build=documents(), happened=st.lists(DISRUPTIONS, min_size=1, max_size=2))
    def holds(build: Callable[..., Document], happened: list[Disruption]) -> None:
        instance = published(instance_from_json(build(document, patient)))
        after, answer = mended(instance, *happened)
        assert answer.timetable is not None
        assert answer.measures is not None
        assert check(after, answer.timetable).ok
        assert answer.measures == measure(after, standing(after), answer.timetable)
        lost, touched = fewest(after, exact(after))
        assert (answer.measures.lost, len(answer.measures.touched)) == (lost, touched)
        assert (answer.lost_bound, answer.touched_bound) == (lost, touched)
        assert answer.status is Status.OPTIMAL
        seen.update(lost=bool(lost), touched=bool(touched), spared=touched > 0 and not lost, nothing=not touched)

    holds()
    assert min(seen[what] for what in ("lost", "touched", "spared", "nothing")) > 0, seen


def test_a_disruption_that_hits_nobody_changes_nothing(make: Callable[..., Instance]) -> None:
    instance = published(make())
    assert instance.published is not None
    day_off = Interval(5, 8, 32)
    _, answer = mended(instance, PractitionerOut("staff-0", (day_off,)), SiteClosed((day_off,)))
    assert answer.timetable == instance.published
    assert answer.status is Status.OPTIMAL
    assert answer.measures is not None
    assert answer.measures.rank == (0, 0, 0, 0)


def test_a_substitute_touches_nobody(make: Callable[..., Instance]) -> None:
    instance = published(make())
    assert instance.published is not None
    (group,) = instance.published.groups
    where = (Interval(group.day, group.slot, group.slot + 6),)
    after, answer = mended(instance, PractitionerOut(group.lead, where))
    assert answer.timetable is not None
    assert answer.measures is not None
    assert answer.measures.touched == frozenset()
    assert answer.measures.reassigned == 1
    (held,) = answer.timetable.groups
    assert (held.day, held.slot, set(held.members)) == (group.day, group.slot, set(group.members))
    assert held.lead != group.lead
    assert check(after, answer.timetable).ok


def test_another_room_comes_before_another_time(make: Callable[..., Instance]) -> None:
    instance = published(make())
    assert instance.published is not None
    (group,) = instance.published.groups
    assert group.room is not None
    after, answer = mended(instance, RoomLost(group.room, (Interval(group.day, *ALL_DAY),)))
    assert answer.timetable is not None
    assert answer.measures is not None
    assert answer.measures.touched == frozenset()
    assert answer.timetable.groups[0].room not in (None, group.room)
    assert check(after, answer.timetable).ok


def test_what_has_begun_stays(make: Callable[..., Instance]) -> None:
    instance = published(make())
    assert instance.published is not None
    (group,) = instance.published.groups
    everybody = [PractitionerOut(f"staff-{n}", (Interval(group.day, *ALL_DAY),)) for n in range(2)]
    begun = group.day * 60 + group.slot + 1
    closed = SiteClosed((Interval(group.day, *ALL_DAY),))
    held = Timetable((group,), tuple(v for v in instance.published.visits if v.day * 60 + v.slot < begun))
    instance = replace(instance, fixed=held, begins=begun)
    _, answer = mended(instance, *everybody, closed)
    assert answer.timetable is not None
    (stayed,) = answer.timetable.groups
    assert replace(stayed, members=()) == replace(group, members=())
    assert set(stayed.members) == set(group.members)
    told = set(promises_of(instance, standing(instance)))
    assert all(
        promise in told or promise.day * 60 + promise.slot >= begun
        for promise in promises_of(instance, answer.timetable)
    )


def test_one_more_person_is_touched_where_that_keeps_minutes(
    patient: Callable[..., Document], make: Callable[..., Instance]
) -> None:
    """Patient 0 can come at one hour only, and there somebody who could come at any hour is seen."""
    only = [[MONDAY, 12, 32], [WEDNESDAY, 8, 32]]
    instance = make(
        patients=[
            patient(0, commitments=only, travel_slots=0, needs={"individual": 4}, team=["staff-0"]),
            patient(1, needs={"individual": 4}, team=["staff-0"]),
        ],
        offices=1,
    )
    seen = tuple(
        Visit(f"patient-{n}", "individual", day, slot, "on_site", "staff-0")
        for n, day, slot in ((0, MONDAY, 8), (1, MONDAY, 16))
    )
    instance = replace(instance, published=Timetable((), seen))
    gone = ShiftChanged("staff-0", (Interval(MONDAY, 8, 12), Interval(WEDNESDAY, 8, 12)), ())
    _, answer = mended(instance, gone)
    assert answer.measures is not None
    assert answer.measures.rank == (0, 1, 1, 0)
    swapped = replace(instance, published=Timetable((), (replace(seen[0], slot=16), replace(seen[1], slot=8))))
    _, answer = mended(swapped, gone)
    assert answer.measures is not None
    assert answer.measures.rank == (0, 2, 2, 0)
    assert (answer.lost_bound, answer.touched_bound) == (0, 2)


def test_two_who_may_not_meet_may_go_on_side_by_side(
    patient: Callable[..., Document], make: Callable[..., Instance]
) -> None:
    """They sit in two groups at one time, which a model takes for one; a visit falls out, and has a substitute."""
    people = [patient(n, needs={"skills_group": 6}) for n in range(4)]
    instance = make(
        patients=[*people, patient(4, needs={"individual": 4})],
        group_size={"min": 2, "max": 4, "co_facilitator_above": 3},
        no_contact=[["patient-0", "patient-2"]],
    )
    groups = tuple(
        TherapyGroup("skills", MONDAY, 10, "on_site", None, "en", f"staff-{n}", None, room, members)
        for n, room, members in (
            (0, "big", ("patient-0", "patient-1")),
            (1, "small", ("patient-2", "patient-3")),
        )
    )
    seen = Visit("patient-4", "individual", MONDAY, 24, "on_site", "staff-0")
    instance = replace(instance, published=Timetable(groups, (seen,)))
    assert check(instance, instance.published or Timetable()).ok

    after, answer = mended(instance, PractitionerOut("staff-0", (Interval(MONDAY, 24, 28),)))

    assert answer.measures is not None
    assert answer.measures.rank == (0, 0, 0, 1)
    assert (answer.touched_bound, answer.status) == (0, Status.OPTIMAL)
    assert answer.timetable is not None
    assert check(after, answer.timetable).ok
