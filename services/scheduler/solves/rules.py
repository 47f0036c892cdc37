"""What is true of a week that may be solved, and the instance that the solver gets. Pure."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID

from services.chassis.remembered import RememberedParts
from services.contracts.identifiers import PatientId, PractitionerId
from services.contracts.records.treatment_plans import PlanRequirement, WeekRequirements
from services.contracts.scheduler.sites import GroupOffering, Practitioner, Room, Site
from services.contracts.vocabulary import Modality, ServiceKind
from services.scheduler.solver.format import INSTANCE_FORMAT
from services.scheduler.solves.beginnings import known_people
from services.scheduler.weeks import DAYS, SLOT_MINUTES, SLOTS_A_DAY, SlotInterval, WeekGrid, merged, window_slots

FURTHEST: Final = timedelta(days=371)
_HOUR: Final = 4
_GROUP_SIZE: Final = {"min": 4, "max": 12, "co_facilitator_above": 8}
_NOTES: Final = ("rule_notes", "fairness_notes", "held_seats_notes", "telehealth_notes")
_WEIGHTS: Final = {"lexicographic": True}

Busy = Mapping[PatientId, Sequence[tuple[datetime, datetime]]]


class _Person(NamedTuple):
    """All that somebody's part of an instance is made from, beside the grid."""

    plan: PlanRequirement
    busy: Sequence[tuple[datetime, datetime]]
    staff: AbstractSet[PractitionerId]


_PEOPLE: Final = RememberedParts[_Person, dict[str, Any]]()


@dataclass(frozen=True, slots=True)
class SiteSetup:
    """A site as it is set up at the moment of asking."""

    site: Site
    rooms: Sequence[Room]
    practitioners: Sequence[Practitioner]
    offerings: Sequence[GroupOffering]


def is_past(week: date, today: date) -> bool:
    """Say whether a week is over, by its Monday."""
    return week < _monday_of(today)


def _monday_of(day: date) -> date:
    return day - timedelta(days=day.weekday())


def refusal_of_week(week: date, today: date) -> tuple[str, str] | None:
    """Say why a week cannot be planned, as a code and a remedy; None where it can."""
    this_monday = _monday_of(today)
    if week.weekday() != 0:
        return "not-a-monday", "must be a Monday, the first day of the week"
    if is_past(week, today):
        return "week-in-the-past", f"must not lie before the current week, which begins on {this_monday}"
    if week - this_monday > FURTHEST:
        return "week-too-far", "must not lie more than a year ahead"
    return None


def missing_of(setup: SiteSetup, requirements: WeekRequirements) -> list[str]:
    """Name what a site lacks that every week needs; rooms only where nobody may be seen by telehealth."""
    by_telehealth = any(Modality.TELEHEALTH in patient.modalities for patient in requirements.patients)
    present = {
        "rooms": bool(setup.rooms) or by_telehealth,
        "practitioners": bool(setup.practitioners),
        "group offerings": bool(setup.offerings),
    }
    return [what for what, is_there in present.items() if not is_there]


