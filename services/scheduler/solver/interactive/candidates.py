"""Every session of one service that a patient could have in a frozen week, with all facts that stand in its way.

Each fact is enough by itself to rule a session out, so a set of facts leaves exactly those sessions whose obstacles are
all outside it. What the patient has otherwise stays; a day with a session of the service already is no candidate.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from services.scheduler.solver.instance import (
    DAYS,
    FAMILY,
    INDIVIDUAL,
    INDIVIDUAL_SERVICES,
    MEDICATION,
    MODALITIES,
    NURSE_VISIT,
    ON_SITE,
    PROCESS_GROUP,
    SLOTS_A_DAY,
    STAFFED_SERVICES,
    Id,
    Patient,
)
from services.scheduler.solver.interactive import facts as f
from services.scheduler.solver.interactive.facts import Ask, Fact
from services.scheduler.solver.interactive.frozen import FrozenWeek, Meeting, Session
from services.scheduler.solver.interactive.slots import covered, starts_in, starts_within, stretch

_PLACES = {INDIVIDUAL: "offices", FAMILY: "family rooms", MEDICATION: "prescribers", NURSE_VISIT: "nurses"}


class Holder(NamedTuple):
    """Who could hold a session, and what stands against it, as bits; nobody in particular for a group or a pool."""

    practitioner: Id | None
    obstacles: int


_WHOEVER = Holder(None, 0)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A session that could be; `obstacles` are bits, one a fact, whoever holds it."""

    session: Session
    obstacles: int
    holders: tuple[Holder, ...] = (_WHOEVER,)

    @property
    def ways(self) -> Iterator[int]:
        """The obstacles of each way to have the session."""
        return (self.obstacles | holder.obstacles for holder in self.holders)


