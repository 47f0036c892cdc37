"""When each person could start a session at all, as bit masks of a day's slots."""

from collections.abc import Iterable
from functools import cached_property
from typing import NamedTuple

from services.scheduler.solver.instance import (
    DAYS,
    FAMILY,
    INDIVIDUAL,
    MEDICATION,
    MODALITIES,
    NURSE_VISIT,
    ON_SITE,
    SLOTS_A_DAY,
    STAFFED_SERVICES,
    GroupKind,
    Instance,
    Interval,
)

Starts = tuple[int, ...]
"""One mask a day; bit s says that a session may start at slot s."""

_WHOLE_DAY = (1 << SLOTS_A_DAY) - 1


def span(slot: int, slots: int) -> int:
    """Mask the slots of one session."""
    return ((1 << slots) - 1) << slot


def bits(mask: int) -> list[int]:
    """List the slots of a mask."""
    found = []
    while mask:
        lowest = mask & -mask
        found.append(lowest.bit_length() - 1)
        mask ^= lowest
    return found


class Offer(NamedTuple):
    """A group meeting that could be held, with everybody who could come to it or lead it."""

    kind: GroupKind
    track: str | None
    language: str
    modality: str
    day: int
    slot: int
    people: frozenset[int]
    leaders: tuple[int, ...]


class Facts:
    """The instance as masks; positions stand for ids."""

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        self.staff_at = {person.id: number for number, person in enumerate(instance.practitioners)}
        self.patient_at = {patient.id: number for number, patient in enumerate(instance.patients)}
        self.enemies: list[set[int]] = [set() for _ in instance.patients]
        for one, other in instance.no_contact:
            self.enemies[self.patient_at[one]].add(self.patient_at[other])
            self.enemies[self.patient_at[other]].add(self.patient_at[one])
        self._patients: dict[tuple[int, str, int], Starts] = {}
        self._staff: dict[tuple[int, int], Starts] = {}

    def patient(self, number: int, modality: str, slots: int) -> Starts:
        """When the patient's commitments, travel and the site's hours allow a session."""
        key = number, modality, slots
        if key not in self._patients:
            patient = self.instance.patients[number]
            on_site = modality == ON_SITE
            margin = patient.travel_slots if on_site else 0
            allowed = (0,) * DAYS
            if modality in patient.modalities:
                allowed = _clear(patient.commitments, slots, margin)
            if on_site:
                allowed = _both(allowed, _inside(self.instance.site_open, slots))
            self._patients[key] = allowed
        return self._patients[key]

    def staff(self, number: int, slots: int) -> Starts:
        """When the practitioner is on shift and not on a break."""
        key = number, slots
        if key not in self._staff:
            person = self.instance.practitioners[number]
            self._staff[key] = _both(_inside(person.shifts, slots), _clear(person.breaks, slots, 0))
        return self._staff[key]

    def visit(self, number: int, service: str, modality: str, slots: int) -> Starts:
        """When the patient could start a visit, their family included; nurses see people on site."""
        allowed = self.patient(number, modality, slots)
        if service == NURSE_VISIT and modality != ON_SITE:
            return (0,) * DAYS
        if service == FAMILY:
            together = [0] * DAYS
            for day, start, end in self.instance.patients[number].family_available or ():
                together[day] |= span(start, end - start)
            allowed = _both(allowed, tuple(_starts_in(mask, slots) for mask in together))
        return allowed

    def team(self, number: int, service: str) -> list[int | None]:
        """Who could hold the patient's visit, the primary counsellor first; None where a pool does."""
        if service not in STAFFED_SERVICES:
            return [None]
        patient, everybody = self.instance.patients[number], self.instance.practitioners
        team = [self.staff_at[member] for member in patient.team] if service == INDIVIDUAL else range(len(everybody))
        able = [member for member in team if service in everybody[member].individual]
        primary = self.staff_at.get(patient.primary) if patient.primary is not None else None
        return sorted(able, key=lambda member: member != primary)

    @cached_property
    def places(self) -> dict[str, tuple[int, ...]]:
        """How many visits of a service may run at once, for each slot of the week."""
        week = DAYS * SLOTS_A_DAY
        return {
            INDIVIDUAL: (self.instance.offices,) * week,
            FAMILY: (self.instance.family_rooms,) * week,
            MEDICATION: self.instance.medication_pool,
            NURSE_VISIT: self.instance.nurse_pool,
        }

    @cached_property
    def offers(self) -> list[Offer]:
        """Every meeting that enough people could come to and somebody could lead, each by itself."""
        return [
            offer
            for family in self.families
            for day in range(DAYS)
            for slot in range(0, SLOTS_A_DAY, self.instance.limits.group_start_step)
            if (offer := self._offer(family, day, slot)) is not None
        ]

    def _offer(self, family: tuple[str, str | None, str, str], day: int, slot: int) -> Offer | None:
        code, track, language, modality = family
        kind = self.instance.kinds[code]
        people = frozenset(
            number
            for number, patient in enumerate(self.instance.patients)
            if patient.needs.get(kind.service, 0) >= kind.slots
            and (track is None or patient.track == track)
            and language in patient.languages
            and self.patient(number, modality, kind.slots)[day] >> slot & 1
        )
        leaders = tuple(
            number
            for number, person in enumerate(self.instance.practitioners)
            if kind.service in person.leads
            and language in person.languages
            and self.staff(number, kind.slots)[day] >> slot & 1
        )
        enough = leaders and len(people) >= kind.size.minimum
        return Offer(kind, track, language, modality, day, slot, people, leaders) if enough else None

    @cached_property
    def families(self) -> list[tuple[str, str | None, str, str]]:
        """Each kind of meeting there could be: kind, track, language, modality."""
        instance = self.instance
        return [
            (kind.code, track, language, modality)
            for kind in instance.kinds.values()
            for track in (instance.tracks if kind.service == "process_group" else (None,))
            for language in instance.languages
            for modality in MODALITIES
        ]


def _starts_in(free: int, slots: int) -> int:
    """Mark where so many free slots follow each other."""
    found = free
    for shift in range(1, slots):
        found &= free >> shift
    return found


def _inside(intervals: Iterable[Interval], slots: int) -> Starts:
    days = [0] * DAYS
    for day, start, end in intervals:
        days[day] |= _starts_in(span(start, end - start), slots)
    return tuple(days)


def _clear(intervals: Iterable[Interval], slots: int, margin: int) -> Starts:
    days = [_WHOLE_DAY] * DAYS
    for day, start, end in intervals:
        first = max(0, start - margin)
        days[day] &= ~span(first, end + margin - first)
    return tuple(_starts_in(day & _WHOLE_DAY, slots) for day in days)


def _both(one: Starts, other: Starts) -> Starts:
    return tuple(a & b for a, b in zip(one, other, strict=True))
