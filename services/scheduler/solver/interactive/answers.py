"""Answers to "why here?", "why not this?" and "why unplaced?" about one patient of a published week."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from services.scheduler.solver.instance import INDIVIDUAL, Id, Patient, Visit
from services.scheduler.solver.interactive import facts as f
from services.scheduler.solver.interactive.candidates import Candidate, Candidates
from services.scheduler.solver.interactive.conflicts import Conflict, Relaxation
from services.scheduler.solver.interactive.facts import Fact
from services.scheduler.solver.interactive.frozen import FrozenWeek, Session, without
from services.scheduler.solver.interactive.place import Alternative, parts_of, place, sessions_with, taking
from services.scheduler.solver.interactive.ranking import Parts, Ranking
from services.scheduler.solver.interactive.relaxed import granted

_OFFERED = 3
_MOST_TRIALS = 12
"""Relaxations looked at before giving up; each is proven by placing the patient once more."""


@dataclass(frozen=True, slots=True)
class Compared:
    """Another week and what it costs more, or less, than the one compared with."""

    alternative: Alternative
    difference: Parts


@dataclass(frozen=True, slots=True)
class WhyHere:
    """What the patient's week costs, and the best other weeks there could be while everybody else stays."""

    parts: Parts
    sessions: tuple[Session, ...]
    others: tuple[Compared, ...]


@dataclass(frozen=True, slots=True)
class WhyUnplaced:
    """A need that cannot be met: `slots` of it stay unmet after everything has been placed that can be."""

    service: str
    slots: int
    facts: tuple[Fact, ...]
    relaxations: tuple[Relaxation, ...]


@dataclass(frozen=True, slots=True)
class Wish:
    """A session somebody has in mind for a patient; None leaves open how, or with whom."""

    service: str
    day: int
    slot: int
    modality: str | None = None
    practitioner: Id | None = None

    def is_met_by(self, session: Session) -> bool:
        """Say whether the session is the one in mind."""
        return (
            (session.service, session.day, session.slot) == (self.service, self.day, self.slot)
            and self.modality in (None, session.modality)
            and (session.meeting is None or self.practitioner in (None, session.practitioner))
        )


@dataclass(frozen=True, slots=True)
class WhyNot:
    """Either facts that rule the session out, or the best week with it beside what the patient has.

    Where the patient has the session already, there are neither.
    """

    facts: tuple[Fact, ...]
    relaxations: tuple[Relaxation, ...]
    instead: Compared | None


def why_here(week: FrozenWeek, patient: Patient, *, count: int = _OFFERED) -> WhyHere:
    """Compare what the patient has with the next alternatives, had they nothing yet."""
    empty, sessions = _emptied(week, patient), _in_order(week, patient)
    parts, ranking = _parts(empty, patient, sessions), Ranking.of(week.instance.weights)
    others = (
        Compared(alternative, alternative.parts - parts)
        for alternative in place(empty, patient, count=count + 1)
        if _seen(alternative.sessions) != _seen(sessions) or ranking.number(alternative.parts) < ranking.number(parts)
    )
    return WhyHere(parts, sessions, tuple(islice(others, count)))


def why_unplaced(week: FrozenWeek, patient: Patient) -> tuple[WhyUnplaced, ...]:
    """Say of each need that no free seat or hour of the week can meet what prevents it, and what would help."""
    best = place(week, patient, count=1)[0]
    full = taking(week, patient, best)
    return tuple(_unplaced(full, patient, service, slots) for service, slots in best.unmet.items())


def _unplaced(week: FrozenWeek, patient: Patient, service: str, slots: int) -> WhyUnplaced:
    candidates = Candidates(week, patient, service)
    conflict = Conflict(candidates, slots)
    facts = conflict.irreducible()
    if conflict.most() < slots:
        text = f"the week has too few sessions of {f.in_words(service)} on different days that the patient could attend"
        facts = [*facts, Fact(f.TOO_FEW_OFFERED, text)]
    needed = sum(week.missing(patient).values()) - conflict.most()
    proven = (
        relaxation
        for relaxation in islice(conflict.relaxations(), _MOST_TRIALS if facts else 0)
        if relaxation.asks and _unmet_if_granted(week, patient, relaxation, service) <= needed
    )
    return WhyUnplaced(service, slots, tuple(facts), tuple(islice(proven, _OFFERED)))


