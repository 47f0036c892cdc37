"""Where recipients are kept: sealed on the way in, opened on the way out."""

from collections.abc import Iterable, Mapping
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ARRAY, Integer, Uuid, any_, bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.database import Query, Read
from services.chassis.paging import PageRequest
from services.chassis.root_keys import RootKeys
from services.chassis.sealing import Place
from services.contracts.disclosure import RecipientKind
from services.contracts.identifiers import OrganizationId, RecipientId
from services.contracts.records.recipients import Recipient
from services.records.organization_keys import OrganizationKeyRow, open_key, organization_key
from services.records.recipients.tables import RecipientRow

_RECIPIENT: Final = select(
    RecipientRow.__table__,
    OrganizationKeyRow.id.label("key_id"),
    OrganizationKeyRow.wrapped.label("wrapped_key"),
).join(OrganizationKeyRow, OrganizationKeyRow.organization_id == RecipientRow.organization_id)
_SOME: Final = Query(
    _RECIPIENT.where(RecipientRow.id > bindparam("after", type_=Uuid))
    .order_by(RecipientRow.id)
    .limit(bindparam("limit", type_=Integer))
)
_NAMED: Final = Query(_RECIPIENT.where(RecipientRow.id == any_(bindparam("recipient_ids", type_=ARRAY(Uuid)))))
_SEALED: Final = ("name", "address")


class RecipientQueries:
    """Reads of recipients."""

    def __init__(self, read: Read, root: RootKeys) -> None:
        self._read = read
        self._root = root

    async def some(self, page: PageRequest) -> list[Recipient]:
        """Return the recipients of a page, and one more where there is one."""
        rows = await self._read.all(_SOME, after=page.after, limit=page.limit)
        return [_to_recipient(row, self._root) for row in rows]

    async def named(self, recipient_ids: Iterable[RecipientId]) -> list[Recipient]:
        """Return recipients by their ids."""
        rows = await self._read.all(_NAMED, recipient_ids=list(recipient_ids))
        return [_to_recipient(row, self._root) for row in rows]


class RecipientRows:
    """Recipients within a unit of work."""

    def __init__(self, db: AsyncSession, root: RootKeys, organization_id: OrganizationId) -> None:
        self._db = db
        self._root = root
        self._organization_id = organization_id

    async def add(self, recipient: Recipient) -> None:
        """Write a recipient, sealed with the organization's key."""
        _, key = await organization_key(self._db, self._root, self._organization_id, recipient.created_at)
        values = recipient.model_dump(mode="python") | {"kind": recipient.kind.value}
        for column in _SEALED:
            if values[column] is not None:
                place = _place(self._organization_id, column, recipient.id)
                values[column] = key.seal(values[column].encode(), place)
        self._db.add(RecipientRow(organization_id=self._organization_id, **values))
        await self._db.flush()

    async def one(self, recipient_id: RecipientId) -> Recipient | None:
        """Return a recipient."""
        return next(iter(await self.some([recipient_id])), None)

    async def some(self, recipient_ids: Iterable[RecipientId]) -> list[Recipient]:
        """Return which of these there are."""
        found = await self._db.execute(_RECIPIENT.where(RecipientRow.id.in_(list(recipient_ids))))
        return [_to_recipient(row, self._root) for row in found.mappings()]

    async def kinds(self, recipient_ids: Iterable[RecipientId]) -> dict[RecipientId, RecipientKind]:
        """Return the kind of each of these that exists."""
        found = select(RecipientRow.id, RecipientRow.kind).where(RecipientRow.id.in_(list(recipient_ids)))
        rows = await self._db.execute(found)
        return {RecipientId(row.id): RecipientKind(row.kind) for row in rows}


def _to_recipient(row: Mapping[Any, Any], root: RootKeys) -> Recipient:
    key = open_key(root, row["organization_id"], row["key_id"], row["wrapped_key"])

    def opened(column: str) -> str | None:
        if row[column] is None:
            return None
        return key.unseal(row[column], _place(row["organization_id"], column, row["id"])).decode()

    return Recipient(
        id=row["id"],
        name=opened("name") or "",
        kind=RecipientKind(row["kind"]),
        patient_id=row["patient_id"],
        hipaa_bound=row["hipaa_bound"],
        address=opened("address"),
        created_at=row["created_at"],
    )


def _place(organization_id: OrganizationId, column: str, recipient_id: UUID) -> Place:
    return Place(organization_id, RecipientRow.__tablename__, column, recipient_id)
