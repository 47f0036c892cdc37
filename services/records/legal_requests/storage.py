"""Where requests that a person answers are kept, what is said in them sealed with the organization's key."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

import orjson
from sqlalchemy import Boolean, Integer, Uuid, bindparam, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.database import Query, Read
from services.chassis.paging import PageRequest
from services.chassis.root_keys import RootKeys
from services.chassis.sealing import Place
from services.contracts.identifiers import LegalRequestId, OrganizationId, PatientId, RecipientId
from services.contracts.records.legal_requests import LegalRequestKind, LegalRequestSettlement
from services.records.legal_requests.tables import LegalRequestRow
from services.records.organization_keys import OrganizationKeyRow, open_key, organization_key

_REQUEST: Final = select(
    LegalRequestRow.__table__,
    OrganizationKeyRow.id.label("key_id"),
    OrganizationKeyRow.wrapped.label("wrapped_key"),
).join(OrganizationKeyRow, OrganizationKeyRow.organization_id == LegalRequestRow.organization_id)
_PAGE: Final = Query(
    _REQUEST.where(
        LegalRequestRow.id > bindparam("after", type_=Uuid),
        or_(bindparam("is_open", type_=Boolean).is_(False), LegalRequestRow.outcome.is_(None)),
    )
    .order_by(LegalRequestRow.id)
    .limit(bindparam("limit", type_=Integer))
)
_SEALED: Final = ("details", "answer")


class Kept(NamedTuple):
    """A request as it is kept, opened."""

    values: Mapping[str, Any]
    told: str
    settlement: LegalRequestSettlement | None

    @property
    def id(self) -> LegalRequestId:
        """By which pages are ordered."""
        return LegalRequestId(self.values["id"])


class LegalRequestQueries:
    """Reads of requests."""

    def __init__(self, read: Read, root: RootKeys) -> None:
        self._read = read
        self._root = root

    async def some(self, page: PageRequest, *, is_open: bool) -> list[Kept]:
        """Return a page of requests, and one more where there is one, in the order they were recorded."""
        rows = await self._read.all(_PAGE, after=page.after, limit=page.limit, is_open=is_open)
        return [_opened(row, self._root) for row in rows]


class LegalRequestRows:
    """Requests within a unit of work."""

    def __init__(self, db: AsyncSession, root: RootKeys, organization_id: OrganizationId) -> None:
        self._db = db
        self._root = root
        self._organization_id = organization_id

    async def add(self, values: Mapping[str, Any], told: str) -> None:
        """Write a request."""
        details = await self._sealed("details", values["id"], told, values["recorded_at"])
        self._db.add(LegalRequestRow(organization_id=self._organization_id, details=details, **values))
        await self._db.flush()

    async def waits(self, kind: LegalRequestKind, patient_id: PatientId, recipient_id: RecipientId) -> bool:
        """Whether such a request waits for a person already."""
        found = select(LegalRequestRow.id).where(
            LegalRequestRow.kind == kind.value,
            LegalRequestRow.patient_id == patient_id,
            LegalRequestRow.recipient_id == recipient_id,
            LegalRequestRow.outcome.is_(None),
        )
        return await self._db.scalar(found.limit(1)) is not None

    async def one(self, request_id: LegalRequestId) -> Kept | None:
        """Return a request, and make others wait who want to settle it."""
        found = _REQUEST.where(LegalRequestRow.id == request_id).with_for_update(of=LegalRequestRow)
        row = (await self._db.execute(found)).mappings().one_or_none()
        return None if row is None else _opened(row, self._root)

    async def settle(
        self, request_id: LegalRequestId, settlement: LegalRequestSettlement, values: Mapping[str, Any]
    ) -> None:
        """Write how a request was settled."""
        said = orjson.dumps(settlement.model_dump(mode="json")).decode()
        answer = await self._sealed("answer", request_id, said, values["settled_at"])
        changed = {"outcome": settlement.outcome.value, "answer": answer, **values}
        await self._db.execute(update(LegalRequestRow).where(LegalRequestRow.id == request_id).values(**changed))

    async def _sealed(self, column: str, request_id: UUID, said: str, now: datetime) -> bytes:
        _, key = await organization_key(self._db, self._root, self._organization_id, now)
        return key.seal(said.encode(), _place(self._organization_id, column, request_id))


def _opened(row: Mapping[Any, Any], root: RootKeys) -> Kept:
    organization_id, request_id = row["organization_id"], row["id"]
    key = open_key(root, organization_id, row["key_id"], row["wrapped_key"])
    told = key.unseal(row["details"], _place(organization_id, "details", request_id)).decode()
    settlement = None
    if row["answer"] is not None:
        said = key.unseal(row["answer"], _place(organization_id, "answer", request_id))
        settlement = LegalRequestSettlement.model_validate_json(said)
    columns = (column.name for column in LegalRequestRow.__table__.columns if column.name not in _SEALED)
    return Kept({name: row[name] for name in columns}, told, settlement)


def _place(organization_id: OrganizationId, column: str, request_id: UUID) -> Place:
    return Place(organization_id, LegalRequestRow.__tablename__, column, request_id)
