"""Where devices that wait are kept."""

from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.contracts.identifiers import GrantId, OauthClientId, OrganizationId
from services.gateway.devices.device import Device, DeviceStatus
from services.gateway.devices.tables import DeviceAuthorizationRow


class DeviceStorage:
    """Devices in the database."""

    def __init__(self, db: AsyncSession) -> None:
        self._db = db

    async def add(
        self,
        device_hash: bytes,
        user_code_hash: bytes,
        client_id: OauthClientId,
        scopes: tuple[str, ...],
        *,
        interval: timedelta,
        created_at: datetime,
        expires_at: datetime,
        forgotten_before: datetime,
    ) -> bool:
        """Insert a device, and forget those long over; says no where another one shows the same code."""
        over = DeviceAuthorizationRow.expires_at <= forgotten_before
        await self._db.execute(delete(DeviceAuthorizationRow).where(over))
        added = insert(DeviceAuthorizationRow).values(
            device_hash=device_hash,
            user_code_hash=user_code_hash,
            client_id=client_id,
            scopes=list(scopes),
            status=DeviceStatus.PENDING.value,
            interval_seconds=int(interval.total_seconds()),
            created_at=created_at,
            expires_at=expires_at,
        )
        kept = added.on_conflict_do_nothing().returning(DeviceAuthorizationRow.client_id)
        return await self._db.scalar(kept) is not None

    async def showing(self, user_code_hash: bytes, now: datetime) -> Device | None:
        """Return the device that shows a code and waits, or None."""
        found = select(DeviceAuthorizationRow).where(
            DeviceAuthorizationRow.user_code_hash == user_code_hash,
            DeviceAuthorizationRow.status == DeviceStatus.PENDING.value,
            DeviceAuthorizationRow.expires_at > now,
        )
        row = await self._db.scalar(found)
        return None if row is None else _device(row)

    async def locked(self, device_hash: bytes) -> Device | None:
        """Return the device that asks; whoever asks for it at the same moment waits."""
        row = await self._db.get(DeviceAuthorizationRow, device_hash, with_for_update=True)
        return None if row is None else _device(row)

    async def note_poll(self, device_hash: bytes, now: datetime, interval: timedelta) -> None:
        """Keep when a device asked, and how long it has to wait from now on."""
        this = update(DeviceAuthorizationRow).where(DeviceAuthorizationRow.device_hash == device_hash)
        await self._db.execute(this.values(polled_at=now, interval_seconds=int(interval.total_seconds())))

    async def note_told(self, device_hash: bytes, now: datetime) -> None:
        """Keep that a device has its tokens, since the question that it asks now."""
        this = update(DeviceAuthorizationRow).where(DeviceAuthorizationRow.device_hash == device_hash)
        await self._db.execute(this.values(status=DeviceStatus.TOLD.value, polled_at=now))

    async def forget(self, device_hash: bytes) -> None:
        """Forget a device that has been told that it is declined."""
        this = DeviceAuthorizationRow.device_hash == device_hash
        await self._db.execute(delete(DeviceAuthorizationRow).where(this))

    async def decide(
        self,
        user_code_hash: bytes,
        client_id: OauthClientId,
        granted: tuple[OrganizationId, GrantId] | None,
        now: datetime,
    ) -> bool:
        """Keep what a person has decided, with what was granted; says no where it was decided before or is over."""
        organization_id, grant_id = granted or (None, None)
        status = DeviceStatus.DECLINED if granted is None else DeviceStatus.ALLOWED
        decided = (
            update(DeviceAuthorizationRow)
            .where(
                DeviceAuthorizationRow.user_code_hash == user_code_hash,
                DeviceAuthorizationRow.client_id == client_id,
                DeviceAuthorizationRow.status == DeviceStatus.PENDING.value,
                DeviceAuthorizationRow.expires_at > now,
            )
            .values(status=status.value, organization_id=organization_id, grant_id=grant_id)
            .returning(DeviceAuthorizationRow.client_id)
        )
        return await self._db.scalar(decided) is not None


def _device(row: DeviceAuthorizationRow) -> Device:
    return Device(
        OauthClientId(row.client_id),
        tuple(row.scopes),
        DeviceStatus(row.status),
        None if row.organization_id is None else OrganizationId(row.organization_id),
        None if row.grant_id is None else GrantId(row.grant_id),
        timedelta(seconds=row.interval_seconds),
        row.polled_at,
        row.expires_at,
    )
