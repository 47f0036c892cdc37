"""Routes of the authorization server: what everybody may ask, and what is for people."""

from typing import Final

from services.contracts.identity import Microservice, Role
from services.policy.route import Route, proved_anew

_IN_AN_ORGANIZATION: Final = frozenset(Role) - {Role.PLATFORM_OPERATOR}
_ADMINISTERS: Final = frozenset({Role.ORGANIZATION_ADMIN, Role.PLATFORM_OPERATOR})
_ADMINISTERS_ONE: Final = frozenset({Role.ORGANIZATION_ADMIN})
# Calls a minute of one address, behind which a whole clinic may sit: enough for its people, and too few to guess with.
_BROWSED: Final = 300
_SIGNED: Final = 600
_DEVICES: Final = 60
_REGISTERED: Final = 10
# A server that resources are read from asks about each token that it is shown.
_ASKED_OFTEN: Final = 6000
_OPENS_CHARTS: Final = frozenset(
    {Role.COUNSELLOR, Role.SUPERVISOR, Role.PRESCRIBER, Role.NURSE, Role.PROGRAMME_DIRECTOR, Role.FRONT_DESK}
)


def _public(operation_id: str, method: str, path: str, calls_per_minute: int | None = None) -> Route:
    # Who asks is known by what they send, if at all: a signature, a code, a cookie with a secret of the page.
    return Route(
        operation_id,
        Microservice.GATEWAY,
        method,
        path,
        frozenset(),
        public=True,
        calls_per_minute=calls_per_minute,
    )


def _person(operation_id: str, method: str, path: str, roles: frozenset[Role]) -> Route:
    return Route(operation_id, Microservice.GATEWAY, method, path, roles)


_REGISTRATION: Final = (
    _public("register_oauth_client", "POST", "/oauth/register", _REGISTERED),
    _public("read_client_registration", "GET", "/oauth/register/{client_id}", _DEVICES),
    _public("put_client_registration", "PUT", "/oauth/register/{client_id}", _REGISTERED),
    _public("delete_client_registration", "DELETE", "/oauth/register/{client_id}", _REGISTERED),
    proved_anew(_person("create_registration_permit", "POST", "/v1/registration_permits", _ADMINISTERS_ONE)),
    _person("list_registration_permits", "GET", "/v1/registration_permits", _ADMINISTERS_ONE),
    _person("revoke_registration_permit", "POST", "/v1/registration_permits/{permit_id}:revoke", _ADMINISTERS_ONE),
    proved_anew(_person("confirm_oauth_client", "POST", "/v1/oauth_clients/{client_id}:confirm", _ADMINISTERS_ONE)),
)
REGISTRATION: Final = frozenset(route.operation_id for route in _REGISTRATION)
"""What is there only where an installation lets applications register themselves."""

OAUTH_ROUTES: Final[tuple[Route, ...]] = (
    _public("read_oauth_metadata", "GET", "/.well-known/oauth-authorization-server"),
    _public("read_resource_metadata", "GET", "/.well-known/oauth-protected-resource"),
    _public("read_openid_configuration", "GET", "/.well-known/openid-configuration"),
    _public("read_smart_configuration", "GET", "/.well-known/smart-configuration"),
    _public("read_fhir_smart_configuration", "GET", "/fhir/R4/.well-known/smart-configuration"),
    _public("open_authorization", "GET", "/oauth/authorize", _BROWSED),
    _public("post_authorization", "POST", "/oauth/authorize", _BROWSED),
    _public("sign_in_to_authorize", "POST", "/oauth/authorize/sign_in", _BROWSED),
    _public("decide_authorization", "POST", "/oauth/authorize/decision", _BROWSED),
    _public("open_identity_provider", "GET", "/oauth/identity_providers/{provider_id}", _BROWSED),
    _public("come_back_from_identity_provider", "GET", "/oauth/identity_providers/{provider_id}/callback", _BROWSED),
    _public("push_authorization", "POST", "/oauth/par", _SIGNED),
    _public("authorize_device", "POST", "/oauth/device_authorization", _DEVICES),
    _public("open_device_page", "GET", "/oauth/device", _BROWSED),
    _public("enter_device_code", "POST", "/oauth/device", _BROWSED),
    *_REGISTRATION,
    _public("create_oauth_token", "POST", "/oauth/token", _SIGNED),
    _public("revoke_oauth_token", "POST", "/oauth/revoke", _SIGNED),
    _public("introspect_oauth_token", "POST", "/oauth/introspect", _ASKED_OFTEN),
    _person("create_oauth_client", "POST", "/v1/oauth_clients", _ADMINISTERS),
    _person("list_oauth_clients", "GET", "/v1/oauth_clients", _ADMINISTERS),
    _person("read_oauth_client", "GET", "/v1/oauth_clients/{client_id}", _ADMINISTERS),
    _person("disable_oauth_client", "POST", "/v1/oauth_clients/{client_id}:disable", _ADMINISTERS),
    _person("create_launch", "POST", "/v1/launches", _OPENS_CHARTS),
    _person("list_oauth_consents", "GET", "/v1/oauth_consents", _IN_AN_ORGANIZATION),
    _person("revoke_oauth_consent", "POST", "/v1/oauth_consents/{client_id}:revoke", _IN_AN_ORGANIZATION),
)
