"""Seats that a solve leaves free, and gives to whom nothing else is left."""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.scheduler.solver.check import check
from services.scheduler.solver.cli import solve_file
from services.scheduler.solver.format import instance_from_json
from services.scheduler.solver.instance import Instance, InvalidInstanceError, TherapyGroup, Timetable
from services.scheduler.solver.interactive.frozen import FrozenWeek
from services.scheduler.solver.kept import seated, solve_with_kept_seats, without_kept_seats
from services.scheduler.solver.outcome import Outcome, Progress
from tests.scheduler.solver.conftest import tiny_document, tiny_patient

ROOT = Path(__file__).resolve().parents[3]
Document = dict[str, Any]
Make = Callable[..., Instance]
ONLY_GROUPS = {"needs": {"skills_group": 6}}
# One meeting is all that fits: one leader, and no time for a second one.
ONE_MEETING: Document = {"site_open": [[2, 8, 14]], "practitioners": tiny_document()["practitioners"][:1]}


def people(count: int, **changes: Any) -> list[Document]:
    return [tiny_patient(number, team=["staff-0"], **ONLY_GROUPS, **changes) for number in range(count)]


def meeting(*members: int, day: int = 2, slot: int = 24, lead: str = "staff-1", co: str | None = None) -> TherapyGroup:
    names = tuple(f"patient-{number}" for number in members)
    return TherapyGroup("skills", day, slot, "on_site", None, "en", lead, co, "big", names)


def solved(instance: Instance, **changes: Any) -> Outcome:
    effort: dict[str, Any] = {"time_limit": 30.0, "seed": 1, "workers": 1, "work_limit": 0.25}
    outcome = solve_with_kept_seats(instance, **(effort | changes))
    assert outcome.timetable is not None
    verdict = check(instance, outcome.timetable, bound=outcome.bound)
    assert verdict.ok, verdict.errors
    assert (outcome.objective, outcome.goals) == (verdict.cost, verdict.goals)
    return outcome


def sizes(outcome: Outcome) -> list[int]:
    assert outcome.timetable is not None
    return sorted(len(group.members) for group in outcome.timetable.groups)


def test_who_has_other_choices_leaves_the_kept_seats_free(make: Make) -> None:
    """One group of six would be the cheapest, and has no seat to keep."""
    size = {"min": 3, "max": 6, "co_facilitator_above": 6}
    kept = make(6, patients=people(6), group_size={**size, "kept": 2})
    anybody_s = make(6, patients=people(6), group_size=size)

    assert sizes(solved(anybody_s)) == [6]
    assert sizes(solved(kept)) == [3, 3]


def test_a_file_is_solved_with_its_kept_seats_left_free(tmp_path: Path) -> None:
    source, target = tmp_path / "in.json", tmp_path / "out.json"
    size = {"min": 3, "max": 6, "co_facilitator_above": 6, "kept": 2}
    source.write_text(json.dumps(tiny_document(6, patients=people(6), group_size=size)))

    summary = solve_file(source, target, time_limit=2.0, workers=1)

    assert summary["checker"]["ok"]
    assert sorted(len(group["members"]) for group in json.loads(target.read_text())["groups"]) == [3, 3]


def test_whoever_would_go_without_has_a_kept_seat(make: Make) -> None:
    size = {"min": 2, "max": 5, "co_facilitator_above": 5, "kept": 2}
    heard: list[Progress] = []

    outcome = solved(make(patients=people(5), group_size=size, **ONE_MEETING), on_progress=heard.append)

    assert sizes(outcome) == [5]
    assert outcome.unmet == ()
    assert outcome.goals is not None
    assert outcome.goals.unmet == 0
    assert all(progress.bound <= (outcome.objective or 0) for progress in heard)


def test_what_is_still_unmet_is_told_as_it_is_in_the_end(make: Make) -> None:
    size = {"min": 2, "max": 4, "co_facilitator_above": 4, "kept": 1}

    outcome = solved(make(patients=people(6), group_size=size, **ONE_MEETING))

    assert sizes(outcome) == [4]
    assert [need.slots for need in outcome.unmet] == [6, 6]
    assert outcome.timetable is not None
    assert {need.patient for need in outcome.unmet}.isdisjoint(outcome.timetable.groups[0].members)
    assert outcome.unmet_bound <= 12


