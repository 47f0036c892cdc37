"""The rows of invitations."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from services.gateway.accounts.tables import MembershipRow
from services.gateway.organizations.tables import OrganizationRow
from services.gateway.rows import Base


class InvitationRow(Base):
    """An invitation; of the secret in its newest letter only the SHA-256 is kept.

    One that is open and over stands in nobody's way: whoever invites the address again ends it first.
    """

    __tablename__ = "invitations"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organization_id", "account_id"], [MembershipRow.organization_id, MembershipRow.account_id]
        ),
        UniqueConstraint("organization_id", "secret_hash", name="invitations_secret_hash_key"),
        CheckConstraint("cardinality(roles) > 0", name="roles_any"),
        CheckConstraint("num_nonnulls(accepted_at, revoked_at) < 2", name="once"),
        CheckConstraint("(accepted_at is null) = (account_id is null)", name="accepted"),
        CheckConstraint("language in ('en', 'es')", name="language"),
        Index(
            "invitations_one_open_idx",
            "organization_id",
            "email",
            unique=True,
            postgresql_where=text("accepted_at is null and revoked_at is null"),
        ),
    )

    organization_id: Mapped[UUID] = mapped_column(ForeignKey(OrganizationRow.id), primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    email: Mapped[str]
    display_name: Mapped[str]
    roles: Mapped[list[str]] = mapped_column(ARRAY(Text))
    language: Mapped[str]
    secret_hash: Mapped[bytes] = mapped_column(LargeBinary)
    invited_by: Mapped[UUID]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    account_id: Mapped[UUID | None]
