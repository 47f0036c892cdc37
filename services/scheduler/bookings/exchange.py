"""What is allowed where a booked seat is exchanged for another one, or for a free one."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Protocol

from services.chassis.clock import Clock
from services.chassis.database import UnitOfWork
from services.chassis.errors import NotFoundError
from services.contracts.identifiers import AppointmentId, OrganizationId, PatientId, SiteId
from services.contracts.records.treatment_plans import PatientSeating
from services.contracts.scheduler.bookings import BrokenRule
from services.contracts.scheduler.timetables import AppointmentStatus
from services.contracts.scheduler.transport import MissingRide, NoRideReason
from services.scheduler.bookings import locks, storage
from services.scheduler.bookings.facts import SessionFacts
from services.scheduler.bookings.hours import WeekHours, hours_broken
from services.scheduler.bookings.logic import FreedSeats, HeldSeats, Outages
from services.scheduler.bookings.seat_rules import SeatRules
from services.scheduler.bookings.storage import LockedSession, SeatedSession
from services.scheduler.early_rounds import call_round_early
from services.scheduler.errors import AppointmentCancelledError, AppointmentOverError, NoSeatError, PatientBookedError
from services.scheduler.transport.facts import Coming
from services.scheduler.transport.riding import RidesLogic, RidesReader, needs_ride

NO_SEAT = BrokenRule(
    code="no-seat", sentence="no seat is free there, or only seats beside somebody the patient is kept apart from"
)
_HELD_BACK = BrokenRule(
    code="seats-held-back", sentence="what is free there is kept for people who can come at few other times"
)
_OTHER_SERVICE = BrokenRule(
    code="other-service", sentence="the two sessions are of different services, and the plan asks for each of them"
)


class PlannedHours(Protocol):
    """Knows what the weeks of a site's patients require and may have."""

    async def foresee(self, site_id: SiteId, week: date) -> None:
        """Find out of everybody at once, before anything is locked."""

    async def of(self, site_id: SiteId, week: date, patient_id: PatientId) -> WeekHours:
        """Return it of one patient."""


@dataclass(frozen=True, slots=True)
class Move:
    """A patient who is to leave one session for the other; `swapped_with` goes the other way."""

    seating: PatientSeating
    leaving: SeatedSession
    entering: SeatedSession
    swapped_with: PatientId | None
    no_ride_reason: NoRideReason | None = None

    @property
    def patient_id(self) -> PatientId:
        """Who moves."""
        return self.seating.patient_id

    @property
    def changes_hours(self) -> bool:
        """Whether the patient's week has other hours after it."""
        here, there = self.leaving, self.entering
        return here.week != there.week or _length(here.facts) != _length(there.facts)

    @property
    def finds_no_seat(self) -> bool:
        """Whether no seat is left, or none that the patient may sit on; one answer for both (42 CFR 2.13(c))."""
        beside = self.entering.seats.keys() - {self.swapped_with}
        has_room = self.swapped_with is not None or not self.entering.is_full
        return not has_room or not beside.isdisjoint(self.seating.no_contact)


