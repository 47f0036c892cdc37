"""Whether a patient fits into a session: what the plan, the calendar and the day say. Pure.

Seats and whom to keep apart are not here: they are told in one and the same refusal, by the caller.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from services.contracts.identifiers import PractitionerId
from services.contracts.records.treatment_plans import PatientSeating
from services.contracts.scheduler.bookings import BrokenRule
from services.contracts.vocabulary import Modality, ServiceKind
from services.scheduler.bookings.facts import SessionFacts
from services.scheduler.solver.limits import RuleLimits
from services.scheduler.weeks import SLOT

LIMITS: Final = RuleLimits()

Interval = tuple[datetime, datetime]

Licensed = Mapping[PractitionerId, Collection[str]]
"""Where each practitioner of a session may treat on its day."""


def way_of(modality: Modality, seating: PatientSeating) -> timedelta:
    """Return how long a patient is on the way to a session, one way."""
    return timedelta(minutes=seating.travel_minutes if modality is Modality.ON_SITE else 0)


def has_left(session: SessionFacts, seating: PatientSeating) -> bool:
    """Say whether the patient's last day lies before a session."""
    return seating.left_on is not None and seating.left_on < session.day


def plan_rules_broken(session: SessionFacts, seating: PatientSeating) -> list[BrokenRule]:
    """Say what of the stay and the plan speaks against a session.

    Without a plan only a discharge does: an assessment comes before the plan, and an admission before who comes back.
    """
    if has_left(session, seating):
        sentence = "the patient is discharged by then; an admission or a plan has to say first that they come back"
        return [BrokenRule(code="discharged", sentence=sentence)]
    plan = seating.plan
    if plan is None:
        return []
    facts = (
        (session.service in plan.services, "service-not-planned", "the patient's plan does not have this service"),
        (session.track in {None, plan.track}, "other-track", "the session is of another track than the patient's"),
        (
            session.language is None or session.language in plan.languages,
            "other-language",
            "the session is held in a language that the patient's plan does not name",
        ),
        (
            session.modality in plan.modalities,
            "modality-not-planned",
            "the patient's plan does not allow sessions of this kind: on site, or by telehealth",
        ),
    )
    return [BrokenRule(code=code, sentence=sentence) for holds, code, sentence in facts if not holds]


def session_by_telehealth_broken(session: SessionFacts, licensed: Licensed) -> list[BrokenRule]:
    """Say why nobody at all may have this session by telehealth."""
    facts = (
        (
            session.service is not ServiceKind.NURSE_VISIT,
            "service-needs-presence",
            "this service cannot be given by telehealth",
        ),
        (bool(licensed), "practitioner-missing", "nobody leads the session, so nobody's licence can be looked at"),
    )
    return [BrokenRule(code=code, sentence=sentence) for holds, code, sentence in facts if not holds]


def patient_by_telehealth_broken(
    session: SessionFacts, seating: PatientSeating, licensed: Licensed
) -> list[BrokenRule]:
    """Say what is missing for one patient: consent by that day, and a licence for where the patient is."""
    consented_on = None if seating.plan is None else seating.plan.telehealth_consented_on
    where = None if seating.plan is None else seating.plan.telehealth_jurisdiction
    facts = (
        (
            consented_on is not None and consented_on <= session.day,
            "telehealth-not-consented",
            "a patient's consent to telehealth by that day is not in the plan",
        ),
        (where is not None, "jurisdiction-unknown", "the plan does not say where a patient is during telehealth"),
        (
            where is None or all(where in jurisdictions for jurisdictions in licensed.values()),
            "practitioner-not-licensed",
            f"a practitioner of the session has no licence for {where} on that day",
        ),
    )
    return [BrokenRule(code=code, sentence=sentence) for holds, code, sentence in facts if not holds]


def telehealth_rules_broken(session: SessionFacts, seating: PatientSeating, licensed: Licensed) -> list[BrokenRule]:
    """Say what a session by telehealth demands beyond the plan; where that rules telehealth out, nothing is asked."""
    if seating.plan is not None and Modality.TELEHEALTH not in seating.plan.modalities:
        return []
    return [
        *session_by_telehealth_broken(session, licensed),
        *patient_by_telehealth_broken(session, seating, licensed),
    ]


def calendar_rules_broken(session: SessionFacts, seating: PatientSeating, busy: Iterable[Interval]) -> list[BrokenRule]:
    """Say whether the session, the way included, meets a commitment of the patient."""
    way = way_of(session.modality, seating)
    if any(start < session.end + way and session.start - way < end for start, end in busy):
        sentence = "the session collides with a commitment of the patient, the way included"
        return [BrokenRule(code="commitment-collides", sentence=sentence)]
    return []


def day_rules_broken(
    session: SessionFacts, others: Collection[SessionFacts], limits: RuleLimits = LIMITS
) -> list[BrokenRule]:
    """Say what the patient's other sessions speak against one more."""
    return list(_day_rules(session, others, limits))


def _day_rules(session: SessionFacts, others: Collection[SessionFacts], limits: RuleLimits) -> Iterator[BrokenRule]:
    day = session.day
    same_day = [other for other in others if other.start.astimezone(session.zone).date() == day]
    if any(session.meets(other) for other in others):
        yield BrokenRule(code="patient-booked", sentence="the patient has a seat at that time already")
    elif any(other.service is session.service for other in same_day):
        yield BrokenRule(code="service-twice-a-day", sentence="the patient has this service on that day already")
    length = sum((other.end - other.start for other in same_day), session.end - session.start)
    if length > limits.day_slots * SLOT:
        hours = limits.day_slots * SLOT / timedelta(hours=1)
        yield BrokenRule(
            code="day-too-long",
            sentence=f"the patient's day would have more than {hours:g} h of sessions{_by(limits, 'day_slots')}",
        )
    if session.service is ServiceKind.NURSE_VISIT and _is_near(session, others, limits.nurse_days_apart):
        sentence = f"specimen days lie at least {limits.nurse_days_apart} days apart{_by(limits, 'nurse_days_apart')}"
        yield BrokenRule(code="nurse-visits-too-close", sentence=sentence)


def _by(limits: RuleLimits, limit: str) -> str:
    """Say whose figure a limit is, where that is known."""
    source = limits.citations.get(limit)
    return "" if source is None else f" ({source})"


def _is_near(session: SessionFacts, others: Iterable[SessionFacts], days: int) -> bool:
    day = session.day
    visits = (other for other in others if other.service is session.service)
    return any(0 < abs((other.start.astimezone(session.zone).date() - day).days) < days for other in visits)


def rules_broken(
    session: SessionFacts,
    seating: PatientSeating,
    *,
    busy: Iterable[Interval],
    others: Sequence[SessionFacts],
    limits: RuleLimits = LIMITS,
) -> list[BrokenRule]:
    """Say everything that speaks against giving a patient this session."""
    return [
        *day_rules_broken(session, others, limits),
        *calendar_rules_broken(session, seating, busy),
        *plan_rules_broken(session, seating),
    ]
