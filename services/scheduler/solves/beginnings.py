"""The part of a week that has begun, as the solver reads it: it is as it was, and counts. Pure."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from services.contracts.identifiers import PatientId
from services.contracts.scheduler.timetables import Appointment
from services.contracts.vocabulary import ServiceKind
from services.scheduler.solver.limits import RuleLimits
from services.scheduler.weeks import SLOT, SLOT_MINUTES, SLOTS_A_DAY, WeekGrid

MissedMinutes = Mapping[tuple[PatientId, ServiceKind], int]
"""Minutes that took place without the patient, and are to be made up within the week."""

_NOTHING: Final[MissedMinutes] = {}
_MINUTE: Final = timedelta(minutes=1)


def with_beginnings(
    instance: Mapping[str, Any],
    begun: Sequence[Appointment],
    grid: WeekGrid,
    now: datetime,
    missed: MissedMinutes = _NOTHING,
) -> dict[str, Any]:
    """Return the instance of which only the part from `now` on is free.

    What was held stays and counts as delivered to whoever sat there; what a patient missed raises what the rest of the
    week is asked for, or is left out where a visit is as long as the need. Whoever has left since stays in it for the
    sessions that were.
    """
    begins = grid.begins(now)
    if begins == 0:
        return dict(instance)
    fixed = FixedSessions(instance["group_kinds"], grid)
    for appointment in _without_missed(instance, counted(instance, begun, grid), missed):
        fixed.add(appointment)
    people = {patient["id"] for patient in instance["patients"]}
    again = {key: minutes for key, minutes in missed.items() if not _is_as_long_as_needed(instance, key[1])}
    gone = sorted({patient for patient, _ in fixed.delivered} - people)
    return {
        **instance,
        "patients": [
            *(_still_needing(patient, fixed.delivered, again) for patient in instance["patients"]),
            *(_gone(patient, fixed.delivered) for patient in gone),
        ],
        "tracks": sorted({*instance["tracks"], *(group["track"] for group in fixed.groups if group["track"])}),
        "languages": sorted({*instance["languages"], *(group["language"] for group in fixed.groups)}),
        "published": instance["published"] and _as_it_was(instance["published"], fixed, begins),
        "fixed": {"groups": fixed.groups, "individuals": fixed.visits},
        "begins": begins,
    }


def counted(instance: Mapping[str, Any], booked: Iterable[Appointment], grid: WeekGrid) -> list[Appointment]:
    """Leave out the visits that an instance has left out of its past, since the patient missed them."""
    begins = instance.get("begins", 0)
    visits = instance["fixed"]["individuals"] if begins else ()
    fixed = {(visit["patient"], visit["service"], visit["day"], visit["slot"]) for visit in visits}

    def is_counted(one: Appointment) -> bool:
        place = grid.place(one.start)
        if not _is_as_long_as_needed(instance, one.service) or place is None:
            return True
        seats = {(str(patient_id), one.service.value, *place) for patient_id in one.patient_ids}
        return place[0] * SLOTS_A_DAY + place[1] >= begins or seats <= fixed

    return [one for one in booked if is_counted(one)]


def _without_missed(
    instance: Mapping[str, Any], begun: Iterable[Appointment], missed: MissedMinutes
) -> Iterator[Appointment]:
    left = dict(missed)
    for one in begun:
        minutes = (one.end - one.start) // _MINUTE
        key = next(((patient_id, one.service) for patient_id in one.patient_ids), None)
        if key is not None and left.get(key, 0) >= minutes and _is_as_long_as_needed(instance, one.service):
            left[key] -= minutes
        else:
            yield one


def _is_as_long_as_needed(instance: Mapping[str, Any], service: ServiceKind) -> bool:
    """Say whether a visit is as long as the need (`Instance.visit_slots`): more need would make it longer."""
    lengths = instance.get("limits", {}).get("visit_slots", RuleLimits().visit_slots)
    return not service.is_group and service.value not in lengths


def _as_it_was(published: Mapping[str, Any], fixed: "FixedSessions", begins: int) -> dict[str, Any]:
    """Return what people were told, with what became of it: the past is no change."""
    groups, visits = (
        [session for session in published[part] if session["day"] * SLOTS_A_DAY + session["slot"] >= begins]
        for part in ("groups", "individuals")
    )
    return {"groups": [*fixed.groups, *groups], "individuals": [*fixed.visits, *visits]}


class FixedSessions:
    """Sessions that stay, in the solver's words, and the slots of each service that each patient has of them."""

    def __init__(self, kinds: Mapping[str, Mapping[str, Any]], grid: WeekGrid) -> None:
        self._kinds = {(kind["service"], kind["slots"]): code for code, kind in kinds.items()}
        self._grid = grid
        self.groups: list[dict[str, Any]] = []
        self.visits: list[dict[str, Any]] = []
        self.delivered = Counter[tuple[str, str]]()

    def add(self, appointment: Appointment) -> bool:
        """Note a session; False for one that says nothing to the solver: no kind or slot of the week matches it."""
        place = self._grid.place(appointment.start)
        slots = (appointment.end - appointment.start) // SLOT
        members = [str(patient_id) for patient_id in appointment.patient_ids]
        if place is None:
            return False
        when = {"day": place[0], "slot": place[1], "modality": appointment.modality.value}
        if not appointment.service.is_group:
            visit = {"service": appointment.service.value, "practitioner": _text(appointment.practitioner_id)}
            self.visits.extend({"patient": member, **visit, **when} for member in members)
        elif (kind := self._kinds.get((appointment.service.value, slots))) is not None:
            self.groups.append(_group(appointment, kind, members) | when)
        else:
            return False
        self.delivered.update({(member, appointment.service.value): slots for member in members})
        return True


def _group(appointment: Appointment, kind: str, members: list[str]) -> dict[str, Any]:
    return {
        "kind": kind,
        "track": appointment.track,
        "language": appointment.language or "",
        "lead": _text(appointment.practitioner_id),
        "co": _text(appointment.co_facilitator_id),
        "room": _text(appointment.room_id),
        "members": members,
    }


def _text(identifier: UUID | None) -> str | None:
    return None if identifier is None else str(identifier)


def _still_needing(
    patient: Mapping[str, Any], delivered: Mapping[tuple[str, str], int], missed: MissedMinutes
) -> dict[str, Any]:
    identifier, needs = patient["id"], dict(patient["needs"])
    for service in ServiceKind:
        again = missed.get((PatientId(UUID(identifier)), service), 0) // SLOT_MINUTES
        had = delivered.get((identifier, service.value), 0)
        if had or again:
            needs[service.value] = max(needs.get(service.value, 0) + min(again, had), had)
    return {**patient, "needs": needs}


def _gone(patient: str, delivered: Mapping[tuple[str, str], int]) -> dict[str, Any]:
    return {
        "id": patient,
        "track": "",
        "languages": [],
        "modalities": [],
        "travel_slots": 0,
        "commitments": [],
        "family_available": None,
        "needs": {service: slots for (who, service), slots in delivered.items() if who == patient},
        "team": [],
        "primary": None,
        "preference_cost": {},
    }


def known_people(patients: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Leave out who has left and is in the week only for the sessions that were."""
    return [patient for patient in patients if patient["modalities"]]
