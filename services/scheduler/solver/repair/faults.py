"""Which published sessions can no longer take place as they are. Pure."""

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import chain

from services.scheduler.solver.instance import (
    DAYS,
    FAMILY,
    INDIVIDUAL,
    MEDICATION,
    NURSE_VISIT,
    ON_SITE,
    PROCESS_GROUP,
    SLOTS_A_DAY,
    Id,
    Instance,
    Patient,
    TherapyGroup,
    Timetable,
    Visit,
)
from services.scheduler.solver.repair.promises import start_of


class Faults:
    """Looks at one session after the other; what only the whole week shows is found by solving it."""

    def __init__(self, instance: Instance, told: Timetable) -> None:
        self._instance = instance
        self._told = told
        self._people = {patient.id: patient for patient in instance.patients}
        self._staff = {person.id: person for person in instance.practitioners}
        self._rooms = {room.id: room for room in instance.rooms}

    def hit_days(self) -> frozenset[int]:
        """Return the days on which something cannot stay as it is."""
        return frozenset(session.day for session in self.hit())

    def hit(self) -> Iterator[TherapyGroup | Visit]:
        """Yield the sessions that cannot stay as they are; one may come more than once."""
        found = chain(
            (group for group in self._told.groups if not self._group_stands(group)),
            (visit for visit in self._told.visits if not self._visit_stands(visit)),
            self._crowded(),
            self._overfed(),
        )
        yield from (session for session in found if not self._instance.has_begun(session))

    def _group_stands(self, group: TherapyGroup) -> bool:
        kind = self._instance.kinds[group.kind]
        end = group.slot + kind.slots
        lead = self._staff.get(group.lead)
        may_lead = lead is not None and kind.service in lead.leads and group.language in lead.languages
        return (
            may_lead
            and self._works(group.lead, group.day, group.slot, end)
            and (group.co is None or self._works(group.co, group.day, group.slot, end))
            and kind.size.minimum <= len(group.members) <= kind.size.maximum
            and (group.co is not None or len(group.members) <= kind.size.co_facilitator_above)
            and self._is_housed(group, end)
            and all(
                self._can_come(self._people[member], group, end)
                and group.language in self._people[member].languages
                and (kind.service != PROCESS_GROUP or self._people[member].track == group.track)
                for member in group.members
            )
        )

    def _is_housed(self, group: TherapyGroup, end: int) -> bool:
        if group.modality != ON_SITE:
            return True
        room = self._rooms.get(group.room) if group.room is not None else None
        return (
            room is not None
            and room.capacity >= len(group.members)
            and room.is_open(group.day, group.slot, end)
            and self._instance.is_open(group.day, group.slot, end)
        )

    def _visit_stands(self, visit: Visit) -> bool:
        patient = self._people[visit.patient]
        end = visit.slot + self._instance.visit_slots(patient, visit.service)
        family = {
            slot
            for day, start, close in patient.family_available or ()
            if day == visit.day
            for slot in range(start, close)
        }
        return (
            self._can_come(patient, visit, end)
            and (visit.modality != ON_SITE or self._instance.is_open(visit.day, visit.slot, end))
            and (visit.service != INDIVIDUAL or visit.practitioner in patient.team)
            and (visit.service != FAMILY or family.issuperset(range(visit.slot, end)))
            and (visit.practitioner is None or self._serves(visit, visit.practitioner, end))
        )

    def _serves(self, visit: Visit, who: Id, end: int) -> bool:
        person = self._staff.get(who)
        return person is not None and visit.service in person.individual and person.works(visit.day, visit.slot, end)

    def _can_come(self, patient: Patient, session: TherapyGroup | Visit, end: int) -> bool:
        return session.modality in patient.modalities and patient.is_free(
            session.day, session.slot, end, session.modality
        )

    def _works(self, who: Id, day: int, start: int, end: int) -> bool:
        person = self._staff.get(who)
        return person is not None and person.works(day, start, end)

    def _crowded(self) -> Iterator[Visit]:
        """Yield visits at times for which offices or pools are too small by now."""
        instance = self._instance
        every = DAYS * SLOTS_A_DAY
        limits = {
            INDIVIDUAL: [instance.offices] * every,
            FAMILY: [instance.family_rooms] * every,
            MEDICATION: instance.medication_pool,
            NURSE_VISIT: instance.nurse_pool,
        }
        used = Counter((visit.service, slot) for visit in self._sharing() for slot in self._slots(visit))
        for visit in self._sharing():
            if any(used[visit.service, slot] > limits[visit.service][slot] for slot in self._slots(visit)):
                yield visit

    def _sharing(self) -> Iterable[Visit]:
        return (v for v in self._told.visits if v.modality == ON_SITE or v.service in (MEDICATION, NURSE_VISIT))

    def _slots(self, visit: Visit) -> range:
        first = start_of(visit)
        return range(first, first + self._instance.visit_slots(self._people[visit.patient], visit.service))

    def _overfed(self) -> Iterator[TherapyGroup | Visit]:
        """Yield sessions of patients whose plan by now requires less of the service."""
        delivered: Counter[tuple[Id, str]] = Counter()
        for group in self._told.groups:
            kind = self._instance.kinds[group.kind]
            for member in group.members:
                delivered[member, kind.service] += kind.slots
        for visit in self._told.visits:
            delivered[visit.patient, visit.service] += len(self._slots(visit))
        too_much = {key for key, slots in delivered.items() if slots > self._people[key[0]].needs.get(key[1], 0)}
        yield from (
            group
            for group in self._told.groups
            if any((member, self._instance.kinds[group.kind].service) in too_much for member in group.members)
        )
        yield from (visit for visit in self._told.visits if (visit.patient, visit.service) in too_much)
