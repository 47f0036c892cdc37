"""What is allowed with published timetables."""

from collections.abc import Collection
from datetime import date
from typing import Any, Final

from services.chassis.database import Read, UnitOfWork
from services.chassis.errors import NotFoundError
from services.chassis.paging import PageRequest
from services.contracts.base import Page
from services.contracts.identifiers import OrganizationId, SiteId
from services.contracts.scheduler.timetables import Timetable, TimetableVersion
from services.scheduler.errors import WeekMovedError
from services.scheduler.group_series.logic import GroupSeriesLogic
from services.scheduler.timetables import storage
from services.scheduler.timetables.storage import StoredVersion

_NO_VERSION_IS_LATER: Final = 2**31 - 1


class TimetablesReader:
    """Reads published weeks."""

    def __init__(self, read: Read) -> None:
        self._read = read

    async def current(self, site_id: SiteId, week: date) -> Timetable:
        """Return the published version of a week.

        Raises:
            NotFoundError: Nothing is published, or there is no such site in the caller's organization.
        """
        timetable = await storage.current(self._read, site_id, week)
        if timetable is None:
            raise NotFoundError
        return timetable

    async def current_document(self, site_id: SiteId, week: date) -> tuple[int, dict[str, Any] | None]:
        """Return the published version's number and the solver's document; 0 and None where there is none."""
        return await storage.current_document(self._read, site_id, week)

    async def current_documents(
        self, site_id: SiteId, weeks: Collection[date]
    ) -> dict[date, tuple[int, str | dict[str, Any]]]:
        """Return the same of each week that is published; a document may still be text, to be read where it is used."""
        return await storage.current_documents(self._read, site_id, weeks)

    async def usual_document(self, site_id: SiteId, week: date) -> dict[str, Any] | None:
        """Return the solver's document of the newest published week before this one, or None.

        Days and slots in it are wall time, so it is the same week seven days later, whatever the clocks did between.
        """
        return await storage.usual_document(self._read, site_id, week)

    async def version(self, site_id: SiteId, week: date, version: int) -> tuple[Timetable, dict[str, Any]] | None:
        """Return one version with the solver's document, or None."""
        return await storage.find_version(self._read, site_id, week, version)

    async def since(
        self, site_id: SiteId, week: date, version: int, *, until: int = _NO_VERSION_IS_LATER
    ) -> list[StoredVersion]:
        """Return the version, if it was ever published, and the newest of those after it until another, in order."""
        return await storage.versions_since(self._read, site_id, week, version, until)

    async def history(self, site_id: SiteId, week: date, page: PageRequest) -> Page[TimetableVersion]:
        """Return a page of a week's versions, the first one first."""
        return page.page(await storage.page_of_versions(self._read, site_id, week, page))


class WeekHolds:
    """Holds published weeks still."""

    def __init__(self, db: UnitOfWork, reader: TimetablesReader) -> None:
        self._db = db
        self._reader = reader

    async def hold(self, site_id: SiteId, week: date, expected_version: int) -> None:
        """Let nobody publish the week, or hold it too, until the transaction ends.

        Raises:
            NotFoundError: Nothing is published, or there is no such site in the caller's organization.
            WeekMovedError: `expected_version` is not the published one.
        """
        await storage.hold_current(self._db, site_id, week)
        # Whoever held the week before may have published it; only a read after the lock can tell.
        current, _ = await self._reader.current_document(site_id, week)
        if current == 0:
            raise NotFoundError
        if current != expected_version:
            raise WeekMovedError(week, expected_version=expected_version, current_version=current)


class TimetablesLogic:
    """Publishes weeks."""

    def __init__(
        self, db: UnitOfWork, organization_id: OrganizationId, reader: TimetablesReader, series: GroupSeriesLogic
    ) -> None:
        self._db = db
        self._organization_id = organization_id
        self._reader = reader
        self._series = series

    async def publish(self, timetable: Timetable, document: dict[str, Any]) -> None:
        """Make the timetable the next version, and hold the week until the transaction ends.

        Raises:
            WeekMovedError: Another version was published on the same base.
        """
        await storage.hold_current(self._db, timetable.site_id, timetable.week)
        if not await storage.insert_version(self._db, self._organization_id, timetable, document):
            current, _ = await self._reader.current_document(timetable.site_id, timetable.week)
            base = timetable.version - 1
            raise WeekMovedError(timetable.week, expected_version=base, current_version=current)
        await self._series.carry(timetable.site_id, timetable.week, document)
