"""The rows of requests that wait for a person, of launches, and of what people have agreed to."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, ForeignKeyConstraint, LargeBinary, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.gateway.accounts.tables import MembershipRow
from services.gateway.oauth_clients.tables import OauthClientRow
from services.gateway.rows import Base


class AuthorizationRequestRow(Base):
    """What an application asks for; it spans organizations, because nobody has signed in when it comes.

    One that was pushed has no browser yet; one that is shown belongs to the browser it is shown in.
    """

    __tablename__ = "authorization_requests"

    handle_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    client_id: Mapped[UUID] = mapped_column(ForeignKey(OauthClientRow.id))
    browser_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    parameters: Mapped[dict[str, Any]] = mapped_column(JSONB)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)


class OauthConsentRow(Base):
    """What a person lets an application do from now on without being asked again."""

    __tablename__ = "oauth_consents"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organization_id", "account_id"], [MembershipRow.organization_id, MembershipRow.account_id]
        ),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    client_id: Mapped[UUID] = mapped_column(primary_key=True)
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    agreed_at: Mapped[datetime]


class LaunchRow(Base):
    """That a person starts an application from a patient's chart (SMART App Launch, EHR launch)."""

    __tablename__ = "launches"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organization_id", "account_id"], [MembershipRow.organization_id, MembershipRow.account_id]
        ),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    launch_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    account_id: Mapped[UUID]
    client_id: Mapped[UUID]
    patient_id: Mapped[UUID]
    encounter_id: Mapped[UUID | None]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
