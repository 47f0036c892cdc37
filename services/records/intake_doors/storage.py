"""Where intake doors are kept; every question but the one from outside names the organization."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import Integer, Uuid, bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.database import Query, Read, set_organization
from services.chassis.paging import PageRequest
from services.contracts.identifiers import IntakeDoorId, OrganizationId
from services.contracts.records.placement_helper import IntakeDoor
from services.records.intake_doors.tables import IntakeDoorRow

_OWN: Final = Query(
    select(IntakeDoorRow.__table__)
    .where(
        IntakeDoorRow.organization_id == bindparam("organization_id", type_=Uuid),
        IntakeDoorRow.id > bindparam("after", type_=Uuid),
    )
    .order_by(IntakeDoorRow.id)
    .limit(bindparam("limit", type_=Integer))
)


class Entered(NamedTuple):
    """A door from outside, and whose it is."""

    organization_id: OrganizationId
    door: IntakeDoor


class DoorQueries:
    """Reads of an organization's doors."""

    def __init__(self, read: Read, organization_id: OrganizationId) -> None:
        self._read = read
        self._organization_id = organization_id

    async def some(self, page: PageRequest) -> list[IntakeDoor]:
        """Return the doors of a page, and one more where there is one."""
        rows = await self._read.all(_OWN, organization_id=self._organization_id, after=page.after, limit=page.limit)
        return [_to_door(row) for row in rows]


class DoorRows:
    """An organization's doors within a unit of work."""

    def __init__(self, db: AsyncSession, organization_id: OrganizationId) -> None:
        self._db = db
        self._organization_id = organization_id

    async def add(self, door: IntakeDoor) -> None:
        """Write a door."""
        self._db.add(IntakeDoorRow(organization_id=self._organization_id, **door.model_dump()))
        await self._db.flush()

    async def lock(self, door_id: IntakeDoorId) -> IntakeDoor | None:
        """Return a door, and make others wait who want to change it."""
        found = (
            select(IntakeDoorRow.__table__)
            .where(IntakeDoorRow.id == door_id, IntakeDoorRow.organization_id == self._organization_id)
            .with_for_update()
        )
        row = (await self._db.execute(found)).mappings().one_or_none()
        return None if row is None else _to_door(row)

    async def close(self, door_id: IntakeDoorId, now: datetime) -> None:
        """Let nobody in by a door any more."""
        await self._db.execute(update(IntakeDoorRow).where(IntakeDoorRow.id == door_id).values(closed_at=now))


_WHOSE: Final = Query(
    select(IntakeDoorRow.organization_id).where(
        IntakeDoorRow.id == bindparam("id", type_=Uuid), IntakeDoorRow.closed_at.is_(None)
    )
)


async def whose(read: Read, door_id: IntakeDoorId) -> OrganizationId | None:
    """Return whose a door is; None where there is none, or none any more."""
    row = await read.one_or_none(_WHOSE, id=door_id)
    return None if row is None else OrganizationId(row["organization_id"])


async def enter(db: AsyncSession, door_id: IntakeDoorId) -> Entered | None:
    """Return an open door and let the transaction see its organization; None where there is none, or none any more."""
    found = select(IntakeDoorRow.__table__).where(IntakeDoorRow.id == door_id, IntakeDoorRow.closed_at.is_(None))
    row = (await db.execute(found)).mappings().one_or_none()
    if row is None:
        return None
    organization_id = OrganizationId(row["organization_id"])
    await set_organization(db, organization_id)
    return Entered(organization_id, _to_door(row))


def _to_door(row: Mapping[Any, Any]) -> IntakeDoor:
    return IntakeDoor.model_validate(dict(row))
