"""What the solver says of one patient, in the words of the API. Pure."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from uuid import UUID

from services.contracts.identifiers import CommitmentSourceId, GroupOfferingId, PatientId, PractitionerId
from services.contracts.scheduler.placements import (
    AskCode,
    CapacityAdvice,
    CapacityKind,
    FactCode,
    PlacedSession,
    PlacementAlternative,
    PlacementAsk,
    PlacementFact,
    PlacementReason,
    PlacementScore,
    Relaxation,
    UnmetMinutes,
    UnplacedNeed,
)
from services.contracts.scheduler.transport import MissingRide
from services.contracts.scheduler.visits import RecommendedVisit
from services.contracts.vocabulary import Modality, ServiceKind
from services.scheduler.placements.rules import BookedWeek, SessionPlace
from services.scheduler.solver.interactive import facts as f
from services.scheduler.solver.interactive.answers import WhyUnplaced
from services.scheduler.solver.interactive.capacity import Advice
from services.scheduler.solver.interactive.conflicts import Relaxation as SolverRelaxation
from services.scheduler.solver.interactive.facts import Ask, Fact
from services.scheduler.solver.interactive.frozen import Session
from services.scheduler.solver.interactive.place import Alternative
from services.scheduler.solver.interactive.ranking import Parts
from services.scheduler.weeks import SLOT_MINUTES, WeekGrid

SourcesOf = Callable[[datetime, datetime], list[CommitmentSourceId]]
"""Finds the sources that know of the patient's commitments in a time."""


def score_of(parts: Parts) -> PlacementScore:
    """Write down what a week costs."""
    return PlacementScore(
        unmet_minutes=parts.unmet * SLOT_MINUTES,
        changes=parts.changes,
        preference=parts.preference,
        trips=parts.trips,
        idle_minutes=parts.idle * SLOT_MINUTES,
        scarcity=parts.scarcity,
        continuity=parts.continuity,
        balance_minutes=parts.balance * SLOT_MINUTES,
    )


