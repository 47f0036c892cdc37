"""The week as it would be if what is asked for were granted."""

from collections.abc import Iterable
from dataclasses import replace

from services.scheduler.solver.instance import (
    DAYS,
    FAMILY,
    INDIVIDUAL,
    MEDICATION,
    SLOTS_A_DAY,
    Id,
    Instance,
    Interval,
    Patient,
    Practitioner,
)
from services.scheduler.solver.interactive.facts import Ask
from services.scheduler.solver.interactive.frozen import FrozenWeek

_SOMEBODY: Id = "somebody asked for"


def granted(week: FrozenWeek, patient: Patient, asks: Iterable[Ask], service: str) -> tuple[FrozenWeek, Patient]:
    """Return the week and the patient with everything granted; `service` is what places and people are asked for."""
    instance, seats = week.instance, {meeting.number: meeting.seats for meeting in week.meetings}
    for ask in asks:
        if ask.code == "seat" and ask.meeting is not None:
            seats[ask.meeting] += 1
        patient = _of_patient(patient, ask)
        instance, patient = _of_site(instance, patient, ask, service)
    patients = tuple(patient if other.id == patient.id else other for other in instance.patients)
    return FrozenWeek(replace(instance, patients=patients), week.timetable, seats), patient


def _interval(ask: Ask) -> Interval:
    if ask.day is None or ask.start is None or ask.end is None:
        raise ValueError("an ask for time says which")
    return Interval(ask.day, ask.start, ask.end)


def _of_patient(patient: Patient, ask: Ask) -> Patient:
    match ask.code:
        case "free_time":
            return replace(patient, commitments=tuple(_cut(patient.commitments, _interval(ask))))
        case "family_time":
            return replace(patient, family_available=(*(patient.family_available or ()), _interval(ask)))
        case "modality":
            return replace(patient, modalities=patient.modalities | {str(ask.value)})
        case "language":
            return replace(patient, languages=patient.languages | {str(ask.value)})
        case _:
            return patient


def _cut(commitments: Iterable[Interval], free: Interval) -> Iterable[Interval]:
    """Take the free time out of every commitment."""
    for day, start, end in commitments:
        if day != free.day:
            yield Interval(day, start, end)
            continue
        if start < min(end, free.start):
            yield Interval(day, start, min(end, free.start))
        if max(start, free.end) < end:
            yield Interval(day, max(start, free.end), end)


def _of_site(instance: Instance, patient: Patient, ask: Ask, service: str) -> tuple[Instance, Patient]:
    match ask.code:
        case "site_hours":
            return replace(instance, site_open=(*instance.site_open, _interval(ask))), patient
        case "practitioner":
            return _with_somebody(instance, patient, _interval(ask), service)
        case "place":
            return _with_place(instance, _interval(ask), service), patient
        case _:
            return instance, patient


def _with_place(instance: Instance, when: Interval, service: str) -> Instance:
    if service == INDIVIDUAL:
        return replace(instance, offices=instance.offices + 1)
    if service == FAMILY:
        return replace(instance, family_rooms=instance.family_rooms + 1)
    if service == MEDICATION:
        return replace(instance, medication_pool=_one_more(instance.medication_pool, when))
    return replace(instance, nurse_pool=_one_more(instance.nurse_pool, when))


def _one_more(pool: tuple[int, ...], when: Interval) -> tuple[int, ...]:
    first = when.day * SLOTS_A_DAY
    wanted = range(first + when.start, first + when.end)
    return tuple(number + (slot in wanted) for slot, number in enumerate(pool))


def _with_somebody(instance: Instance, patient: Patient, when: Interval, service: str) -> tuple[Instance, Patient]:
    """Put somebody on duty for just that time, in the patient's team."""
    person = Practitioner(
        id=f"{_SOMEBODY} {when.day} {when.start}",
        role="counsellor",
        leads=frozenset(),
        co_facilitates=False,
        individual=frozenset({service}),
        languages=frozenset(instance.languages),
        shifts=(when,),
        breaks=(),
        max_slots_day=SLOTS_A_DAY,
        max_slots_week=DAYS * SLOTS_A_DAY,
    )
    team = (*patient.team, person.id)
    return replace(instance, practitioners=(*instance.practitioners, person)), replace(patient, team=team)
