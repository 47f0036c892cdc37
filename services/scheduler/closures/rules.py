"""What is true of a closure: which sessions it concerns and how, and what that leaves people of their week. Pure."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from services.contracts.identifiers import AppointmentId, ClosureId, PatientId
from services.contracts.records.treatment_plans import WeekRequirements
from services.contracts.scheduler.closures import ClosedSession, ClosurePolicy, ClosureShortfall, SessionOutcome
from services.contracts.vocabulary import Modality
from services.scheduler.appointments.book import BookedSession
from services.scheduler.bookings.facts import SessionFacts, seating_in
from services.scheduler.bookings.rules import Licensed, patient_by_telehealth_broken, session_by_telehealth_broken


@dataclass(frozen=True, slots=True)
class Effect:
    """What a closure makes of a session."""

    session: BookedSession
    outcome: SessionOutcome
    kept: tuple[PatientId, ...]
    lost: tuple[PatientId, ...]

    def to_contract(self, zone: ZoneInfo) -> ClosedSession:
        """Write it down with the site's offset."""
        return ClosedSession(
            appointment_id=self.session.id,
            service=self.session.service,
            start=self.session.start.astimezone(zone),
            end=self.session.end.astimezone(zone),
            outcome=self.outcome,
            kept_patient_ids=list(self.kept),
            lost_patient_ids=list(self.lost),
        )


Video = AbstractSet[tuple[AppointmentId, PatientId]]
"""Who may go on in which session by video."""


def effects_of(sessions: Iterable[BookedSession], policy: ClosurePolicy, video: Video) -> list[Effect]:
    """Return what becomes of the sessions that lie in the hours, in order of time."""
    found = (_effect(session, policy, video) for session in sessions)
    return sorted((one for one in found if one is not None), key=lambda one: (one.session.start, one.session.id))


def _effect(session: BookedSession, policy: ClosurePolicy, video: Video) -> Effect | None:
    members = sorted(session.members)
    if policy is not ClosurePolicy.TELEHEALTH:
        return Effect(session, SessionOutcome.CANCELLED, (), tuple(members))
    if session.modality is Modality.TELEHEALTH:
        return None
    kept = tuple(member for member in members if (session.id, member) in video)
    lost = tuple(member for member in members if (session.id, member) not in video)
    return Effect(session, SessionOutcome.TELEHEALTH if kept else SessionOutcome.CANCELLED, kept, lost)


@dataclass(frozen=True, slots=True)
class WeekBook:
    """A week of the site: what plans require of it, and the minutes that each patient is booked for."""

    requirements: WeekRequirements
    minutes: Mapping[PatientId, int] = field(default_factory=dict)


def by_video(
    session: BookedSession, week: WeekRequirements, licensed: Licensed, zone: ZoneInfo
) -> set[tuple[AppointmentId, PatientId]]:
    """Return who may go on in a session by video: by the plan, with consent by that day, and licensed for where."""
    facts = SessionFacts(session.service, Modality.TELEHEALTH, session.start, session.end, None, None, zone)
    if session_by_telehealth_broken(facts, licensed):
        return set()
    return {
        (session.id, plan.patient_id)
        for plan in week.patients
        if plan.patient_id in session.members
        and Modality.TELEHEALTH in plan.modalities
        and not patient_by_telehealth_broken(facts, seating_in(plan), licensed)
    }


def shortfalls_of(effects: Sequence[Effect], weeks: Sequence[WeekBook], zone: ZoneInfo) -> list[ClosureShortfall]:
    """Return what remains to whoever loses a session, in the order of weeks and patients."""
    lost = Counter[tuple[date, PatientId]]()
    for effect in effects:
        minutes = (effect.session.end - effect.session.start) // timedelta(minutes=1)
        lost.update({(monday_of(effect.session.start, zone), patient_id): minutes for patient_id in effect.lost})
    by_monday = {week.requirements.week: week for week in weeks}
    return [_shortfall(by_monday[week], patient_id, minutes) for (week, patient_id), minutes in sorted(lost.items())]


def _shortfall(week: WeekBook, patient_id: PatientId, lost: int) -> ClosureShortfall:
    required = sum(
        service.minutes_per_week
        for patient in week.requirements.patients
        if patient.patient_id == patient_id
        for service in patient.required_services
    )
    before = week.minutes.get(patient_id, 0)
    return ClosureShortfall(
        patient_id=patient_id,
        week=week.requirements.week,
        required_minutes=required,
        minutes_before=before,
        minutes_after=before - lost,
        shortfall_minutes=max(0, required - (before - lost)),
    )


def monday_of(instant: datetime, zone: ZoneInfo) -> date:
    """Return the Monday of the week, in a zone, in which an instant lies."""
    day = instant.astimezone(zone).date()
    return day - timedelta(days=day.weekday())


def mondays_between(start: datetime, end: datetime, zone: ZoneInfo) -> Iterator[date]:
    """Yield the Monday of each week that an interval meets."""
    monday = monday_of(start, zone)
    while monday <= monday_of(end - timedelta(microseconds=1), zone):
        yield monday
        monday += timedelta(days=7)


def dedupe_key(closure_id: ClosureId, appointment_id: AppointmentId, patient_id: PatientId) -> str:
    """Name what a closure tells one patient of one session."""
    return f"closure:{closure_id}:{appointment_id}:{patient_id}"
