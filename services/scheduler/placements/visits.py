"""Which visits a patient could have beside what the week holds, and in which order a front desk would offer them. Pure.

With whom comes before when: somebody who is seen by another person each time tells the same story again.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from services.contracts.scheduler.placements import PlacementReason
from services.contracts.vocabulary import Modality, ServiceKind
from services.scheduler.placements.rules import BookedWeek
from services.scheduler.solver.instance import Id
from services.scheduler.solver.interactive.candidates import Candidates
from services.scheduler.solver.interactive.frozen import Session


@dataclass(frozen=True, slots=True)
class Offered:
    """A visit that nothing stands against, and how it compares with others."""

    session: Session
    is_with_wanted: bool
    is_with_known: bool
    is_further_trip: bool
    minded: int
    gap: int

    @property
    def order(self) -> tuple[object, ...]:
        """What speaks for it, the most first."""
        session = self.session
        return (
            not self.is_with_wanted,
            not self.is_with_known,
            self.is_further_trip,
            self.minded,
            self.gap,
            session.modality != Modality.ON_SITE.value,
            session.day,
            session.slot,
            str(session.practitioner),
        )

    def reasons(self) -> Iterator[PlacementReason]:
        """Say what speaks for it, and what it costs."""
        facts = (
            (self.is_with_wanted, "same-practitioner", "the person who is asked for, or the primary one, holds it"),
            (
                not self.is_with_wanted and self.is_with_known,
                "known-practitioner",
                "somebody the patient sees holds it",
            ),
            (not self.is_further_trip, "no-further-trip", "it takes no further trip to the site"),
            (self.minded > 0, "minded-time", "it is at a time that the plan minds"),
        )
        return (PlacementReason(code=code, sentence=sentence) for holds, code, sentence in facts if holds)


def recommended_visits(booked: BookedWeek, service: ServiceKind, wanted: Id | None, limit: int) -> list[Offered]:
    """Return the best visits of a service, the best one first, no two on one day with the same person.

    There is none of which the plan asks for no more: nobody could take it.
    """
    week, patient = booked.week, booked.patient
    if week.missing(patient).get(service.value, 0) < week.instance.visit_slots(patient, service.value):
        return []
    best: dict[tuple[int, Id | None], Offered] = {}
    for offered in _offered(booked, service.value, wanted or booked.patient.primary):
        alike = (offered.session.day, offered.session.practitioner)
        if alike not in best or offered.order < best[alike].order:
            best[alike] = offered
    return sorted(best.values(), key=lambda one: one.order)[:limit]


def _offered(booked: BookedWeek, service: str, wanted: Id | None) -> Iterator[Offered]:
    patient, own = booked.patient, booked.week.sessions.get(booked.patient.id, ())
    known = {session.practitioner for session in own} - {None}
    days = {session.day for session in own if session.modality == Modality.ON_SITE.value}
    for candidate in Candidates(booked.week, patient, service).all:
        session = candidate.session
        for holder in candidate.holders:
            if not candidate.obstacles | holder.obstacles:
                who = holder.practitioner
                yield Offered(
                    session._replace(practitioner=who),
                    is_with_wanted=who is not None and who == wanted,
                    is_with_known=who in known,
                    is_further_trip=session.modality == Modality.ON_SITE.value and session.day not in days,
                    minded=patient.preference.cost(session.day, session.slot),
                    gap=_gap(session, own),
                )


def _gap(session: Session, own: tuple[Session, ...] | list[Session]) -> int:
    """Return the slots between it and the nearest session of the day; none where there is no other."""
    that_day = [one for one in own if one.day == session.day]
    return min((max(one.slot - session.end, session.slot - one.end) for one in that_day), default=0)