def instance_of(
    setup: SiteSetup,
    requirements: WeekRequirements,
    busy: Busy,
    grid: WeekGrid,
    published: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """Write the week down as the solver reads it; ids stay the UUIDs they are, as text."""
    staff = {practitioner.id for practitioner in setup.practitioners}
    people = {patient.patient_id for patient in requirements.patients}
    practitioners = [practitioner_part(practitioner) for practitioner in setup.practitioners]
    spoken = {language for practitioner in setup.practitioners for language in practitioner.languages}
    spoken |= {language for patient in requirements.patients for language in patient.languages}
    return {
        "format": INSTANCE_FORMAT,
        "name": f"{setup.site.id} {requirements.week}",
        "tracks": sorted({patient.track for patient in requirements.patients}),
        "languages": sorted(spoken),
        "group_size": _GROUP_SIZE,
        "group_kinds": {str(offering.id): _group_kind(offering) for offering in setup.offerings},
        "site_open": window_slots(setup.site.open),
        "rooms": [{"id": str(room.id), "capacity": room.capacity} for room in setup.rooms],
        "offices": setup.site.offices,
        "family_rooms": setup.site.family_rooms,
        "medication_pool": pool_of(practitioners, "prescriber"),
        "nurse_pool": pool_of(practitioners, "nurse"),
        "practitioners": practitioners,
        "patients": _patients(requirements, busy, grid, staff),
        "no_contact": [
            [str(patient_id) for patient_id in pair.patient_ids]
            for pair in requirements.no_contact
            if people.issuperset(pair.patient_ids)
        ],
        "published": published and {part: published[part] for part in ("groups", "individuals")},
        "weights": _WEIGHTS,
    }


def with_fairness(instance: Mapping[str, Any], weights: Mapping[PatientId, int]) -> dict[str, Any]:
    """Let bad times count more for who had the worse weeks; goals that come before comfort are untouched by that."""
    patients = [_weighted(patient, weights.get(_patient_id(patient), 1)) for patient in instance["patients"]]
    changed = sum(one != before for one, before in zip(patients, instance["patients"], strict=True))
    note = (
        f"fairness: for {changed} of the patients, times that their plan minds count twice or three times as much, as "
        "their last weeks were worse than the others'; the site's fairness says whose"
    )
    return {**instance, "patients": patients, "fairness_notes": [note] if changed else []}


def _weighted(patient: Mapping[str, Any], weight: int) -> dict[str, Any]:
    costs = {part: weight * cost for part, cost in patient["preference_cost"].items()}
    return {**patient, "preference_cost": costs}


def usual_of(document: Mapping[str, Any], instance: Mapping[str, Any]) -> dict[str, Any]:
    """Return an earlier week's timetable as the usual one: its times of the week, for whoever is still there."""
    people = {patient["id"] for patient in instance["patients"]}
    known = [group for group in document["groups"] if group["kind"] in instance["group_kinds"]]
    groups = [group | {"members": [member for member in group["members"] if member in people]} for group in known]
    return {
        "groups": [group for group in groups if group["members"]],
        "individuals": [visit for visit in document["individuals"] if visit["patient"] in people],
    }


def with_commitments(instance: Mapping[str, Any], busy: Busy, grid: WeekGrid) -> dict[str, Any]:
    """Return the instance with the commitments that are known by now."""
    return {
        **instance,
        "patients": [
            {
                **patient,
                "commitments": _commitments(
                    busy.get(_patient_id(patient), ()), grid, patient["travel_slots"], patient.get("absent", ())
                ),
            }
            for patient in instance["patients"]
        ],
    }


def _patient_id(patient: Mapping[str, Any]) -> PatientId:
    return PatientId(UUID(patient["id"]))


def _group_kind(offering: GroupOffering) -> dict[str, Any]:
    return {
        "service": offering.service.value,
        "slots": offering.minutes // SLOT_MINUTES,
        "min": offering.minimum_size,
        "max": offering.maximum_size,
        "co_facilitator_above": offering.co_facilitator_above,
    }


def practitioner_part(practitioner: Practitioner) -> dict[str, Any]:
    """Write somebody who treats down as the solver reads it."""
    return {
        "id": str(practitioner.id),
        "role": practitioner.role,
        "leads": [service.value for service in practitioner.leads],
        "co_facilitates": practitioner.co_facilitates,
        "individual": [service.value for service in practitioner.individual],
        "languages": practitioner.languages,
        "shifts": window_slots(practitioner.shifts),
        "breaks": window_slots(practitioner.breaks),
        "max_slots_day": practitioner.max_minutes_day // SLOT_MINUTES,
        "max_slots_week": practitioner.max_minutes_week // SLOT_MINUTES,
    }


def _patients(
    requirements: WeekRequirements, busy: Busy, grid: WeekGrid, staff: AbstractSet[PractitionerId]
) -> list[dict[str, Any]]:
    """Write the people of a week down; what is written of them is shared, and not to be changed."""
    people: dict[Hashable, _Person] = {
        patient.patient_id: _Person(patient, busy.get(patient.patient_id, ()), staff)
        for patient in requirements.patients
    }
    return _PEOPLE.all(f"{requirements.site_id} {grid.zone} {grid.monday}", people, lambda one: _patient(one, grid))


def _patient(person: _Person, grid: WeekGrid) -> dict[str, Any]:
    patient, staff = person.plan, person.staff
    team = [str(member) for member in patient.team if member in staff]
    primary = None if patient.primary_practitioner_id is None else str(patient.primary_practitioner_id)
    travel_slots = patient.travel_minutes // SLOT_MINUTES
    return {
        "id": str(patient.patient_id),
        "track": patient.track,
        "languages": patient.languages,
        "modalities": [modality.value for modality in patient.modalities],
        "needs_transport": patient.needs_transport,
        "travel_slots": travel_slots,
        "absent": _absent(patient, grid),
        "commitments": _commitments(person.busy, grid, travel_slots, _absent(patient, grid)),
        "family_available": window_slots(patient.family_available),
        "needs": {need.service.value: need.minutes_per_week // SLOT_MINUTES for need in patient.required_services},
        "team": team,
        "primary": primary if primary in team else None,
        "preference_cost": patient.preference_cost.model_dump(),
        "telehealth": _telehealth(patient),
    }


def _telehealth(patient: PlanRequirement) -> dict[str, str | None]:
    """Write down what telehealth depends on; a publication asks that of each session."""
    consented_on = patient.telehealth_consented_on
    return {
        "consented_on": None if consented_on is None else consented_on.isoformat(),
        "jurisdiction": patient.telehealth_jurisdiction,
    }


def _commitments(
    busy: Sequence[tuple[datetime, datetime]], grid: WeekGrid, travel_slots: int, absent: Iterable[int]
) -> list[SlotInterval]:
    away = [SlotInterval(day, 0, SLOTS_A_DAY) for day in absent]
    return merged([*away, *grid.busy(busy, travel_slots=travel_slots)])


def _absent(patient: PlanRequirement, grid: WeekGrid) -> list[int]:
    """Days of the week before the patient's first or after the last."""
    first = 0 if patient.attends_from is None else (patient.attends_from - grid.monday).days
    last = DAYS - 1 if patient.attends_until is None else (patient.attends_until - grid.monday).days
    return [day for day in range(DAYS) if not first <= day <= last]


def pool_of(practitioners: Iterable[Mapping[str, Any]], role: str) -> list[int]:
    """Count who of a role is on shift and not on a break in each slot of the week."""
    pool = [0] * (DAYS * SLOTS_A_DAY)
    for practitioner in practitioners:
        if practitioner["role"] == role:
            for slot in _slots(practitioner["shifts"]) - _slots(practitioner["breaks"]):
                pool[slot] += 1
    return pool


def _slots(intervals: Iterable[Sequence[int]]) -> set[int]:
    return {day * SLOTS_A_DAY + slot for day, start, end in intervals for slot in range(start, end)}


def warnings_of(setup: SiteSetup, requirements: WeekRequirements, instance: Mapping[str, Any]) -> list[str]:
    """Name what will keep needs from being met, whatever the solver does: a code, then the sentence."""
    required = {need.service for patient in requirements.patients for need in patient.required_services}
    unserved = [
        f"nobody-serves: {service.value} is required, and nobody at the site provides it"
        for service in ServiceKind
        if service in required and not _is_served(service, setup)
    ]
    partial = sum(
        patient.attends_from is not None or patient.attends_until is not None for patient in requirements.patients
    )
    in_part = [f"partial-week: {partial} of the patients are admitted or discharged within the week"] if partial else []
    return (
        unserved
        + in_part
        + [
            f"no-free-hour: patient {patient['id']} has no free hour this week that the plan's modalities allow"
            for patient in known_people(instance["patients"])
            if not _has_free_hour(patient, instance["site_open"])
        ]
        + [note for kind in _NOTES for note in instance.get(kind, ())]
    )


def _is_served(service: ServiceKind, setup: SiteSetup) -> bool:
    if service.is_group:
        return any(offering.service is service for offering in setup.offerings) and any(
            service in practitioner.leads for practitioner in setup.practitioners
        )
    role = {ServiceKind.MEDICATION: "prescriber", ServiceKind.NURSE_VISIT: "nurse"}.get(service)
    return any(
        practitioner.role == role if role else service in practitioner.individual
        for practitioner in setup.practitioners
    )


def _has_free_hour(patient: Mapping[str, Any], site_open: Iterable[SlotInterval]) -> bool:
    travel = patient["travel_slots"]
    week = [SlotInterval(day, 0, SLOTS_A_DAY) for day in range(DAYS)]
    places = {Modality.ON_SITE: (site_open, travel), Modality.TELEHEALTH: (week, 0)}
    return any(
        _has_hour(_slots(where) - _widened(patient["commitments"], margin))
        for modality, (where, margin) in places.items()
        if modality.value in patient["modalities"]
    )


def _widened(intervals: Iterable[SlotInterval], margin: int) -> set[int]:
    widened = (SlotInterval(d, max(0, a - margin), min(SLOTS_A_DAY, b + margin)) for d, a, b in intervals)
    return _slots(widened)


def _has_hour(free: set[int]) -> bool:
    return any(
        all(slot + more in free for more in range(_HOUR)) for slot in free if slot % SLOTS_A_DAY <= SLOTS_A_DAY - _HOUR
    )
