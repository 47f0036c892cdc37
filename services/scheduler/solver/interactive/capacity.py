"""Which one group meeting, room or shift more would serve the most, everybody who is placed staying as they are.

First a screen: how many could come at all. Then, from the most promising on, the exact number: who of them may sit
together, or the most visits that fit into a shift one after another (a small CP-SAT model). What is told is a lower
bound: were the week solved anew, others could move and make room for more.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from ortools.sat.python import cp_model

from services.scheduler.solver.instance import (
    DAYS,
    INDIVIDUAL,
    INDIVIDUAL_SERVICES,
    MODALITIES,
    NURSE_VISIT,
    ON_SITE,
    PROCESS_GROUP,
    SLOTS_A_DAY,
    STAFFED_SERVICES,
    GroupKind,
    Id,
    Patient,
    Room,
)
from services.scheduler.solver.interactive.frozen import FrozenWeek, Session
from services.scheduler.solver.interactive.slots import WHOLE_DAY, Week, covered, starts_in, starts_within

SHIFT_SLOTS = 16
_SHIFT_STEP = 2
GROUP, ROOM, SHIFT = "group", "room", "shift"
_CHEAPEST_FIRST = (GROUP, ROOM, SHIFT)


@dataclass(frozen=True, slots=True)
class Advice:
    """One thing more, and what it would do at least.

    `lacks` is what it takes: "group" only somebody to open it, "room" a room for its hours, "shift" a practitioner for
    them, in `practitioner` a certain one where a team asks for it. `members` are who would be served, one session each.
    """

    lacks: str
    service: str
    day: int
    start: int
    end: int
    modality: str | None
    track: str | None
    language: str | None
    practitioner: Id | None
    slots: int
    members: tuple[Id, ...]
    kind: str | None = None


def advise(week: FrozenWeek, *, count: int = 5) -> list[Advice]:
    """List what would serve the most, no two of one kind, service and day; first what serves more slots."""
    unmet = Unmet(week)
    best = _Best(count)
    for advice in Meetings(week, unmet).all():
        best.note(advice)
    for screened in sorted(_Shifts(week, unmet).screened(), key=lambda one: -one.most):
        if screened.most <= best.least:
            break
        best.note(screened.solved())
    return best.all()


class _Best:
    """The best advice of each kind so far."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._found: dict[tuple[object, ...], Advice] = {}

    @property
    def least(self) -> int:
        """Slots that another one has to exceed to be among the first."""
        told = self.all()
        return told[-1].slots if len(told) == self._count else 0

    def note(self, advice: Advice) -> None:
        """Keep the advice where it is the best of its kind."""
        alike = (advice.lacks, advice.service, advice.track, advice.language, advice.practitioner, advice.day)
        if advice.slots and (alike not in self._found or _order(advice) < _order(self._found[alike])):
            self._found[alike] = advice

    def all(self) -> list[Advice]:
        """List the first of them."""
        return sorted(self._found.values(), key=_order)[: self._count]


def _order(advice: Advice) -> tuple[int, int, int, int, str]:
    return -advice.slots, _CHEAPEST_FIRST.index(advice.lacks), advice.day, advice.start, str(advice.practitioner)


class Unmet:
    """Who still needs what, and when they could come for it."""

    def __init__(self, week: FrozenWeek) -> None:
        self._week = week
        self._missing = {patient.id: week.missing(patient) for patient in week.instance.patients}
        self._free: dict[tuple[Id, str], Week] = {}
        self._starts: dict[tuple[Id, str, int, str, int], int] = {}

    def lacks(self, patient: Patient, service: str, slots: int) -> bool:
        """Say whether the patient needs at least so much more of a service."""
        return self._missing[patient.id].get(service, 0) >= slots > 0

    def people(self, service: str, slots: int) -> list[Patient]:
        """List who needs at least so much more of a service."""
        return [patient for patient in self._week.instance.patients if self.lacks(patient, service, slots)]

    def starts(self, patient: Patient, service: str, slots: int, modality: str, day: int) -> int:
        """Return where one session more would suit the patient, wherever and whoever it is with."""
        key = (patient.id, service, slots, modality, day)
        if key not in self._starts:
            own = [session for session in self._week.sessions.get(patient.id, ()) if session.day == day]
            free = starts_in(self._free_of(patient, modality)[day], slots)
            if service == NURSE_VISIT and not self._is_apart(patient, day):
                free = 0
            sessions = (Session(service, day, slot, slots, modality) for slot in _bits(free))
            self._starts[key] = sum(1 << one.slot for one in sessions if self._week.fits_day(patient, own, one))
        return self._starts[key]

    def _free_of(self, patient: Patient, modality: str) -> Week:
        if (patient.id, modality) not in self._free:
            margin = patient.travel_slots if modality == ON_SITE else 0
            free = [WHOLE_DAY & ~busy for busy in covered(patient.commitments, margin)]
            self._free[patient.id, modality] = free if modality in patient.modalities else [0] * DAYS
        return self._free[patient.id, modality]

    def _is_apart(self, patient: Patient, day: int) -> bool:
        apart = self._week.instance.limits.nurse_days_apart
        had = self._week.sessions.get(patient.id, ())
        return all(abs(day - session.day) >= apart for session in had if session.service == NURSE_VISIT)


