"""The problem of one site and one dated week, as plain frozen data.

Time is a **slot** of 15 minutes; a day has 60 of them, counted from `day_start`; day 0 is Monday.
Wall time is already resolved: nothing here knows a zone.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, Self

from services.scheduler.solver.limits import GroupSize, RuleLimits, Weights

SLOT_MINUTES = 15
SLOTS_A_DAY = 60
DAYS = 7
FIRST_WEEKEND_DAY = 5
AFTERNOON = 20
EVENING = 40

ON_SITE = "on_site"
TELEHEALTH = "telehealth"
MODALITIES = (ON_SITE, TELEHEALTH)

PROCESS_GROUP = "process_group"
INDIVIDUAL = "individual"
FAMILY = "family"
MEDICATION = "medication"
NURSE_VISIT = "nurse_visit"
INDIVIDUAL_SERVICES = (INDIVIDUAL, FAMILY, MEDICATION, NURSE_VISIT)
STAFFED_SERVICES = (INDIVIDUAL, FAMILY)

Id = int | str


class InvalidInstanceError(ValueError):
    """The instance is malformed or refers to something it does not contain.

    The message names the place (`patients[3].needs`), never the value found there.
    """

    def __init__(self, place: str, fault: str) -> None:
        super().__init__(f"{place}: {fault}")
        self.place = place
        self.fault = fault


class Interval(NamedTuple):
    """Half-open interval of slots within one day."""

    day: int
    start: int
    end: int

    def contains(self, day: int, start: int, end: int) -> bool:
        """Say whether the session lies wholly inside."""
        return self.day == day and self.start <= start and end <= self.end

    def touches(self, day: int, start: int, end: int) -> bool:
        """Say whether the session overlaps."""
        return self.day == day and self.start < end and start < self.end


@dataclass(frozen=True, slots=True)
class GroupKind:
    """What a group meeting can be: a service, a length in slots, and its sizes."""

    code: str
    service: str
    slots: int
    size: GroupSize


@dataclass(frozen=True, slots=True)
class Room:
    """A group room; `capacity` counts members, not practitioners, and `closed` is when nobody meets in it."""

    id: Id
    capacity: int
    closed: tuple[Interval, ...] = ()

    def is_open(self, day: int, start: int, end: int) -> bool:
        """Say whether the room may be used during the interval."""
        return not any(closed.touches(day, start, end) for closed in self.closed)


@dataclass(frozen=True, slots=True)
class Practitioner:
    """Who leads, co-facilitates and sees patients; maxima count contact slots."""

    id: Id
    role: str
    leads: frozenset[str]
    co_facilitates: bool
    individual: frozenset[str]
    languages: frozenset[str]
    shifts: tuple[Interval, ...]
    breaks: tuple[Interval, ...]
    max_slots_day: int
    max_slots_week: int

    def works(self, day: int, start: int, end: int) -> bool:
        """Say whether the interval is inside a shift and clear of breaks."""
        return any(shift.contains(day, start, end) for shift in self.shifts) and not any(
            pause.touches(day, start, end) for pause in self.breaks
        )


@dataclass(frozen=True, slots=True)
class Preference:
    """What a session costs the patient, by time of day; the weekend goes by day."""

    morning: int = 0
    afternoon: int = 0
    evening: int = 0
    weekend: int = 0

    def cost(self, day: int, slot: int) -> int:
        """Price a session by its start."""
        if day >= FIRST_WEEKEND_DAY:
            return self.weekend
        if slot < AFTERNOON:
            return self.morning
        return self.afternoon if slot < EVENING else self.evening


@dataclass(frozen=True, slots=True)
class Patient:
    """A person in treatment; `needs` maps a service to slots a week.

    `max_slots_day` tightens the rule pack's maximum for this person; None leaves it.
    """

    id: Id
    track: str
    languages: frozenset[str]
    modalities: frozenset[str]
    travel_slots: int
    commitments: tuple[Interval, ...]
    family_available: tuple[Interval, ...] | None
    needs: Mapping[str, int]
    team: tuple[Id, ...]
    primary: Id | None
    preference: Preference
    max_slots_day: int | None = None

    def is_free(self, day: int, start: int, end: int, modality: str) -> bool:
        """Say whether no commitment meets the session and, on site, the travel around it."""
        travel = self.travel_slots if modality == ON_SITE else 0
        return not any(busy.touches(day, start - travel, end + travel) for busy in self.commitments)


class UsualSeat(NamedTuple):
    """What a patient has each week: a seat in a series of meetings, or an hour of a service.

    A series is one kind, track and language at one time of the week under one lead; `what` is the
    kind of meeting, or the service of a visit, and then the rest is None.
    """

    patient: Id
    what: str
    day: int
    slot: int
    track: str | None = None
    language: str | None = None
    lead: Id | None = None


class SessionKey(NamedTuple):
    """What a patient remembers of a session; a change is a key that is lost."""

    patient: Id
    service: str
    day: int
    slot: int


@dataclass(frozen=True, slots=True)
class TherapyGroup:
    """One meeting of one group in the week."""

    kind: str
    day: int
    slot: int
    modality: str
    track: str | None
    language: str
    lead: Id
    co: Id | None
    room: Id | None
    members: tuple[Id, ...]


@dataclass(frozen=True, slots=True)
class Visit:
    """One session of one patient outside groups."""

    patient: Id
    service: str
    day: int
    slot: int
    modality: str
    practitioner: Id | None


@dataclass(frozen=True, slots=True)
class Timetable:
    """A week: group meetings and visits."""

    groups: tuple[TherapyGroup, ...] = ()
    visits: tuple[Visit, ...] = ()


@dataclass(frozen=True, slots=True)
class Instance:
    """Everything the solver may know about one week at one site.

    `published` is what people were told (changes are counted against it); `usual` is the week as
    people know it, where nothing is published yet; `fixed` is what must stay, whatever the cost:
    groups with at least these members, and visits. What starts before slot `begins` of the week has
    begun: only what is fixed is there, exactly as it is, and no rule is asked about it any more.
    """

    name: str
    tracks: tuple[str, ...]
    languages: tuple[str, ...]
    kinds: Mapping[str, GroupKind]
    site_open: tuple[Interval, ...]
    rooms: tuple[Room, ...]
    offices: int
    family_rooms: int
    medication_pool: tuple[int, ...]
    nurse_pool: tuple[int, ...]
    practitioners: tuple[Practitioner, ...]
    patients: tuple[Patient, ...]
    no_contact: tuple[tuple[Id, Id], ...] = ()
    published: Timetable | None = None
    usual: Timetable | None = None
    fixed: Timetable = Timetable()
    begins: int = 0
    limits: RuleLimits = field(default_factory=RuleLimits)
    weights: Weights = field(default_factory=Weights)

    def is_open(self, day: int, start: int, end: int) -> bool:
        """Say whether on-site sessions may take place during the interval."""
        return any(opening.contains(day, start, end) for opening in self.site_open)

    def visit_slots(self, patient: Patient, service: str) -> int:
        """Length of one visit; a medication visit is as long as the need."""
        return self.limits.visit_slots.get(service) or patient.needs.get(service, 0)

    def max_slots_day(self, patient: Patient) -> int:
        """Most session slots the patient may have in a day."""
        own = patient.max_slots_day
        return self.limits.day_slots if own is None else min(own, self.limits.day_slots)

    def published_keys(self) -> frozenset[SessionKey]:
        """Sessions people were told of."""
        return frozenset(self.session_keys(self.published)) if self.published else frozenset()

    def session_keys(self, timetable: Timetable) -> Iterator[SessionKey]:
        """Yield every patient's sessions in the timetable."""
        for group in timetable.groups:
            service = self.kinds[group.kind].service
            for member in group.members:
                yield SessionKey(member, service, group.day, group.slot)
        for visit in timetable.visits:
            yield SessionKey(visit.patient, visit.service, visit.day, visit.slot)

    def has_begun(self, session: TherapyGroup | Visit) -> bool:
        """Say whether the session starts before the part of the week that is still to come."""
        return session.day * SLOTS_A_DAY + session.slot < self.begins

    def begun(self) -> Timetable:
        """Return what is fixed because it has begun."""
        return Timetable(
            tuple(group for group in self.fixed.groups if self.has_begun(group)),
            tuple(visit for visit in self.fixed.visits if self.has_begun(visit)),
        )

    def usual_seats(self) -> frozenset[UsualSeat]:
        """Seats of the usual week whose patients still need the service."""
        if self.usual is None:
            return frozenset()
        needs = {patient.id: patient.needs for patient in self.patients}
        return frozenset(
            seat
            for seat in self.seats(self.usual)
            if needs.get(seat.patient, {}).get(self.service_of(seat.what), 0) > 0
        )

    def cost_of_the_known(self) -> int:
        """What it costs when nothing that people know is kept; each thing kept is refunded."""
        weights = self.weights
        return weights.changes * len(self.published_keys()) + weights.moved * len(self.usual_seats())

    def service_of(self, what: str) -> str:
        """Return the service of a kind of meeting; a service is its own."""
        kind = self.kinds.get(what)
        return what if kind is None else kind.service

    def seats(self, timetable: Timetable) -> Iterator[UsualSeat]:
        """Yield every patient's seats and hours in the timetable."""
        for group in timetable.groups:
            series = (group.kind, group.day, group.slot, group.track, group.language, group.lead)
            for member in group.members:
                yield UsualSeat(member, *series)
        for visit in timetable.visits:
            yield UsualSeat(visit.patient, visit.service, visit.day, visit.slot)

    def validated(self) -> Self:
        """Return the instance, or refuse it.

        Raises:
            InvalidInstanceError: An id is used twice or unknown, or a number is out of range.
        """
        _Validation(self).run()
        return self


