"""What is allowed with licences."""

from collections.abc import Collection, Mapping
from datetime import date, timedelta

from services.chassis.clock import Clock
from services.chassis.database import Read, UnitOfWork
from services.chassis.errors import InvalidRequestError, NotFoundError
from services.chassis.paging import PageRequest
from services.contracts.base import Page
from services.contracts.identifiers import LicenceId, OrganizationId, PractitionerId
from services.contracts.scheduler.licences import Licence, LicenceEndRequest, LicenceRequest
from services.scheduler.licences import storage
from services.scheduler.licences.errors import LicenceOverlapsError


class LicencesReader:
    """Reads licences."""

    def __init__(self, read: Read) -> None:
        self._read = read

    async def page(self, practitioner_id: PractitionerId, page: PageRequest) -> Page[Licence]:
        """Return a page of a practitioner's licences, the first one kept first.

        Raises:
            NotFoundError: There is no such practitioner in the caller's organization.
        """
        found = await storage.page(self._read, practitioner_id, page)
        if found is None:
            raise NotFoundError
        return page.page(found)

    async def on_day(
        self, practitioners: Collection[PractitionerId], day: date
    ) -> Mapping[PractitionerId, frozenset[str]]:
        """Return in which jurisdictions these practitioners may treat on a day."""
        return await storage.on_day(self._read, practitioners, day)

    async def on_all_days(
        self, practitioners: Collection[PractitionerId], first: date, last: date
    ) -> Mapping[PractitionerId, frozenset[str]]:
        """Return in which jurisdictions these practitioners may treat on every day of a span; both days count."""
        days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
        each = [await self.on_day(practitioners, day) for day in days]
        return {who: frozenset.intersection(*(day[who] for day in each)) for who in practitioners}


class LicencesLogic:
    """Keeps licences up to date."""

    def __init__(self, db: UnitOfWork, organization_id: OrganizationId, clock: Clock) -> None:
        self._db = db
        self._organization_id = organization_id
        self._clock = clock

    async def create(self, practitioner_id: PractitionerId, request: LicenceRequest) -> Licence:
        """Keep a licence.

        Raises:
            NotFoundError: There is no such practitioner in the caller's organization.
            LicenceOverlapsError: The practitioner has one of that jurisdiction on some of these days.
        """
        if not await storage.is_practitioner(self._db, practitioner_id):
            raise NotFoundError
        licence = await storage.insert(self._db, self._organization_id, practitioner_id, request, self._clock.now())
        if licence is None:
            raise LicenceOverlapsError
        return licence

    async def end(self, licence_id: LicenceId, request: LicenceEndRequest) -> Licence:
        """End a licence, or renew it.

        Raises:
            NotFoundError: There is no such licence in the caller's organization.
            InvalidRequestError: It would end before it begins.
            LicenceOverlapsError: Another one begins before it would end.
        """
        licence = await storage.find(self._db, licence_id)
        if licence is None:
            raise NotFoundError
        if request.valid_until is not None and request.valid_until < licence.valid_from:
            raise InvalidRequestError("/valid_until", "must not come before the day from which the licence is valid")
        await storage.end(self._db, licence, request.valid_until)
        return licence.model_copy(update={"valid_until": request.valid_until})
