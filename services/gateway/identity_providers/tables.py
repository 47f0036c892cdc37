"""The rows of identity providers, and of who is whom there."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, LargeBinary, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.gateway.accounts.tables import MembershipRow
from services.gateway.organizations.tables import OrganizationRow
from services.gateway.rows import Base


class IdentityProviderRow(Base):
    """A provider; `secret` is sealed: its client secret, or the private key that we prove ourselves with."""

    __tablename__ = "identity_providers"
    __table_args__ = (
        CheckConstraint("authentication in ('private_key_jwt', 'client_secret_basic')", name="authentication"),
        CheckConstraint("id_token_algorithm in ('RS256', 'RS384', 'ES256', 'ES384')", name="algorithm"),
        CheckConstraint("(public_key is null) = (authentication = 'client_secret_basic')", name="public_key"),
        CheckConstraint("(secret is null) = (client_id is null and public_key is null)", name="secret"),
    )

    organization_id: Mapped[UUID] = mapped_column(ForeignKey(OrganizationRow.id), primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    issuer: Mapped[str]
    client_id: Mapped[str | None]
    authentication: Mapped[str]
    secret: Mapped[bytes | None] = mapped_column(LargeBinary)
    public_key: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    id_token_algorithm: Mapped[str]
    proves_two_factors: Mapped[bool]
    created_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]


class IdentityLinkRow(Base):
    """That a member is who a provider calls by some subject, of which a keyed hash is kept."""

    __tablename__ = "identity_links"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organization_id", "provider_id"], [IdentityProviderRow.organization_id, IdentityProviderRow.id]
        ),
        ForeignKeyConstraint(
            ["organization_id", "account_id"], [MembershipRow.organization_id, MembershipRow.account_id]
        ),
        UniqueConstraint("organization_id", "provider_id", "account_id", name="identity_links_one_each_key"),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    provider_id: Mapped[UUID] = mapped_column(primary_key=True)
    subject_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    account_id: Mapped[UUID]
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]
