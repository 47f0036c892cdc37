"""`eventide bench second-week`: what stays as people know it when a tenth of them is new.

A week is solved, and people get to know it. In the next a tenth of the patients is new, another tenth has the
commitments of somebody else, and a practitioner has lost a day. It is solved twice in the same time: knowing the first
week, and as if there had been none.
"""

import argparse
import sys
from collections.abc import Mapping
from random import Random
from typing import Any, Final

from services.operator.bench.solver import instances
from services.operator.bench.solver_run import compile_kernels, run_solver
from services.operator.bench.timing import machine
from services.scheduler.solver.check import check
from services.scheduler.solver.format import instance_from_json, timetable_from_json
from services.scheduler.solver.instance import SLOT_MINUTES
from services.scheduler.solver.solve import LEAST_ANNEALING_SECONDS

Document = dict[str, Any]
SHARE: Final = 0.1
_ROW: Final = "{:<12}{:>10}{:>10}{:>8}{:>20}{:>8}{:>14}{:>14}"


def measure(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the figures of each instance's second week by its name."""
    limits = {name: getattr(arguments, name) for name in ("time_limit", "work_limit", "seed", "workers")}
    if arguments.time_limit >= LEAST_ANNEALING_SECONDS:
        compile_kernels()
    measured = {}
    for name, document in instances(arguments.instances, arguments.only, arguments.seed).items():
        first = run_solver(name, document, **limits).timetable
        second = second_week(document, first, arguments.seed)
        strange = {key: value for key, value in second.items() if key != "usual"}
        known, unknown = (run_solver(name, one, **limits).timetable for one in (second, strange))
        measured[name] = _figures(second, known, unknown)
        print(f"{name}: {measured[name]}", file=sys.stderr, flush=True)
    return {"instances": measured, **limits, "machine": machine()}


def second_week(document: Mapping[str, Any], first: Mapping[str, Any], seed: int) -> Document:
    """Return the next week of a site whose first one is known: its people, calendars and shifts have changed."""
    random = Random(seed)  # noqa: S311 -- a reproducible draw, nothing secret
    patients = [dict(patient) for patient in document["patients"]]
    some = max(2, round(SHARE * len(patients)))
    drawn = random.sample(range(len(patients)), min(2 * some, len(patients)))
    new, changed = {patients[number]["id"] for number in drawn[:some]}, drawn[some:]
    calendars = [patients[number]["commitments"] for number in changed]
    for number, commitments in zip(changed, [*calendars[1:], *calendars[:1]], strict=True):
        patients[number]["commitments"] = commitments
    staff = [dict(person) for person in document["practitioners"]]
    short = random.choice(staff)
    lost = random.choice(sorted({shift[0] for shift in short["shifts"]}))
    short["shifts"] = [shift for shift in short["shifts"] if shift[0] != lost]
    short["breaks"] = [pause for pause in short["breaks"] if pause[0] != lost]
    groups = [group | {"members": [one for one in group["members"] if one not in new]} for group in first["groups"]]
    usual = {
        "groups": [group for group in groups if group["members"]],
        "individuals": [visit for visit in first["individuals"] if visit["patient"] not in new],
    }
    return {**document, "patients": patients, "practitioners": staff, "usual": usual}


def _figures(second: Document, known: Mapping[str, Any], unknown: Mapping[str, Any]) -> dict[str, Any]:
    instance = instance_from_json(second)
    seats = len(instance.usual_seats())
    own, other = (check(instance, timetable_from_json(week)) for week in (known, unknown))
    return {
        "cost": own.cost,
        "bound": known["bound"],
        "gap": known["gap"],
        "unmet_minutes": own.goals.unmet * SLOT_MINUTES,
        "unmet_minutes_bound": known["unmet_minutes_bound"],
        "seats": seats,
        "kept": 1 - own.goals.moved / seats if seats else 1.0,
        "valid": own.ok,
        "unknown": {
            "cost": other.cost,
            "unmet_minutes": other.goals.unmet * SLOT_MINUTES,
            "kept": 1 - other.goals.moved / seats if seats else 1.0,
        },
    }


def table(figures: dict[str, Any]) -> str:
    """Word the figures, one line an instance."""
    lines = [_ROW.format("instance", "cost", "bound", "gap", "unmet min (bound)", "kept", "kept unknown", "unmet")]
    for name, one in figures["instances"].items():
        other = one["unknown"]
        unmet = f"{one['unmet_minutes']} ({one['unmet_minutes_bound']})"
        numbers = (f"{one['cost']:.0f}", f"{one['bound']:.0f}", f"{one['gap']:.1%}", unmet, f"{one['kept']:.0%}")
        lines.append(_ROW.format(name, *numbers, f"{other['kept']:.0%}", other["unmet_minutes"]))
    return "\n".join(lines)
