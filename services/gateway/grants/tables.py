"""The rows of grants, codes, refresh tokens and access tokens; of every secret only the SHA-256 is kept."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, LargeBinary, Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from services.gateway.accounts.tables import MembershipRow
from services.gateway.login.tables import LoginSessionRow
from services.gateway.rows import Base


class GrantRow(Base):
    """What an application was granted once, by a person or, for a service, by its registration.

    It is the family of the refresh tokens that follow one another: `generation` counts them, and whoever rotates, ends
    or finds a reuse does it on this row. Applications span organizations and are never deleted, so none is referenced.
    """

    __tablename__ = "grants"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organization_id", "account_id"], [MembershipRow.organization_id, MembershipRow.account_id]
        ),
        ForeignKeyConstraint(
            ["organization_id", "login_session_id"], [LoginSessionRow.organization_id, LoginSessionRow.id]
        ),
        CheckConstraint("(account_id is null) = (login_session_id is null)", name="person"),
        CheckConstraint("generation >= 0", name="generation"),
        CheckConstraint("expires_at > created_at", name="lifetime"),
        Index(None, "organization_id", "account_id", "client_id"),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    client_id: Mapped[UUID] = mapped_column(index=True)
    account_id: Mapped[UUID | None]
    login_session_id: Mapped[UUID | None]
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    patient_id: Mapped[UUID | None]
    encounter_id: Mapped[UUID | None]
    is_offline: Mapped[bool]
    generation: Mapped[int]
    rotated_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    proof_key: Mapped[str | None]
    """The thumbprint of the key that the refresh tokens of a public application are bound to."""


class AuthorizationCodeRow(Base):
    """A code that its application redeems once, within a minute."""

    __tablename__ = "authorization_codes"
    __table_args__ = (ForeignKeyConstraint(["organization_id", "grant_id"], [GrantRow.organization_id, GrantRow.id]),)

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    code_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    grant_id: Mapped[UUID]
    redirect_uri: Mapped[str]
    code_challenge: Mapped[str]
    nonce: Mapped[str | None]
    expires_at: Mapped[datetime]
    redeemed_at: Mapped[datetime | None]
    proof_key: Mapped[str | None]
    """The thumbprint of the key that it must be redeemed with."""


class RefreshTokenRow(Base):
    """One refresh token of a grant; its successor is kept for who has this very token and lost the answer."""

    __tablename__ = "refresh_tokens"
    __table_args__ = (
        ForeignKeyConstraint(["organization_id", "grant_id"], [GrantRow.organization_id, GrantRow.id]),
        Index(None, "organization_id", "grant_id", "generation", unique=True),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    grant_id: Mapped[UUID]
    generation: Mapped[int]
    successor: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Sealed with a key that is made of the token itself, so that the database does not hold it."""


class GrantedTokenRow(Base):
    """An access token of a grant, so that it ends with it."""

    __tablename__ = "granted_tokens"
    __table_args__ = (
        ForeignKeyConstraint(["organization_id", "grant_id"], [GrantRow.organization_id, GrantRow.id]),
        Index(None, "organization_id", "grant_id"),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    token_id: Mapped[str] = mapped_column(primary_key=True)
    grant_id: Mapped[UUID]
    expires_at: Mapped[datetime]