class _Validation:
    """Cross-references and ranges; shapes are the format's business."""

    def __init__(self, instance: Instance) -> None:
        self._instance = instance
        self._staff = {practitioner.id for practitioner in instance.practitioners}
        self._people = {patient.id for patient in instance.patients}

    def run(self) -> None:
        instance = self._instance
        _unique("practitioners", [practitioner.id for practitioner in instance.practitioners])
        _unique("patients", [patient.id for patient in instance.patients])
        _unique("rooms", [room.id for room in instance.rooms])
        for name, pool in (
            ("medication_pool", instance.medication_pool),
            ("nurse_pool", instance.nurse_pool),
        ):
            _require(len(pool) == DAYS * SLOTS_A_DAY, name, "one number a slot of the week")
            _require(all(number >= 0 for number in pool), name, "a negative number")
        for name, count in (("offices", instance.offices), ("family_rooms", instance.family_rooms)):
            _require(count >= 0, name, "a negative number")
        _intervals("site_open", instance.site_open)
        for number, room in enumerate(instance.rooms):
            _intervals(f"rooms[{number}].closed", room.closed)
        for number, kind in enumerate(instance.kinds.values()):
            _require(0 < kind.slots <= SLOTS_A_DAY, f"group_kinds[{number}].slots", "out of range")
            _require(
                0 < kind.size.minimum <= kind.size.maximum,
                f"group_kinds[{number}]",
                "sizes contradict",
            )
            _require(kind.size.kept >= 0, f"group_kinds[{number}].kept", "a negative number")
        for number, practitioner in enumerate(instance.practitioners):
            _intervals(f"practitioners[{number}].shifts", practitioner.shifts)
            _intervals(f"practitioners[{number}].breaks", practitioner.breaks)
        for number, patient in enumerate(instance.patients):
            self._patient(f"patients[{number}]", patient)
        for number, pair in enumerate(instance.no_contact):
            known = set(pair) <= self._people
            _require(known, f"no_contact[{number}]", "an unknown patient")
        _require(0 <= instance.begins <= DAYS * SLOTS_A_DAY, "begins", "out of range")
        self._timetable("published", instance.published or Timetable())
        self._timetable("usual", instance.usual or Timetable())
        self._timetable("fixed", instance.fixed)

    def _patient(self, place: str, patient: Patient) -> None:
        _intervals(f"{place}.commitments", patient.commitments)
        _intervals(f"{place}.family_available", patient.family_available or ())
        _require(patient.travel_slots >= 0, f"{place}.travel_slots", "a negative number")
        _require(patient.modalities <= set(MODALITIES), f"{place}.modalities", "an unknown code")
        _require(set(patient.team) <= self._staff, f"{place}.team", "an unknown practitioner")
        _require(
            patient.primary is None or patient.primary in self._staff,
            f"{place}.primary",
            "an unknown practitioner",
        )
        week = DAYS * SLOTS_A_DAY
        in_range = all(0 <= slots <= week for slots in patient.needs.values())
        _require(in_range, f"{place}.needs", "out of range")

    def _timetable(self, place: str, timetable: Timetable) -> None:
        kinds = self._instance.kinds
        for number, group in enumerate(timetable.groups):
            _require(group.kind in kinds, f"{place}.groups[{number}].kind", "an unknown kind")


def _require(holds: bool, place: str, fault: str) -> None:  # noqa: FBT001 -- reads as assert does
    if not holds:
        raise InvalidInstanceError(place, fault)


def _unique(place: str, ids: list[Id]) -> None:
    _require(len(set(ids)) == len(ids), place, "an id is used twice")


def _intervals(place: str, intervals: tuple[Interval, ...]) -> None:
    for number, (day, start, end) in enumerate(intervals):
        in_range = 0 <= day < DAYS and 0 <= start < end <= SLOTS_A_DAY
        _require(in_range, f"{place}[{number}]", "not an interval of one day")