def _bits(slots: int) -> Iterator[int]:
    return (slot for slot in range(SLOTS_A_DAY) if slots >> slot & 1)


class Meetings:
    """Group meetings that people with unmet needs would fill."""

    def __init__(self, week: FrozenWeek, unmet: Unmet) -> None:
        self._week = week
        self._unmet = unmet
        self._instance = week.instance
        self._taken: dict[Id | None, Week] = defaultdict(lambda: [0] * DAYS)
        for meeting in week.meetings:
            group = meeting.group
            self._taken[group.room][group.day] |= ((1 << meeting.slots) - 1) << group.slot

    def all(self) -> Iterator[Advice]:
        """Yield every meeting that enough people could come to."""
        for kind in self._instance.kinds.values():
            people = self._unmet.people(kind.service, kind.slots)
            tracks = sorted({p.track for p in people}) if kind.service == PROCESS_GROUP else [None]
            for track, language in product(tracks, self._instance.languages):
                mine = [p for p in people if track in (None, p.track) and language in p.languages]
                if len(mine) >= kind.size.minimum:
                    yield from self._of(kind, track, language, mine)

    def _of(self, kind: GroupKind, track: str | None, language: str, people: Sequence[Patient]) -> Iterator[Advice]:
        step = self._instance.limits.group_start_step
        opening = starts_within(self._instance.site_open, kind.slots)
        for modality, day in product(MODALITIES, range(DAYS)):
            starts = [self._unmet.starts(p, kind.service, kind.slots, modality, day) for p in people]
            for slot in range(0, SLOTS_A_DAY - kind.slots + 1, step):
                if modality == ON_SITE and not opening[day] >> slot & 1:
                    continue
                able = [p.id for p, own in zip(people, starts, strict=True) if own >> slot & 1]
                if len(able) >= kind.size.minimum:
                    yield from self._advice(kind, track, language, modality, day, slot, able)

    def _advice(  # noqa: PLR0917 -- an offer has so many sides
        self,
        kind: GroupKind,
        track: str | None,
        language: str,
        modality: str,
        day: int,
        slot: int,
        able: Sequence[Id],
    ) -> Iterator[Advice]:
        leaders = self.staff(day, slot, kind.slots, language, kind.service)
        helpers = self.staff(day, slot, kind.slots, language, None)
        rooms = [room.capacity for room in self.free_rooms(day, slot, kind.slots)]
        people = together(able, self._week)
        served = 0
        for lacks, seats in self._ways(kind, leaders, helpers, max(rooms, default=0) if modality == ON_SITE else None):
            members = people[:seats]
            # What takes more is named only where it serves more.
            if kind.size.minimum <= len(members) > served:
                served = len(members)
                end, slots = slot + kind.slots, kind.slots * served
                yield Advice(
                    lacks,
                    kind.service,
                    day,
                    slot,
                    end,
                    modality,
                    track,
                    language,
                    None,
                    slots,
                    tuple(members),
                    kind.code,
                )

    def free_rooms(self, day: int, slot: int, slots: int) -> list[Room]:
        """List the rooms in which nobody meets then."""
        span = ((1 << slots) - 1) << slot
        return [
            room
            for room in self._instance.rooms
            if not self._taken[room.id][day] & span and room.is_open(day, slot, slot + slots)
        ]

    def _ways(
        self, kind: GroupKind, leaders: Sequence[Id], helpers: Sequence[Id], largest: int | None
    ) -> Iterator[tuple[str, int]]:
        """Yield what one thing more it could take, and the seats there would be; `largest` is the room, if any is."""
        most = kind.size.maximum
        alone = min(most, kind.size.co_facilitator_above)
        housed = most if largest is None else largest
        is_assisted = any(helper != leader for leader in leaders for helper in helpers)
        if leaders:
            led = most if is_assisted else alone
            yield GROUP, min(led, housed)
            if largest is not None:
                yield ROOM, led
        # Somebody more leads, or assists who leads.
        yield SHIFT, min(most if leaders or helpers else alone, housed)

    def staff(self, day: int, slot: int, slots: int, language: str, service: str | None) -> list[Id]:
        """List who is free to lead the service, or to assist where none is named."""
        span = ((1 << slots) - 1) << slot
        return [
            person.id
            for person in self._instance.practitioners
            if language in person.languages
            and (person.co_facilitates if service is None else service in person.leads)
            and person.works(day, slot, slot + slots)
            and not self._week.work[person.id].busy[day] & span
            and self._week.work[person.id].on(day) + slots <= person.max_slots_day
            and self._week.work[person.id].load + slots <= person.max_slots_week
        ]


