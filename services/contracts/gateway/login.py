"""Sign-in and what it gives."""

from datetime import datetime

from pydantic import Field, SecretStr

from services.contracts.base import RequestModel, ResourceModel
from services.contracts.gateway.organizations import Email
from services.contracts.identifiers import AccountId, LoginSessionId, OrganizationId
from services.contracts.identity import Role


class LoginRequest(RequestModel):
    """An e-mail address and password; the organization only where the person works in several."""

    email: Email
    # Of any length: one that no account can have is refused like a wrong one, in the same words and time.
    password: SecretStr
    organization_id: OrganizationId | None = None


class LoginSession(ResourceModel):
    """A sign-in and its access token (member names of RFC 6749, 5.1)."""

    id: LoginSessionId
    access_token: str
    token_type: str
    expires_in: int = Field(description="Seconds until the access token expires.")
    account_id: AccountId
    organization_id: OrganizationId
    roles: list[Role]


class OpenSession(ResourceModel):
    """A sign-in of the caller that has neither expired nor been ended."""

    id: LoginSessionId
    created_at: datetime
    expires_at: datetime
    is_current: bool = Field(description="Whether it is the session of this very request.")


class Me(ResourceModel):
    """The caller as the gateway sees it."""

    account_id: AccountId
    organization_id: OrganizationId | None
    roles: list[Role]
