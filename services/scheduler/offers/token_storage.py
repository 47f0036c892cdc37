"""Where the hashes of secrets are kept with which people answer offers; they span organizations."""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import LargeBinary, and_, bindparam, delete, insert, or_, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.database import Query, Read, set_organization
from services.contracts.identifiers import OfferId, OrganizationId
from services.scheduler.offers.tables import OfferTokenRow

_FORGOTTEN_AFTER: Final = timedelta(days=7)


async def put_token(
    db: AsyncSession,
    organization_id: OrganizationId,
    offer_id: OfferId,
    *,
    token_hash: bytes,
    expires_at: datetime,
    now: datetime,
) -> None:
    """Keep the hash of a secret in place of the offer's one before; long expired ones of anybody go as well."""
    row = {"organization_id": organization_id, "offer_id": offer_id}
    await db.execute(
        delete(OfferTokenRow).where(
            or_(
                and_(OfferTokenRow.organization_id == organization_id, OfferTokenRow.offer_id == offer_id),
                OfferTokenRow.expires_at < now - _FORGOTTEN_AFTER,
            )
        )
    )
    await db.execute(insert(OfferTokenRow).values(token_hash=token_hash, expires_at=expires_at, **row))


async def keep_token(
    db: AsyncSession, organization_id: OrganizationId, offer_id: OfferId, *, token_hash: bytes, expires_at: datetime
) -> bool:
    """Keep the hash of a secret where the offer has none; says whether the offer's is this one."""
    row = {"organization_id": organization_id, "offer_id": offer_id}
    await db.execute(
        upsert(OfferTokenRow).values(token_hash=token_hash, expires_at=expires_at, **row).on_conflict_do_nothing()
    )
    kept = select(OfferTokenRow.token_hash).filter_by(**row)
    return await db.scalar(kept) == token_hash


_WHOSE: Final = Query(
    select(OfferTokenRow.organization_id).where(OfferTokenRow.token_hash == bindparam("token_hash", type_=LargeBinary))
)


async def whose(read: Read, token_hash: bytes) -> OrganizationId | None:
    """Return of which organization a secret opens something, or None."""
    row = await read.one_or_none(_WHOSE, token_hash=token_hash)
    return None if row is None else OrganizationId(row["organization_id"])


async def enter_by_token(db: AsyncSession, token_hash: bytes) -> tuple[OrganizationId, OfferId] | None:
    """Return whose offer a secret is, and let the transaction see that organization's rows; None for no secret."""
    found = (
        await db.execute(
            select(OfferTokenRow.organization_id, OfferTokenRow.offer_id).where(OfferTokenRow.token_hash == token_hash)
        )
    ).one_or_none()
    if found is None:
        return None
    await set_organization(db, OrganizationId(found.organization_id))
    return OrganizationId(found.organization_id), OfferId(found.offer_id)
