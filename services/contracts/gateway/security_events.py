"""What the gateway's audit trail tells."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from pydantic import Field

from services.contracts.base import ResourceModel
from services.contracts.identifiers import AccountId, IdentityProviderId, LoginSessionId, OauthClientId
from services.contracts.identity import Role


class SecurityEventKind(StrEnum):
    """What happened."""

    SIGNED_IN = "signed_in"
    SIGN_IN_REFUSED = "sign_in_refused"
    ATTEMPTS_HELD_UP = "attempts_held_up"
    """Too many attempts have failed, and from now on none is looked at for a while; told once each time."""
    SESSION_RENEWED = "session_renewed"
    """A session got its next access token."""
    ACCESS_DENIED = "access_denied"
    """A caller was refused an operation: told the first time at once, and what followed within minutes together."""
    STEPPED_UP = "stepped_up"
    STEP_UP_REFUSED = "step_up_refused"
    SESSION_ENDED = "session_ended"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 - the name of an event, not a secret
    PASSWORD_RESET_SENT = "password_reset_sent"  # noqa: S105 - as above
    """A letter with a link is on its way to the person, who or somebody else has asked for it."""
    PASSWORD_RESET = "password_reset"  # noqa: S105 - as above
    FACTOR_ADDED = "factor_added"
    FACTOR_REMOVED = "factor_removed"
    RECOVERY_CODES_RENEWED = "recovery_codes_renewed"
    PASSKEY_ADDED = "passkey_added"
    PASSKEY_RENAMED = "passkey_renamed"
    PASSKEY_REMOVED = "passkey_removed"
    ORGANIZATION_ADDED = "organization_added"
    ORGANIZATION_CLOSED = "organization_closed"
    ORGANIZATION_REOPENED = "organization_reopened"
    ACCOUNT_ADDED = "account_added"
    INVITATION_SENT = "invitation_sent"
    INVITATION_REVOKED = "invitation_revoked"
    INVITATION_ACCEPTED = "invitation_accepted"
    ROLES_CHANGED = "roles_changed"
    ACCOUNT_DISABLED = "account_disabled"
    ACCOUNT_ENABLED = "account_enabled"
    OAUTH_CLIENT_REGISTERED = "oauth_client_registered"
    OAUTH_CLIENT_DISABLED = "oauth_client_disabled"
    OAUTH_CLIENT_REFUSED = "oauth_client_refused"
    """An application, or somebody in its name, has not proved to be it."""
    OAUTH_CLIENT_CHANGED = "oauth_client_changed"
    """An application that registered itself is another from now on, and everything it was granted has ended."""
    OAUTH_CLIENT_CONFIRMED = "oauth_client_confirmed"
    REGISTRATION_PERMITTED = "registration_permitted"
    """Applications may register themselves for these scopes."""
    REGISTRATION_PERMIT_REVOKED = "registration_permit_revoked"
    IDENTITY_PROVIDER_REGISTERED = "identity_provider_registered"
    IDENTITY_PROVIDER_ACTIVATED = "identity_provider_activated"
    IDENTITY_PROVIDER_DISABLED = "identity_provider_disabled"
    IDENTITY_LINKED = "identity_linked"
    """A person signs in with what a provider calls them, from now on."""
    IDENTITY_UNLINKED = "identity_unlinked"
    EMERGENCY_ALERTED = "emergency_alerted"
    """A record was opened in an emergency, and those who lead were told by letters; which one, records tells."""
    SIGNING_KEY_ADDED = "signing_key_added"
    """A key that tokens will be signed with is published; it signs an hour later."""
    SIGNING_KEY_REMOVED = "signing_key_removed"
    """A key is published no longer: no token that it has signed can be good any more."""
    LAUNCH_CREATED = "launch_created"
    """An application was started from a chart; which one's, the records service's own trail tells."""
    CONSENT_GIVEN = "consent_given"
    CONSENT_WITHDRAWN = "consent_withdrawn"
    CONSENT_DECLINED = "consent_declined"
    TOKENS_GRANTED = "tokens_granted"
    TOKENS_REFRESHED = "tokens_refreshed"
    TOKENS_REVOKED = "tokens_revoked"
    TOKENS_REUSED = "tokens_reused"
    """A code or refresh token came a second time, and everything that followed from it was ended."""


class SecurityEvent(ResourceModel):
    """One event of the trail; members that have no meaning for its kind are null."""

    id: UUID
    at: datetime
    kind: SecurityEventKind
    request: str = Field(description="The id of the request, which the problem that it answered quotes as instance.")
    by: AccountId | None = Field(description="Who did it; null where nobody had signed in, or a service did.")
    account_id: AccountId | None = Field(description="Whose account, session, factor or grant it was about.")
    login_session_id: LoginSessionId | None
    organization_added_id: UUID | None
    oauth_client_id: OauthClientId | None
    identity_provider_id: IdentityProviderId | None
    roles_before: list[Role] | None
    roles: list[Role] | None
    key_id: str | None = Field(description="Of a key of ours: its RFC 7638 thumbprint, as the key set has it.")
    scopes: list[str] | None
    amr: list[str] | None = Field(description="How the person proved who they are (RFC 8176).")
    reason: str | None = Field(description="Why it was refused.")
    court_order_id: str | None = Field(description="By which order law enforcement placed the person (42 CFR 2.67).")
    court_order_expires_on: date | None
    operation_id: str | None = Field(description="What was refused, as the API's document names it; null for several.")
    times: int | None = Field(
        description="How often it was refused, with what this event tells; or how many letters were sent."
    )
    name_tried: str | None = Field(
        description="Stands for the e-mail address that was tried: the same for the same one, and no way back to it."
    )
    network: str | None = Field(description="Stands for the network that tried, as name_tried stands for the address.")
