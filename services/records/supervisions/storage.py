"""Where supervision is kept."""

from datetime import datetime
from typing import Final

from sqlalchemy import Integer, Uuid, bindparam, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.database import Query, Read, violated_constraint
from services.chassis.paging import PageRequest
from services.contracts.identifiers import AccountId, OrganizationId, SupervisionId
from services.contracts.records.supervisions import Supervision
from services.records.supervisions.tables import SupervisionRow

_SUPERVISION: Final = select(SupervisionRow.__table__)
_PAGE: Final = Query(
    _SUPERVISION.where(SupervisionRow.id > bindparam("after", type_=Uuid))
    .order_by(SupervisionRow.id)
    .limit(bindparam("limit", type_=Integer))
)


class SupervisionQueries:
    """Reads of supervision."""

    def __init__(self, read: Read) -> None:
        self._read = read

    async def page(self, page: PageRequest) -> list[Supervision]:
        """Return a page of who supervises and supervised whom, and one more where there is one, oldest first."""
        rows = await self._read.all(_PAGE, after=page.after, limit=page.limit)
        return [Supervision.model_validate(dict(row)) for row in rows]


class SupervisionRows:
    """Supervision within a unit of work."""

    def __init__(self, db: AsyncSession, organization_id: OrganizationId) -> None:
        self._db = db
        self._organization_id = organization_id

    async def add(self, one: Supervision) -> bool:
        """Write a supervision; says whether it is new at its time."""
        written = insert(SupervisionRow).values(organization_id=self._organization_id, **one.model_dump())
        try:
            async with self._db.begin_nested():
                await self._db.execute(written)
        except IntegrityError as error:
            if violated_constraint(error) == "supervisions_once_excl":
                return False
            raise
        return True

    async def one(self, supervision_id: SupervisionId) -> Supervision | None:
        """Return a supervision, and make others wait who want to end it."""
        found = _SUPERVISION.where(SupervisionRow.id == supervision_id).with_for_update()
        row = (await self._db.execute(found)).mappings().one_or_none()
        return None if row is None else Supervision.model_validate(dict(row))

    async def end(self, supervision_id: SupervisionId, now: datetime) -> None:
        """End a supervision."""
        await self._db.execute(update(SupervisionRow).where(SupervisionRow.id == supervision_id).values(until_at=now))

    async def supervisors(self, supervisee_id: AccountId, at: datetime) -> set[AccountId]:
        """Return who supervises somebody at a time."""
        found = select(SupervisionRow.supervisor_id).where(
            SupervisionRow.supervisee_id == supervisee_id,
            SupervisionRow.from_at <= at,
            or_(SupervisionRow.until_at.is_(None), SupervisionRow.until_at > at),
        )
        return {AccountId(one) for one in (await self._db.execute(found)).scalars()}
