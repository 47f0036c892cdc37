"""`eventide bench placement`: how many real people a week can be found for.

Three figures under the same rules (`programme`): the best use of six fixed tracks, a week chosen for each by the
solver, and the ceiling, each person alone with any meeting opened for them.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from time import monotonic, process_time
from typing import Any

from services.operator.bench.fixed_tracks import fitting, most_served
from services.operator.bench.programme import LARGEST, reaches_ceiling, site_document
from services.operator.bench.teaching_week import Commitments, busiest_week
from services.operator.bench.timing import machine
from services.scheduler.solver.check import check
from services.scheduler.solver.format import instance_from_json
from services.scheduler.solver.instance import Instance, TherapyGroup
from services.scheduler.solver.outcome import Progress
from services.scheduler.solver.solve import solve

SITE = 60
LEAST_DAYS = 3


@dataclass(frozen=True, slots=True)
class Placement:
    """One site's people by what serves them, and the meetings of its week."""

    people: int
    fixed_tracks: int
    served: int
    ceiling: int
    groups: int
    seats_taken: int
    errors: int


def measure(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return shares of people, and the groups and seats of the solver's weeks."""
    began, cpu = monotonic(), process_time()
    week = busiest_week(arguments.calendars)
    placements = []
    for number, people in enumerate(sites(week.people, arguments.seed)):
        placements.append(place(people, seconds=arguments.time_limit, seed=arguments.seed))
        _say(number, placements[-1])
    total = {
        field: sum(getattr(placement, field) for placement in placements)
        for field in ("people", "fixed_tracks", "served", "ceiling", "groups", "seats_taken", "errors")
    }
    return {
        "people": total["people"],
        "fixed_tracks": total["fixed_tracks"] / total["people"],
        "served": total["served"] / total["people"],
        "ceiling": total["ceiling"] / total["people"],
        "groups": total["groups"],
        "seats": total["groups"] * LARGEST,
        "seats_taken": total["seats_taken"],
        "sites": len(placements),
        "broken_rules": total["errors"],
        "week": week.monday.isoformat(),
        "zone": week.zone,
        "calendars_refused": week.refused,
        "seed": arguments.seed,
        "seconds": round(monotonic() - began, 1),
        "cpu_seconds": round(process_time() - cpu, 1),
        "machine": machine(),
    }


def table(figures: dict[str, Any]) -> str:
    """Word the figures."""
    lines = [f"{figures['people']} people at {figures['sites']} sites, week of {figures['week']} ({figures['zone']})"]
    for name, words in (
        ("fixed_tracks", "six fixed tracks, each person in the best of them"),
        ("served", "a week chosen by the solver"),
        ("ceiling", "each person alone"),
    ):
        lines.append(f"  {figures[name]:7.1%}  {words}")
    lines.append(f"{figures['groups']} meetings, {figures['seats_taken']} of {figures['seats']} seats taken")
    lines.append(f"{figures['seconds']} s, {figures['cpu_seconds']} s of CPU; {figures['machine']}")
    return "\n".join(lines)


def sites(people: Sequence[Commitments], seed: int) -> list[list[Commitments]]:
    """Split people into sites of 60; the last one has the rest."""
    crowd = list(people)
    Random(seed).shuffle(crowd)  # noqa: S311 - a reproducible split, not a secret
    return [crowd[first : first + SITE] for first in range(0, len(crowd), SITE)]


def place(people: Sequence[Commitments], *, seconds: float, seed: int) -> Placement:
    """Measure one site. Those below the ceiling need no seat: nobody could serve them."""
    able = [commitments for commitments in people if reaches_ceiling(commitments)]
    instance = instance_from_json(site_document(able, "site"))
    goal = _EverybodyServed(patience=seconds / 3)
    outcome = solve(
        instance, time_limit=seconds, seed=seed, workers=1, on_progress=goal.note, cancelled=goal.is_reached
    )
    groups = outcome.timetable.groups if outcome.timetable is not None else ()
    verdict = check(instance, outcome.timetable) if outcome.timetable is not None else None
    return Placement(
        people=len(people),
        fixed_tracks=most_served(fitting(commitments) for commitments in people),
        served=fully_served(instance, groups),
        ceiling=len(able),
        groups=len(groups),
        seats_taken=sum(len(group.members) for group in groups),
        errors=len(verdict.errors) if verdict is not None else 0,
    )


class _EverybodyServed:
    """Ends a solve once nothing is unmet and its patience, in seconds, went into closing needless meetings."""

    def __init__(self, patience: float) -> None:
        self._until = monotonic() + patience
        self._unmet: int | None = None

    def note(self, progress: Progress) -> None:
        self._unmet = progress.unmet

    def is_reached(self) -> bool:
        return self._unmet == 0 and monotonic() > self._until


def fully_served(instance: Instance, groups: Sequence[TherapyGroup]) -> int:
    """Count those who get every hour they need, on as many days as the programme asks for."""
    slots = {patient.id: 0 for patient in instance.patients}
    days: dict[Any, set[int]] = {patient.id: set() for patient in instance.patients}
    for group in groups:
        for member in group.members:
            slots[member] += instance.kinds[group.kind].slots
            days[member].add(group.day)
    return sum(
        slots[patient.id] == sum(patient.needs.values()) and len(days[patient.id]) >= LEAST_DAYS
        for patient in instance.patients
    )


def _say(number: int, placement: Placement) -> None:
    print(
        f"site {number + 1}: {placement.people} people, fixed tracks {placement.fixed_tracks}, "
        f"served {placement.served}, ceiling {placement.ceiling}, {placement.groups} meetings",
        file=sys.stderr,
        flush=True,
    )
