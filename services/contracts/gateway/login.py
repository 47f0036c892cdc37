"""Sign-in and what it gives."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, SecretStr

from services.contracts.base import RequestModel, ResourceModel
from services.contracts.gateway.factors import OneTimeCode, RecoveryCode
from services.contracts.gateway.organizations import Email, Password
from services.contracts.gateway.passkeys import PasskeyAnswer
from services.contracts.identifiers import AccountId, LoginSessionId, OrganizationId
from services.contracts.identity import Assurance, Role

SessionSecret = Annotated[SecretStr, Field(min_length=1, max_length=200)]
"""What renews the access tokens of one login session; whoever has it is signed in."""


class LoginRequest(RequestModel):
    """An e-mail address and password; the organization only where the person works in several.

    Whoever has a second factor sends a code of it too.

    `keep_in` says where the session's secret goes: into the answer, or into a cookie that no script of a page reads.
    """

    email: Email
    # Of any length: one that no account can have is refused like a wrong one, in the same words and time.
    password: SecretStr
    organization_id: OrganizationId | None = None
    one_time_code: OneTimeCode | None = None
    recovery_code: RecoveryCode | None = None
    keep_in: Literal["answer", "cookie"] = "answer"


class StepUpRequest(RequestModel):
    """Proves a second factor once more, within a session; a passkey is one."""

    one_time_code: OneTimeCode | None = None
    recovery_code: RecoveryCode | None = None
    passkey: PasskeyAnswer | None = None


class PasswordChangeRequest(RequestModel):
    """The password until now, and the one from now on."""

    current_password: SecretStr
    new_password: Password


class RefreshRequest(RequestModel):
    """Asks for the next access token of a login session; a browser sends `csrf_token`, and the secret as its cookie."""

    session_secret: SessionSecret | None = None
    csrf_token: SessionSecret | None = None


class LoginSession(ResourceModel):
    """A sign-in and its access token (member names of RFC 6749, 5.1)."""

    id: LoginSessionId
    access_token: str
    token_type: str
    expires_in: int = Field(description="Seconds until the access token expires.")
    account_id: AccountId
    organization_id: OrganizationId
    roles: list[Role]
    auth_time: datetime
    amr: list[str] = Field(description="How the person proved who they are, in the words of RFC 8176.")
    acr: Assurance
    session_expires_at: datetime = Field(description="When to sign in anew at the latest; sooner after idle time.")
    session_secret: str | None = Field(description="Renews the access token; null where a browser's cookie has it.")
    csrf_token: str | None = Field(description="What a browser sends along with its cookie; null without one.")


class OpenSession(ResourceModel):
    """A sign-in of the caller that has neither expired nor been ended."""

    id: LoginSessionId
    created_at: datetime
    expires_at: datetime
    auth_time: datetime
    amr: list[str]
    acr: Assurance
    is_current: bool = Field(description="Whether it is the session of this very request.")


class Me(ResourceModel):
    """The caller as the gateway sees it."""

    account_id: AccountId
    organization_id: OrganizationId | None
    roles: list[Role]