class ExchangeLogic:
    """Exchanges seats; at no moment has anybody none, or a session one too many."""

    def __init__(
        self,
        db: UnitOfWork,
        organization_id: OrganizationId,
        *,
        outages: Outages,
        held_seats: HeldSeats,
        rules: SeatRules,
        hours: PlannedHours,
        rides: RidesLogic,
        rides_read: RidesReader,
        freed_seats: FreedSeats,
        clock: Clock,
    ) -> None:
        self._db = db
        self._organization_id = organization_id
        self._outages = outages
        self._held_seats = held_seats
        self._rules = rules
        self._hours = hours
        self._rides = rides
        self._rides_read = rides_read
        self._freed_seats = freed_seats
        self._clock = clock

    async def hold(
        self, first: tuple[AppointmentId, PatientSeating], second: tuple[AppointmentId, PatientSeating | None]
    ) -> list[Move]:
        """Hold two sessions and their people until the transaction ends, and say who is to move; `first` comes first.

        Raises:
            NotFoundError: There is no such session in the caller's organization, or somebody has no booked seat there.
            AppointmentCancelledError: A later version of the week is without one of them.
            AppointmentOverError: One of them has begun.
            SessionDisruptedError: Somebody would sit where a practitioner is out, a room is lost, or a site is closed.
        """
        seatings = [seating for seating in (first[1], second[1]) if seating is not None]
        for patient_id in sorted(seating.patient_id for seating in seatings):
            await locks.lock_patient(self._db, patient_id)
        here, there = await self._locked((first[0], second[0]), [seating.patient_id for seating in seatings])
        other = None if second[1] is None else second[1].patient_id
        moves = [Move(first[1], here, there, other)]
        if second[1] is not None:
            moves.append(Move(second[1], there, here, first[1].patient_id))
        if not all(move.leaving.is_booked_for(move.patient_id) for move in moves):
            raise NotFoundError
        for move in moves:
            await self._outages.refuse_disrupted(move.entering.id)
        return moves

    async def _locked(
        self, appointments: tuple[AppointmentId, AppointmentId], patients: list[PatientId]
    ) -> tuple[LockedSession, LockedSession]:
        now = self._clock.now()
        found = await storage.lock_sessions(self._db, appointments, patients, now)
        if not found.keys() >= set(appointments):
            raise NotFoundError
        here, there = (found[appointment_id] for appointment_id in appointments)
        if AppointmentStatus.CANCELLED in {here.status, there.status}:
            raise AppointmentCancelledError
        if min(here.facts.start, there.facts.start) <= now:
            raise AppointmentOverError
        return here, there

    async def foresee(self, appointments: tuple[AppointmentId, AppointmentId]) -> None:
        """Ask records what the weeks require in which the exchange changes hours; nobody's plan where it changes none.

        Raises:
            UpstreamUnavailableError: Hours change, and records does not answer.
        """
        found = await storage.weeks_and_lengths(self._db, appointments)
        if len({(week, length) for _, week, length in found}) > 1:
            for site_id, week in {(site_id, week) for site_id, week, _ in found}:
                await self._hours.foresee(site_id, week)

    async def broken(self, move: Move) -> list[BrokenRule]:
        """Say everything that speaks against a patient's new seat."""
        both = [move.leaving.id, move.entering.id]
        found = await self._rules.broken(move.entering, move.seating, without=both)
        if move.changes_hours:
            known = {rule.code for rule in found}
            found += [rule for rule in await self._hours_broken(move) if rule.code not in known]
        if move.leaving.facts.service is not move.entering.facts.service:
            found.insert(0, _OTHER_SERVICE)
        if move.finds_no_seat:
            return [NO_SEAT, *found]
        return [_HELD_BACK, *found] if await self._is_held_back(move) else found

    async def _hours_broken(self, move: Move) -> list[BrokenRule]:
        here, there, both = move.leaving, move.entering, [move.leaving.id, move.entering.id]
        of_here, of_there = [
            (
                await self._hours.of(one.site_id, one.week, move.patient_id),
                await storage.booked_in_week(self._db, move.patient_id, one.week, without=both),
            )
            for one in (here, there)
        ]
        if here.week == there.week:
            # Plans are kept at the site where somebody is treated, which may be either.
            required = {**of_there[0].required, **of_here[0].required}
            hours = replace(of_there[0], required=required)
            return hours_broken(hours, of_there[1], leaving=here.facts, entering=there.facts)
        return [*hours_broken(*of_here, leaving=here.facts), *hours_broken(*of_there, entering=there.facts)]

    async def _is_held_back(self, move: Move) -> bool:
        if move.swapped_with is not None:
            return False
        held = await self._held_seats.held_back(move.entering.id, move.seating, leaving=move.leaving.id)
        return held is not None and move.entering.free <= held.seats

    async def without_ride(self, moves: Sequence[Move]) -> list[MissingRide]:
        """Say which ways to the new seats nobody could drive, were all of them taken and the old ones given up."""
        leaving = {(move.leaving.id, move.patient_id) for move in moves}
        entering: dict[SiteId, list[Coming]] = {}
        for move in moves:
            if needs_ride(move.seating) and move.no_ride_reason is None:
                entering.setdefault(move.entering.site_id, []).extend(move.entering.coming(move.patient_id))
        return [
            one
            for site_id, sessions in entering.items()
            for one in await self._rides_read.would_miss(site_id, sessions, leaving)
        ]

    async def perform(self, moves: list[Move], caller_token: str) -> None:
        """Let everybody sit where they move to; a seat that nobody took may be offered to who waits.

        Raises:
            NoSeatError: No seat is free.
            PatientBookedError: Somebody has a seat at that time.
            NoRideError: Somebody needs a ride, none is free, and nobody said why that is right.
        """
        unsettled = [
            await self._rides.unsettled(
                move.leaving.site_id, {(move.leaving.id, move.patient_id)}, [move.leaving.facts.start]
            )
            for move in moves
        ]
        for move in moves:
            await storage.leave(self._db, move.leaving.id, move.patient_id)
        alone = moves[0] if len(moves) == 1 else None
        if alone is not None:
            if not await storage.count_seat(self._db, alone.entering.id):
                raise NoSeatError
            await storage.free(self._db, alone.leaving.id, 1)
            starts = {*alone.leaving.facts.starts_by_seats, *alone.entering.facts.starts_by_seats}
            await call_round_early(self._db, self._organization_id, starts, self._clock.now())
        for move in moves:
            if not await storage.seat(self._db, self._organization_id, move.entering, move.patient_id, None):
                raise PatientBookedError
        for move, left in zip(moves, unsettled, strict=True):
            coming = move.entering.coming(move.patient_id)
            await self._rides.bring(move.seating, move.entering.site_id, coming, move.no_ride_reason)
            await self._rides.settle(left)
        if alone is not None:
            await self._freed_seats.freed(alone.leaving.id, caller_token)


def _length(session: SessionFacts) -> timedelta:
    return session.end - session.start
