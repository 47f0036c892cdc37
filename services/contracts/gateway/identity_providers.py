"""Identity providers of organizations: where their people sign in (OpenID Connect), and not with a password of ours."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import Field, SecretStr, StringConstraints

from services.contracts.base import Name, RequestModel, ResourceModel
from services.contracts.identifiers import IdentityProviderId, OrganizationId

_Printable = Annotated[str, StringConstraints(min_length=1, max_length=500, pattern=r"^[!-~]+$")]


class ProviderAuthentication(StrEnum):
    """How we prove to a provider to be its client (OpenID Connect Core 1.0, 9)."""

    PRIVATE_KEY_JWT = "private_key_jwt"
    """With a key of ours for this provider alone, whose public half is in `jwks`."""
    CLIENT_SECRET_BASIC = "client_secret_basic"  # noqa: S105 - the name of a method, not a secret


class IdTokenAlgorithm(StrEnum):
    """What a provider signs ID tokens with; one, for every token of it."""

    RS256 = "RS256"
    RS384 = "RS384"
    ES256 = "ES256"
    ES384 = "ES384"


class IdentityProviderRequest(RequestModel):
    """A provider to be registered here; what it calls us follows, once it knows where to send people back to."""

    name: Name
    issuer: Annotated[_Printable, Field(description="Its issuer, byte for byte: an https URL of the open internet.")]
    authentication: ProviderAuthentication
    id_token_algorithm: IdTokenAlgorithm = IdTokenAlgorithm.RS256
    proves_two_factors: bool = Field(
        default=False,
        description="Whether to believe it that somebody proved two factors, where `amr` has `mfa` (RFC 8176). "
        "Otherwise who signs in with it has proved one.",
    )


class IdentityProviderActivation(RequestModel):
    """What a provider has registered us with; from now on people may link their accounts and sign in."""

    client_id: _Printable
    client_secret: Annotated[SecretStr, Field(min_length=1, max_length=500)] | None = Field(
        default=None, description="For `client_secret_basic`, and for nothing else; it is kept sealed and never shown."
    )


class IdentityProvider(ResourceModel):
    """A registered provider; what is wrong in one is put right by registering another and disabling it."""

    id: IdentityProviderId
    organization_id: OrganizationId
    name: str
    issuer: str
    client_id: str | None = Field(description="What the provider calls us; null until it is activated.")
    authentication: ProviderAuthentication
    id_token_algorithm: IdTokenAlgorithm
    proves_two_factors: bool
    redirect_uri: str = Field(description="What to register with the provider as our redirect; it is of this one only.")
    jwks: dict[str, list[dict[str, str]]] | None = Field(
        description="The public half of our key, to register with the provider; null where we have a secret."
    )
    created_at: datetime
    disabled_at: datetime | None


class IdentityLinkRequest(RequestModel):
    """Begins to link one's account with what a provider calls the person.

    Who has neither a second factor nor a passkey proves the password once more, others have proved one just now.
    """

    provider_id: IdentityProviderId
    password: SecretStr | None = None


class IdentityLinkBegun(ResourceModel):
    """Where to send the browser that got this answer, and no other, within ten minutes."""

    authorization_url: str
    expires_in: int


class IdentityLink(ResourceModel):
    """That the caller signs in with a provider."""

    provider_id: IdentityProviderId
    name: str
    created_at: datetime
    last_used_at: datetime | None
