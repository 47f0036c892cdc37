from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from ortools.sat.python import cp_model

from services.scheduler.solver import rules
from services.scheduler.solver.instance import Instance, TherapyGroup, Timetable, Visit
from services.scheduler.solver.model import Join, Problem, Staffing, Variables
from services.scheduler.solver.offers import Offer
from services.scheduler.solver.rules import ALL_RULES, Rule

FOUR = tuple(f"patient-{number}" for number in range(4))
FIVE = (*FOUR, "patient-4")


def meeting(day: int = 0, slot: int = 8, **changes: Any) -> Offer:
    offer = Offer("skills", None, "en", "on_site", day, slot)
    return offer._replace(**changes)


def visit(service: str = "individual", day: int = 0, slot: int = 8, **changes: Any) -> Visit:
    who = "staff-0" if service in ("individual", "family") else None
    return replace(Visit("patient-0", service, day, slot, "on_site", who), **changes)


@dataclass(frozen=True)
class Pattern:
    """Decisions that are all taken; the rule alone says whether they may be."""

    members: dict[Offer, tuple[str, ...]] = field(default_factory=dict)
    leads: tuple[tuple[Offer, str], ...] = ()
    assists: tuple[tuple[Offer, str], ...] = ()
    visits: tuple[Visit, ...] = ()
    background: Timetable = field(default_factory=Timetable)
    instance: dict[str, Any] = field(default_factory=dict)


Someone = dict[str, Any]
LATE = meeting(slot=16)
REMOTE = meeting(modality="telehealth")
SKILLS_ONLY = {"skills": {"service": "process_group", "slots": 6}}
PROCESS = meeting(track="A")
TWO_NURSES = {"needs": {"nurse_visit": 2}}
MET = Timetable((TherapyGroup("skills", 0, 8, "on_site", None, "en", "staff-0", None, "small", FIVE),))
SEEN = Timetable((), (visit(),))
LED = ((meeting(), "staff-0"),)
PATTERNS: dict[str, tuple[Pattern, Pattern]] = {
    "FixedSessions": (
        Pattern(visits=(visit(),), instance={"fixed": [visit()]}),
        Pattern(visits=(visit(slot=20),), instance={"fixed": [visit()], "also": [visit()]}),
    ),
    "CommitmentsAndTravel": (
        Pattern(visits=(visit(slot=13),), instance={"one": {"commitments": [[0, 8, 12]]}}),
        Pattern(visits=(visit(slot=12),), instance={"one": {"commitments": [[0, 8, 12]]}}),
    ),
    "AllowedModality": (
        Pattern(visits=(visit(),)),
        Pattern(visits=(visit(modality="telehealth"),)),
    ),
    "OneModalityADay": (
        Pattern(visits=(visit(), visit("medication", day=1, modality="telehealth"))),
        Pattern(visits=(visit(), visit("medication", slot=20, modality="telehealth"))),
    ),
    "OneServiceADay": (
        Pattern(visits=(visit(), visit(day=2))),
        Pattern(visits=(visit(), visit(slot=20))),
    ),
    "BreakBetweenSessions": (
        Pattern(visits=(visit(), visit("nurse_visit", slot=13))),
        Pattern(visits=(visit(), visit("nurse_visit", slot=12))),
    ),
    "DayLength": (
        Pattern(visits=(visit(), visit("family", slot=14)), instance={"one": {"max_slots_day": 8}}),
        Pattern(visits=(visit(), visit("family", slot=14)), instance={"one": {"max_slots_day": 7}}),
    ),
    "IdleMaximum": (
        Pattern(visits=(visit(), visit("nurse_visit", slot=21))),
        Pattern(visits=(visit(), visit("nurse_visit", slot=22))),
    ),
    "NurseSpacing": (
        Pattern(visits=(visit("nurse_visit"), visit("nurse_visit", day=2))),
        Pattern(visits=(visit("nurse_visit"), visit("nurse_visit", day=1))),
    ),
    "NeverMoreThanNeeded": (
        Pattern(visits=(visit(),)),
        Pattern(visits=(visit(), visit(day=2))),
    ),
    "FamilyAvailability": (
        Pattern(
            visits=(visit("family"),),
            instance={"one": {"family_available": [[0, 8, 10], [0, 10, 12]]}},
        ),
        Pattern(visits=(visit("family"),), instance={"one": {"family_available": [[0, 8, 11]]}}),
    ),
    "GroupStartGrid": (
        Pattern({meeting(): FOUR}, LED),
        Pattern({meeting(slot=9): FOUR}, ((meeting(slot=9), "staff-0"),)),
    ),
    "GroupMinimum": (
        Pattern({meeting(): FOUR}, LED),
        Pattern({meeting(): FOUR[:3]}, LED),
    ),
    "GroupMaximum": (
        Pattern({REMOTE: (*FIVE, "patient-5")}, ((REMOTE, "staff-0"),)),
        Pattern({REMOTE: (*FIVE, "patient-5", "patient-6")}, ((REMOTE, "staff-0"),)),
    ),
    "CoFacilitator": (
        Pattern({meeting(): FOUR}, LED, ((meeting(), "staff-1"),)),
        Pattern({}, ((REMOTE, "staff-0"),), ((REMOTE, "staff-0"), (REMOTE, "staff-1"))),
    ),
    "Track": (
        Pattern({PROCESS: FOUR}, instance={"group_kinds": SKILLS_ONLY}),
        Pattern({meeting(track="B"): FOUR}, instance={"group_kinds": SKILLS_ONLY}),
    ),
    "Language": (
        Pattern({meeting(): FOUR}),
        Pattern({meeting(language="es"): FOUR}),
    ),
    "NoContact": (
        Pattern(
            {meeting(): FOUR[:2], LATE: FOUR[2:]},
            instance={"no_contact": [["patient-0", "patient-2"]]},
        ),
        Pattern({meeting(): FOUR}, instance={"no_contact": [["patient-0", "patient-2"]]}),
    ),
    "Credentials": (
        Pattern({}, LED, ((meeting(), "staff-1"),)),
        Pattern({}, ((meeting(language="es"), "staff-0"),)),
    ),
    "CareTeam": (
        Pattern(visits=(visit(),)),
        Pattern(visits=(visit(),), instance={"one": {"team": ["staff-1"]}}),
    ),
    "ShiftsAndBreaks": (
        Pattern(visits=(visit(slot=16),)),
        Pattern(visits=(visit(slot=17),)),
    ),
    "OneThingAtATime": (
        Pattern({}, LED, visits=(visit(slot=14),)),
        Pattern(visits=(visit(slot=12),), background=MET),
    ),
    "ContactHours": (
        Pattern({}, LED, visits=(visit(slot=14), visit(day=2), visit(day=2, slot=12))),
        Pattern({}, LED, visits=tuple(visit(slot=14 + 4 * n) for n in range(4))),
    ),
    "SiteHours": (
        Pattern(visits=(visit(),)),
        Pattern(visits=(visit(day=1),)),
    ),
    "Rooms": (
        Pattern({}, (*LED, (LATE, "staff-1")), background=MET),
        Pattern({}, ((meeting(), "staff-0"), (meeting(), "staff-1")), background=MET),
    ),
    "Rooms closed": (
        Pattern({}, LED, instance={"rooms": [{"id": "big", "capacity": 6, "closed": [[0, 14, 20]]}]}),
        Pattern({}, LED, instance={"rooms": [{"id": "big", "capacity": 6, "closed": [[0, 13, 20]]}]}),
    ),
    "Offices": (
        Pattern(visits=(visit(slot=12),), background=SEEN),
        Pattern(visits=(visit(slot=11),), background=SEEN),
    ),
    "FamilyRooms": (
        Pattern(visits=(visit("family"), visit("family", slot=12))),
        Pattern(visits=(visit("family"), visit("family", slot=11))),
    ),
    "Pools": (
        Pattern(visits=(visit("nurse_visit"), visit("nurse_visit", slot=9))),
        Pattern(visits=(visit("nurse_visit"), visit("nurse_visit", patient="patient-1"))),
    ),
}


