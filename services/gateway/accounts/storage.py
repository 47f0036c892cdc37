"""Where accounts, workplaces and memberships are kept."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, and_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.database import set_organization
from services.chassis.paging import PageRequest
from services.contracts.gateway.organizations import Account
from services.contracts.identifiers import AccountId, OrganizationId
from services.contracts.identity import Role
from services.gateway.accounts.tables import AccountRow, MembershipRow, WorkplaceRow
from services.gateway.organizations.tables import OrganizationRow
from services.gateway.rows import Base


@dataclass(frozen=True, slots=True)
class Credentials:
    """What sign-in compares with."""

    account_id: AccountId
    password_hash: str


class AccountStorage:
    """Accounts in the database."""

    def __init__(self, db: AsyncSession) -> None:
        self._db = db

    async def enter(self, organization_id: OrganizationId) -> None:
        """Let the transaction see the memberships of an organization."""
        await set_organization(self._db, organization_id)

    async def credentials(self, email: str) -> Credentials | None:
        """Return the credentials of an e-mail address, or None."""
        found = select(AccountRow.id, AccountRow.password_hash).where(AccountRow.email == email)
        row = (await self._db.execute(found)).one_or_none()
        return None if row is None else Credentials(AccountId(row.id), row.password_hash)

    async def password_hash(self, account_id: AccountId, *, for_change: bool) -> str | None:
        """Return the hash of a person's password, or None; with `for_change` nobody else changes it meanwhile."""
        found = select(AccountRow.password_hash).where(AccountRow.id == account_id)
        password_hash: str | None = await self._db.scalar(found.with_for_update() if for_change else found)
        return password_hash

    async def put_password_hash(self, account_id: AccountId, password_hash: str) -> None:
        """Let a person have another password."""
        await self._db.execute(
            update(AccountRow).where(AccountRow.id == account_id).values(password_hash=password_hash)
        )

    async def replace_hash(self, known: Credentials, password_hash: str) -> None:
        """Keep another hash of the same password, unless the password was changed meanwhile."""
        same = (AccountRow.id == known.account_id, AccountRow.password_hash == known.password_hash)
        await self._db.execute(update(AccountRow).where(*same).values(password_hash=password_hash))

    async def are_still(self, known: Credentials) -> bool:
        """Say whether a person's password is unchanged; nobody changes it until the transaction ends."""
        same = (AccountRow.id == known.account_id, AccountRow.password_hash == known.password_hash)
        return await self._db.scalar(select(AccountRow.id).where(*same).with_for_update(read=True)) is not None

    async def email(self, account_id: AccountId) -> str | None:
        """Return the address a person signs in with, or None."""
        email: str | None = await self._db.scalar(select(AccountRow.email).where(AccountRow.id == account_id))
        return email

    async def add(
        self, account_id: AccountId, *, email: str, display_name: str, password_hash: str, now: datetime
    ) -> bool:
        """Insert an account; says no where the address has one, even one that was made at this very moment."""
        added = insert(AccountRow).values(
            id=account_id, email=email, display_name=display_name, password_hash=password_hash, created_at=now
        )
        inserted = await self._db.scalar(added.on_conflict_do_nothing().returning(AccountRow.id))
        return inserted is not None

    async def join(
        self, account_id: AccountId, organization_id: OrganizationId, *, roles: Collection[Role], now: datetime
    ) -> bool:
        """Make a person a member of an organization; says no where the person is one already."""
        workplace = insert(WorkplaceRow).values(organization_id=organization_id, account_id=account_id)
        joined = await self._db.scalar(workplace.on_conflict_do_nothing().returning(WorkplaceRow.account_id))
        if joined is None:
            return False
        held = sorted(role.value for role in roles)
        self._db.add(MembershipRow(organization_id=organization_id, account_id=account_id, roles=held, created_at=now))
        await self._db.flush()
        return True

    async def workplaces(self, account_id: AccountId) -> list[OrganizationId]:
        """Return the organizations that a person may sign in to, by id, whichever the transaction sees."""
        theirs = (
            WorkplaceRow.account_id == account_id,
            WorkplaceRow.disabled_at.is_(None),
            OrganizationRow.closed_at.is_(None),
        )
        here = OrganizationRow.id == WorkplaceRow.organization_id
        found = select(WorkplaceRow.organization_id).join(OrganizationRow, here).where(*theirs)
        rows = await self._db.scalars(found.order_by(WorkplaceRow.organization_id))
        return [OrganizationId(organization_id) for organization_id in rows]

    async def find(self, organization_id: OrganizationId, account_id: AccountId) -> Account | None:
        """Return a member of an organization, or None."""
        found = _members(organization_id).where(MembershipRow.account_id == account_id)
        row = (await self._db.execute(found)).one_or_none()
        return None if row is None else _account(*row)

    async def hold(self, organization_id: OrganizationId, account_id: AccountId, *, for_change: bool) -> Account | None:
        """Return a member who may sign in, whom nobody else changes until the transaction ends, or None.

        With `for_change` nobody else holds the member either, and it may be one who is disabled, or of an organization
        that is closed.
        """
        found = _members(organization_id).where(MembershipRow.account_id == account_id)
        # Each row: of one that was changed while we waited for it, PostgreSQL looks at the newer version.
        rows: tuple[type[Base], ...] = (MembershipRow, WorkplaceRow)
        if not for_change:
            here = OrganizationRow.id == WorkplaceRow.organization_id
            found = found.join(OrganizationRow, here).where(
                WorkplaceRow.disabled_at.is_(None), OrganizationRow.closed_at.is_(None)
            )
            rows = (OrganizationRow, *rows)
        held = found.with_for_update(read=not for_change, of=rows)
        row = (await self._db.execute(held)).one_or_none()
        return None if row is None else _account(*row)

    async def put_disabled(
        self, organization_id: OrganizationId, account_id: AccountId, disabled_at: datetime | None
    ) -> None:
        """Let a person sign in to an organization, or not any more."""
        this = (WorkplaceRow.organization_id == organization_id, WorkplaceRow.account_id == account_id)
        await self._db.execute(update(WorkplaceRow).where(*this).values(disabled_at=disabled_at))

    async def put_roles(self, organization_id: OrganizationId, account_id: AccountId, roles: Collection[Role]) -> None:
        """Let a member hold exactly these roles."""
        this = (MembershipRow.organization_id == organization_id, MembershipRow.account_id == account_id)
        held = sorted(role.value for role in roles)
        await self._db.execute(update(MembershipRow).where(*this).values(roles=held))

    async def holding(self, organization_id: OrganizationId, role: Role) -> list[Account]:
        """Return the members of an organization who hold a role and are not shut out, by id."""
        theirs = (MembershipRow.roles.contains([role.value]), WorkplaceRow.disabled_at.is_(None))
        found = _members(organization_id).where(*theirs).order_by(MembershipRow.account_id)
        return [_account(*row) for row in await self._db.execute(found)]

    async def some(self, organization_id: OrganizationId, page: PageRequest) -> list[Account]:
        """Return the members of an organization that a page may show, by id."""
        found = _members(organization_id).where(MembershipRow.account_id > page.after)
        rows = await self._db.execute(found.order_by(MembershipRow.account_id).limit(page.limit))
        return [_account(*row) for row in rows]


def _members(organization_id: OrganizationId) -> Select[AccountRow, MembershipRow, WorkplaceRow]:
    here = and_(
        WorkplaceRow.organization_id == MembershipRow.organization_id,
        WorkplaceRow.account_id == MembershipRow.account_id,
    )
    members = select(AccountRow, MembershipRow, WorkplaceRow).join(
        MembershipRow, MembershipRow.account_id == AccountRow.id
    )
    return members.join(WorkplaceRow, here).where(MembershipRow.organization_id == organization_id)


def _account(account: AccountRow, membership: MembershipRow, workplace: WorkplaceRow) -> Account:
    return Account(
        id=AccountId(account.id),
        organization_id=OrganizationId(membership.organization_id),
        email=account.email,
        display_name=account.display_name,
        roles=[Role(role) for role in membership.roles],
        created_at=membership.created_at,
        disabled_at=workplace.disabled_at,
    )
