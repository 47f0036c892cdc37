"""The organization's key: it wraps the keys of patients, and seals what belongs to no single one of them."""

from datetime import datetime
from functools import lru_cache
from typing import Final
from uuid import UUID, uuid4

from sqlalchemy import UniqueConstraint, select, text
from sqlalchemy.dialects.postgresql import Insert, insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from services.chassis.root_keys import RootKeys
from services.chassis.sealing import Place, SealingKey
from services.contracts.identifiers import OrganizationId
from services.records.rows import Base

_LOCK: Final = text("lock table organization_keys in row exclusive mode")


class OrganizationKeyRow(Base):
    """An organization's key, wrapped by the root key."""

    __tablename__ = "organization_keys"
    __table_args__ = (UniqueConstraint("organization_id"),)

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    wrapped: Mapped[bytes]
    created_at: Mapped[datetime]


async def organization_key(
    db: AsyncSession, root: RootKeys, organization_id: OrganizationId, now: datetime
) -> tuple[UUID, SealingKey]:
    """Return the organization's key; it is made with its first use, once, however many come at once."""
    stored = select(OrganizationKeyRow.id, OrganizationKeyRow.wrapped)
    row = (await db.execute(stored)).one_or_none()
    if row is None:
        # Before it is wrapped: see `RootKeys.wrap`.
        await db.execute(_LOCK)
        await db.execute(_new_key(root, organization_id, now).on_conflict_do_nothing())
        row = (await db.execute(stored)).one()
    return row.id, open_key(root, organization_id, row.id, row.wrapped)


# Only what is stored opens it: once it is wrapped anew or destroyed, what was unwrapped before is asked for no more.
@lru_cache(maxsize=1024)
def open_key(root: RootKeys, organization_id: OrganizationId, key_id: UUID, wrapped: bytes) -> SealingKey:
    """Unwrap an organization's key.

    Raises:
        SealBrokenError: What is stored was changed behind our back.
    """
    return root.unwrap(key_id, wrapped, _place(organization_id, key_id))


def _new_key(root: RootKeys, organization_id: OrganizationId, now: datetime) -> Insert:
    key_id = uuid4()
    wrapped = root.wrap(SealingKey.generate(key_id), _place(organization_id, key_id))
    return insert(OrganizationKeyRow).values(
        organization_id=organization_id, id=key_id, wrapped=wrapped, created_at=now
    )


def _place(organization_id: OrganizationId, key_id: UUID) -> Place:
    return Place(organization_id, OrganizationKeyRow.__tablename__, "wrapped", key_id)