class WeekTelling:
    """Tells of one patient's week; instants carry the site's offset."""

    def __init__(self, booked: BookedWeek, mates: AbstractSet[PatientId] = frozenset()) -> None:
        self._booked = booked
        self._mates = frozenset(map(str, mates))
        self._had = frozenset(booked.week.sessions.get(booked.patient.id, ()))

    def session(self, session: Session) -> PlacedSession:
        """Write a session down, with the appointment behind it where there is one."""
        start, end = self._booked.grid.span(session.day, session.slot, session.slots)
        place = SessionPlace(self._booked.patient.id, session.service, session.day, session.slot)
        of_group = None if session.meeting is None else self._booked.groups[session.meeting]
        return PlacedSession(
            appointment_id=self._booked.visits.get(place) if session.meeting is None else of_group,
            is_new=session not in self._had,
            service=ServiceKind(session.service),
            modality=Modality(session.modality),
            start=start,
            end=end,
            practitioner_id=_practitioner(session.practitioner),
        )

    def sessions(self, sessions: Iterable[Session]) -> list[PlacedSession]:
        """Write sessions down."""
        return [self.session(session) for session in sessions]

    def visit(self, session: Session, reasons: list[PlacementReason]) -> RecommendedVisit:
        """Write a visit down that could be."""
        start, end = self._booked.grid.span(session.day, session.slot, session.slots)
        return RecommendedVisit(
            service=ServiceKind(session.service),
            modality=Modality(session.modality),
            start=start,
            end=end,
            practitioner_id=_practitioner(session.practitioner),
            reasons=reasons,
        )

    def alternative(
        self, alternative: Alternative, difference: Parts, missing_rides: Sequence[MissingRide] = ()
    ) -> PlacementAlternative:
        """Write one way to place the patient down, beside what it is compared with and the ways that nobody drives."""
        return PlacementAlternative(
            sessions=self.sessions(alternative.sessions),
            score=score_of(alternative.parts),
            difference=score_of(difference),
            unmet=unmet_of(alternative.unmet),
            cohort_mates=self.mates_met(alternative),
            reasons=[*self._reasons(alternative), *_about_rides(missing_rides)],
            missing_rides=list(missing_rides),
        )

    def mates_met(self, alternative: Alternative) -> int:
        """Return how many others of the cohort the patient would meet in groups."""
        groups = self._booked.week.timetable.groups
        sat_with = (groups[one.meeting].members for one in alternative.sessions if one.meeting is not None)
        return len(self._mates & {member for members in sat_with for member in members})

    def _reasons(self, alternative: Alternative) -> Iterable[PlacementReason]:
        parts = alternative.parts
        days = sorted({session.day for session in alternative.sessions})
        if days:
            yield PlacementReason(code="days", sentence=f"comes on {', '.join(map(f.day_name, days))}")
        for service, slots in alternative.unmet.items():
            text = f"{slots * SLOT_MINUTES} minutes of {f.in_words(service)} have no place"
            yield PlacementReason(code="unmet", sentence=text)
        for number, price in alternative.scarce.items():
            meeting = self._booked.week.meetings[number]
            when = f"{f.day_name(meeting.group.day)} at {f.clock(meeting.group.slot)}"
            text = f"people with fewer choices are expected to need a seat of the {f.in_words(meeting.kind.service)}"
            yield PlacementReason(code="scarce_seat", sentence=f"{text} on {when}; it counts {price} points")
        if parts.idle:
            yield PlacementReason(code="waiting", sentence=f"waits {parts.idle * SLOT_MINUTES} minutes in all")
        if self._mates:
            text = f"meets {self.mates_met(alternative)} of the {len(self._mates)} others of the cohort in groups"
            yield PlacementReason(code="cohort", sentence=text)
        if parts.continuity:
            yield PlacementReason(code="continuity", sentence="not every session is with the primary practitioner")

    def unplaced(self, need: WhyUnplaced, sources: SourcesOf) -> UnplacedNeed:
        """Write down why a need has no place."""
        return UnplacedNeed(
            service=ServiceKind(need.service),
            minutes=need.slots * SLOT_MINUTES,
            facts=self.facts(need.facts, sources),
            relaxations=self.relaxations(need.relaxations),
        )

    def facts(self, facts: Sequence[Fact], sources: SourcesOf) -> list[PlacementFact]:
        """Write facts down, each with what it is known from."""
        return [self._fact(fact, sources) for fact in facts]

    def _fact(self, fact: Fact, sources: SourcesOf) -> PlacementFact:
        code, sentence = FactCode(fact.code), fact.sentence
        if fact.number is not None and fact.number >= self._booked.known:
            code, sentence = FactCode.OVER, "these hours of the week are over, or too close to get there"
        released_at = None if fact.meeting is None else self._booked.held.get(fact.meeting)
        if fact.code == f.SEATS_TAKEN and released_at is not None:
            until = self._booked.grid.local(released_at).isoformat()
            code = FactCode.SEATS_HELD_BACK
            sentence = f"what is free then is kept for people who can come at few other times, until {until}"
        start, end = self._span(fact.day, fact.start, fact.end)
        is_known = code is FactCode.COMMITMENT and start is not None and end is not None
        return PlacementFact(
            code=code,
            sentence=sentence,
            start=start,
            end=end,
            appointment_id=None if fact.meeting is None else self._booked.groups[fact.meeting],
            practitioner_id=_practitioner(fact.practitioner),
            commitment_source_ids=sources(start, end) if is_known and start is not None and end is not None else [],
            citation=self._citation(fact),
        )

    def _citation(self, fact: Fact) -> str | None:
        """Name whose figure it is: of this patient's payer, of the kind of group, or of the week."""
        citations = self._booked.week.instance.limits.citations
        if fact.code == f.SEATS_TAKEN and fact.meeting is not None:
            return citations.get(f"group_size:{self._booked.week.meetings[fact.meeting].kind.code}")
        if fact.rule is None:
            return None
        return citations.get(f"{fact.rule}:{self._booked.patient.id}") or citations.get(fact.rule)

    def _span(self, day: int | None, start: int | None, end: int | None) -> tuple[datetime | None, datetime | None]:
        if day is None or start is None or end is None:
            return None, None
        return self._booked.grid.span(day, start, end - start)

    def relaxations(self, relaxations: Sequence[SolverRelaxation]) -> list[Relaxation]:
        """Write down what could be asked for; hours that are over cannot."""
        return [
            Relaxation(effort=one.effort, asks=[self._ask(ask) for ask in one.asks])
            for one in relaxations
            if not any(self._is_over(ask) for ask in one.asks)
        ]

    def _ask(self, ask: Ask) -> PlacementAsk:
        start, end = self._span(ask.day, ask.start, ask.end)
        return PlacementAsk(code=AskCode(ask.code), sentence=ask.sentence, start=start, end=end)

    def _is_over(self, ask: Ask) -> bool:
        over = self._booked.patient.commitments[self._booked.known :]
        if ask.code != "free_time" or ask.day is None or ask.start is None or ask.end is None:
            return False
        return any(hours.touches(ask.day, ask.start, ask.end) for hours in over)


def _about_rides(missing: Sequence[MissingRide]) -> list[PlacementReason]:
    if not missing:
        return []
    sentence = f"no run with a free seat serves {len(missing)} of the ways there and home"
    return [PlacementReason(code="no-ride", sentence=sentence)]


_TAKES = {
    CapacityKind.GROUP: "one more {what}, {when}: somebody to lead it and a place are free",
    CapacityKind.ROOM: "a group room on {when}, for one more {what}",
    CapacityKind.SHIFT: "one more shift, {when}, for {what}",
}


def advice_of(advice: Advice, grid: WeekGrid) -> CapacityAdvice:
    """Write down one thing more and what it would do."""
    kind, minutes = CapacityKind(advice.lacks), advice.slots * SLOT_MINUTES
    start, end = grid.span(advice.day, advice.start, advice.end - advice.start)
    when = f.when(advice.day, advice.start, advice.end)
    takes = _TAKES[kind].format(what=f.in_words(advice.service), when=when)
    return CapacityAdvice(
        kind=kind,
        sentence=f"{takes}; at least {minutes} minutes for {len(advice.members)} people",
        group_offering_id=None if advice.kind is None else GroupOfferingId(UUID(advice.kind)),
        service=ServiceKind(advice.service),
        modality=None if advice.modality is None else Modality(advice.modality),
        start=start,
        end=end,
        track=advice.track,
        language=advice.language,
        practitioner_id=_practitioner(advice.practitioner),
        people=len(advice.members),
        minutes=minutes,
    )


def unmet_of(unmet: Mapping[str, int]) -> list[UnmetMinutes]:
    """Write down what a week does not deliver."""
    return [
        UnmetMinutes(service=ServiceKind(service), minutes=slots * SLOT_MINUTES) for service, slots in unmet.items()
    ]


def _practitioner(identifier: int | str | None) -> PractitionerId | None:
    return None if identifier is None else PractitionerId(UUID(str(identifier)))
