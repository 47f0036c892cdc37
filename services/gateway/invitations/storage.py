"""Where invitations are kept; who changes one holds its row first."""

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.database import set_organization
from services.chassis.paging import PageRequest
from services.contracts.gateway.invitations import Invitation, InvitationStatus
from services.contracts.gateway.letters import LetterLanguage
from services.contracts.identifiers import AccountId, InvitationId, OrganizationId
from services.contracts.identity import Role
from services.gateway.invitations.tables import InvitationRow


class InvitationStorage:
    """Invitations in the database, of the organization that the transaction sees."""

    def __init__(self, db: AsyncSession) -> None:
        self._db = db

    async def enter(self, organization_id: OrganizationId) -> None:
        """Let the transaction see the invitations of an organization."""
        await set_organization(self._db, organization_id)

    async def add(self, invitation: Invitation, secret_hash: bytes) -> bool:
        """Insert an invitation; says no where the address has one that is open, even one of this very moment."""
        now = invitation.created_at
        over = (
            InvitationRow.organization_id == invitation.organization_id,
            InvitationRow.email == invitation.email,
            InvitationRow.accepted_at.is_(None),
            InvitationRow.revoked_at.is_(None),
            InvitationRow.expires_at <= now,
        )
        await self._db.execute(update(InvitationRow).where(*over).values(revoked_at=now))
        values = invitation.model_dump(exclude={"status", "account_id"})
        added = insert(InvitationRow).values(**values, secret_hash=secret_hash)
        inserted = await self._db.scalar(added.on_conflict_do_nothing().returning(InvitationRow.id))
        return inserted is not None

    async def hold(
        self, organization_id: OrganizationId, invitation_id: InvitationId, now: datetime
    ) -> Invitation | None:
        """Return an invitation that nobody else changes until the transaction ends, or None."""
        this = (InvitationRow.organization_id == organization_id, InvitationRow.id == invitation_id)
        row = await self._db.scalar(select(InvitationRow).where(*this).with_for_update())
        return None if row is None else _invitation(row, now)

    async def hold_by_secret(self, secret_hash: bytes, now: datetime) -> Invitation | None:
        """Return the invitation that a secret opens, as `hold` does."""
        found = select(InvitationRow).where(InvitationRow.secret_hash == secret_hash).with_for_update()
        row = await self._db.scalar(found)
        return None if row is None else _invitation(row, now)

    async def some(self, organization_id: OrganizationId, page: PageRequest, now: datetime) -> list[Invitation]:
        """Return the invitations of an organization that a page may show, by id."""
        found = select(InvitationRow).where(
            InvitationRow.organization_id == organization_id, InvitationRow.id > page.after
        )
        rows = await self._db.scalars(found.order_by(InvitationRow.id).limit(page.limit))
        return [_invitation(row, now) for row in rows]

    async def revoke(self, invitation: Invitation, now: datetime) -> None:
        """Let nobody accept an invitation any more."""
        await self._change(invitation, revoked_at=now)

    async def renew(self, invitation: Invitation, secret_hash: bytes, expires_at: datetime) -> None:
        """Let an invitation be opened by another secret, and for longer."""
        await self._change(invitation, secret_hash=secret_hash, expires_at=expires_at)

    async def accept(self, invitation: Invitation, account_id: AccountId, now: datetime) -> None:
        """Keep who has accepted."""
        await self._change(invitation, accepted_at=now, account_id=account_id)

    async def _change(self, invitation: Invitation, **values: object) -> None:
        this = (InvitationRow.organization_id == invitation.organization_id, InvitationRow.id == invitation.id)
        await self._db.execute(update(InvitationRow).where(*this).values(**values))


def _invitation(row: InvitationRow, now: datetime) -> Invitation:
    return Invitation(
        id=InvitationId(row.id),
        organization_id=OrganizationId(row.organization_id),
        email=row.email,
        display_name=row.display_name,
        roles=[Role(role) for role in row.roles],
        language=LetterLanguage(row.language),
        status=_status(row, now),
        invited_by=AccountId(row.invited_by),
        created_at=row.created_at,
        expires_at=row.expires_at,
        account_id=None if row.account_id is None else AccountId(row.account_id),
    )


def _status(row: InvitationRow, now: datetime) -> InvitationStatus:
    if row.accepted_at is not None:
        return InvitationStatus.ACCEPTED
    if row.revoked_at is not None:
        return InvitationStatus.REVOKED
    return InvitationStatus.OPEN if now < row.expires_at else InvitationStatus.EXPIRED