def _unmet_if_granted(week: FrozenWeek, patient: Patient, relaxation: Relaxation, service: str) -> int:
    after, same = granted(week, patient, relaxation.asks, service)
    return place(after, same, count=1)[0].parts.unmet


def why_not(week: FrozenWeek, patient: Patient, wish: Wish) -> WhyNot:
    """Say what rules a session out, with all the patient's own sessions set aside; or what it would cost instead."""
    if any(_has(wish, session) for session in week.sessions.get(patient.id, ())):
        return WhyNot((), (), None)
    empty, asked = _emptied(week, patient), _only_with(patient, wish)
    candidates = Candidates(empty, asked, wish.service)
    candidates.keep(wish.is_met_by)
    slots = max((candidate.session.slots for candidate in candidates.all), default=0)
    if not slots or patient.needs.get(wish.service, 0) < slots:
        return WhyNot((_not_there(patient, wish),), (), None)
    conflict = Conflict(candidates, slots)
    facts = conflict.irreducible()
    if facts:
        return WhyNot(tuple(facts), tuple(islice(conflict.relaxations(), _OFFERED)), None)
    return WhyNot((), (), _with_wish(week, empty, patient, candidates))


def _has(wish: Wish, session: Session) -> bool:
    return wish.is_met_by(session) and wish.practitioner in (None, session.practitioner)


def _not_there(patient: Patient, wish: Wish) -> Fact:
    if not patient.needs.get(wish.service, 0):
        return Fact(f.TOO_FEW_OFFERED, f"the patient's plan requires no {f.in_words(wish.service)}")
    what = f"no {f.in_words(wish.service)} that the plan has room for can begin on {f.day_name(wish.day)}"
    return Fact(f.TOO_FEW_OFFERED, f"{what} at {f.clock(wish.slot)}", wish.day, wish.slot)


def _only_with(patient: Patient, wish: Wish) -> Patient:
    if wish.practitioner is None or wish.service != INDIVIDUAL:
        return patient
    return replace(patient, team=(wish.practitioner,) if wish.practitioner in patient.team else ())


def _with_wish(week: FrozenWeek, empty: FrozenWeek, patient: Patient, candidates: Candidates) -> Compared:
    """Give the patient the session first, then the best of everything else."""
    present = _parts(empty, patient, _in_order(week, patient))
    weeks = [
        place(taking(empty, patient, pinned), patient, count=1)[0]
        for candidate in candidates.all
        for pinned in _pinned(patient, candidate)
    ]
    compared = [Compared(one, _parts(empty, patient, one.sessions) - present) for one in weeks]
    ranking = Ranking.of(week.instance.weights)
    return min(compared, key=lambda one: ranking.number(one.difference))


def _pinned(patient: Patient, candidate: Candidate) -> Iterator[Alternative]:
    """Yield each way to have this session and nothing else."""
    session = candidate.session
    for holder, way in zip(candidate.holders, candidate.ways, strict=True):
        if way:
            continue
        if session.meeting is not None:
            yield Alternative((session.meeting,), (), (session,), Parts(), {}, {})
        else:
            visit = Visit(patient.id, session.service, session.day, session.slot, session.modality, holder.practitioner)
            yield Alternative((), (visit,), (session,), Parts(), {}, {})


def _emptied(week: FrozenWeek, patient: Patient) -> FrozenWeek:
    """Return the week as if the patient had nothing in it; the seats given back are free."""
    seats = {meeting.number: meeting.seats + (patient.id in meeting.group.members) for meeting in week.meetings}
    return FrozenWeek(week.instance, without(week.timetable, patient.id), seats)


def _in_order(week: FrozenWeek, patient: Patient) -> tuple[Session, ...]:
    return sessions_with(week, patient, (), ())


def _parts(empty: FrozenWeek, patient: Patient, sessions: Sequence[Session]) -> Parts:
    visits = [
        Visit(patient.id, session.service, session.day, session.slot, session.modality, session.practitioner)
        for session in sessions
        if session.meeting is None
    ]
    return parts_of(empty, patient, sessions, visits=visits, prices={})


def _seen(sessions: Sequence[Session]) -> frozenset[tuple[object, ...]]:
    """What a person sees of a week: its groups, and its days."""
    meetings = {(s.service, s.day, s.slot, s.modality) for s in sessions if s.meeting is not None}
    return frozenset({*meetings, *((session.day, session.modality) for session in sessions)})
