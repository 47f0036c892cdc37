"""A week as it is booked, in the words of the solver, and whether a placement goes with it. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Final, NamedTuple
from uuid import uuid4

from services.contracts.identifiers import AppointmentId, PatientId
from services.contracts.records.treatment_plans import PatientSeating
from services.contracts.scheduler.placements import PlacedSession, PlacementVisit
from services.contracts.scheduler.timetables import Appointment
from services.contracts.vocabulary import Modality
from services.scheduler.held_seats.rules import HeldBack
from services.scheduler.solver.check import check
from services.scheduler.solver.instance import (
    GroupKind,
    Id,
    Instance,
    Interval,
    Patient,
    Preference,
    TherapyGroup,
    Timetable,
    Visit,
)
from services.scheduler.solver.interactive.frozen import FrozenWeek
from services.scheduler.solver.limits import GroupSize
from services.scheduler.transport.facts import Coming
from services.scheduler.weeks import SlotInterval, WeekGrid

NO_SEAT: Final = ("no-contact", "size out of range", "no co-facilitator", "no room or too small", "a member twice")
"""What the checker says of seats that are not to be had; told apart, one of them would tell who is kept from whom."""

_IN_WORDS: Final = (
    ("meets a commitment", "a commitment lies in the way, or the time is over"),
    ("than needed", "the plan requires less of a service"),
    ("not needed", "the plan does not require a service"),
    ("a service twice", "a service would be twice on one day"),
    ("two modalities", "a day would be on site and by telehealth"),
    ("too much waiting", "a day would have too much waiting"),
    ("too long a day", "a day would have too many sessions"),
    ("no free slot between", "there would be no break between two sessions"),
    ("too many", "offices, family rooms or a pool would be overbooked"),
    ("closed", "the site is closed at that time"),
    ("practitioner", "a practitioner is not there, not on the team, or booked"),
    ("on shift", "a practitioner is not there, not on the team, or booked"),
    ("on a break", "a practitioner is not there, not on the team, or booked"),
    ("not on the team", "a practitioner is not there, not on the team, or booked"),
    ("maximum", "a practitioner would work too long"),
    ("family not available", "the family is not available"),
)
_TO_SUNDAY: Final = timedelta(days=6)
_OTHERWISE: Final = "it does not suit the patient's plan"


_NOTHING: Final[Mapping[AppointmentId, HeldBack]] = {}


class SessionPlace(NamedTuple):
    """Where a visit of a patient is, in slots."""

    patient: Id
    service: str
    day: int
    slot: int


@dataclass(frozen=True, slots=True)
class BookedWeek:
    """The week as it is booked around one patient.

    `groups` are the appointments behind the timetable's groups, `visits` those behind its visits; `known` is how many
    of the patient's commitments are real: those after them are the hours that are over. `held` says until when all the
    free seats of a group are kept for people who can come at few other times.
    """

    week: FrozenWeek
    patient: Patient
    grid: WeekGrid
    groups: tuple[AppointmentId | None, ...]
    visits: Mapping[SessionPlace, AppointmentId]
    known: int
    held: Mapping[int, datetime]
    needs_transport: bool = False


class _Reading:
    """Reads appointments into groups and visits; the solver knows of nobody who is not in the instance."""

    def __init__(self, instance: Instance, grid: WeekGrid, kept: Mapping[AppointmentId, HeldBack] = _NOTHING) -> None:
        self.instance = instance
        self._grid = grid
        self._kept = kept
        self.held: dict[int, datetime] = {}
        self._people = {patient.id for patient in instance.patients}
        self.groups: list[TherapyGroup] = []
        self.seats: dict[int, int] = {}
        self.group_ids: list[AppointmentId] = []
        self.visits: list[Visit] = []
        self.visit_ids: dict[SessionPlace, AppointmentId] = {}
        self._met: dict[tuple[datetime, datetime], SlotInterval | None] = {}

    def read_all(self, appointments: Iterable[Appointment]) -> FrozenWeek:
        for appointment in appointments:
            self._read(appointment)
        timetable = Timetable(tuple(self.groups), tuple(self.visits))
        return FrozenWeek(replace(self.instance, published=None), timetable, self.seats)

    def _read(self, appointment: Appointment) -> None:
        when = self._slots_of(appointment.start, appointment.end)
        if when is None:
            return
        if appointment.service.is_group:
            self._group(appointment, when)
        else:
            self._visit(appointment, when)

    def _slots_of(self, start: datetime, end: datetime) -> SlotInterval | None:
        """Return the slots of a session; None where it is not within one day of the grid."""
        # Sessions of a week share their times with many others.
        if (start, end) not in self._met:
            met = self._grid.busy([(start, end)])
            self._met[start, end] = met[0] if len(met) == 1 else None
        return self._met[start, end]

    def _group(self, appointment: Appointment, when: SlotInterval) -> None:
        kind = self._kind(appointment, when.end - when.start)
        seats = appointment.capacity - appointment.taken
        if appointment.co_facilitator_id is None:
            seats = min(seats, kind.size.co_facilitator_above - appointment.taken)
        kept = self._kept.get(appointment.id)
        if kept is not None and 0 < seats <= kept.seats:
            self.held[len(self.groups)] = kept.released_at
        self.seats[len(self.groups)] = max(0, seats - (0 if kept is None else kept.seats))
        self.group_ids.append(appointment.id)
        self.groups.append(
            TherapyGroup(
                kind=kind.code,
                day=when.day,
                slot=when.start,
                modality=appointment.modality.value,
                track=appointment.track,
                language=appointment.language or "",
                lead=str(appointment.practitioner_id),
                co=_text(appointment.co_facilitator_id),
                room=_text(appointment.room_id),
                members=tuple(map(str, appointment.patient_ids)),
            )
        )

    def _kind(self, appointment: Appointment, slots: int) -> GroupKind:
        """Find the kind of the meeting; one that is offered no more still takes place."""
        service = appointment.service.value
        for kind in self.instance.kinds.values():
            if (kind.service, kind.slots) == (service, slots):
                return kind
        kind = GroupKind(f"{service} {slots}", service, slots, GroupSize(1, appointment.capacity, appointment.capacity))
        self.instance = replace(self.instance, kinds={**self.instance.kinds, kind.code: kind})
        return kind

    def _visit(self, appointment: Appointment, when: SlotInterval) -> None:
        # A visit given back keeps its practitioner, and so does one of somebody whose plan has ended.
        patient = str(appointment.patient_ids[0]) if appointment.patient_ids else f"nobody of {appointment.id}"
        service = appointment.service.value
        if patient not in self._people:
            self._admit(patient, service, when.end - when.start)
        self.visits.append(
            Visit(
                patient, service, when.day, when.start, appointment.modality.value, _text(appointment.practitioner_id)
            )
        )
        self.visit_ids[SessionPlace(patient, service, when.day, when.start)] = appointment.id

    def _admit(self, identifier: str, service: str, slots: int) -> None:
        stranger = Patient(
            id=identifier,
            track="",
            languages=frozenset(),
            modalities=frozenset(),
            travel_slots=0,
            commitments=(),
            family_available=None,
            needs={service: slots},
            team=(),
            primary=None,
            preference=Preference(),
        )
        self._people.add(identifier)
        self.instance = replace(self.instance, patients=(*self.instance.patients, stranger))


def _text(identifier: object | None) -> str | None:
    return None if identifier is None else str(identifier)


def booked_week(
    instance: Instance,
    appointments: Iterable[Appointment],
    grid: WeekGrid,
    patient_id: PatientId,
    *,
    now: datetime,
    kept: Mapping[AppointmentId, HeldBack] = _NOTHING,
    on_site_only: bool = False,
) -> BookedWeek | None:
    """Read the book of a week around one patient; None where no plan asks for the patient to be seen at the site.

    What is over cannot be planned any more: for the patient it is busy time, like a commitment. Seats that are `kept`
    for others are none.
    """
    mine = next((patient for patient in instance.patients if patient.id == str(patient_id)), None)
    if mine is None:
        return None
    modalities = mine.modalities - {Modality.TELEHEALTH.value} if on_site_only else mine.modalities
    patient = replace(mine, commitments=(*mine.commitments, *_over(grid, now)), modalities=modalities)
    reading = _Reading(_with(instance, patient), grid, kept)
    week = reading.read_all(appointments)
    return BookedWeek(
        week=week,
        patient=patient,
        grid=grid,
        groups=tuple(reading.group_ids),
        visits=reading.visit_ids,
        known=len(mine.commitments),
        held=reading.held,
    )


def whole_week(instance: Instance, appointments: Iterable[Appointment], grid: WeekGrid, now: datetime) -> FrozenWeek:
    """Read the book of a week around everybody; what is over is busy time for all of them."""
    over = _over(grid, now)
    patients = tuple(replace(one, commitments=(*one.commitments, *over)) for one in instance.patients)
    return _Reading(replace(instance, patients=patients), grid).read_all(appointments)


def _over(grid: WeekGrid, now: datetime) -> list[Interval]:
    return [Interval(*slots) for slots in (grid.busy([(grid.start, now)]) if grid.start < now else ())]


def _with(instance: Instance, patient: Patient) -> Instance:
    patients = (patient if other.id == patient.id else other for other in instance.patients)
    return replace(instance, patients=tuple(patients))


def solver_visits(booked: BookedWeek, visits: Sequence[PlacementVisit]) -> list[Visit] | None:
    """Write visits as the solver does; None where one does not begin on a quarter of an hour of the week's grid."""
    found = []
    for visit in visits:
        place = booked.grid.place(visit.start)
        if place is None:
            return None
        day, slot = place
        found.append(
            Visit(booked.patient.id, visit.service.value, day, slot, visit.modality.value, _text(visit.practitioner_id))
        )
    return found


