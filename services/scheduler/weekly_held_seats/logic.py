"""What is allowed with seats kept from week to week."""

from collections.abc import Sequence
from datetime import date
from typing import Final

from services.chassis.clock import Clock
from services.chassis.database import Read, UnitOfWork
from services.chassis.errors import InvalidRequestError, NotFoundError
from services.contracts.identifiers import GroupOfferingId, OrganizationId, SiteId
from services.contracts.scheduler.held_seats import WeeklyHeldSeatsRule, WeeklyHeldSeatsRuleRequest
from services.contracts.scheduler.sites import GroupOffering
from services.scheduler.group_offerings.logic import GroupOfferingsReader
from services.scheduler.weekly_held_seats import storage
from services.scheduler.weekly_held_seats.kept import WeeklyKept
from services.scheduler.weekly_held_seats.rules import refusal_of

_OFF: Final = WeeklyHeldSeatsRuleRequest(enabled=False)


class KeptWeeksReader:
    """Reads what is kept in a week at this moment."""

    def __init__(self, read: Read, clock: Clock) -> None:
        self._read = read
        self._clock = clock

    async def of_week(self, site_id: SiteId, monday: date) -> Sequence[WeeklyKept]:
        """Return what the kinds of group of a site keep in a week and have not released yet."""
        now = self._clock.now()
        return [one for one in await storage.of_week(self._read, site_id, monday) if now < one.released_at]


class WeeklyHeldSeatsReader:
    """Reads rules of seats kept from week to week."""

    def __init__(self, read: Read, offerings: GroupOfferingsReader) -> None:
        self._read = read
        self._offerings = offerings

    async def rule(self, site_id: SiteId, group_offering_id: GroupOfferingId) -> WeeklyHeldSeatsRule:
        """Return whether a kind of group keeps seats, in which weeks, and for whom.

        Raises:
            NotFoundError: There is no such kind of group at the site in the caller's organization.
        """
        await self.offering(site_id, group_offering_id)
        found = await storage.find_rule(self._read, site_id, group_offering_id)
        return found or _rule(site_id, group_offering_id, _OFF)

    async def offering(self, site_id: SiteId, group_offering_id: GroupOfferingId) -> GroupOffering:
        """Return the kind of group.

        Raises:
            NotFoundError: There is no such kind of group at the site in the caller's organization.
        """
        for offering in await self._offerings.of_site(site_id):
            if offering.id == group_offering_id:
                return offering
        raise NotFoundError


class WeeklyHeldSeatsLogic:
    """Says which seats a kind of group keeps."""

    def __init__(self, db: UnitOfWork, organization_id: OrganizationId, reader: WeeklyHeldSeatsReader) -> None:
        self._db = db
        self._organization_id = organization_id
        self._reader = reader

    async def put_rule(
        self, site_id: SiteId, group_offering_id: GroupOfferingId, request: WeeklyHeldSeatsRuleRequest
    ) -> WeeklyHeldSeatsRule:
        """Say how many seats a kind of group keeps, in which weeks and until when; seats that are taken stay so.

        Raises:
            NotFoundError: There is no such kind of group at the site in the caller's organization.
            InvalidRequestError: A week is no Monday, the weeks are in the wrong order, or too few seats are left.
        """
        offering = await self._reader.offering(site_id, group_offering_id)
        if refusal := refusal_of(request, offering.minimum_size, offering.maximum_size):
            raise InvalidRequestError(*refusal)
        await storage.put_rule(self._db, self._organization_id, site_id, group_offering_id, request)
        return _rule(site_id, group_offering_id, request)


def _rule(
    site_id: SiteId, group_offering_id: GroupOfferingId, request: WeeklyHeldSeatsRuleRequest
) -> WeeklyHeldSeatsRule:
    return WeeklyHeldSeatsRule(site_id=site_id, group_offering_id=group_offering_id, **request.model_dump())
