"""The week as lines of integers for the Java peer, and its answer as a timetable."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from services.operator.bench.peers.facts import Facts, Offer, bits
from services.operator.bench.peers.week import Meeting, Week
from services.scheduler.solver.instance import (
    DAYS,
    MODALITIES,
    NURSE_VISIT,
    ON_SITE,
    SLOTS_A_DAY,
    STAFFED_SERVICES,
    TherapyGroup,
    Timetable,
    Visit,
)

_SPARE_GROUPS = 4
_NOBODY = -1

Family = tuple[str, str | None]
"""A service and, for process groups, a track: what a seat may be in."""


class TimefoldModel:
    """Numbers everything, writes it down, and reads the answer with the same numbers."""

    def __init__(self, facts: Facts, start: Week) -> None:
        instance = facts.instance
        self._facts = facts
        self._start = start
        self._services = sorted({service for patient in instance.patients for service in patient.needs})
        self._families = sorted({_family(offer) for offer in facts.offers}, key=str)
        self._offer_at = {_place(offer): number for number, offer in enumerate(facts.offers)}
        self._groups = [self._groups_of(family) for family in self._families]
        self._visits: list[list[Visit]] = []

    def text(self) -> str:
        """Write facts and start, one record a line."""
        records = (self._rules(), self._people(), self._offers(), self._opened(), self._seats(), self._appointments())
        return "".join(f"{' '.join(map(str, record))}\n" for part in records for record in part)

    def _groups_of(self, family: Family) -> list[Meeting | None]:
        """The groups of the start, and spare ones that are closed."""
        meetings = [one for one in self._start.meetings if one.kind is not None and (one.service, one.track) == family]
        return [*meetings, *([None] * (_SPARE_GROUPS + len(meetings) // 3))]

    def _rules(self) -> Iterator[Iterable[object]]:
        instance = self._facts.instance
        limits, weights = instance.limits, instance.weights
        nurse = self._services.index(NURSE_VISIT) if NURSE_VISIT in self._services else _NOBODY
        yield "limits", limits.gap_slots, limits.idle_slots, limits.nurse_days_apart, nurse
        prices = weights.unmet, weights.trip_on_site, weights.trip_telehealth, weights.idle
        yield ("weights", *prices, weights.group, weights.balance)
        yield ("rooms", *sorted(room.capacity for room in instance.rooms))
        for service in self._services:
            limit = self._facts.places.get(service, (0,) * (DAYS * SLOTS_A_DAY))
            yield ("limit", int(service not in STAFFED_SERVICES), *limit)

    def _people(self) -> Iterator[Iterable[object]]:
        instance = self._facts.instance
        for person in instance.practitioners:
            share = person.max_slots_week * instance.weights.busy_percent // 100
            yield "staff", person.max_slots_day, person.max_slots_week, share, int(person.co_facilitates)
        for patient in instance.patients:
            likes = patient.preference
            yield "patient", instance.max_slots_day(patient)
            yield "liking", likes.morning, likes.afternoon, likes.evening, likes.weekend
            yield ("need", *(patient.needs.get(service, 0) for service in self._services))
        for number, enemies in enumerate(self._facts.enemies):
            for other in enemies:
                yield "enemies", number, other

    def _offers(self) -> Iterator[Iterable[object]]:
        for number, offer in enumerate(self._facts.offers):
            size, service = offer.kind.size, self._services.index(offer.kind.service)
            assistants = [
                who
                for who, person in enumerate(self._facts.instance.practitioners)
                if person.co_facilitates
                and offer.language in person.languages
                and self._facts.staff(who, offer.kind.slots)[offer.day] >> offer.slot & 1
            ]
            where = offer.day, offer.slot, int(offer.modality == ON_SITE)
            sizes = size.minimum, size.maximum, size.co_facilitator_above
            counts = len(offer.people), len(offer.leaders), len(assistants)
            head = number, self._families.index(_family(offer)), service, offer.kind.slots, *where, *sizes, *counts
            yield ("offer", *head, *sorted(offer.people), *offer.leaders, *assistants)

    def _opened(self) -> Iterator[Iterable[object]]:
        for family, meetings in enumerate(self._groups):
            for meeting in meetings:
                if meeting is None:
                    yield "group", family, _NOBODY, _NOBODY, _NOBODY
                else:
                    co = _NOBODY if meeting.co is None else meeting.co
                    yield "group", family, self._offer_at[_spot(meeting)], meeting.lead, co

    def _seats(self) -> Iterator[Iterable[object]]:
        """As many seats as the patient's hours need in the shortest meetings."""
        first = 0
        for number, (service, track) in enumerate(self._families):
            lengths = [kind.slots for kind in self._facts.instance.kinds.values() if kind.service == service]
            for patient, person in enumerate(self._facts.instance.patients):
                if track not in {None, person.track}:
                    continue
                held = [
                    first + at
                    for at, meeting in enumerate(self._groups[number])
                    if meeting is not None and patient in meeting.members
                ]
                seats = person.needs.get(service, 0) // min(lengths)
                for seat in range(seats):
                    yield "seat", patient, number, held[seat] if seat < len(held) else _NOBODY
            first += len(self._groups[number])

    def _appointments(self) -> Iterator[Iterable[object]]:
        instance = self._facts.instance
        for patient, person in enumerate(instance.patients):
            for service in self._services:
                slots = instance.visit_slots(person, service)
                if service not in self._facts.places or not slots:
                    continue
                hours = list(self._hours(patient, service, slots))
                held = [one for one in self._start.meetings if one.kind is None and one.service == service]
                starts = [_visit_of(self._facts, one) for one in held if patient in one.members]
                yield ("hours", *(number for hour in hours for number in self._hour(patient, hour)))
                for nth in range(person.needs.get(service, 0) // slots):
                    start = hours.index(starts[nth]) if nth < len(starts) else _NOBODY
                    yield "visit", patient, self._services.index(service), slots, start
                    self._visits.append(hours)

    def _hours(self, patient: int, service: str, slots: int) -> Iterator[Visit]:
        facts = self._facts
        for modality in MODALITIES:
            for day, mask in enumerate(facts.visit(patient, service, modality, slots)):
                for lead in facts.team(patient, service):
                    working = mask if lead is None else mask & facts.staff(lead, slots)[day]
                    for slot in bits(working):
                        yield _visit(facts, patient, Meeting(service, slots, day, slot, modality, lead))

    def _hour(self, patient: int, hour: Visit) -> tuple[int, ...]:
        weights, person = self._facts.instance.weights, self._facts.instance.patients[patient]
        who = _NOBODY if hour.practitioner is None else self._facts.staff_at[hour.practitioner]
        is_other = hour.service == "individual" and person.primary not in {None, hour.practitioner}
        return int(hour.modality == ON_SITE), hour.day, hour.slot, who, weights.continuity if is_other else 0

    def timetable(self, answer: str) -> Timetable:
        """Read the answer; groups it left too small do not take place, and rooms are found by size."""
        members: dict[int, list[int]] = {}
        opened: dict[int, tuple[int, int, int]] = {}
        visits = []
        for kind, *numbers in (line.split() for line in answer.splitlines()):
            match kind, [int(number) for number in numbers]:
                case "group", [number, offer, lead, co]:
                    opened[number] = offer, lead, co
                case "seat", [patient, number]:
                    members.setdefault(number, []).append(patient)
                case "visit", [number, hour]:
                    visits.append(self._visits[number][hour])
                case _:
                    continue
        groups = [self._group(*opened[number], members.get(number, [])) for number in opened]
        held = [group for group in groups if len(group.members) >= self._minimum(group)]
        return Timetable(tuple(self._housed(held)), tuple(visits))

    def _minimum(self, group: TherapyGroup) -> int:
        return self._facts.instance.kinds[group.kind].size.minimum

    def _group(self, number: int, lead: int, co: int, members: list[int]) -> TherapyGroup:
        instance, offer = self._facts.instance, self._facts.offers[number]
        return TherapyGroup(
            kind=offer.kind.code,
            day=offer.day,
            slot=offer.slot,
            modality=offer.modality,
            track=offer.track,
            language=offer.language,
            lead=instance.practitioners[lead].id,
            co=None if co == _NOBODY else instance.practitioners[co].id,
            room=None,
            members=tuple(instance.patients[member].id for member in members),
        )

    def _housed(self, groups: list[TherapyGroup]) -> Iterator[TherapyGroup]:
        """Find rooms, those that only large ones seat first; a group that finds none does not take place."""
        week, instance = Week(self._facts), self._facts.instance
        yield from (group for group in groups if group.modality != ON_SITE)
        on_site = [group for group in groups if group.modality == ON_SITE]
        for group in sorted(on_site, key=lambda one: (-self._smallest_room(one), one.day, one.slot)):
            kind = instance.kinds[group.kind]
            free = week.free_rooms(group.day, group.slot, kind.slots)
            fitting = [room for room in free if instance.rooms[room].capacity >= len(group.members)]
            if fitting:
                held = Meeting(kind.service, kind.slots, group.day, group.slot, ON_SITE, None, kind, room=fitting[0])
                week.open(held, ())
                yield replace(group, room=instance.rooms[fitting[0]].id)

    def _smallest_room(self, group: TherapyGroup) -> int:
        rooms = self._facts.instance.rooms
        return min((room.capacity for room in rooms if room.capacity >= len(group.members)), default=0)


def _family(offer: Offer) -> Family:
    return offer.kind.service, offer.track


def _place(offer: Offer) -> tuple[object, ...]:
    return offer.kind.code, offer.track, offer.language, offer.modality, offer.day, offer.slot


def _spot(meeting: Meeting) -> tuple[object, ...]:
    code = meeting.kind.code if meeting.kind is not None else None
    return code, meeting.track, meeting.language, meeting.modality, meeting.day, meeting.slot


def _visit(facts: Facts, patient: int, meeting: Meeting) -> Visit:
    who = None if meeting.lead is None else facts.instance.practitioners[meeting.lead].id
    return Visit(facts.instance.patients[patient].id, meeting.service, meeting.day, meeting.slot, meeting.modality, who)


def _visit_of(facts: Facts, meeting: Meeting) -> Visit:
    return _visit(facts, meeting.members[0], meeting)
