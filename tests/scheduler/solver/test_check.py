from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from services.scheduler.solver.check import check
from services.scheduler.solver.instance import Instance, TherapyGroup, Timetable, Visit

FIVE = tuple(f"patient-{number}" for number in range(5))
GROUP = TherapyGroup("skills", 0, 8, "on_site", None, "en", "staff-0", None, "small", FIVE)
VISIT = Visit("patient-0", "individual", 0, 15, "on_site", "staff-0")
NURSE = Visit("patient-0", "nurse_visit", 2, 8, "on_site", None)
MEDICATION = Visit("patient-0", "medication", 2, 11, "on_site", None)
FAMILY = Visit("patient-1", "family", 2, 22, "on_site", "staff-1")
VALID = Timetable((GROUP,), (VISIT, NURSE, MEDICATION, FAMILY))
NEEDS = {"skills_group": 6, "individual": 4, "nurse_visit": 2, "medication": 1, "family": 4}

Mutation = tuple[Timetable, str]


def groups(*changed: TherapyGroup) -> Timetable:
    return replace(VALID, groups=changed)


def visits(*added: Visit) -> Timetable:
    return replace(VALID, visits=(*VALID.visits, *added))


def instead(old: Visit, **changes: Any) -> Timetable:
    kept = [replace(visit, **changes) if visit is old else visit for visit in VALID.visits]
    return replace(VALID, visits=tuple(kept))


OTHER_DAY = replace(VISIT, slot=24)
OTHER = replace(VISIT, patient="patient-1")
MUTATIONS: dict[str, Mutation] = {
    "unknown kind": (groups(replace(GROUP, kind="yoga")), "unknown kind"),
    "off the half hour": (groups(replace(GROUP, slot=9)), "off the grid"),
    "outside the day": (groups(replace(GROUP, slot=56)), "outside the day"),
    "too few": (groups(replace(GROUP, members=FIVE[:3])), "size out of range"),
    "twice a member": (groups(replace(GROUP, members=(*FIVE[:4], FIVE[0]))), "a member twice"),
    "no co-facilitator": (groups(replace(GROUP, members=(*FIVE, "patient-5"))), "no co-fac"),
    "leads and assists": (groups(replace(GROUP, co="staff-0")), "one person"),
    "unknown lead": (groups(replace(GROUP, lead="nobody")), "lead may not"),
    "room too small": (
        groups(replace(GROUP, members=(*FIVE, "patient-5"), co="staff-1")),
        "too small",
    ),
    "no room": (groups(replace(GROUP, room=None)), "no room"),
    "room taken": (
        groups(
            replace(GROUP, members=FIVE[:4]),
            replace(GROUP, members=("patient-4", "patient-5", "p", "q"), lead="staff-1"),
        ),
        "room small twice",
    ),
    "site closed": (groups(replace(GROUP, day=1)), "site closed"),
    "stranger": (groups(replace(GROUP, members=(*FIVE[:4], "nobody"))), "unknown patient"),
    "no contact": (groups(replace(GROUP, members=(*FIVE[:4], "patient-6"))), "no-contact pair"),
    "other language": (groups(replace(GROUP, language="es")), "lacks the language"),
    "off shift": (instead(VISIT, day=1, slot=10), "not on shift"),
    "on a break": (instead(VISIT, slot=18), "on a break"),
    "booked twice": (instead(VISIT, slot=12), "staff-0 twice"),
    "not on the team": (instead(FAMILY, service="individual", practitioner="staff-9"), "not on"),
    "office taken": (visits(replace(OTHER, practitioner="staff-1")), "too many: offices"),
    "pool empty": (visits(replace(NURSE, patient="patient-1")), "too many: nurse_visit"),
    "nurse by telephone": (instead(NURSE, modality="telehealth"), "on site only"),
    "wrong modality": (instead(VISIT, modality="telehealth"), "modality"),
    "two modalities": (instead(MEDICATION, modality="telehealth"), "two modalities"),
    "a service twice": (visits(replace(VISIT, slot=22)), "a service twice"),
    "no break": (instead(MEDICATION, slot=9), "no free slot"),
    "too long a wait": (instead(MEDICATION, slot=30), "too much waiting"),
    "meets a commitment": (visits(replace(VISIT, patient="patient-5", slot=25)), "commitment"),
    "more than needed": (visits(replace(VISIT, day=2, slot=23)), "more individual than needed"),
    "not needed": (visits(replace(VISIT, service="yoga")), "not needed"),
    "family busy": (instead(FAMILY, slot=26), "family not available"),
    "nurse too soon": (visits(replace(NURSE, day=1)), "too close"),
    "week maximum": (
        visits(OTHER_DAY, *(replace(VISIT, day=2, slot=slot) for slot in (8, 12, 16, 22, 26))),
        "week maximum",
    ),
    "day maximum": (
        visits(*(replace(VISIT, day=0, slot=slot) for slot in (22, 26, 30, 34))),
        "day maximum",
    ),
    "double visit": (visits(VISIT), "staff-0 twice"),
}


@pytest.fixture
def instance(make: Callable[..., Instance], patient: Callable[..., dict[str, Any]]) -> Instance:
    people = [patient(number, needs=NEEDS) for number in range(7)]
    people[1]["family_available"] = [[2, 22, 26]]
    people[5]["commitments"] = [[0, 28, 29]]
    return make(0, patients=people, no_contact=[["patient-0", "patient-6"]])


def test_a_valid_timetable_is_accepted(instance: Instance) -> None:
    verdict = check(instance, VALID)

    assert verdict.ok, verdict.errors


@pytest.mark.parametrize("name", MUTATIONS)
def test_every_mutation_is_caught(name: str, instance: Instance) -> None:
    timetable, fault = MUTATIONS[name]

    errors = check(instance, timetable).errors

    assert any(fault in error for error in errors), errors


def test_the_cost_is_what_the_format_says(instance: Instance) -> None:
    verdict = check(instance, VALID)

    unmet = 7 * (6 + 4 + 2 + 1 + 4) - (5 * 6 + 4 + 1 + 1 + 4)
    assert verdict.goals.unmet == unmet
    assert verdict.goals.trips == 6 * (5 + 1 + 1)
    assert verdict.goals.groups == 6
    assert verdict.goals.idle == 1
    assert verdict.goals.preference == 1
    assert verdict.cost == 60 * unmet + 42 + 6 + 1 + 1


def test_a_bound_above_the_cost_is_an_error(instance: Instance) -> None:
    cost = check(instance, VALID).cost

    assert check(instance, VALID, bound=cost).ok
    assert not check(instance, VALID, bound=cost + 1).ok


def test_a_lost_published_session_is_a_change(instance: Instance) -> None:
    published = replace(instance, published=VALID)

    assert check(published, VALID).goals.changes == 0
    assert check(published, Timetable(VALID.groups)).goals.changes == 4


def test_a_fixed_session_may_not_move(instance: Instance) -> None:
    fixed = replace(instance, fixed=Timetable((), (VISIT,)))

    assert check(fixed, VALID).ok
    assert not check(fixed, instead(VISIT, slot=22)).ok


def test_the_checker_finds_a_group_in_a_closed_room(make: Callable[..., Instance]) -> None:
    rooms = [{"id": "small", "capacity": 5, "closed": [[0, 13, 20]]}]
    where = make(rooms=rooms)
    before = make(rooms=[rooms[0] | {"closed": [[0, 14, 20]]}])
    week = Timetable((GROUP,), ())

    assert [error for error in check(where, week).errors if "closed" in error] == ["group 0: room closed"]
    assert not [error for error in check(before, week).errors if "closed" in error]
