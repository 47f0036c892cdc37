"""Small published weeks with one newcomer, and two oracles that share no code with the placing."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain, combinations, product
from random import Random
from typing import Any, NamedTuple

from hypothesis import strategies as st

from services.scheduler.solver.check import check
from services.scheduler.solver.format import instance_from_json
from services.scheduler.solver.goals import Goals
from services.scheduler.solver.greedy import greedy
from services.scheduler.solver.grid import Grid
from services.scheduler.solver.instance import Id, Instance, Patient, Timetable, Visit
from services.scheduler.solver.model import Join, Problem, Staffing
from services.scheduler.solver.neighbourhood import offer_of
from services.scheduler.solver.offers import Offer, enumerate_offers
from services.scheduler.solver.statics import Statics

NEWCOMER = "newcomer"
DAYS = (0, 1, 2)
OPENS, CLOSES = 8, 36


class Case(NamedTuple):
    """A week that breaks no rule, and somebody who is not in it yet, or only in part of it."""

    instance: Instance
    timetable: Timetable

    @property
    def newcomer(self) -> Patient:
        return next(patient for patient in self.instance.patients if patient.id == NEWCOMER)


def _person(random: Random, identifier: str, **changes: Any) -> dict[str, Any]:
    busy = [[random.choice(DAYS), start, start + random.randint(2, 8)] for start in random.sample(range(6, 34), 2)]
    person: dict[str, Any] = {
        "id": identifier,
        "track": random.choice("AB"),
        "languages": random.choice((["en"], ["en", "es"])),
        "modalities": random.choice((["on_site"], ["on_site", "telehealth"], ["telehealth", "on_site"])),
        "travel_slots": random.randint(0, 2),
        "commitments": [[day, start, min(60, end)] for day, start, end in busy],
        "family_available": [[day, 10, 30] for day in DAYS],
        "needs": {},
        "team": ["staff-0", "staff-1"],
        "primary": "staff-0",
        "preference_cost": {part: random.randint(0, 3) for part in ("morning", "afternoon", "evening", "weekend")},
    }
    return person | changes


def _pool(random: Random) -> list[int]:
    return [
        random.choice((0, 1, 1)) if slot < 60 * len(DAYS) and OPENS <= slot % 60 < CLOSES else 0 for slot in range(420)
    ]


def small_document(seed: int, *, rooms: tuple[int, int] = (6, 3)) -> dict[str, Any]:
    random = Random(seed)  # noqa: S311 -- nothing secret
    open_days = [[day, OPENS, CLOSES] for day in DAYS]
    others = [
        _person(random, f"other-{n}", needs={"process_group": 12, "skills_group": 4, "individual": 4}, commitments=[])
        for n in range(8)
    ]
    newcomer = _person(
        random,
        NEWCOMER,
        languages=random.choice((["en"], ["es"], ["en", "es"])),
        needs={
            "process_group": random.choice((0, 6, 12)),
            "skills_group": random.choice((0, 4, 8)),
            "individual": random.choice((0, 4, 8)),
            "family": random.choice((0, 0, 4)),
            "medication": random.randint(0, 2),
            "nurse_visit": random.randint(0, 2),
        },
    )
    return {
        "format": "eventide-instance/1",
        "name": f"small {seed}",
        "tracks": ["A", "B"],
        "languages": ["en", "es"],
        "group_kinds": {
            "process": {"service": "process_group", "slots": 6},
            "skills": {"service": "skills_group", "slots": 4},
        },
        "group_size": {"min": 2, "max": 5, "co_facilitator_above": 4},
        "site_open": open_days,
        "rooms": [{"id": number, "capacity": capacity} for number, capacity in enumerate(rooms)],
        "offices": random.randint(1, 2),
        "family_rooms": 1,
        "medication_pool": _pool(random),
        "nurse_pool": _pool(random),
        "practitioners": [
            {
                "id": f"staff-{number}",
                "role": "counsellor",
                "leads": ["process_group", "skills_group"],
                "co_facilitates": True,
                "individual": ["individual", "family"],
                "languages": ["en", "es"],
                "shifts": open_days,
                "breaks": [[0, 20, 22]],
                "max_slots_day": random.randint(12, 24),
                "max_slots_week": random.randint(20, 60),
            }
            for number in range(3)
        ],
        "patients": [*others, newcomer],
        "no_contact": [["other-0", NEWCOMER]] if random.random() < 0.3 and others else [],
        "limits": {"day_slots": random.randint(8, 18), "idle_slots": random.choice((0, 2, 8))},
        "weights": {"lexicographic": random.random() < 0.3},
    }


def case_of(document: dict[str, Any]) -> Case:
    """Publish the greedy week of everybody else."""
    instance = instance_from_json(document)
    patients = tuple(replace(p, needs={}) if p.id == NEWCOMER else p for p in instance.patients)
    alone = replace(instance, patients=patients)
    grid = Grid(alone)
    timetable = greedy(alone, enumerate_offers(alone, grid), Statics(alone, grid))
    assert check(alone, timetable).ok
    return Case(instance, timetable)


def cases(*, rooms: tuple[int, int] = (6, 3)) -> st.SearchStrategy[Case]:
    return st.integers(0, 10_000).map(lambda seed: case_of(small_document(seed, rooms=rooms)))


def placed(case: Case, joins: Sequence[int], visits: Sequence[Visit]) -> Timetable:
    """The week with the newcomer in it."""
    groups = tuple(
        replace(group, members=(*group.members, NEWCOMER)) if number in joins else group
        for number, group in enumerate(case.timetable.groups)
    )
    return Timetable(groups, (*case.timetable.visits, *visits))


def newcomers_goals(case: Case, timetable: Timetable) -> Goals:
    """What the newcomer adds to the goals, by the independent checker, which must find no new fault."""
    verdict, before = check(case.instance, timetable), check(case.instance, case.timetable)
    assert set(verdict.errors) <= set(before.errors), verdict.errors
    names = [name for name in Goals.__slots__ if name != "unmet"]
    added = {name: getattr(verdict.goals, name) - getattr(before.goals, name) for name in names}
    had = before.goals.unmet - sum(case.newcomer.needs.values())
    return Goals(unmet=verdict.goals.unmet - had, **added)


def all_visits(case: Case) -> Iterator[Visit]:
    """Every visit of the newcomer anybody could think of."""
    staff = [person.id for person in case.instance.practitioners]
    for service in ("individual", "family", "medication", "nurse_visit"):
        if not case.newcomer.needs.get(service):
            continue
        holders = staff if service in ("individual", "family") else [None]
        for day, slot, modality, who in product(DAYS, range(OPENS, CLOSES), ("on_site", "telehealth"), holders):
            yield Visit(NEWCOMER, service, day, slot, modality, who)


def exact_problem(case: Case) -> Problem:
    """The solver's own model of placing the newcomer, everybody else staying."""
    groups = case.timetable.groups
    held: dict[Offer, frozenset[Id]] = {}
    for group in groups:
        held[offer_of(group)] = held.get(offer_of(group), frozenset()) | set(group.members)
    return Problem(
        instance=case.instance,
        joins=tuple({Join(NEWCOMER, offer_of(group)) for group in groups}),
        leads=tuple(Staffing(offer_of(group), group.lead) for group in groups),
        assists=tuple(Staffing(offer_of(group), group.co) for group in groups if group.co is not None),
        visits=tuple(all_visits(case)),
        held=held,
        background=Timetable(visits=case.timetable.visits),
    )


def every_week(case: Case, visits: Sequence[Visit]) -> Iterator[tuple[Timetable, tuple[int, ...], list[Visit]]]:
    """Every valid week of the newcomer with some of these visits: brute force."""
    numbers = range(len(case.timetable.groups))
    faults = set(check(case.instance, case.timetable).errors)
    for joins in chain.from_iterable(combinations(numbers, size) for size in range(len(numbers) + 1)):
        for size in range(len(visits) + 1):
            for chosen in combinations(visits, size):
                week = placed(case, joins, chosen)
                if set(check(case.instance, week).errors) <= faults:
                    yield week, joins, list(chosen)
