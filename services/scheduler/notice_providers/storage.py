"""Where providers are kept; the secret sealed."""

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.database import Query, Read
from services.chassis.sealing import Place, SealingKey
from services.contracts.identifiers import OrganizationId
from services.contracts.scheduler.notices import NoticeProvider
from services.scheduler.notice_providers.tables import NoticeProviderRow

_ONE: Final = Query(select(*NoticeProviderRow.__table__.c))


@dataclass(frozen=True, slots=True)
class KeptProvider:
    """A provider with its secret still sealed."""

    provider: NoticeProvider
    sealed_secret: bytes

    def secret(self, organization_id: OrganizationId, key: SealingKey) -> bytes:
        """Open the secret with the organization's key.

        Raises:
            SealBrokenError: What is stored was changed behind our back.
        """
        return key.unseal(self.sealed_secret, _place(organization_id))


async def find(read: Read) -> KeptProvider | None:
    """Fetch the organization's provider."""
    row = await read.one_or_none(_ONE)
    return None if row is None else KeptProvider(NoticeProvider(**row), row["secret"])


async def put(
    db: AsyncSession, organization_id: OrganizationId, provider: NoticeProvider, secret: bytes, key: SealingKey
) -> bool:
    """Keep a provider, the first one or in place of the version before; says no where that is not current."""
    values: dict[str, Any] = {
        **provider.model_dump(),
        "organization_id": organization_id,
        "secret": key.seal(secret, _place(organization_id)),
    }
    statement = insert(NoticeProviderRow).values(values)
    if provider.version == 1:
        statement = statement.on_conflict_do_nothing()
    else:
        statement = statement.on_conflict_do_update(
            index_elements=["organization_id"],
            set_={name: value for name, value in values.items() if name != "organization_id"},
            where=NoticeProviderRow.version == provider.version - 1,
        )
    return await db.scalar(statement.returning(NoticeProviderRow.organization_id)) is not None


async def next_turn(db: AsyncSession, *, after: int | None) -> int | None:
    """Begin the organization's next round of reminders; None where another one than `after` is on, or none can be."""
    statement = update(NoticeProviderRow).values(reminder_turn=NoticeProviderRow.reminder_turn + 1)
    if after is not None:
        statement = statement.where(NoticeProviderRow.reminder_turn == after)
    begun = statement.returning(NoticeProviderRow.reminder_turn).execution_options(synchronize_session=False)
    return await db.scalar(begun)


def _place(organization_id: OrganizationId) -> Place:
    return Place(organization_id, NoticeProviderRow.__tablename__, "secret", organization_id)
