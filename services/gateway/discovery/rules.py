"""The metadata: only what works is in it, and all documents say the same."""

from typing import Any, Final

from services.contracts.gateway.oauth_clients import OauthGrantType
from services.contracts.identity import Assurance
from services.gateway.dpop.rules import ALGORITHMS as PROOF_ALGORITHMS
from services.gateway.oauth_clients.rules import ALGORITHMS
from services.policy.smart.words import API, CHECK_IN, WORDS

_CAPABILITIES: Final = (
    "launch-ehr",
    "launch-standalone",
    "authorize-post",
    "client-public",
    "client-confidential-asymmetric",
    "sso-openid-connect",
    "context-banner",
    "context-ehr-patient",
    "context-ehr-encounter",
    "context-standalone-patient",
    "permission-offline",
    "permission-online",
    "permission-patient",
    "permission-user",
    "permission-v1",
    "permission-v2",
)
_SCOPES: Final = (*sorted(WORDS), "patient/*.rs", "user/*.cruds", "system/*.cruds")


def oauth_metadata(issuer: str, *, has_registration: bool) -> dict[str, Any]:
    """Return the metadata of the authorization server (RFC 8414)."""
    registration = {"registration_endpoint": f"{issuer}/oauth/register"} if has_registration else {}
    algorithms = list(ALGORITHMS)
    methods = ["private_key_jwt", "none"]
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/oauth/authorize",
        "token_endpoint": f"{issuer}/oauth/token",
        "token_endpoint_auth_methods_supported": methods,
        "token_endpoint_auth_signing_alg_values_supported": algorithms,
        "revocation_endpoint": f"{issuer}/oauth/revoke",
        "revocation_endpoint_auth_methods_supported": methods,
        "revocation_endpoint_auth_signing_alg_values_supported": algorithms,
        "introspection_endpoint": f"{issuer}/oauth/introspect",
        "introspection_endpoint_auth_methods_supported": ["private_key_jwt"],
        "introspection_endpoint_auth_signing_alg_values_supported": algorithms,
        "pushed_authorization_request_endpoint": f"{issuer}/oauth/par",
        "require_pushed_authorization_requests": False,
        "device_authorization_endpoint": f"{issuer}/oauth/device_authorization",
        "jwks_uri": f"{issuer}/.well-known/jwks.json",
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["refresh_token", *(grant_type.value for grant_type in OauthGrantType)],
        "code_challenge_methods_supported": ["S256"],
        "dpop_signing_alg_values_supported": list(PROOF_ALGORITHMS),
        "scopes_supported": list(_SCOPES),
        "authorization_response_iss_parameter_supported": True,
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
        **registration,
    }


def resource_metadata(issuer: str) -> dict[str, Any]:
    """Return the metadata of our own API as a resource (RFC 9728, 2)."""
    return {
        "resource": issuer,
        "authorization_servers": [issuer],
        "scopes_supported": [API, CHECK_IN],
        "bearer_methods_supported": ["header"],
        "dpop_signing_alg_values_supported": list(PROOF_ALGORITHMS),
        # Who has a token that is bound to no key may still use it.
        "dpop_bound_access_tokens_required": False,
    }


def openid_configuration(issuer: str, *, has_registration: bool) -> dict[str, Any]:
    """Return the metadata of the OpenID provider (OpenID Connect Discovery 1.0, 3)."""
    return oauth_metadata(issuer, has_registration=has_registration) | {
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "claims_supported": ["iss", "sub", "aud", "exp", "iat", "nonce", "auth_time", "amr", "acr", "fhirUser"],
        "acr_values_supported": [level.value for level in Assurance],
        "prompt_values_supported": ["none", "login", "consent"],
    }


def smart_configuration(issuer: str, *, has_registration: bool) -> dict[str, Any]:
    """Return what SMART App Launch 2.2 asks of a FHIR server's authorization."""
    return oauth_metadata(issuer, has_registration=has_registration) | {"capabilities": list(_CAPABILITIES)}
