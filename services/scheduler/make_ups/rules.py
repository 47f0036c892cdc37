"""Which seats would do for a missed session, and in which order a front desk would offer them. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final

from services.contracts.identifiers import AppointmentId, PatientId, PractitionerId
from services.contracts.records.treatment_plans import PatientSeating
from services.contracts.scheduler.make_ups import RecommendedSeat, SeatReason
from services.contracts.vocabulary import Modality
from services.scheduler.bookings.facts import SessionFacts
from services.scheduler.bookings.rules import Interval, rules_broken
from services.scheduler.held_seats.rules import HeldBack

_TO_SUNDAY: Final = timedelta(days=6)
_MINUTE: Final = timedelta(minutes=1)


def due_of(week: date) -> date:
    """Return the last day on which a session missed in a week may be made up for: its Sunday."""
    return week + _TO_SUNDAY


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A session ahead with a free seat, and who is there: for what it rules out, never to be shown."""

    id: AppointmentId
    facts: SessionFacts
    practitioner_id: PractitionerId | None
    free_seats: int
    people: frozenset[PatientId]


@dataclass(frozen=True, slots=True)
class Missed:
    """What is to be made up for; `others` is what else the patient has that week."""

    minutes: int
    practitioner_id: PractitionerId | None
    others: Sequence[SessionFacts]
    busy: Sequence[Interval]


def without_kept(sessions: Iterable[OpenSession], kept: Mapping[AppointmentId, HeldBack]) -> Iterator[OpenSession]:
    """Yield the sessions with the seats that are the patient's to take; what is kept for others counts as taken."""
    for session in sessions:
        held = kept.get(session.id)
        free = session.free_seats - (0 if held is None else held.seats)
        if free > 0:
            yield replace(session, free_seats=free)


def recommended(
    sessions: Iterable[OpenSession], missed: Missed, seating: PatientSeating, *, limit: int
) -> list[RecommendedSeat]:
    """Return the seats that fit, the best first.

    A seat that covers what was missed comes before one that covers a part, a known face before a new one, a day on
    which the patient comes anyway before a further trip, and a group with room before the last seat of another.
    """
    kept_apart = set(seating.no_contact)
    fitting = [
        session
        for session in sessions
        if session.people.isdisjoint(kept_apart)
        and not rules_broken(session.facts, seating, busy=missed.busy, others=missed.others)
    ]
    return [_seat(session, missed) for session in sorted(fitting, key=lambda one: _order(one, missed))[:limit]]


def _order(session: OpenSession, missed: Missed) -> tuple[object, ...]:
    return (
        max(0, missed.minutes - _minutes(session)),
        session.practitioner_id is None or session.practitioner_id != missed.practitioner_id,
        _is_a_further_trip(session, missed),
        -session.free_seats,
        session.facts.start,
        session.id,
    )


def _minutes(session: OpenSession) -> int:
    return (session.facts.end - session.facts.start) // _MINUTE


def _is_a_further_trip(session: OpenSession, missed: Missed) -> bool:
    if session.facts.modality is not Modality.ON_SITE:
        return False
    days = {other.start.astimezone(other.zone).date() for other in missed.others if other.modality is Modality.ON_SITE}
    return session.facts.start.astimezone(session.facts.zone).date() not in days


def _seat(session: OpenSession, missed: Missed) -> RecommendedSeat:
    facts, minutes = session.facts, _minutes(session)
    return RecommendedSeat(
        appointment_id=session.id,
        modality=facts.modality,
        start=facts.start.astimezone(facts.zone),
        end=facts.end.astimezone(facts.zone),
        minutes=minutes,
        practitioner_id=session.practitioner_id,
        free_seats=session.free_seats,
        reasons=_reasons(session, missed, minutes),
    )


def _reasons(session: OpenSession, missed: Missed, minutes: int) -> list[SeatReason]:
    short = missed.minutes - minutes
    facts = (
        (short <= 0, "covers-all", "it covers everything that was missed"),
        (short > 0, "covers-part", f"it covers {minutes} of the {missed.minutes} minutes missed"),
        (
            session.practitioner_id is not None and session.practitioner_id == missed.practitioner_id,
            "same-practitioner",
            "the same practitioner leads it",
        ),
        (not _is_a_further_trip(session, missed), "no-further-trip", "it takes no further trip to the site"),
        (session.free_seats == 1, "last-seat", "it is the last free seat there"),
    )
    return [SeatReason(code=code, sentence=sentence) for holds, code, sentence in facts if holds]
