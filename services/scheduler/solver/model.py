"""The variables of one CP-SAT model: who joins, who leads, which visits, who waits.

A model covers some patients; everybody else is background. Copies of one meeting are not told
apart: an offer has as many copies as leaders, and members are dealt to copies afterwards.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple, Self

from ortools.sat.python import cp_model

from services.scheduler.solver.instance import (
    ON_SITE,
    SLOTS_A_DAY,
    GroupKind,
    Id,
    Instance,
    Interval,
    Patient,
    Practitioner,
    Room,
    Timetable,
    Visit,
)
from services.scheduler.solver.offers import Offer

Literal = cp_model.IntVar


class Join(NamedTuple):
    """A patient attends a meeting."""

    patient: Id
    offer: Offer


class Staffing(NamedTuple):
    """A practitioner leads, or assists in, one copy of a meeting."""

    offer: Offer
    practitioner: Id


@dataclass(frozen=True, slots=True)
class Problem:
    """What a model may decide, and what is already decided around it.

    `held` are members who stay in an offer whatever is decided; `kept` are leads and assistants who
    stay; `background` is the rest of the week, which the model can only step around.
    """

    instance: Instance
    joins: tuple[Join, ...]
    leads: tuple[Staffing, ...]
    assists: tuple[Staffing, ...]
    visits: tuple[Visit, ...]
    held: Mapping[Offer, frozenset[Id]] = field(default_factory=dict)
    background: Timetable = field(default_factory=Timetable)


class Attendance(NamedTuple):
    """A session a patient may attend, and the literal that says so."""

    service: str
    modality: str
    day: int
    slot: int
    slots: int
    literal: Literal

    @property
    def end(self) -> int:
        """First slot after the session."""
        return self.slot + self.slots


class RoomClass(NamedTuple):
    """What rooms must have in common to stand in for each other: their seats, and when they are closed."""

    capacity: int
    closed: tuple[Interval, ...]

    @classmethod
    def of(cls, room: Room) -> Self:
        """Return the class of a room."""
        return cls(room.capacity, room.closed)

    def is_open(self, day: int, start: int, end: int) -> bool:
        """Say whether its rooms may be used during the interval."""
        return not any(closed.touches(day, start, end) for closed in self.closed)


class Venue(NamedTuple):
    """Copies of an offer in rooms that are alike, and how many of them are co-facilitated.

    A telehealth meeting has one venue that seats the largest group; `seats` is what a copy can use.
    """

    rooms: RoomClass
    seats: int
    copies: cp_model.IntVar
    assisted: cp_model.IntVar


class Segment(NamedTuple):
    """A stretch of a patient's day in which the same sessions could take place.

    `beginning` are the sessions that start with it, `waiting` is None where nobody could wait.
    """

    slots: int
    covering: list[Literal]
    beginning: list[Literal]
    waiting: Literal | None


class Variables:
    """Every variable of a model, with the facts the rules ask for."""

    def __init__(self, model: cp_model.CpModel, problem: Problem) -> None:
        self.problem = problem
        self.instance = problem.instance
        self._model = model
        self._people = {patient.id: patient for patient in problem.instance.patients}
        self._staff = {person.id: person for person in problem.instance.practitioners}
        self.join = {join: model.new_bool_var("join") for join in problem.joins}
        self.lead = {lead: model.new_bool_var("lead") for lead in problem.leads}
        self.assist = {assist: model.new_bool_var("assist") for assist in problem.assists}
        self.visit = {visit: model.new_bool_var("visit") for visit in problem.visits}
        self.begun = frozenset(self._begun())
        self.joins_of = _grouped(self.join)
        self.leads_of = _grouped(self.lead)
        self.assists_of = _grouped(self.assist)
        offers = (*self.joins_of, *problem.held, *self.leads_of)
        self.offers = tuple(dict.fromkeys(offers))
        self.venues = {offer: self._venues(offer) for offer in self.offers}
        self.attendances = self._attendances()
        self.present = {
            (patient, day, modality): model.new_bool_var("present")
            for patient, sessions in self.attendances.items()
            for day, modality in sorted({(s.day, s.modality) for s in sessions})
        }
        self.segments = {
            (patient, day): self._segments(patient, day)
            for patient, sessions in self.attendances.items()
            for day in sorted({session.day for session in sessions})
        }

    def _begun(self) -> Iterator[int]:
        """Yield the decisions that were taken before the part of the week that is still to come."""
        begun = self.instance.begun()
        for group in begun.groups:
            offer = Offer(group.kind, group.track, group.language, group.modality, group.day, group.slot)
            taken = [
                *(self.join.get(Join(member, offer)) for member in group.members),
                self.lead.get(Staffing(offer, group.lead)),
                None if group.co is None else self.assist.get(Staffing(offer, group.co)),
            ]
            yield from (literal.index for literal in taken if literal is not None)
        yield from (self.visit[visit].index for visit in begun.visits if visit in self.visit)

    def has_begun(self, offer: Offer) -> bool:
        """Say whether the meeting starts before the part of the week that is still to come."""
        return offer.day * SLOTS_A_DAY + offer.slot < self.instance.begins

    def kind(self, offer: Offer) -> GroupKind:
        """Return the kind of meeting an offer is."""
        return self.instance.kinds[offer.kind]

    def patient(self, patient: Id) -> Patient:
        """Return the patient with this id."""
        return self._people[patient]

    def practitioner(self, practitioner: Id) -> Practitioner:
        """Return the practitioner with this id."""
        return self._staff[practitioner]

    def copies(self, offer: Offer) -> cp_model.LinearExpr:
        """Count the copies of an offer that take place."""
        return cp_model.LinearExpr.sum(self.leads_of.get(offer, []))

    def members(self, offer: Offer) -> cp_model.LinearExpr:
        """Count an offer's members, held ones included."""
        held = len(self.problem.held.get(offer, ()))
        return cp_model.LinearExpr.sum(self.joins_of.get(offer, [])) + held

    def on_day(self, patient: Id, day: int) -> list[Attendance]:
        """List what the patient may attend on a day."""
        return [session for session in self.attendances[patient] if session.day == day]

    def _venues(self, offer: Offer) -> list[Venue]:
        model, most = self._model, len(self.leads_of.get(offer, []))
        kind = self.kind(offer)
        largest, end = kind.size.maximum, offer.slot + kind.slots
        rooms = Counter(map(RoomClass.of, self.instance.rooms))
        if offer.modality != ON_SITE:
            rooms = Counter({RoomClass(largest, ()): most})
        return [
            Venue(
                alike,
                min(alike.capacity, largest),
                model.new_int_var(0, min(count, most), "copies"),
                model.new_int_var(0, min(count, most), "assisted"),
            )
            for alike, count in sorted(rooms.items())
            if self.has_begun(offer) or alike.is_open(offer.day, offer.slot, end)
        ]

    def _attendances(self) -> dict[Id, list[Attendance]]:
        found: dict[Id, list[Attendance]] = defaultdict(list)
        for join, literal in self.join.items():
            kind, offer = self.kind(join.offer), join.offer
            found[join.patient].append(
                Attendance(kind.service, offer.modality, offer.day, offer.slot, kind.slots, literal)
            )
        for visit, literal in self.visit.items():
            slots = self.instance.visit_slots(self.patient(visit.patient), visit.service)
            found[visit.patient].append(
                Attendance(visit.service, visit.modality, visit.day, visit.slot, slots, literal)
            )
        return dict(found)

    def _segments(self, patient: Id, day: int) -> list[Segment]:
        """Cut the patient's day where sessions may begin or be over, break included."""
        sessions, gap = self.on_day(patient, day), self.instance.limits.gap_slots
        cuts = sorted({cut for s in sessions for cut in (s.slot, s.end + gap)})
        earliest_end = min(session.end for session in sessions) + gap
        latest_start = max(session.slot for session in sessions)
        segments = []
        for start, end in pairwise(cuts):
            covering = [s.literal for s in sessions if s.slot <= start < s.end + gap]
            beginning = [s.literal for s in sessions if s.slot == start]
            may_wait = earliest_end <= start and end <= latest_start
            waiting = self._model.new_bool_var("waiting") if may_wait else None
            segments.append(Segment(end - start, covering, beginning, waiting))
        return segments


def _grouped(
    literals: Mapping[Join, Literal] | Mapping[Staffing, Literal],
) -> dict[Offer, list[Literal]]:
    grouped: dict[Offer, list[Literal]] = defaultdict(list)
    for key, literal in literals.items():
        grouped[key.offer].append(literal)
    return dict(grouped)
