"""Rows of accounts, workplaces and memberships."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from services.contracts.identity import Role
from services.gateway.organizations.tables import OrganizationRow
from services.gateway.rows import Base

_GRANTABLE = ", ".join(f"'{role}'" for role in Role if role is not Role.PLATFORM_OPERATOR)


class AccountRow(Base):
    """A person who can sign in; spans organizations, because sign-in comes before any is known."""

    __tablename__ = "accounts"
    __table_args__ = (CheckConstraint("email = lower(email)", name="email_lower"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(unique=True)
    display_name: Mapped[str]
    password_hash: Mapped[str]
    created_at: Mapped[datetime]


class WorkplaceRow(Base):
    """That a person works in an organization, and whether it is shut: what sign-in may see across organizations."""

    __tablename__ = "workplaces"

    organization_id: Mapped[UUID] = mapped_column(ForeignKey(OrganizationRow.id), primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey(AccountRow.id), primary_key=True, index=True)
    disabled_at: Mapped[datetime | None]


class MembershipRow(Base):
    """The roles a person holds in an organization."""

    __tablename__ = "memberships"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organization_id", "account_id"], [WorkplaceRow.organization_id, WorkplaceRow.account_id]
        ),
        CheckConstraint("cardinality(roles) > 0", name="roles_any"),
        CheckConstraint(f"roles <@ array[{_GRANTABLE}]", name="roles_grantable"),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    roles: Mapped[list[str]] = mapped_column(ARRAY(Text))
    created_at: Mapped[datetime]