def together(people: Sequence[Id], week: FrozenWeek) -> list[Id]:
    """Return the most of these people that may sit together; exact, and quick as few of them are kept apart."""
    for one in people:
        apart = week.enemies.get(one, set()).intersection(people)
        if apart:
            with_one = together([other for other in people if other not in apart], week)
            without_one = together([other for other in people if other != one], week)
            return max(with_one, without_one, key=len)
    return list(people)


class _Shifts:
    """Four hours more of one practitioner, or of a pool, filled with visits of people who have unmet needs."""

    def __init__(self, week: FrozenWeek, unmet: Unmet) -> None:
        self._week = week
        self._unmet = unmet

    def screened(self) -> Iterator["_Screened"]:
        """Yield every shift with the most it could serve."""
        for service in INDIVIDUAL_SERVICES:
            for practitioner, people in self._by_holder(service):
                yield from self._of(service, practitioner, people)

    def _by_holder(self, service: str) -> Iterator[tuple[Id | None, list[tuple[Patient, int]]]]:
        instance = self._week.instance
        lengths = ((patient, instance.visit_slots(patient, service)) for patient in instance.patients)
        people = [(patient, n) for patient, n in lengths if self._unmet.lacks(patient, service, n)]
        if service != INDIVIDUAL:
            yield None, people
            return
        for person in instance.practitioners:
            mine = [(patient, n) for patient, n in people if person.id in patient.team]
            if mine and service in person.individual:
                yield person.id, mine

    def _of(
        self, service: str, practitioner: Id | None, people: Sequence[tuple[Patient, int]]
    ) -> Iterator["_Screened"]:
        for day in range(DAYS) if people else ():
            starts = {patient.id: self._starts(patient, service, n, day, practitioner) for patient, n in people}
            for first in range(0, SLOTS_A_DAY - SHIFT_SLOTS + 1, _SHIFT_STEP):
                able = [(patient.id, n, _within(starts[patient.id], first, n)) for patient, n in people]
                able = [(who, n, own) for who, n, own in able if own]
                if able:
                    yield _Screened(service, practitioner, day, first, able)

    def _starts(self, patient: Patient, service: str, slots: int, day: int, practitioner: Id | None) -> int:
        """Where a visit could start if only somebody were there: place, family and site permitting."""
        family = starts_in(covered(patient.family_available or ())[day], slots) if service == "family" else WHOLE_DAY
        found = 0
        for modality in MODALITIES if service != NURSE_VISIT else (ON_SITE,):
            own = self._unmet.starts(patient, service, slots, modality, day) & family
            if modality == ON_SITE:
                own &= starts_within(self._week.instance.site_open, slots)[day]
                if service in STAFFED_SERVICES:
                    own &= starts_in(WHOLE_DAY & ~self._week.full[service][day], slots)
            found |= own
        if practitioner is None:
            return found
        # More hours of somebody are hours in which they do nothing yet.
        return found & starts_in(WHOLE_DAY & ~self._week.work[practitioner].busy[day], slots)


@dataclass(frozen=True, slots=True)
class _Screened:
    """A shift, and who could come in it: patient, slots, and starts."""

    service: str
    practitioner: Id | None
    day: int
    first: int
    able: Sequence[tuple[Id, int, int]]

    @property
    def most(self) -> int:
        """The most slots of visits there could be in it."""
        return min(SHIFT_SLOTS, sum(slots for _, slots, _ in self.able))

    def solved(self) -> Advice:
        """Fill the shift as well as can be."""
        members = _most_visits(self.able)
        return Advice(
            lacks=SHIFT,
            service=self.service,
            day=self.day,
            start=self.first,
            end=self.first + SHIFT_SLOTS,
            modality=None,
            track=None,
            language=None,
            practitioner=self.practitioner,
            slots=sum(slots for who, slots, _ in self.able if who in members),
            members=tuple(members),
        )


def _within(starts: int, first: int, slots: int) -> int:
    return starts & (((1 << (SHIFT_SLOTS - slots + 1)) - 1) << first) if slots <= SHIFT_SLOTS else 0


def _most_visits(able: Iterable[tuple[Id, int, int]]) -> list[Id]:
    """Return whose visits fit one after another, so that most slots are served."""
    model = cp_model.CpModel()
    literals: dict[Id, list[cp_model.IntVar]] = {}
    busy: dict[int, list[cp_model.IntVar]] = defaultdict(list)
    gain: list[cp_model.LinearExprT] = []
    for who, slots, starts in able:
        literals[who] = []
        for slot in _bits(starts):
            literal = model.new_bool_var("visit")
            literals[who].append(literal)
            gain.append(slots * literal)
            for covered_slot in range(slot, slot + slots):
                busy[covered_slot].append(literal)
    for own in (*literals.values(), *busy.values()):
        model.add_at_most_one(own)
    model.maximize(cp_model.LinearExpr.sum(gain))
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.max_deterministic_time = 1.0
    if solver.solve(model) not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return []
    return [who for who, own in literals.items() if any(solver.value(literal) for literal in own)]
