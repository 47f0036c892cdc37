"""An instance as arrays of whole numbers, for compiled code.

A **mask** is an integer with one bit for each slot of a day. Costs are in half units, so that all are whole.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from services.scheduler.solver.batches import Option
from services.scheduler.solver.grid import Grid, Mask
from services.scheduler.solver.instance import (
    DAYS,
    FAMILY,
    INDIVIDUAL,
    INDIVIDUAL_SERVICES,
    MEDICATION,
    MODALITIES,
    NURSE_VISIT,
    ON_SITE,
    SLOTS_A_DAY,
    STAFFED_SERVICES,
    Id,
    Instance,
    Patient,
)
from services.scheduler.solver.offers import Offers
from services.scheduler.solver.ragged import end_to_end
from services.scheduler.solver.statics import Statics

Ints = npt.NDArray[np.int64]

HALVES = 2
POOLS = (INDIVIDUAL, FAMILY, MEDICATION, NURSE_VISIT)
NOBODY = -1


class Facts(NamedTuple):
    """What does not change while weeks are tried; `x_first` and `x_list` are rows of different lengths, end to end."""

    need: Ints  # [patient, service] slots
    most_a_day: Ints  # [patient] slots
    preference: Ints  # [patient, day, slot] half units
    told: Ints  # [patient, service, day] mask of published starts
    usual: Ints  # [patient, service, day, (start, alike, lead)], -1 where there is no such
    visit_length: Ints  # [patient, service] slots, 0 for services in groups
    visit_starts: Ints  # [patient, service, modality, day] mask
    team_first: Ints  # [patient, service, 2]
    team_list: Ints
    primary: Ints  # [patient]
    enemies_first: Ints
    enemies_list: Ints
    staff_starts: Ints  # [practitioner, length, day] mask
    staff_day: Ints  # [practitioner] most slots a day
    staff_week: Ints  # [practitioner] most slots a week
    staff_share: Ints  # [practitioner] slots before balance costs
    room_seats: Ints
    pool_of: Ints  # [service, modality] pool or -1
    pool_stock: Ints  # [pool, slot of the week]
    service_kind: Ints  # [service] 0 in groups, 1 a visit with a practitioner, 2 a visit from a pool
    individual: int
    nurse: int
    offer_service: Ints
    offer_length: Ints
    offer_day: Ints
    offer_slot: Ints
    offer_modality: Ints
    offer_family: Ints  # offers alike but for day and slot
    offer_alike: Ints  # offers alike but for day, slot and modality
    offer_least: Ints
    offer_most: Ints
    offer_alone: Ints  # members one practitioner may lead
    eligible: Ints  # [offer, patient] 0 or 1
    people_first: Ints
    people_list: Ints
    leaders_first: Ints
    leaders_list: Ints
    assistants: Ints  # [offer, practitioner] 0 or 1
    family_first: Ints  # offers of a family, in order of time
    family_list: Ints
    service_first: Ints  # offers of a service
    service_list: Ints
    gap: int
    idle_most: int
    nurse_apart: int
    cost_unmet: int
    cost_changes: int
    cost_moved: int
    cost_trip: Ints  # [modality]
    cost_idle: int
    cost_continuity: int
    cost_group: int
    cost_balance: int


def services_of(instance: Instance) -> list[str]:
    """Return the services in the order in which the arrays number them."""
    grouped = list(dict.fromkeys(kind.service for kind in instance.kinds.values()))
    return [*grouped, *(service for service in INDIVIDUAL_SERVICES if service not in grouped)]


def facts_of(instance: Instance, offers: Offers, statics: Statics, grid: Grid) -> Facts:
    """Write an instance down as arrays."""
    return _Writer(instance, offers, statics, grid).facts()


class _Writer:
    def __init__(self, instance: Instance, offers: Offers, statics: Statics, grid: Grid) -> None:
        self._instance = instance
        self._offers = offers
        self._statics = statics
        self._grid = grid
        self._services = services_of(instance)
        self._staff = {person.id: number for number, person in enumerate(instance.practitioners)}
        self._person = {patient.id: number for number, patient in enumerate(instance.patients)}
        self._alike = {key: n for n, key in enumerate(dict.fromkeys(offer[:3] for offer in offers.items))}

    def facts(self) -> Facts:
        instance, weights, limits = self._instance, self._instance.weights, self._instance.limits
        people, staff = instance.patients, instance.practitioners
        team_first, team_list = self._teams()
        enemies_first, enemies_list = end_to_end(self._enemies())
        return Facts(
            need=_table([[patient.needs.get(code, 0) for code in self._services] for patient in people]).reshape(
                len(people), len(self._services)
            ),
            most_a_day=_ints([instance.max_slots_day(patient) for patient in people]),
            preference=_table([HALVES * self._statics.preference(patient) for patient in people]),
            told=self._told(),
            usual=self._usual(),
            visit_length=self._visit_lengths(),
            visit_starts=self._visit_starts(),
            team_first=team_first,
            team_list=team_list,
            primary=_ints([NOBODY if p.primary is None else self._staff[p.primary] for p in people]),
            enemies_first=enemies_first,
            enemies_list=enemies_list,
            staff_starts=self._staff_starts(),
            staff_day=_ints([person.max_slots_day for person in staff]),
            staff_week=_ints([person.max_slots_week for person in staff]),
            staff_share=_ints([person.max_slots_week * weights.busy_percent // 100 for person in staff]),
            room_seats=_ints([room.capacity for room in instance.rooms]),
            pool_of=self._pool_of(),
            pool_stock=_table(
                [
                    np.full(DAYS * SLOTS_A_DAY, instance.offices),
                    np.full(DAYS * SLOTS_A_DAY, instance.family_rooms),
                    np.array(instance.medication_pool),
                    np.array(instance.nurse_pool),
                ]
            ),
            service_kind=_ints([self._kind(code) for code in self._services]),
            individual=self._services.index(INDIVIDUAL),
            nurse=self._services.index(NURSE_VISIT),
            gap=limits.gap_slots,
            idle_most=limits.idle_slots,
            nurse_apart=limits.nurse_days_apart,
            cost_unmet=HALVES * weights.unmet,
            cost_changes=HALVES * weights.changes,
            cost_moved=HALVES * weights.moved,
            cost_trip=_ints(
                [HALVES * (weights.trip_on_site if m == ON_SITE else weights.trip_telehealth) for m in MODALITIES]
            ),
            cost_idle=HALVES * weights.idle,
            cost_continuity=HALVES * weights.continuity,
            cost_group=weights.group,
            cost_balance=HALVES * weights.balance,
            **self._meetings(),
        )

    def _kind(self, service: str) -> int:
        if service not in INDIVIDUAL_SERVICES:
            return 0
        return 1 if service in STAFFED_SERVICES else 2

    def _pool_of(self) -> Ints:
        pools = np.full((len(self._services), len(MODALITIES)), NOBODY, np.int64)
        for number, service in enumerate(POOLS):
            for modality, code in enumerate(MODALITIES):
                if service not in STAFFED_SERVICES or code == ON_SITE:
                    pools[self._services.index(service), modality] = number
        return pools

    def _told(self) -> Ints:
        told = np.zeros((len(self._person), len(self._services), DAYS), np.int64)
        for patient, service, day, slot in self._instance.published_keys():
            if patient in self._person and service in self._services:
                told[self._person[patient], self._services.index(service), day] |= 1 << slot
        return told

    def _usual(self) -> Ints:
        """Write down the seats people know; nobody has two sessions of a service on one day."""
        instance = self._instance
        usual = np.full((len(self._person), len(self._services), DAYS, 3), NOBODY, np.int64)
        for patient, what, day, slot, track, language, lead in instance.usual_seats():
            who = NOBODY if lead is None else self._staff.get(lead, NOBODY)
            alike = NOBODY if language is None else self._alike.get((what, track, language), NOBODY)
            if what in instance.kinds and NOBODY in (alike, who):
                continue
            usual[self._person[patient], self._services.index(instance.service_of(what)), day] = slot, alike, who
        return usual

    def _visit_lengths(self) -> Ints:
        instance, lengths = self._instance, np.zeros((len(self._person), len(self._services)), np.int64)
        for row, patient in enumerate(instance.patients):
            for service in INDIVIDUAL_SERVICES:
                lengths[row, self._services.index(service)] = self._length(patient, service)
        return lengths

    def _length(self, patient: Patient, service: str) -> int:
        slots = self._instance.visit_slots(patient, service)
        return slots if patient.needs.get(service, 0) >= slots > 0 else 0

    def _visit_starts(self) -> Ints:
        shape = (len(self._person), len(self._services), len(MODALITIES), DAYS)
        starts = np.zeros(shape, np.int64)
        for row, patient in enumerate(self._instance.patients):
            for service in INDIVIDUAL_SERVICES:
                if slots := self._length(patient, service):
                    possible = self._statics.possible(row, Option(service, None, slots))
                    starts[row, self._services.index(service)] = _masks(possible)
        return starts

    def _teams(self) -> tuple[Ints, Ints]:
        instance = self._instance
        family = [self._staff[p.id] for p in instance.practitioners if FAMILY in p.individual]
        able = {self._staff[p.id] for p in instance.practitioners if INDIVIDUAL in p.individual}
        first = np.zeros((len(self._person), len(self._services), 2), np.int64)
        entries: list[int] = []
        for row, patient in enumerate(instance.patients):
            own = [self._staff[who] for who in patient.team if self._staff[who] in able]
            for service, team in ((INDIVIDUAL, own), (FAMILY, family)):
                first[row, self._services.index(service)] = len(entries), len(entries) + len(team)
                entries += team
        return first, _ints(entries)

    def _enemies(self) -> list[list[int]]:
        enemies: list[list[int]] = [[] for _ in self._person]
        for one, other in self._instance.no_contact:
            enemies[self._person[one]].append(self._person[other])
            enemies[self._person[other]].append(self._person[one])
        return enemies

    def _staff_starts(self) -> Ints:
        lengths = {kind.slots for kind in self._instance.kinds.values()}
        lengths |= {self._length(p, service) for p in self._instance.patients for service in STAFFED_SERVICES} - {0}
        starts = np.zeros((len(self._staff), max(lengths, default=0) + 1, DAYS), np.int64)
        for slots in lengths:
            starts[:, slots] = _masks(self._grid.staff(slots))
        return starts

    def _meetings(self) -> dict[str, Ints]:
        instance, offers = self._instance, self._offers
        kinds = [instance.kinds[offer.kind] for offer in offers.items]
        service = [self._services.index(kind.service) for kind in kinds]
        families = {key: n for n, key in enumerate(dict.fromkeys(offer[:4] for offer in offers.items))}
        family = [families[offer[:4]] for offer in offers.items]
        people_first, people_list = end_to_end(np.flatnonzero(row) for row in offers.eligible)
        leaders_first, leaders_list = end_to_end(np.flatnonzero(row) for row in offers.leaders)
        family_first, family_list = end_to_end(_positions(family, len(families)))
        service_first, service_list = end_to_end(_positions(service, len(self._services)))
        return {
            "offer_service": _ints(service),
            "offer_length": offers.slots,
            "offer_day": _ints([offer.day for offer in offers.items]),
            "offer_slot": _ints([offer.slot for offer in offers.items]),
            "offer_modality": _ints([MODALITIES.index(offer.modality) for offer in offers.items]),
            "offer_family": _ints(family),
            "offer_alike": _ints([self._alike[offer[:3]] for offer in offers.items]),
            "offer_least": _ints([kind.size.minimum for kind in kinds]),
            "offer_most": _ints([kind.size.maximum for kind in kinds]),
            "offer_alone": _ints([min(kind.size.co_facilitator_above, kind.size.maximum) for kind in kinds]),
            "eligible": offers.eligible.astype(np.int64),
            "people_first": people_first,
            "people_list": people_list,
            "leaders_first": leaders_first,
            "leaders_list": leaders_list,
            "assistants": offers.assistants.astype(np.int64),
            "family_first": family_first,
            "family_list": family_list,
            "service_first": service_first,
            "service_list": service_list,
        }


def _ints(values: Sequence[int]) -> Ints:
    return np.array(values, np.int64).reshape(-1)


def _table(rows: Sequence[object]) -> Ints:
    return np.ascontiguousarray(np.array(rows), np.int64)


def _masks(starts: Mask) -> Ints:
    """Pack the last axis, a day's slots, into one integer each."""
    bits = np.int64(1) << np.arange(SLOTS_A_DAY, dtype=np.int64)
    packed: Ints = (starts.astype(np.int64) * bits).sum(axis=-1)
    return packed


def _positions(numbers: Sequence[int], count: int) -> list[Ints]:
    values = np.array(numbers, np.int64)
    return [np.flatnonzero(values == number) for number in range(count)]


def practitioner_id(instance: Instance, number: int) -> Id | None:
    """Name the practitioner with this number, or nobody."""
    return None if number == NOBODY else instance.practitioners[number].id
