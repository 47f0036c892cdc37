"""Rules about the site, its rooms and its pools (FORMAT, hard rules 1 and 4)."""

from collections import Counter, defaultdict
from collections.abc import Sequence

from ortools.sat.python import cp_model

from services.scheduler.solver.instance import (
    DAYS,
    FAMILY,
    INDIVIDUAL,
    MEDICATION,
    NURSE_VISIT,
    ON_SITE,
    SLOTS_A_DAY,
    Visit,
)
from services.scheduler.solver.model import Literal, RoomClass, Variables
from services.scheduler.solver.rules.base import forbid


class SiteHours:
    """On site, sessions take place only while the site is open.

    Source: FORMAT rule 1, `site_open`.
    """

    def add(self, model: cp_model.CpModel, variables: Variables) -> None:
        """Forbid on-site sessions outside the opening hours."""
        for sessions in variables.attendances.values():
            for session in sessions:
                is_open = variables.instance.is_open(session.day, session.slot, session.end)
                if session.modality == ON_SITE and not is_open:
                    forbid(model, variables, session.literal)
        for (offer, _), literal in variables.lead.items():
            end = offer.slot + variables.kind(offer).slots
            is_open = variables.instance.is_open(offer.day, offer.slot, end)
            if offer.modality == ON_SITE and not is_open:
                forbid(model, variables, literal)


class Rooms:
    """An on-site group has a room that seats its members, one group to a room.

    Source: FORMAT rule 1. Rooms of one class are alike; who gets which is settled afterwards.
    """

    def add(self, model: cp_model.CpModel, variables: Variables) -> None:
        """House each copy, and bound the rooms of a class in use in each slot."""
        for offer in variables.offers:
            housed = sum(venue.copies for venue in variables.venues[offer])
            model.add(housed == variables.copies(offer))
        instance = variables.instance
        total = Counter(map(RoomClass.of, instance.rooms))
        used = self._used(variables)
        claims: dict[tuple[RoomClass, int], list[Literal]] = defaultdict(list)
        for offer in (offer for offer in variables.offers if offer.modality == ON_SITE):
            for slot in _slots(offer.day, offer.slot, variables.kind(offer).slots):
                for venue in variables.venues[offer]:
                    claims[venue.rooms, slot].append(venue.copies)
        for (alike, slot), copies in claims.items():
            model.add(sum(copies) <= total[alike] - used[alike, slot])

    def _used(self, variables: Variables) -> Counter[tuple[RoomClass, int]]:
        """Count the rooms of each class the background takes in each slot."""
        alike = {room.id: RoomClass.of(room) for room in variables.instance.rooms}
        used: Counter[tuple[RoomClass, int]] = Counter()
        for group in variables.problem.background.groups:
            if group.room is not None:
                slots = variables.instance.kinds[group.kind].slots
                for slot in _slots(group.day, group.slot, slots):
                    used[alike[group.room], slot] += 1
        return used


class _Shared:
    """At most so many visits at once; `limits` holds one number a slot of the week."""

    def __init__(self, service: str, *, on_site_only: bool) -> None:
        self._service = service
        self._on_site_only = on_site_only

    def _counts(self, visit: Visit) -> bool:
        return visit.service == self._service and (not self._on_site_only or visit.modality == ON_SITE)

    def bound(self, model: cp_model.CpModel, variables: Variables, limits: Sequence[int]) -> None:
        """Bound the visits in each slot by what the background leaves."""
        instance = variables.instance
        used: Counter[int] = Counter()
        for visit in filter(self._counts, variables.problem.background.visits):
            slots = instance.visit_slots(variables.patient(visit.patient), visit.service)
            used.update(_slots(visit.day, visit.slot, slots))
        claims: dict[int, list[Literal]] = defaultdict(list)
        for visit, literal in variables.visit.items():
            if self._counts(visit):
                slots = instance.visit_slots(variables.patient(visit.patient), visit.service)
                for slot in _slots(visit.day, visit.slot, slots):
                    claims[slot].append(literal)
        for slot, literals in claims.items():
            left = max(0, limits[slot] - used[slot])
            if len(literals) > left:
                model.add(sum(literals) <= left)


class Offices:
    """On-site individual sessions take an office each.

    Source: FORMAT rule 4, `offices`.
    """

    def add(self, model: cp_model.CpModel, variables: Variables) -> None:
        """Bound the individual sessions in each slot."""
        limits = [variables.instance.offices] * (DAYS * SLOTS_A_DAY)
        _Shared(INDIVIDUAL, on_site_only=True).bound(model, variables, limits)


class FamilyRooms:
    """On-site family sessions take a family room each.

    Source: FORMAT rule 4, `family_rooms`.
    """

    def add(self, model: cp_model.CpModel, variables: Variables) -> None:
        """Bound the family sessions in each slot."""
        limits = [variables.instance.family_rooms] * (DAYS * SLOTS_A_DAY)
        _Shared(FAMILY, on_site_only=True).bound(model, variables, limits)


class Pools:
    """Medication and nurse visits need somebody of the pool on duty.

    Source: FORMAT rule 4, `medication_pool` and `nurse_pool`.
    """

    def add(self, model: cp_model.CpModel, variables: Variables) -> None:
        """Bound the visits in each slot by who is on duty."""
        instance = variables.instance
        for service, pool in (
            (MEDICATION, instance.medication_pool),
            (NURSE_VISIT, instance.nurse_pool),
        ):
            _Shared(service, on_site_only=False).bound(model, variables, pool)


def _slots(day: int, slot: int, slots: int) -> range:
    first = day * SLOTS_A_DAY + slot
    return range(first, first + slots)