class Candidates:
    """Lists sessions of one service and the facts against them; `facts[n]` is bit n."""

    def __init__(self, week: FrozenWeek, patient: Patient, service: str) -> None:
        self.week = week
        self.patient = patient
        self.service = service
        self.facts: list[Fact] = []
        self._bits: dict[Fact, int] = {}
        self._own = [session for session in week.sessions.get(patient.id, ()) if session.service != service]
        self.had = [session for session in week.sessions.get(patient.id, ()) if session.service == service]
        self._busy = {
            modality: [
                covered([commitment], patient.travel_slots if modality == ON_SITE else 0)
                for commitment in patient.commitments
            ]
            for modality in MODALITIES
        }
        self.all = list(self._visits() if service in INDIVIDUAL_SERVICES else self._meetings())

    def _bit(self, fact: Fact) -> int:
        if fact not in self._bits:
            self._bits[fact] = 1 << len(self.facts)
            self.facts.append(fact)
        return self._bits[fact]

    def keep(self, wanted: Callable[[Session], bool]) -> None:
        """Leave only the candidates whose session is wanted."""
        self.all = [candidate for candidate in self.all if wanted(candidate.session)]

    def named(self, bits: int) -> list[Fact]:
        """Return the facts of a set."""
        return [fact for number, fact in enumerate(self.facts) if bits >> number & 1]

    def _meetings(self) -> Iterator[Candidate]:
        taken = {session.day for session in self.had}
        for meeting in self.week.meetings:
            group = meeting.group
            is_other_track = self.service == PROCESS_GROUP and group.track != self.patient.track
            if meeting.kind.service != self.service or is_other_track or group.day in taken:
                continue
            session = Session(
                self.service, group.day, group.slot, meeting.slots, group.modality, meeting.number, group.lead
            )
            yield Candidate(session, self._of_patient(session) | self._of_meeting(meeting))

    def _of_meeting(self, meeting: Meeting) -> int:
        group, bits = meeting.group, 0
        place = f"{f.in_words(self.service)} on {f.day_name(group.day)} at {f.clock(group.slot)}"
        end = group.slot + meeting.slots
        if group.language not in self.patient.languages:
            bits |= self._bit(Fact(f.LANGUAGE, "the patient does not speak the language of other groups"))
        if meeting.seats <= 0:
            text = f"every seat is taken in the {place}"
            bits |= self._bit(Fact(f.SEATS_TAKEN, text, group.day, group.slot, end, meeting.number))
        if self.week.sits_with_enemy(self.patient, meeting):
            text = f"a seating rule keeps the patient out of the {place}"
            bits |= self._bit(Fact(f.SEATING_RULE, text, group.day, group.slot, end, meeting.number))
        return bits

    def _of_patient(self, session: Session) -> int:
        """Facts about the patient that rule the session out, whoever holds it."""
        bits, day = 0, session.day
        span = stretch(session.slot, session.end)
        for number, (busy, commitment) in enumerate(
            zip(self._busy[session.modality], self.patient.commitments, strict=True)
        ):
            if busy[day] & span:
                text = f"a commitment on {f.when(*commitment)}, with the way there and back"
                bits |= self._bit(Fact(f.COMMITMENT, text, *commitment, number=number))
        if session.modality not in self.patient.modalities:
            bits |= self._bit(Fact(f.MODALITY, f"the patient is not seen {_by(session.modality)}"))
        if session.slots > self.week.instance.max_slots_day(self.patient):
            text = "the session is longer than the patient's day of sessions may be"
            bits |= self._bit(Fact(f.DAY_LENGTH, text, rule="day_slots"))
        for other in self._days_in_the_way(session):
            text = f"the patient's other sessions on {f.day_name(other)} leave no room for it"
            bits |= self._bit(Fact(f.OWN_SESSIONS, text, other, rule="gap_slots"))
        return bits

    def _days_in_the_way(self, session: Session) -> Iterator[int]:
        today = [own for own in self._own if own.day == session.day]
        if today and not self.week.fits_day(self.patient, today, session):
            yield session.day

    def _visits(self) -> Iterator[Candidate]:
        slots = self.week.instance.visit_slots(self.patient, self.service)
        if not slots:
            return
        apart = self.week.instance.limits.nurse_days_apart if self.service == NURSE_VISIT else 1
        days = [day for day in range(DAYS) if all(abs(day - had.day) >= apart for had in self.had)]
        modalities = (ON_SITE,) if self.service == NURSE_VISIT else MODALITIES
        places = _Places(self.week, self.patient, self.service, slots)
        holders = self._holders(slots)
        for day in days:
            for modality in modalities:
                for slot in range(SLOTS_A_DAY - slots + 1):
                    session = Session(self.service, day, slot, slots, modality)
                    bits = self._of_patient(session) | self._of_places(places, session)
                    yield Candidate(session, bits, tuple(Holder(who, own[day][slot]) for who, own in holders))

    def _of_places(self, places: "_Places", session: Session) -> int:
        bits = 0
        if self.service == FAMILY and not places.family[session.day] >> session.slot & 1:
            bits |= self._bit(Fact(f.FAMILY_HOURS, "the family is available at other hours only"))
        if session.modality == ON_SITE and not places.opening[session.day] >> session.slot & 1:
            bits |= self._bit(Fact(f.SITE_CLOSED, "the site is closed at other hours"))
        counts = session.modality == ON_SITE or self.service not in STAFFED_SERVICES
        if counts and not places.left[session.day] >> session.slot & 1:
            code = f.PLACES_TAKEN if self.service in STAFFED_SERVICES else f.NOBODY_ON_DUTY
            bits |= self._bit(Fact(code, f"all {_PLACES[self.service]} are taken or off at other hours"))
        return bits

    def _holders(self, slots: int) -> list[tuple[Id | None, list[list[int]]]]:
        """For each who may hold the visits, the facts against them by [day][slot]; a pool has none."""
        if self.service not in STAFFED_SERVICES:
            return [(None, [[0] * SLOTS_A_DAY] * DAYS)]
        people = self.week.practitioners
        team = [people[one] for one in self.patient.team] if self.service == INDIVIDUAL else list(people.values())
        found = [(one.id, self._holder(one.id, slots)) for one in team if self.service in one.individual]
        nobody = self._bit(Fact(f.PRACTITIONER_OFF, "nobody may hold it")) if not found else 0
        return [*found] or [(None, [[nobody] * SLOTS_A_DAY] * DAYS)]

    def _holder(self, practitioner: Id, slots: int) -> list[list[int]]:
        person, work = self.week.practitioners[practitioner], self.week.work[practitioner]
        duty, pauses = starts_within(person.shifts, slots), covered(person.breaks)
        is_worn_out = work.load + slots > person.max_slots_week
        found = []
        for day in range(DAYS):
            on_duty = duty[day] & starts_in(~pauses[day] & stretch(0, SLOTS_A_DAY), slots)
            free = starts_in(~work.busy[day] & stretch(0, SLOTS_A_DAY), slots)
            if is_worn_out or work.on(day) + slots > person.max_slots_day:
                free = 0
            found.append([self._against(practitioner, on_duty >> s & 1, free >> s & 1) for s in range(SLOTS_A_DAY)])
        return found

    def _against(self, practitioner: Id, on_duty: int, free: int) -> int:
        bits = 0
        if not on_duty:
            text = "a practitioner who may hold it works at other hours only"
            bits |= self._bit(Fact(f.PRACTITIONER_OFF, text, practitioner=practitioner))
        if not free:
            text = "a practitioner who may hold it is booked, or at the maximum of hours, at other hours"
            bits |= self._bit(Fact(f.PRACTITIONER_BOOKED, text, practitioner=practitioner))
        return bits


