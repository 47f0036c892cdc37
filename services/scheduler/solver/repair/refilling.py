"""What is free by now, for those who lost something, one after the other."""

from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import replace

from services.scheduler.solver.instance import DAYS, SLOTS_A_DAY, Id, Instance, Interval, Patient, Timetable
from services.scheduler.solver.interactive.frozen import FrozenWeek
from services.scheduler.solver.interactive.place import place, taking
from services.scheduler.solver.repair.measures import losses


def refilled(instance: Instance, told: Timetable, week: Timetable, stops: Callable[[], bool]) -> Timetable:
    """Place what people lost, each exactly and everybody else standing still; who lost the most comes first.

    Nobody is touched who was not: whoever loses something is.
    """
    frozen = FrozenWeek(instance, week)
    for patient in in_need(frozen, told):
        if stops():
            break
        best = place(frozen, patient, count=1)[0]
        if best.joins or best.visits:
            frozen = taking(frozen, patient, best)
    return frozen.timetable


def in_need(week: FrozenWeek, told: Timetable) -> list[Patient]:
    """List who lost something, with needs of only what they have and what they lost, the largest loss first.

    The hours that are over are busy for them.
    """
    short: dict[Id, dict[str, int]] = defaultdict(dict)
    for (who, service), slots in losses(week.instance, told, week.timetable).items():
        short[who][service] = slots
    over = _hours_over(week.instance)
    found = []
    for who, missing in sorted(short.items(), key=lambda item: -sum(item[1].values())):
        needs = Counter(missing)
        for session in week.sessions.get(who, ()):
            needs[session.service] += session.slots
        patient = week.patients[who]
        found.append(replace(patient, needs=dict(needs), commitments=(*patient.commitments, *over)))
    return found


def _hours_over(instance: Instance) -> list[Interval]:
    """Return the part of the week that has begun, day by day."""
    days = ((day, min(SLOTS_A_DAY, instance.begins - day * SLOTS_A_DAY)) for day in range(DAYS))
    return [Interval(day, 0, end) for day, end in days if end > 0]
