"""Invitations: a person who is asked to work in an organization chooses the password by a link."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from services.contracts.base import Distinct, Name, RequestModel, ResourceModel
from services.contracts.gateway.letters import LetterLanguage
from services.contracts.gateway.organizations import Email, Password
from services.contracts.gateway.password_resets import LetterSecret
from services.contracts.identifiers import AccountId, InvitationId, OrganizationId
from services.contracts.identity import Role


class InvitationRequest(RequestModel):
    """Whom to write to, and what they are to do in the organization.

    Whom law enforcement places in the programme is not invited: their account is made (create_account), with the order.
    """

    email: Email
    display_name: Name
    roles: Annotated[Distinct[Role], Field(min_length=1)]
    language: LetterLanguage = LetterLanguage.ENGLISH


class InvitationStatus(StrEnum):
    """What became of an invitation."""

    OPEN = "open"
    ACCEPTED = "accepted"
    REVOKED = "revoked"
    EXPIRED = "expired"


class Invitation(ResourceModel):
    """An invitation as those see it who administer the organization; what opens it is in the letter alone."""

    id: InvitationId
    organization_id: OrganizationId
    email: str
    display_name: str
    roles: list[Role]
    language: LetterLanguage
    status: InvitationStatus
    invited_by: AccountId
    created_at: datetime
    expires_at: datetime
    account_id: AccountId | None = Field(description="The account of who has accepted; null until then.")


class InvitationOpening(RequestModel):
    """The secret of a link."""

    secret: LetterSecret


class OpenedInvitation(ResourceModel):
    """What a page shows to who has the link."""

    email: str
    display_name: str
    expires_at: datetime
    has_account: bool = Field(description="Whether the address has an account, whose password is the one to send.")


class InvitationAcceptance(RequestModel):
    """The secret of a link, and the password: a new one, or that of the account which the address has elsewhere."""

    secret: LetterSecret
    password: Password


class SecondFactor(StrEnum):
    """What may be added to a password."""

    TOTP = "totp"
    PASSKEY = "passkey"


class AcceptedInvitation(ResourceModel):
    """Where somebody works now."""

    account_id: AccountId
    organization_id: OrganizationId
    roles: list[Role]
    second_factors_offered: list[SecondFactor] = Field(
        description="What to add next, signed in: `create_my_totp` or `create_my_passkey_options`; empty with one."
    )
