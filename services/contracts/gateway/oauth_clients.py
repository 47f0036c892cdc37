"""Applications that may ask people for access, or hold access of their own."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from services.contracts.base import Distinct, Name, RequestModel, ResourceModel
from services.contracts.identifiers import OauthClientId, OrganizationId

Uri = Annotated[str, StringConstraints(min_length=3, max_length=500, pattern=r"^[!-~]+$")]
"""A URI in printable ASCII."""

ScopeText = Annotated[str, StringConstraints(min_length=1, max_length=300, pattern=r"^[!#-\[\]-~]+$")]
"""One scope (RFC 6749, 3.3)."""


class OauthClientKind(StrEnum):
    """Whether an application can keep a key (RFC 6749, 2.1)."""

    PUBLIC = "public"
    CONFIDENTIAL = "confidential"


class OauthGrantType(StrEnum):
    """How an application comes by a token."""

    AUTHORIZATION_CODE = "authorization_code"
    CLIENT_CREDENTIALS = "client_credentials"
    DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
    """For a device without a keyboard (RFC 8628), as a clinic's kiosk is."""


class OauthClientRequest(RequestModel):
    """An application to be registered.

    A confidential one has either `jwks` or `jwks_uri`, and proves itself by a signature (private_key_jwt); there are no
    shared secrets. One for `client_credentials` is a SMART backend service.
    """

    name: Name
    kind: OauthClientKind
    grant_types: Annotated[Distinct[OauthGrantType], Field(min_length=1)]
    redirect_uris: Annotated[list[Uri], Field(max_length=10)]
    scopes: Annotated[list[ScopeText], Field(min_length=1, max_length=100)]
    jwks: dict[str, Any] | None = Field(default=None, description="A JWK Set (RFC 7517): RS384 or ES384 keys.")
    jwks_uri: Uri | None = Field(default=None, description="Where the key set is read from; https only.")
    dpop_bound_access_tokens: bool = Field(
        default=False,
        description="Whether it gets no tokens but such as are bound to a key of its own (RFC 9449, 5.2).",
    )


class OauthClient(ResourceModel):
    """A registered application; `id` is its client_id."""

    id: OauthClientId
    organization_id: OrganizationId | None = Field(description="Whose it is; null for one of the installation's own.")
    name: str
    kind: OauthClientKind
    grant_types: list[OauthGrantType]
    redirect_uris: list[str]
    scopes: list[str]
    jwks: dict[str, Any] | None
    jwks_uri: str | None
    dpop_bound_access_tokens: bool
    created_at: datetime
    expires_at: datetime | None = Field(
        description="Until when it gets tokens, where it has registered itself and nobody has confirmed it."
    )
    disabled_at: datetime | None = Field(description="Since when it gets no token any more.")
    version: int