def test_kept_seats_are_real_ones_without_a_co_facilitator_and_in_a_small_room(make: Make) -> None:
    instance = make(group_size={"min": 2, "max": 6, "co_facilitator_above": 5, "kept": 2})

    less = without_kept_seats(instance)

    size = less.kinds["skills"].size
    assert (size.minimum, size.maximum, size.co_facilitator_above) == (2, 4, 3)
    assert [(room.id, room.capacity) for room in less.rooms] == [("big", 4), ("small", 3)]


@pytest.mark.parametrize("known", ["published", "usual", "fixed"])
@pytest.mark.parametrize(
    ("group", "expected", "rooms"),
    [
        (meeting(0, 1, 2, 3, 4, 5, co="staff-0"), (6, 5), [6, 5]),
        (meeting(0, 1, 2, 3, 4, co="staff-0"), (5, 4), [5, 4]),
        (meeting(0, 1, 2, 3, 4), (5, 5), [5, 4]),
    ],
)
def test_nobody_loses_a_seat_of_the_week_that_people_know(
    make: Make, known: str, group: TherapyGroup, expected: tuple[int, int], rooms: list[int]
) -> None:
    instance = make(6, group_size={"min": 2, "max": 6, "co_facilitator_above": 5, "kept": 2})

    weeks: dict[str, Any] = {known: Timetable((group,))}

    less = without_kept_seats(replace(instance, **weeks))

    size = less.kinds["skills"].size
    assert (size.maximum, size.co_facilitator_above) == expected
    assert [room.capacity for room in less.rooms] == rooms


def test_more_kept_seats_than_a_group_has_leave_it_its_fewest(make: Make) -> None:
    size = without_kept_seats(make(group_size={"min": 4, "max": 6, "kept": 20})).kinds["skills"].size

    assert (size.minimum, size.maximum) == (4, 4)


def test_a_kept_number_below_zero_is_refused() -> None:
    with pytest.raises(InvalidInstanceError) as refused:
        instance_from_json(tiny_document(group_size={"kept": -1}))

    assert refused.value.place.endswith("kept")


@given(
    first=st.sets(st.integers(0, 7), min_size=2, max_size=5),
    second=st.sets(st.integers(0, 7), min_size=2, max_size=5),
    busy=st.lists(st.sampled_from([None, [0, 8, 32], [2, 20, 40], [0, 6, 10]]), min_size=8, max_size=8),
    apart=st.tuples(st.integers(0, 7), st.integers(0, 7)),
    need=st.sampled_from([6, 12]),
)
def test_giving_seats_out_breaks_no_rule_and_leaves_nobody_out_who_could_join(
    first: set[int], second: set[int], busy: list[Any], apart: tuple[int, int], need: int
) -> None:
    patients = [
        tiny_patient(number, needs={"skills_group": need}, commitments=[at] if at else [])
        for number, at in enumerate(busy)
    ]
    pair = [f"patient-{number}" for number in apart]
    instance = instance_from_json(
        tiny_document(
            patients=patients,
            no_contact=[pair] if len(set(pair)) == 2 else [],
            group_size={"min": 2, "max": 6, "co_facilitator_above": 6, "kept": 1},
        )
    )
    before = Timetable((meeting(*first, day=0, slot=8, lead="staff-0"), meeting(*second)))
    if not check(instance, before).ok:
        return

    after = seated(instance, before)

    assert check(instance, after).ok
    for old, new in zip(before.groups, after.groups, strict=True):
        assert new.members[: len(old.members)] == old.members
    for person in instance.patients:
        for number, group in enumerate(after.groups):
            if FrozenWeek(instance, after).missing(person).get("skills_group", 0) >= 6:
                groups = list(after.groups)
                groups[number] = replace(group, members=(*group.members, person.id))
                assert not check(instance, replace(after, groups=tuple(groups))).ok


def test_the_solver_s_process_keeps_seats() -> None:
    document = tiny_document(6, patients=people(6), group_size={"min": 3, "max": 6, "co_facilitator_above": 6})
    document["group_kinds"]["skills"]["kept"] = 2
    job = {"instance": document, "time_limit": 20, "seed": 1, "workers": 1, "work_limit": 0.25}

    done = subprocess.run(
        [sys.executable, "-m", "services.scheduler.solver.process"],
        input=json.dumps(job),
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=120,
        check=False,
    )

    outcome = json.loads(done.stdout.splitlines()[-1])
    assert outcome["check"]["ok"]
    assert [len(group["members"]) for group in outcome["timetable"]["groups"]] == [3, 3]
