"""Which sessions of a week do not fit how their site is set up. Pure."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from services.contracts.identifiers import AppointmentId, GroupOfferingId, PractitionerId
from services.contracts.scheduler.setup_changes import SetupFault
from services.contracts.scheduler.sites import Practitioner
from services.contracts.scheduler.timetables import Appointment
from services.contracts.vocabulary import Modality, ServiceKind
from services.scheduler.solves.rules import SiteSetup
from services.scheduler.solves.setup_rules import Hours, Slots, days_out, hours_of, is_in_force, without
from services.scheduler.weeks import SLOT_MINUTES, SLOTS_A_DAY, SlotInterval, WeekGrid, window_slots

Found = tuple[Appointment, SetupFault]
Kinds = Mapping[AppointmentId, GroupOfferingId]
_POOLS: Final = {ServiceKind.MEDICATION: "prescriber", ServiceKind.NURSE_VISIT: "nurse"}
_IN_PERSON: Final = frozenset({ServiceKind.INDIVIDUAL, ServiceKind.FAMILY})


@dataclass(frozen=True, slots=True)
class BookedWeek:
    """What is booked of a week: its sessions, of which kind its groups are, and whose hours are not the usual ones."""

    grid: WeekGrid
    version: int
    sessions: Sequence[Appointment]
    kinds: Kinds
    changed_hours: Mapping[PractitionerId, Hours]


def kinds_of(document: Mapping[str, Any] | None, sessions: Iterable[Appointment], grid: WeekGrid) -> Kinds:
    """Return of which kind the groups of a published week are; one that was moved by hand is of none."""
    if document is None:
        return {}
    led = {
        (grid.span(group["day"], group["slot"], 0)[0], group["lead"]): GroupOfferingId(UUID(group["kind"]))
        for group in document["groups"]
    }
    found = ((session.id, led.get((session.start, str(session.practitioner_id)))) for session in sessions)
    return {appointment_id: kind for appointment_id, kind in found if kind is not None}


def faults_of(week: BookedWeek, setup: SiteSetup) -> Iterator[Found]:
    """Yield each session with each of its faults, once or more."""
    looked_at = _Week(week, setup)
    for session in week.sessions:
        yield from ((session, fault) for fault in looked_at.faults(session))
    yield from looked_at.crowded()
    yield from looked_at.overworked()


class _Week:
    def __init__(self, week: BookedWeek, setup: SiteSetup) -> None:
        self._week = week
        self._setup = setup
        self._open = window_slots(setup.site.open)
        self._rooms = {room.id: room for room in setup.rooms}
        self._staff = {one.id: one for one in setup.practitioners}
        self._offerings = {offering.id: offering for offering in setup.offerings}
        self._hours = {one.id: week.changed_hours.get(one.id, hours_of(one)) for one in setup.practitioners}

    def faults(self, session: Appointment) -> Iterator[SetupFault]:
        """Yield what one session shows by itself."""
        slots = self._slots(session)
        is_there = is_in_force(None, self._setup.site.ends_on, self._day(session))
        if not is_there or (session.modality is Modality.ON_SITE and without(slots, self._open)):
            yield SetupFault.SITE_NOT_OPEN
        yield from self._of_room(session)
        yield from self._of_group(session)
        for who, leads in ((session.practitioner_id, True), (session.co_facilitator_id, False)):
            if who is not None and who in self._staff:
                yield from self._of_practitioner(self._staff[who], session, slots, leads=leads)

    def _of_room(self, session: Appointment) -> Iterator[SetupFault]:
        room = None if session.room_id is None else self._rooms.get(session.room_id)
        if room is None:
            return
        if not is_in_force(room.starts_on, room.ends_on, self._day(session)):
            yield SetupFault.ROOM_ENDED
        if session.taken > room.capacity:
            yield SetupFault.ROOM_TOO_SMALL

    def _of_group(self, session: Appointment) -> Iterator[SetupFault]:
        kind = self._week.kinds.get(session.id)
        offering = None if kind is None else self._offerings.get(kind)
        if offering is None:
            return
        if not is_in_force(offering.starts_on, offering.ends_on, self._week.grid.monday):
            yield SetupFault.GROUP_ENDED
        if session.taken > offering.maximum_size:
            yield SetupFault.GROUP_TOO_LARGE
        if session.taken < offering.minimum_size:
            yield SetupFault.GROUP_TOO_SMALL
        if session.co_facilitator_id is None and session.taken > offering.co_facilitator_above:
            yield SetupFault.GROUP_NEEDS_CO_FACILITATOR

    def _of_practitioner(
        self, one: Practitioner, session: Appointment, slots: Slots, *, leads: bool
    ) -> Iterator[SetupFault]:
        if not is_in_force(one.starts_on, one.ends_on, self._day(session)):
            yield SetupFault.PRACTITIONER_NOT_AT_SITE
            return
        hours = self._hours[one.id]
        if without(slots, without(hours.shifts, hours.breaks)):
            yield SetupFault.PRACTITIONER_OFF_SHIFT
        if not _serves(one, session.service, leads=leads):
            yield SetupFault.PRACTITIONER_DOES_NOT_SERVE
        if session.language is not None and session.language not in one.languages:
            yield SetupFault.PRACTITIONER_LANGUAGE

    def crowded(self) -> Iterator[Found]:
        """Yield visits at times at which there are more of them than places, or than people who hold them."""
        places = {ServiceKind.INDIVIDUAL: self._setup.site.offices, ServiceKind.FAMILY: self._setup.site.family_rooms}
        used = Counter((one.service, slot) for one in self._week.sessions for slot in self._numbers(one))
        pools = {service: self._pool(role) for service, role in _POOLS.items()}
        for session in self._week.sessions:
            service, numbers = session.service, self._numbers(session)
            if service in places and any(used[service, slot] > places[service] for slot in numbers):
                yield session, SetupFault.TOO_FEW_PLACES
            if service in pools and any(used[service, slot] > pools[service][slot] for slot in numbers):
                yield session, SetupFault.NOBODY_ON_SHIFT

    def _numbers(self, session: Appointment) -> list[int]:
        """Return the slots of the week in which a visit takes a place or one of a pool."""
        takes = session.service in _POOLS or (session.service in _IN_PERSON and session.modality is Modality.ON_SITE)
        return _numbers(self._slots(session)) if takes else []

    def _pool(self, role: str) -> Counter[int]:
        pool = Counter[int]()
        for one in self._setup.practitioners:
            if one.role == role:
                hours, out = self._hours[one.id], days_out(one.starts_on, one.ends_on, self._week.grid.monday)
                pool.update(set(_numbers(without(hours.shifts, [*hours.breaks, *out]))))
        return pool

    def overworked(self) -> Iterator[Found]:
        """Yield the sessions of days and weeks in which somebody has more contact than may be."""
        held: dict[PractitionerId, list[Appointment]] = defaultdict(list)
        for session in self._week.sessions:
            for who in (session.practitioner_id, session.co_facilitator_id):
                if who is not None and who in self._staff:
                    held[who].append(session)
        for who, sessions in held.items():
            days: dict[date, list[Appointment]] = defaultdict(list)
            for session in sessions:
                days[self._day(session)].append(session)
            too_long = [
                *(day for day in days.values() if self._minutes(day) > self._staff[who].max_minutes_day),
                *([sessions] if self._minutes(sessions) > self._staff[who].max_minutes_week else []),
            ]
            yield from ((session, SetupFault.PRACTITIONER_HOURS) for part in too_long for session in part)

    def _minutes(self, sessions: Iterable[Appointment]) -> int:
        return sum(len(_numbers(self._slots(session))) * SLOT_MINUTES for session in sessions)

    def _slots(self, session: Appointment) -> list[SlotInterval]:
        return self._week.grid.busy([(session.start, session.end)])

    def _day(self, session: Appointment) -> date:
        return self._week.grid.local(session.start).date()


def _serves(one: Practitioner, service: ServiceKind, *, leads: bool) -> bool:
    if service.is_group:
        return service in one.leads if leads else one.co_facilitates
    return one.role == _POOLS[service] if service in _POOLS else service in one.individual


def _numbers(slots: Slots) -> list[int]:
    return [day * SLOTS_A_DAY + slot for day, start, end in slots for slot in range(start, end)]
