"""Who may be planned by telehealth: with consent, from a place that is known, by people licensed there. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

from services.contracts.identifiers import PractitionerId
from services.contracts.vocabulary import Modality, ServiceKind
from services.scheduler.solves.setup_rules import without
from services.scheduler.weeks import DAYS, SlotInterval

Licensed = Mapping[PractitionerId, frozenset[str]]
"""Where each practitioner may treat on every day that is planned."""

_TELEHEALTH: Final = Modality.TELEHEALTH.value
_POOL: Final = {"prescriber": ServiceKind.MEDICATION.value}


def with_telehealth(instance: Mapping[str, Any], licensed: Licensed, monday: date, first_day: date) -> dict[str, Any]:
    """Return the instance that plans by telehealth only whom whoever may come to hold a session may treat there.

    The solver chooses who holds a session by anything but licences, so that all who could must have one. Whoever was
    told of telehealth that week keeps it; the publication asks about each session that is new.
    """
    told = _told(instance["published"])
    patients, missing, unlicensed = [], 0, 0
    for patient in instance["patients"]:
        where = _at_home(patient, monday, first_day)
        if _TELEHEALTH not in patient["modalities"]:
            patients.append(patient)
        elif where is None:
            patients.append(_on_site(patient))
            missing += 1
        elif patient["id"] in told or _all_licensed(patient, where, instance["practitioners"], licensed):
            patients.append(patient)
        else:
            patients.append(_on_site(patient))
            unlicensed += 1
    return {**instance, "patients": patients, "telehealth_notes": list(_notes(missing, unlicensed))}


def _at_home(patient: Mapping[str, Any], monday: date, first_day: date) -> str | None:
    """Return where the patient is during telehealth; None without consent by the first day that is planned."""
    plan = patient.get("telehealth") or {}
    consented_on, days = plan.get("consented_on"), (monday + timedelta(days=day) for day in range(DAYS))
    present = [day for number, day in enumerate(days) if number not in patient.get("absent", ()) and day >= first_day]
    if consented_on is None or not present or date.fromisoformat(consented_on) > present[0]:
        return None
    return None if plan["jurisdiction"] is None else str(plan["jurisdiction"])


def _all_licensed(
    patient: Mapping[str, Any], where: str, practitioners: Sequence[Mapping[str, Any]], licensed: Licensed
) -> bool:
    return all(
        where in licensed.get(PractitionerId(UUID(one["id"])), frozenset())
        for one in practitioners
        if _works(one) and any(_ways_to_hold(patient, one))
    )


def _works(practitioner: Mapping[str, Any]) -> bool:
    """Say whether somebody is on shift in the week at all."""
    return bool(without(practitioner["shifts"], [SlotInterval(*pause) for pause in practitioner["breaks"]]))


def _ways_to_hold(patient: Mapping[str, Any], practitioner: Mapping[str, Any]) -> Iterator[bool]:
    """Yield for each way of holding one of the patient's sessions whether the practitioner could do so."""
    needs = {service for service, slots in patient["needs"].items() if slots > 0}
    groups = {service.value for service in ServiceKind if service.is_group} & needs
    speaks = not set(practitioner["languages"]).isdisjoint(patient["languages"])
    alone = needs.intersection(practitioner["individual"]) - groups
    yield bool(alone - {ServiceKind.INDIVIDUAL.value})
    yield ServiceKind.INDIVIDUAL.value in alone and practitioner["id"] in patient["team"]
    yield speaks and not groups.isdisjoint(practitioner["leads"])
    yield speaks and bool(groups) and practitioner["co_facilitates"]
    yield _POOL.get(practitioner["role"]) in needs


def _on_site(patient: Mapping[str, Any]) -> dict[str, Any]:
    return {**patient, "modalities": [one for one in patient["modalities"] if one != _TELEHEALTH]}


def _told(published: Mapping[str, Any] | None) -> set[str]:
    if published is None:
        return set()
    told = {visit["patient"] for visit in published["individuals"] if visit["modality"] == _TELEHEALTH}
    groups = (group for group in published["groups"] if group["modality"] == _TELEHEALTH)
    return told.union(*(group["members"] for group in groups))


def _notes(missing: int, unlicensed: int) -> Iterator[str]:
    if missing:
        yield (
            f"telehealth-consent: {missing} of the patients are planned on site only: their plans have no consent to "
            "telehealth by then, or do not say where they are during it"
        )
    if unlicensed:
        yield (
            f"telehealth-licence: {unlicensed} of the patients are planned on site only: not everybody who could hold "
            "their sessions is licensed where they are during telehealth"
        )
