"""With whom a patient could exchange a booked seat: the questions of an exchange, asked of everybody in question."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from services.chassis.clock import Clock
from services.chassis.database import UnitOfWork
from services.chassis.errors import NotFoundError
from services.contracts.identifiers import AppointmentId, PatientId, PractitionerId
from services.contracts.records.treatment_plans import PatientSeating
from services.contracts.scheduler.timetables import AppointmentStatus
from services.contracts.vocabulary import Modality
from services.scheduler.bookings import partner_storage
from services.scheduler.bookings.exchange import NO_SEAT, ExchangeLogic, Move
from services.scheduler.bookings.facts import Partner
from services.scheduler.bookings.logic import Outages
from services.scheduler.bookings.partner_storage import Trip
from services.scheduler.bookings.storage import SeatedSession
from services.scheduler.errors import AppointmentCancelledError, AppointmentOverError

_MOST_ASKED: Final = 60
"""Of whom records is asked for one answer; whoever sits further from the time that is left would hardly be chosen."""

SeatingOf = Callable[[PatientId], Awaitable[PatientSeating | None]]


class PartnersReader:
    """Finds exchanges that nothing speaks against at this moment; nothing is held for them."""

    def __init__(self, db: UnitOfWork, *, exchange: ExchangeLogic, outages: Outages, clock: Clock) -> None:
        self._db = db
        self._exchange = exchange
        self._outages = outages
        self._clock = clock

    async def of(
        self, appointment_id: AppointmentId, seating: PatientSeating, seating_of: SeatingOf
    ) -> AsyncIterator[Partner]:
        """Yield with whom a patient could exchange a seat within the week, and which free seats there are instead.

        Raises:
            NotFoundError: There is no such session in the caller's organization, or the patient has no booked seat
                there.
            AppointmentCancelledError: A later version of the week is without it.
            AppointmentOverError: It has begun.
        """
        now = self._clock.now()
        alike = {one.id: one for one in await partner_storage.sessions_alike(self._db, appointment_id, now)}
        here = _leaving(alike, appointment_id, seating.patient_id)
        if here.facts.start <= now:
            raise AppointmentOverError
        ahead = [one for one in alike.values() if one is not here and one.facts.start > now and _is_booked(one)]
        disrupted = await self._outages.disrupted([one.id for one in (here, *ahead)])
        there = [one for one in ahead if one.id not in disrupted and seating.patient_id not in one.seats]
        there.sort(key=lambda one: (abs(one.facts.start - here.facts.start), one.id))
        week = _Week(
            await partner_storage.leads(self._db, list(alike)), await partner_storage.trips(self._db, here, now)
        )
        async for move in self._possible(seating, here, there, seating_of, is_entered=here.id not in disrupted):
            yield week.partner(move)

    async def _possible(
        self,
        seating: PatientSeating,
        here: SeatedSession,
        there: Sequence[SeatedSession],
        seating_of: SeatingOf,
        *,
        is_entered: bool,
    ) -> AsyncIterator[Move]:
        asked = 0
        for session in there:
            alone = Move(seating, here, session, None)
            if await self._is_possible(alone):
                yield alone
            if not is_entered or not await self._suits(seating, here, session):
                continue
            for move in _exchanges(seating, here, session):
                if asked == _MOST_ASKED:
                    return
                asked += 1
                if await self._may_come(move, seating_of):
                    yield move

    async def _suits(self, seating: PatientSeating, here: SeatedSession, session: SeatedSession) -> bool:
        """Say whether nothing speaks against the session but who sits there, which is asked of each partner."""
        for move in _exchanges(seating, here, session):
            return all(rule == NO_SEAT for rule in await self._exchange.broken(move))
        return False

    async def _may_come(self, move: Move, seating_of: SeatingOf) -> bool:
        if move.finds_no_seat or move.swapped_with is None:
            return False
        other = await seating_of(move.swapped_with)
        if other is None:
            return False
        back = Move(other, move.entering, move.leaving, move.patient_id)
        return await self._is_possible(back, beside=[move])

    async def _is_possible(self, move: Move, beside: Sequence[Move] = ()) -> bool:
        """Say whether nothing speaks against a move, and everybody who needs a ride would have one after both."""
        return not await self._exchange.broken(move) and not await self._exchange.without_ride([*beside, move])


def _leaving(
    alike: Mapping[AppointmentId, SeatedSession], appointment_id: AppointmentId, patient_id: PatientId
) -> SeatedSession:
    here = alike.get(appointment_id)
    if here is None:
        raise NotFoundError
    if not _is_booked(here):
        raise AppointmentCancelledError
    if not here.is_booked_for(patient_id):
        raise NotFoundError
    return here


def _is_booked(session: SeatedSession) -> bool:
    return session.status is AppointmentStatus.BOOKED


def _exchanges(seating: PatientSeating, here: SeatedSession, session: SeatedSession) -> list[Move]:
    people = [one for one in sorted(session.seats) if session.is_booked_for(one) and one not in here.seats]
    return [Move(seating, here, session, one) for one in people]


@dataclass(frozen=True, slots=True)
class _Week:
    """Who leads what, and for what everybody comes to the site."""

    leads: Mapping[AppointmentId, PractitionerId]
    trips: Mapping[PatientId, Sequence[Trip]]

    def partner(self, move: Move) -> Partner:
        """Say what a move, and that of whoever goes the other way, comes to."""
        here, there = move.leaving, move.entering
        further = self._further(move.patient_id, here, there)
        if move.swapped_with is not None:
            further += self._further(move.swapped_with, there, here)
        leads = (self.leads.get(here.id), self.leads.get(there.id))
        return Partner(there.id, there.facts, move.swapped_with, here.facts, leads, further)

    def _further(self, patient_id: PatientId, leaving: SeatedSession, entering: SeatedSession) -> int:
        others = {trip.day for trip in self.trips.get(patient_id, ()) if trip.appointment_id != leaving.id}
        return _trip(entering, others) - _trip(leaving, others)


def _trip(session: SeatedSession, other_days: set[date]) -> int:
    is_on_site = session.facts.modality is Modality.ON_SITE
    return int(is_on_site and session.facts.start.astimezone(session.facts.zone).date() not in other_days)
