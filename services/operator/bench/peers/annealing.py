"""The front desk's week improved by simulated annealing, in plain Python."""

from collections.abc import Callable, Sequence
from math import exp
from random import Random
from time import process_time
from typing import Final

from services.operator.bench.peers.facts import Facts, Offer, bits
from services.operator.bench.peers.front_desk import first_fit_week
from services.operator.bench.peers.week import Meeting
from services.scheduler.solver.instance import (
    DAYS,
    INDIVIDUAL_SERVICES,
    MODALITIES,
    ON_SITE,
    Instance,
    Timetable,
)

_HOT: Final = 150.0
_COLD: Final = 1.0
_BETWEEN_LOOKS: Final = 50
_TRIES: Final = 8
_OFFERS: Final = 4

Improved = Callable[[float, float], None]


def anneal(instance: Instance, *, cpu_seconds: float, seed: int, improved: Improved | None = None) -> Timetable:
    """Anneal for so many CPU seconds of this process; `improved` hears (CPU seconds, cost) of each new best week."""
    return _Annealing(instance, Random(seed), improved).run(cpu_seconds)  # noqa: S311 - a search, not a secret


class _Annealing:
    """Moves, and whether to keep them.

    A move may pass through a worse week; what it leaves behind keeps every rule or is taken back.
    """

    def __init__(self, instance: Instance, random: Random, improved: Improved | None) -> None:
        self._began = process_time()
        self._facts = Facts(instance)
        self._random = random
        self._improved = improved
        self._week = first_fit_week(self._facts)
        self._best_cost, self._best = self._week.cost, self._week.timetable()
        self._moves: tuple[tuple[Callable[[], bool], int], ...] = (
            (self._insert, 20),
            (self._relocate, 20),
            (self._make_room, 15),
            (self._swap, 10),
            (self._open, 15),
            (self._shift, 18),
            (self._close, 2),
        )

    def run(self, cpu_seconds: float) -> Timetable:
        self._tell()
        moves, weights = zip(*self._moves, strict=True)
        while (spent := (process_time() - self._began) / cpu_seconds) < 1:
            heat = _HOT * (_COLD / _HOT) ** spent
            for move in self._random.choices(moves, weights, k=_BETWEEN_LOOKS):
                self._try(move, heat)
        return self._best

    def _try(self, move: Callable[[], bool], heat: float) -> None:
        week, before = self._week, self._week.cost
        if not move():
            week.back_to(0)
            return
        worse = week.cost - before
        if worse > 0 and self._random.random() >= exp(-worse / heat):
            week.back_to(0)
            return
        week.forget()
        if week.cost < self._best_cost:
            self._best_cost, self._best = week.cost, week.timetable()
            self._tell()

    def _tell(self) -> None:
        if self._improved is not None:
            self._improved(process_time() - self._began, self._best_cost)

    def _insert(self) -> bool:
        """Give somebody a session they still need."""
        patient = self._somebody()
        service = self._needed(patient)
        return service is not None and self._place(patient, service)

    def _relocate(self) -> bool:
        """Move one session of somebody elsewhere."""
        patient = self._somebody()
        session = self._session_of(patient)
        return session is not None and self._withdraw(patient, session) and self._place(patient, session.service)

    def _make_room(self) -> bool:
        """Clear a day of somebody for a group they still need, then place again what was cleared."""
        patient = self._somebody()
        service = self._needed(patient)
        meetings = [one for one in self._week.meetings if one.kind is not None and one.service == service]
        if not meetings:
            return False
        meeting = self._random.choice(meetings)
        cleared = tuple(self._week.days[patient][meeting.day])
        if not all(self._withdraw(patient, session) for session in cleared):
            return False
        if not self._seat(patient, meeting):
            return False
        for session in cleared:
            self._place(patient, session.service)
        return True

    def _swap(self) -> bool:
        """Let two people change groups of one service."""
        groups = [one for one in self._week.meetings if one.kind is not None]
        if not groups:
            return False
        here = self._random.choice(groups)
        others = [one for one in groups if one.service == here.service and one is not here]
        if not others:
            return False
        there = self._random.choice(others)
        one, other = self._random.choice(here.members), self._random.choice(there.members)
        if one in there.members or other in here.members:
            return False
        self._week.leave(one, here)
        self._week.leave(other, there)
        return self._seat(one, there) and self._seat(other, here)

    def _open(self) -> bool:
        """Open a group for people who still need it; others may change to it."""
        return self._gather(self._likely(self._facts.offers), ())

    def _shift(self) -> bool:
        """Close a group and open one elsewhere, and let those who cannot come find another."""
        groups = [one for one in self._week.meetings if one.kind is not None]
        if not groups:
            return False
        meeting = self._random.choice(groups)
        members = tuple(meeting.members)
        self._week.close(meeting)
        offers = self._facts.offers
        if self._random.random() < 1 / 2:
            offers = [one for one in offers if one.kind == meeting.kind and one.track == meeting.track]
        if not self._gather(self._likely(offers), members):
            return False
        self._replace(members, meeting.service)
        return True

    def _likely(self, offers: Sequence[Offer]) -> Offer:
        """Of a few offers, take the one that the most people who still need it could come to."""
        few = [self._random.choice(offers) for _ in range(_OFFERS)]
        left = self._week.left
        return max(few, key=lambda one: sum(left[who].get(one.kind.service, 0) >= one.kind.slots for who in one.people))

    def _close(self) -> bool:
        """Close a group, and let its members find another."""
        groups = [one for one in self._week.meetings if one.kind is not None]
        if not groups:
            return False
        meeting = self._random.choice(groups)
        members = tuple(meeting.members)
        self._week.close(meeting)
        self._replace(members, meeting.service)
        return True

    def _replace(self, patients: Sequence[int], service: str) -> None:
        for patient in patients:
            if self._week.left[patient].get(service, 0) > 0:
                self._place(patient, service)

    def _somebody(self) -> int:
        """Prefer people who still need something."""
        patient = 0
        for _ in range(_TRIES):
            patient = self._random.randrange(len(self._week.left))
            if any(self._week.left[patient].values()):
                break
        return patient

    def _needed(self, patient: int) -> str | None:
        needed = [service for service, slots in self._week.left[patient].items() if slots > 0]
        return self._random.choice(needed) if needed else None

    def _session_of(self, patient: int) -> Meeting | None:
        sessions = [session for day in self._week.days[patient] for session in day]
        return self._random.choice(sessions) if sessions else None

    def _withdraw(self, patient: int, session: Meeting) -> bool:
        """Take the patient out; a visit ends, a group needs enough others."""
        if session.kind is None:
            self._week.close(session)
            return True
        if len(session.members) <= session.kind.size.minimum:
            return False
        self._week.leave(patient, session)
        return True

    def _place(self, patient: int, service: str) -> bool:
        if service in INDIVIDUAL_SERVICES:
            return self._visit(patient, service)
        meetings = [one for one in self._week.meetings if one.kind is not None and one.service == service]
        self._random.shuffle(meetings)
        return any(self._seat(patient, meeting) for meeting in meetings)

    def _seat(self, patient: int, meeting: Meeting) -> bool:
        """Join a group; a full one without a co-facilitator gets one where that adds a seat."""
        week = self._week
        if week.may_join(patient, meeting):
            week.join(patient, meeting)
            return True
        if meeting.co is not None or len(meeting.members) < week.seats(meeting):
            return False
        larger = self._assisted(meeting)
        if larger is None:
            return False
        members = tuple(meeting.members)
        mark = week.mark()
        week.close(meeting)
        week.open(larger, members)
        if week.may_join(patient, larger):
            week.join(patient, larger)
            return True
        week.back_to(mark)
        return False

    def _assisted(self, meeting: Meeting) -> Meeting | None:
        """The same group with a co-facilitator, where one is free and the room has the seats."""
        for number, person in enumerate(self._facts.instance.practitioners):
            helps = person.co_facilitates and meeting.language in person.languages
            if helps and self._week.may_work(number, meeting.day, meeting.slot, meeting.slots):
                larger = Meeting(
                    meeting.service,
                    meeting.slots,
                    meeting.day,
                    meeting.slot,
                    meeting.modality,
                    meeting.lead,
                    meeting.kind,
                    meeting.track,
                    meeting.language,
                    meeting.room,
                    number,
                )
                return larger if self._week.seats(larger) > len(meeting.members) else None
        return None

    def _gather(self, offer: Offer, wanted: Sequence[int]) -> bool:
        """Open a group with those wanted first, then others who need it, in a random order."""
        week, kind, slots = self._week, offer.kind, offer.kind.slots
        leaders = [who for who in offer.leaders if week.may_work(who, offer.day, offer.slot, slots)]
        if not leaders:
            return False
        lead = self._random.choice(leaders)
        meeting = Meeting(kind.service, slots, offer.day, offer.slot, offer.modality, lead)
        meeting.kind, meeting.track, meeting.language = kind, offer.track, offer.language
        if offer.modality == ON_SITE:
            rooms = week.free_rooms(offer.day, offer.slot, slots)
            if not rooms:
                return False
            meeting.room = rooms[-1]
        week.open(meeting, ())
        others = [who for who in offer.people if week.left[who].get(kind.service, 0) >= slots]
        self._random.shuffle(others)
        moved = [self._admit(patient, meeting) for patient in dict.fromkeys((*wanted, *others))]
        if len(meeting.members) < kind.size.minimum:
            self._entice(offer, meeting)
        if len(meeting.members) < kind.size.minimum:
            return False
        for patient, visit in (one for visits in moved for one in visits):
            self._place(patient, visit.service)
        return True

    def _entice(self, offer: Offer, meeting: Meeting) -> None:
        """Bring the group to its smallest size with people from other groups of the service."""
        for patient in self._random.sample(sorted(offer.people), len(offer.people)):
            if len(meeting.members) >= offer.kind.size.minimum:
                return
            held = [one for day in self._week.days[patient] for one in day if one.service == meeting.service]
            if held and meeting not in held:
                self._lure(patient, self._random.choice(held), meeting)

    def _lure(self, patient: int, held: Meeting, meeting: Meeting) -> None:
        """Move the patient from one group to another, or leave everything as it is."""
        mark = self._week.mark()
        if self._withdraw(patient, held) and self._week.may_join(patient, meeting):
            self._week.join(patient, meeting)
        else:
            self._week.back_to(mark)

    def _admit(self, patient: int, meeting: Meeting) -> list[tuple[int, Meeting]]:
        """Seat the patient, for which visits of the day may give way; return those that did."""
        week, mark = self._week, self._week.mark()
        if not week.could_join(patient, meeting):
            return []
        visits = [one for one in week.days[patient][meeting.day] if one.kind is None]
        if week.may_join(patient, meeting):
            week.join(patient, meeting)
            return []
        for visit in visits:
            week.close(visit)
        if week.may_join(patient, meeting):
            week.join(patient, meeting)
            return [(patient, visit) for visit in visits]
        week.back_to(mark)
        return []

    def _visit(self, patient: int, service: str) -> bool:
        """Book a visit, beside another session of the day where there is one."""
        facts, week = self._facts, self._week
        slots = facts.instance.visit_slots(facts.instance.patients[patient], service)
        team = facts.team(patient, service)
        if not team or week.left[patient].get(service, 0) < slots:
            return False
        for _ in range(_TRIES):
            lead = team[0] if self._random.random() < 1 / 2 else self._random.choice(team)
            day, modality = self._random.randrange(DAYS), self._random.choice(MODALITIES)
            starts = self._starts(patient, service, (day, modality, slots), lead)
            if not starts:
                continue
            place = day, self._random.choice(starts), modality
            if week.may_attend(patient, service, slots, place) and week.has_place(service, slots, place):
                week.open(Meeting(service, slots, day, place[1], modality, lead), [patient])
                return True
        return False

    def _starts(self, patient: int, service: str, where: tuple[int, str, int], lead: int | None) -> list[int]:
        day, modality, slots = where
        mask = self._facts.visit(patient, service, modality, slots)[day]
        beside = 0
        gap = self._facts.instance.limits.gap_slots
        for session in self._week.days[patient][day]:
            before = session.slot - gap - slots
            beside |= 1 << (session.end + gap) | (1 << before if before >= 0 else 0)
        starts = bits(mask & beside) or bits(mask)
        return [slot for slot in starts if lead is None or self._week.may_work(lead, day, slot, slots)]