class _Places:
    """Where a visit's family, site and places allow it to start, one set of starts a day."""

    def __init__(self, week: FrozenWeek, patient: Patient, service: str, slots: int) -> None:
        self.family = [starts_in(free, slots) for free in covered(patient.family_available or ())]
        self.opening = starts_within(week.instance.site_open, slots)
        self.left = [starts_in(stretch(0, SLOTS_A_DAY) & ~full, slots) for full in week.full[service]]


def _by(modality: str) -> str:
    return "on site" if modality == ON_SITE else "by telehealth"


class Asking:
    """What to ask for so that a candidate session can be."""

    def __init__(self, candidates: Candidates) -> None:
        self._candidates = candidates
        self._patient = candidates.patient

    def asks(self, candidate: Candidate) -> tuple[Ask, ...] | None:
        """List the asks that clear every obstacle; None where one of them is not to be asked away."""
        bits = candidate.obstacles
        bits |= min((holder.obstacles for holder in candidate.holders), key=lambda own: (own.bit_count(), own))
        asks = dict.fromkeys(self._asks(candidate, bits))
        return None if None in asks else tuple(ask for ask in asks if ask is not None)

    def _asks(self, candidate: Candidate, bits: int) -> Iterator[Ask | None]:
        facts = self._candidates.named(bits)
        codes = dict.fromkeys(fact.code for fact in facts)
        for code in codes:
            yield self._ask(code, candidate.session)

    def _ask(self, code: str, session: Session) -> Ask | None:
        if code in (f.COMMITMENT, f.MODALITY, f.LANGUAGE, f.FAMILY_HOURS):
            return self._ask_of_patient(code, session)
        return self._ask_of_site(code, session)

    def _ask_of_patient(self, code: str, session: Session) -> Ask | None:
        day, start, end = session.day, session.slot, session.end
        match code:
            case f.COMMITMENT:
                return self._free_time(session)
            case f.FAMILY_HOURS:
                text = f"the family free on {f.when(day, start, end)}"
                return Ask("family_time", text, f.own_effort(end - start), day, start, end)
            case f.MODALITY:
                return Ask("modality", f"sessions {_by(session.modality)}", 4, value=session.modality)
            case f.LANGUAGE if session.meeting is not None:
                language = self._candidates.week.meetings[session.meeting].group.language
                return Ask("language", f"a second language: {language}", 8, value=language)
            case _:
                return None

    def _ask_of_site(self, code: str, session: Session) -> Ask | None:
        time = (session.day, session.slot, session.end)
        match code:
            case f.SEATS_TAKEN:
                text = f"one more {f.part_of_day(session.slot)} seat: {f.in_words(session.service)}, {f.when(*time)}"
                return Ask("seat", text, 1, *time, session.meeting)
            case f.PLACES_TAKEN | f.NOBODY_ON_DUTY:
                text = f"one more of the {_PLACES[session.service]} on {f.when(*time)}"
                return Ask("place", text, 1 if code == f.PLACES_TAKEN else 2, *time)
            case f.PRACTITIONER_OFF | f.PRACTITIONER_BOOKED:
                return Ask("practitioner", f"somebody who may hold it free on {f.when(*time)}", 2, *time)
            case f.SITE_CLOSED:
                return Ask("site_hours", f"the site open on {f.when(*time)}", 6, *time)
            case _:
                return None

    def _free_time(self, session: Session) -> Ask:
        way = self._patient.travel_slots if session.modality == ON_SITE else 0
        start, end = max(0, session.slot - way), min(SLOTS_A_DAY, session.end + way)
        busy = covered(self._patient.commitments)[session.day] & stretch(start, end)
        included = ", the way included" if way else ""
        text = f"free {f.when(session.day, start, end)}{included}"
        return Ask("free_time", text, f.own_effort(busy.bit_count()), session.day, start, end)
