"""`eventide bench interactive`: what the front desk waits for, on a published week of three hundred people.

The week is the solver's own. A person is taken out of it and placed again, everybody else staying; reasons are asked
for in all their kinds; a practitioner or a room falls out for a day. Each answer is timed from the bare week on, with
no index kept from one to the next, and each placement is judged by the independent checker. Goals count in their
order, as in the service. The routes are asked over HTTP, about a clinic of as many people.
"""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import cycle
from pathlib import Path
from random import Random
from time import perf_counter
from typing import Any, TypeVar

from services.operator.bench.instances import generated
from services.operator.bench.mending import measure_repairs
from services.operator.bench.routes import Clinic, measure_routes
from services.operator.bench.solver import SHARED_INSTANCES, NoInstancesError
from services.operator.bench.timing import machine, quantiles
from services.scheduler.solver.check import check
from services.scheduler.solver.format import instance_from_json
from services.scheduler.solver.instance import Instance, Patient, Timetable
from services.scheduler.solver.interactive.answers import Wish, why_here, why_not, why_unplaced
from services.scheduler.solver.interactive.capacity import advise
from services.scheduler.solver.interactive.frozen import FrozenWeek, without
from services.scheduler.solver.interactive.place import Alternative, place, taking
from services.scheduler.solver.interactive.scarcity import seat_prices
from services.scheduler.solver.solve import solve

PEOPLE = 300
ALTERNATIVES = 4
MOST_NEWCOMERS = 30
_PEOPLE_A_DISRUPTION = 6

_T = TypeVar("_T")
_Part = Callable[[Instance, Timetable, Sequence[Patient]], dict[str, Any]]


