"""The rows of applications, and of the assertions they have used."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, LargeBinary, Text, false, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.gateway.organizations.tables import OrganizationRow
from services.gateway.rows import Base


class OauthClientRow(Base):
    """An application; it spans organizations, because it is named before anybody has signed in."""

    __tablename__ = "oauth_clients"
    __table_args__ = (
        CheckConstraint("kind in ('public', 'confidential')", name="kind"),
        CheckConstraint("num_nonnulls(jwks, jwks_uri) = (kind = 'confidential')::int", name="keys"),
        CheckConstraint("cardinality(grant_types) > 0", name="grant_types_any"),
        CheckConstraint(
            "grant_types <@ array['authorization_code', 'client_credentials', "
            "'urn:ietf:params:oauth:grant-type:device_code']",
            name="grant_types",
        ),
        CheckConstraint(
            "not 'client_credentials' = any(grant_types) or (kind = 'confidential' and organization_id is not null)",
            name="services",
        ),
        CheckConstraint(
            "('authorization_code' = any(grant_types)) = (cardinality(redirect_uris) > 0)", name="redirect_uris"
        ),
        CheckConstraint(
            "num_nonnulls(permit_id, registration_hash) in (0, 2) "
            "and (permit_id is null or organization_id is not null)",
            name="registered",
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID | None] = mapped_column(ForeignKey(OrganizationRow.id), index=True)
    name: Mapped[str]
    kind: Mapped[str]
    grant_types: Mapped[list[str]] = mapped_column(ARRAY(Text))
    redirect_uris: Mapped[list[str]] = mapped_column(ARRAY(Text))
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    jwks: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    jwks_uri: Mapped[str | None]
    dpop_bound_access_tokens: Mapped[bool] = mapped_column(server_default=false())
    permit_id: Mapped[UUID | None]
    """By which it registered itself."""
    registration_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Of the token with which it reads and changes what it is."""
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    disabled_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(server_default=text("1"))


class ClientAssertionRow(Base):
    """That an application has used an assertion, so that nobody uses it again; whose `jti` it was is hashed."""

    __tablename__ = "client_assertions"

    client_id: Mapped[UUID] = mapped_column(ForeignKey(OauthClientRow.id), primary_key=True)
    jti_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    expires_at: Mapped[datetime] = mapped_column(index=True)
