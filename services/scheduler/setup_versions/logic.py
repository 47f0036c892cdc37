"""What is allowed with versions of the setup: they are read by week, and written down beside each change."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, timedelta
from uuid import UUID

from services.chassis.clock import Clock
from services.chassis.database import Read, UnitOfWork
from services.chassis.errors import InvalidRequestError
from services.contracts.identifiers import OrganizationId, SiteId
from services.scheduler.setup_versions import storage
from services.scheduler.setup_versions.facts import SetupVersion
from services.scheduler.setup_versions.rules import Part


class SetupVersionsReader:
    """Reads what was ever changed of a site's setup."""

    def __init__(self, read: Read) -> None:
        self._read = read

    async def of_site(self, site_id: SiteId) -> dict[UUID, list[SetupVersion]]:
        """Return the versions of each part that was ever changed."""
        found: dict[UUID, list[SetupVersion]] = defaultdict(list)
        for one in await storage.of_site(self._read, site_id):
            found[one.subject_id].append(one)
        return found


class SetupVersionsLogic:
    """Writes down from which week on a change counts; this transaction has locked the site."""

    def __init__(self, db: UnitOfWork, organization_id: OrganizationId, clock: Clock) -> None:
        self._db = db
        self._organization_id = organization_id
        self._clock = clock

    async def keep(self, site_id: SiteId, before: Part, after: Part, effective_on: date) -> None:
        """Let what something becomes count from a week on, in place of whatever was to change later."""
        versions: Sequence[SetupVersion] = (
            # Where nothing is known of before, it has always been as it was.
            SetupVersion(before.id, before.version, None, before.model_dump(mode="json")),
            SetupVersion(after.id, after.version, effective_on, after.model_dump(mode="json")),
        )
        await storage.insert_versions(self._db, self._organization_id, site_id, versions, self._clock.now())


def effective_week(asked: date | None, today: date) -> date:
    """Return the Monday from which on a change counts: the current week's where none is asked for.

    Raises:
        InvalidRequestError: It is no Monday, or past.
    """
    this_week = today - timedelta(days=today.weekday())
    if asked is None:
        return this_week
    if asked.weekday() != 0:
        raise InvalidRequestError("effective_on", "must be a Monday: weeks are planned whole", location="query")
    if asked < this_week:
        raise InvalidRequestError(
            "effective_on", "must not lie before the current week: what was in force then stays so", location="query"
        )
    return asked
