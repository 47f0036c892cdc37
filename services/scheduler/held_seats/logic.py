"""What is allowed with kept seats."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Final

from services.chassis.clock import Clock
from services.chassis.database import Read, UnitOfWork
from services.contracts.identifiers import AccountId, AppointmentId, OrganizationId, SiteId
from services.contracts.records.treatment_plans import PatientSeating
from services.contracts.scheduler.bookings import Booking
from services.contracts.scheduler.held_seats import HeldSeatRequest, HeldSeatsRule, HeldSeatsRuleRequest
from services.contracts.scheduler.notices import NoticeKind
from services.scheduler.bookings.logic import BookingsLogic
from services.scheduler.commitments.logic import CommitmentsReader
from services.scheduler.held_seats import storage
from services.scheduler.held_seats.rules import HeldBack, KeepingRules, PatientsWeek, held_back
from services.scheduler.sites.logic import SitesReader
from services.scheduler.weekly_held_seats.logic import KeptWeeksReader

_OFF: Final = HeldSeatsRuleRequest(enabled=False)
_DAY: Final = timedelta(days=1)


class HeldSeatsReader:
    """Reads rules of kept seats, and what they keep from a patient."""

    def __init__(
        self, read: Read, sites: SitesReader, commitments: CommitmentsReader, weekly: KeptWeeksReader, clock: Clock
    ) -> None:
        self._read = read
        self._sites = sites
        self._commitments = commitments
        self._weekly = weekly
        self._clock = clock

    async def rule(self, site_id: SiteId) -> HeldSeatsRule:
        """Return whether a site keeps scarce seats, and for whom.

        Raises:
            NotFoundError: There is no such site in the caller's organization.
        """
        await self._sites.get(site_id)
        found = await storage.find_rule(self._read, site_id)
        return found or HeldSeatsRule(site_id=site_id, **_OFF.model_dump())

    async def held_back(
        self, appointment_id: AppointmentId, seating: PatientSeating, *, leaving: AppointmentId | None = None
    ) -> HeldBack | None:
        """Return what a session keeps from a patient who would leave another for it; None where nothing is kept."""
        place = await storage.place_of_kept(self._read, appointment_id)
        return None if place is None else (await self._of_week(*place, seating, leaving)).get(appointment_id)

    async def of_week(self, site_id: SiteId, monday: date, seating: PatientSeating) -> Mapping[AppointmentId, HeldBack]:
        """Return what the sessions of a week keep from a patient."""
        return await self._of_week(site_id, monday, seating)

    async def _of_week(
        self, site_id: SiteId, monday: date, seating: PatientSeating, leaving: AppointmentId | None = None
    ) -> Mapping[AppointmentId, HeldBack]:
        rule = await storage.find_rule(self._read, site_id)
        scarce = rule if rule is not None and rule.enabled else None
        rules = KeepingRules(scarce, await self._weekly.of_week(site_id, monday))
        if rules.scarce is None and not rules.weekly:
            return {}
        now, patient_id = self._clock.now(), seating.patient_id
        sessions = await storage.week(self._read, site_id, monday, patient_id, now)
        if not sessions:
            return {}
        # A seat that is given up for another one could as well be kept.
        sessions = [replace(one, is_mine=False, free=one.free + 1) if one.id == leaving else one for one in sessions]
        begin, until = min(one.facts.start for one in sessions) - _DAY, max(one.facts.end for one in sessions) + _DAY
        busy = (await self._commitments.of_patients([patient_id], begin, until)).get(patient_id, [])
        week = PatientsWeek(sessions, seating, busy, now)
        kept = {one.id: held_back(rules, one, week) for one in sessions}
        return {appointment_id: held for appointment_id, held in kept.items() if held is not None}


class HeldSeatsLogic:
    """Sets a site's rule, and gives kept seats to people with other choices where somebody answers for it."""

    def __init__(
        self,
        db: UnitOfWork,
        organization_id: OrganizationId,
        account_id: AccountId,
        *,
        sites: SitesReader,
        bookings: BookingsLogic,
        clock: Clock,
    ) -> None:
        self._db = db
        self._organization_id = organization_id
        self._account_id = account_id
        self._sites = sites
        self._bookings = bookings
        self._clock = clock

    async def put_rule(self, site_id: SiteId, request: HeldSeatsRuleRequest) -> HeldSeatsRule:
        """Say which scarce seats a site keeps, and for whom; seats that are taken stay so.

        Raises:
            NotFoundError: There is no such site in the caller's organization.
        """
        await self._sites.get(site_id)
        await storage.put_rule(self._db, self._organization_id, site_id, request)
        return HeldSeatsRule(site_id=site_id, **{**request.model_dump(), "parts": sorted(request.parts)})

    async def book(self, appointment_id: AppointmentId, request: HeldSeatRequest, caller_token: str) -> Booking:
        """Give a patient a free seat though it is kept for others, and write down who decided so and why.

        Raises:
            Whatever `BookingsLogic.book` raises, for the same reasons, but that the seat is kept.
        """
        seating = await self._bookings.seating(request.patient_id, caller_token)
        booking = await self._bookings.book_for(
            appointment_id,
            seating,
            request.no_ride_reason,
            takes_held_back=True,
            told_as=NoticeKind.SESSION_ADDED if request.notify else None,
        )
        await storage.add_override(
            self._db,
            self._organization_id,
            appointment_id=appointment_id,
            patient_id=request.patient_id,
            reason=request.reason,
            decided_by=self._account_id,
            now=self._clock.now(),
        )
        return booking
