"""A provider and one of its people, as the rest of the gateway speaks of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit

from services.contracts.gateway.identity_providers import IdTokenAlgorithm, ProviderAuthentication
from services.contracts.identifiers import IdentityProviderId, OrganizationId


@dataclass(frozen=True, slots=True)
class Provider:
    """What it takes to send a person to a provider and to believe what it answers."""

    id: IdentityProviderId
    organization_id: OrganizationId
    issuer: str
    client_id: str
    authentication: ProviderAuthentication
    id_token_algorithm: IdTokenAlgorithm
    proves_two_factors: bool
    secret: bytes = field(repr=False)
    """The client secret, or a private key in PEM."""
    key_id: str | None


@dataclass(frozen=True, slots=True)
class Identity:
    """Whom a provider calls by some subject, which is kept as a keyed hash."""

    provider_id: IdentityProviderId
    subject_hash: bytes = field(repr=False)


def redirect_uri(issuer: str, provider_id: IdentityProviderId) -> str:
    """Return where a provider sends people back to; one for each, so that none is taken for another (RFC 9700, 4.4)."""
    return f"{issuer}/oauth/identity_providers/{provider_id}/callback"


def authorization_url(endpoint: str, parameters: Mapping[str, str]) -> str:
    """Return where to send a person; what the endpoint's own query says stays (RFC 6749, 3.1)."""
    return f"{endpoint}{'&' if urlsplit(endpoint).query else '?'}{urlencode(parameters)}"
