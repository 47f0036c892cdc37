"""For whom a seat is kept. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.contracts.records.treatment_plans import PatientSeating
from services.contracts.scheduler.held_seats import HeldSeatsRule
from services.scheduler.bookings.facts import SessionFacts
from services.scheduler.bookings.rules import Interval, rules_broken
from services.scheduler.held_seats.sessions import WeekSession
from services.scheduler.weeks import part_of


@dataclass(frozen=True, slots=True)
class HeldBack:
    """So many of a session's free seats are not for this patient before they are released."""

    seats: int
    released_at: datetime


def is_scarce(rule: HeldSeatsRule, session: SessionFacts) -> bool:
    """Say whether the session starts in a part of the week in which seats are kept."""
    return part_of(session.start.astimezone(session.zone)) in rule.parts


@dataclass(frozen=True, slots=True)
class PatientsWeek:
    """A site's week as one patient sees it now, and when that patient is busy."""

    sessions: Sequence[WeekSession]
    seating: PatientSeating
    busy: Sequence[Interval]
    now: datetime


def choices(rule: HeldSeatsRule, session: WeekSession, week: PatientsWeek) -> int:
    """Count the other sessions of the service that the patient could have that week without taking a scarce seat."""
    service = session.facts.service
    own = [one.facts for one in week.sessions if one.is_mine and one.facts.service is not service]
    return sum(
        one.id != session.id
        and one.facts.service is service
        and not one.is_mine
        and one.free > 0
        and one.facts.start > week.now
        and not is_scarce(rule, one.facts)
        and not rules_broken(one.facts, week.seating, busy=week.busy, others=own)
        for one in week.sessions
    )


def held_back(rule: HeldSeatsRule, session: WeekSession, week: PatientsWeek) -> HeldBack | None:
    """Say what is kept from a patient in a session; None where nothing is, or it is kept for them."""
    released_at = session.facts.start - timedelta(minutes=rule.release_minutes)
    if not rule.enabled or not session.facts.service.is_group or released_at <= week.now:
        return None
    if not is_scarce(rule, session.facts) or choices(rule, session, week) <= rule.few_choices:
        return None
    return HeldBack(rule.seats, released_at)
