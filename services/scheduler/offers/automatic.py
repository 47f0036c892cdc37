"""Offers that nobody has to click for: a seat that gets free is offered by its site's rule, in the same transaction."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from services.chassis.clock import Clock
from services.chassis.database import Read
from services.chassis.errors import UpstreamUnavailableError
from services.contracts.identifiers import AppointmentId, SiteId
from services.contracts.scheduler.offers import OfferBatchRequest
from services.scheduler.disruptions.errors import SessionDisruptedError
from services.scheduler.errors import AppointmentOverError
from services.scheduler.offers import freed_storage, storage
from services.scheduler.offers.errors import NobodyToAskError
from services.scheduler.offers.logic import OffersLogic, OffersReader

_MOST_SESSIONS: Final = 10
"""Of which seats are offered at once; what is free beyond them the front desk sees in the census."""


class AutomaticOffers:
    """Offers seats that are free again, where their site wants that; the port of bookings is made for it."""

    def __init__(self, offers: OffersLogic, reader: OffersReader, read: Read, clock: Clock) -> None:
        self._offers = offers
        self._reader = reader
        self._read = read
        self._clock = clock

    async def freed(self, appointment_id: AppointmentId, caller_token: str) -> None:
        """Offer one seat of the session by its site's rule; whatever stands in the way, the seat is just free."""
        await self.all_freed({appointment_id: 1}, caller_token)

    async def all_freed(self, seats: Mapping[AppointmentId, int], caller_token: str) -> None:
        """Offer so many seats of each session, or as many as are free by now, the first sessions first."""
        coming = await freed_storage.sessions_ahead(self._read, list(seats), self._clock.now(), _MOST_SESSIONS)
        for appointment_id in coming:
            try:
                await self._offer(appointment_id, seats[appointment_id], caller_token)
            except UpstreamUnavailableError:
                # Records will not be there for the next one either, and nobody waits that long.
                return

    async def freed_since(self, site_id: SiteId, since: datetime, caller_token: str) -> None:
        """Offer what was given back since then and nobody was asked about; the sessions that come first."""
        found = await freed_storage.given_back_since(self._read, site_id, since, self._clock.now(), _MOST_SESSIONS)
        await self.all_freed(found, caller_token)

    async def _offer(self, appointment_id: AppointmentId, seats: int, caller_token: str) -> None:
        now = self._clock.now()
        session = await storage.free_seats(self._read, appointment_id, now)
        if session is None or session.free < 1:
            return
        rule = await self._reader.rule(session.site_id)
        if not rule.enabled or session.start - now < timedelta(minutes=rule.notice_minutes):
            return
        request = OfferBatchRequest(seats=min(seats, session.free), people=rule.people, minutes=rule.minutes)
        try:
            await self._offers.offer(appointment_id, request, caller_token, automatic=True)
        except (NobodyToAskError, AppointmentOverError, SessionDisruptedError):
            # Nothing is written before these are raised, and giving a seat back must not depend on who wants it.
            return
