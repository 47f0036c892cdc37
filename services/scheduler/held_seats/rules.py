"""For whom a seat is kept. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from services.contracts.records.treatment_plans import PatientSeating
from services.contracts.scheduler.held_seats import HeldSeatsRule
from services.scheduler.bookings.facts import SessionFacts
from services.scheduler.bookings.rules import Interval, rules_broken
from services.scheduler.held_seats.sessions import WeekSession
from services.scheduler.weekly_held_seats.kept import WeeklyKept
from services.scheduler.weeks import part_of

_MINUTE: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class KeepingRules:
    """What keeps seats of a week: the site's rule for scarce parts of it, where one is on, and those of its groups."""

    scarce: HeldSeatsRule | None
    weekly: Sequence[WeeklyKept]

    def of_group(self, session: SessionFacts) -> Iterator[WeeklyKept]:
        """Yield what the kinds of group that the session is of keep, of every length as long as it."""
        minutes = (session.end - session.start) // _MINUTE
        return (one for one in self.weekly if (one.service, one.minutes) == (session.service, minutes))

    def is_scarce(self, session: SessionFacts) -> bool:
        """Say whether the session starts in a part of the week in which seats are kept."""
        return self.scarce is not None and part_of(session.start.astimezone(session.zone)) in self.scarce.parts

    def open_seats(self, session: WeekSession) -> int:
        """Count the free seats that nothing keeps; those of a session in a scarce part are all scarce."""
        if self.is_scarce(session.facts):
            return 0
        return session.free - max((one.seats for one in self.of_group(session.facts)), default=0)


@dataclass(frozen=True, slots=True)
class HeldBack:
    """So many of a session's free seats are not for this patient before they are released."""

    seats: int
    released_at: datetime


@dataclass(frozen=True, slots=True)
class PatientsWeek:
    """A site's week as one patient sees it now, and when that patient is busy."""

    sessions: Sequence[WeekSession]
    seating: PatientSeating
    busy: Sequence[Interval]
    now: datetime


def choices(rules: KeepingRules, session: WeekSession, week: PatientsWeek) -> int:
    """Count the other sessions of the service that the patient could have that week without taking a kept seat."""
    service = session.facts.service
    own = [one.facts for one in week.sessions if one.is_mine and one.facts.service is not service]
    return sum(
        one.id != session.id
        and one.facts.service is service
        and not one.is_mine
        and rules.open_seats(one) > 0
        and one.facts.start > week.now
        and not rules_broken(one.facts, week.seating, busy=week.busy, others=own)
        for one in week.sessions
    )


def held_back(rules: KeepingRules, session: WeekSession, week: PatientsWeek) -> HeldBack | None:
    """Say what is kept from a patient in a session; None where nothing is, or it is kept for them.

    Where several rules keep seats of one session, it is the one that keeps the most, and then the longest.
    """
    kept = [(few, held) for few, held in _kept_in(rules, session.facts) if held.released_at > week.now]
    if not kept or not session.facts.service.is_group:
        return None
    others = choices(rules, session, week)
    return max(
        (held for few, held in kept if others > few), key=lambda held: (held.seats, held.released_at), default=None
    )


def _kept_in(rules: KeepingRules, session: SessionFacts) -> Iterator[tuple[int, HeldBack]]:
    """Yield the choices that are few, and what is kept from whoever has more."""
    if rules.scarce is not None and rules.is_scarce(session):
        released_at = session.start - timedelta(minutes=rules.scarce.release_minutes)
        yield rules.scarce.few_choices, HeldBack(rules.scarce.seats, released_at)
    for one in rules.of_group(session):
        yield one.few_choices, HeldBack(one.seats, one.released_at)