def is_allowed(rule: Rule, instance: Instance, pattern: Pattern, also: tuple[Visit, ...]) -> bool:
    model = cp_model.CpModel()
    joins = [Join(who, offer) for offer, members in pattern.members.items() for who in members]
    problem = Problem(
        instance=instance,
        joins=tuple(joins),
        leads=tuple(Staffing(*lead) for lead in pattern.leads),
        assists=tuple(Staffing(*assist) for assist in pattern.assists),
        visits=(*pattern.visits, *also),
        background=pattern.background,
    )
    variables = Variables(model, problem)
    rule.add(model, variables)
    for decisions in (variables.join, variables.lead, variables.assist):
        for literal in decisions.values():
            model.add(literal == 1)
    for decision, literal in variables.visit.items():
        model.add(literal == (0 if decision in also else 1))
    return cp_model.CpSolver().solve(model) in (cp_model.OPTIMAL, cp_model.FEASIBLE)


def build(make: Callable[..., Instance], patient: Callable[..., Someone], pattern: Pattern) -> Any:
    changes = dict(pattern.instance)
    fixed = changes.pop("fixed", [])
    also = tuple(changes.pop("also", []))
    needs = {"skills_group": 6, "individual": 4, "family": 4, "nurse_visit": 2, "medication": 1}
    first = patient(0, **({"needs": needs} | changes.pop("one", {})))
    people = [first, *(patient(number) for number in range(1, 7))]
    instance = make(0, **({"patients": people} | changes))
    return replace(instance, fixed=Timetable((), tuple(fixed))), also


def rule_named(name: str) -> Rule:
    rule: Rule = getattr(rules, name.split(maxsplit=1)[0])()
    return rule


@pytest.mark.parametrize("name", PATTERNS)
def test_a_rule_allows_what_it_should(
    name: str, make: Callable[..., Instance], patient: Callable[..., Someone]
) -> None:
    pattern = PATTERNS[name][0]
    instance, also = build(make, patient, pattern)

    assert is_allowed(rule_named(name), instance, pattern, also)


@pytest.mark.parametrize("name", PATTERNS)
def test_a_rule_forbids_what_it_should(
    name: str, make: Callable[..., Instance], patient: Callable[..., Someone]
) -> None:
    pattern = PATTERNS[name][1]
    instance, also = build(make, patient, pattern)

    assert not is_allowed(rule_named(name), instance, pattern, also)


def test_every_rule_has_a_pattern_and_a_source() -> None:
    names = {type(rule).__name__ for rule in ALL_RULES}

    assert names == {name.split(maxsplit=1)[0] for name in PATTERNS}
    assert all("Source: " in (type(rule).__doc__ or "") for rule in ALL_RULES)