def may_be_at_home(seating: PatientSeating, monday: date) -> bool:
    """Whether the plan has consent to telehealth by the end of a week, and says where the patient is then."""
    plan = seating.plan
    if plan is None or plan.telehealth_consented_on is None:
        return False
    return plan.telehealth_consented_on <= monday + _TO_SUNDAY and plan.telehealth_jurisdiction is not None


def coming_of(patient_id: PatientId, sessions: Iterable[PlacedSession]) -> list[Coming]:
    """Return what the patient has to come for: sessions on site; one that is not in the book yet has a name of ours."""
    return [
        Coming(patient_id, session.appointment_id or AppointmentId(uuid4()), session.start, session.end)
        for session in sessions
        if session.modality is Modality.ON_SITE
    ]


class Misfit(NamedTuple):
    """What is wrong with a placement: that a seat is not to be had, and other faults in plain words."""

    has_no_seat: bool
    faults: list[str]


def misfit(booked: BookedWeek, joins: Sequence[int], visits: Sequence[Visit]) -> Misfit:
    """Say what breaks when the patient takes these seats and visits; faults the week has anyway do not count.

    Whether a seat is taken or beside somebody to be kept apart from is one and the same answer.
    """
    week, joined = booked.week, set(joins)
    groups = tuple(
        replace(group, members=(*group.members, booked.patient.id)) if number in joined else group
        for number, group in enumerate(week.timetable.groups)
    )
    after = Timetable(groups, (*week.timetable.visits, *visits))
    before = set(check(week.instance, week.timetable).errors)
    new = [error for error in check(week.instance, after).errors if error not in before]
    full = any(week.meetings[number].seats < 1 for number in joined)
    return Misfit(
        full or any(fault in error for error in new for fault in NO_SEAT),
        list(dict.fromkeys(_worded(error for error in new if not any(fault in error for fault in NO_SEAT)))),
    )


def _worded(errors: Iterable[str]) -> Iterator[str]:
    for error in errors:
        # The checker's errors name people; what is told is only what kind of rule it is.
        yield next((words for fault, words in _IN_WORDS if fault in error), _OTHERWISE)