def measure(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the figures of every part.

    Raises:
        NoInstancesError: The folder that was named has no such instance.
    """
    instance = _instance(arguments)
    outcome = solve(instance, time_limit=arguments.time_limit, seed=arguments.seed, workers=arguments.workers)
    if outcome.timetable is None or outcome.goals is None:
        raise RuntimeError("the solver found no week to publish")
    # The same people for every part, whoever comes first in the file.
    people = Random(arguments.seed).sample(instance.patients, min(arguments.people, len(instance.patients)))  # noqa: S311
    instance = replace(instance, weights=replace(instance.weights, lexicographic=True))
    figures: dict[str, Any] = {
        "instance": instance.name,
        "patients": len(instance.patients),
        "week": {"seconds": round(outcome.seconds, 1), "cost": outcome.objective, "unmet_slots": outcome.goals.unmet},
        "machine": machine(),
    }
    figures |= {name: part(instance, outcome.timetable, people) for name, part in PARTS.items()}
    return figures | {"routes": _routes(arguments)}


def _routes(arguments: argparse.Namespace) -> dict[str, Any] | None:
    """Measure the routes on a clinic of so many patients; none for none."""
    if not arguments.clinic:
        return None
    newcomers = min(MOST_NEWCOMERS, arguments.people)
    return measure_routes(Clinic(arguments.clinic, newcomers, arguments.time_limit))


def _instance(arguments: argparse.Namespace) -> Instance:
    folder: Path = arguments.instances or SHARED_INSTANCES
    path = folder / f"{arguments.only}.json"
    if path.exists():
        return instance_from_json(json.loads(path.read_bytes()))
    if arguments.instances is not None:
        raise NoInstancesError(folder, arguments.only)
    print(f"{folder} is absent: a generated week of {PEOPLE} is measured instead", file=sys.stderr)
    return instance_from_json(generated(PEOPLE, arguments.seed))


def _timed(work: Callable[[], _T]) -> tuple[float, _T]:
    began = perf_counter()
    result = work()
    return perf_counter() - began, result


def _places(instance: Instance, timetable: Timetable, people: Sequence[Patient]) -> dict[str, Any]:
    """Take each person out and place them again."""
    seconds, touched, violations, lost = [], 0, 0, 0
    for patient in people:
        empty = without(timetable, patient.id)

        def placed(patient: Patient = patient, empty: Timetable = empty) -> tuple[FrozenWeek, Alternative]:
            week = FrozenWeek(instance, empty)
            return week, place(week, patient, seat_prices(week, patient.id), count=ALTERNATIVES)[0]

        spent, (week, best) = _timed(placed)
        seconds.append(spent)
        after = taking(week, patient, best).timetable
        faults = set(check(instance, after).errors) - set(check(instance, empty).errors)
        violations += len(faults)
        touched += _others_touched(instance, empty, after, patient)
        had = sum(FrozenWeek(instance, timetable).missing(patient).values())
        lost += max(0, best.parts.unmet - had)
    return quantiles(seconds) | {"people_touched": touched, "violations": violations, "slots_lost": lost}


def _others_touched(instance: Instance, before: Timetable, after: Timetable, patient: Patient) -> int:
    """Count who else has another week than before."""
    changed = set(instance.session_keys(before)) ^ set(instance.session_keys(after))
    return len({key.patient for key in changed if key.patient != patient.id})


def _explanations(instance: Instance, timetable: Timetable, people: Sequence[Patient]) -> dict[str, Any]:
    """Ask why here, why unplaced, and why not each of some sessions."""
    kinds: dict[str, list[float]] = {"why_here": [], "why_unplaced": [], "why_not": []}
    wishes = cycle(_wishes(instance, timetable))
    for patient in people:
        kinds["why_here"].append(_timed(lambda p=patient: why_here(FrozenWeek(instance, timetable), p))[0])  # type: ignore[misc]
        kinds["why_unplaced"].append(_timed(lambda p=patient: why_unplaced(FrozenWeek(instance, timetable), p))[0])  # type: ignore[misc]
        for wish in (next(wishes), next(wishes)):
            spent, _ = _timed(lambda p=patient, w=wish: why_not(FrozenWeek(instance, timetable), p, w))  # type: ignore[misc]
            kinds["why_not"].append(spent)
    every = [seconds for kind in kinds.values() for seconds in kind]
    return quantiles(every) | {"people_touched": 0} | {name: quantiles(seconds) for name, seconds in kinds.items()}


def _wishes(instance: Instance, timetable: Timetable) -> list[Wish]:
    """Sessions that take place, for whoever asks."""
    groups = [Wish(instance.kinds[one.kind].service, one.day, one.slot) for one in timetable.groups]
    visits = [Wish(one.service, one.day, one.slot) for one in timetable.visits]
    return [wish for pair in zip(groups, visits, strict=False) for wish in pair]


def _capacity(instance: Instance, timetable: Timetable, _people: Sequence[Patient]) -> dict[str, Any]:
    spent, advice = _timed(lambda: advise(FrozenWeek(instance, timetable)))
    return {"seconds": round(spent, 3), "slots_served": [one.slots for one in advice]}


def _repairs(instance: Instance, timetable: Timetable, people: Sequence[Patient]) -> dict[str, Any]:
    return measure_repairs(instance, timetable, max(2, len(people) // _PEOPLE_A_DISRUPTION))


PARTS: dict[str, _Part] = {
    "place": _places,
    "repair": _repairs,
    "explain": _explanations,
    "capacity_advice": _capacity,
}
"""What can be measured; a part takes the instance, its published week and the people to ask about."""


def table(figures: dict[str, Any]) -> str:
    """Word the figures for a person."""
    lines = [f"{figures['instance']}: {figures['patients']} patients, {figures['machine']}"]
    for name in ("place", "repair", "explain"):
        part = figures[name]
        told = " ".join(f"{key} {part[key] * 1000:.0f} ms" for key in ("p50", "p95", "max"))
        lines.append(f"{name:8} {told}, {part['runs']} runs, people touched: {part['people_touched']}")
    for name, part in (figures["routes"] or {}).items():
        if isinstance(part, dict):
            told = " ".join(f"{key} {part[key] * 1000:.0f} ms" for key in ("p50", "p95", "max"))
            lines.append(f"route {name}: {told}, {part['cpu_ms']['all']:.0f} ms of CPU")
    lines.append(f"advice   {figures['capacity_advice']['seconds'] * 1000:.0f} ms")
    return "\n".join(lines)
