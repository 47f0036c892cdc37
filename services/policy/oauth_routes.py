"""Routes of the authorization server: what everybody may ask, and what is for people."""

from typing import Final

from services.contracts.identity import Microservice, Role
from services.policy.route import Route

_IN_AN_ORGANIZATION: Final = frozenset(Role) - {Role.PLATFORM_OPERATOR}
_ADMINISTERS: Final = frozenset({Role.ORGANIZATION_ADMIN, Role.PLATFORM_OPERATOR})
_OPENS_CHARTS: Final = frozenset(
    {Role.COUNSELLOR, Role.SUPERVISOR, Role.PRESCRIBER, Role.NURSE, Role.PROGRAMME_DIRECTOR, Role.FRONT_DESK}
)


def _public(operation_id: str, method: str, path: str) -> Route:
    # Who asks is known by what they send, if at all: a signature, a code, a cookie with a secret of the page.
    return Route(operation_id, Microservice.GATEWAY, method, path, frozenset(), public=True)


def _person(operation_id: str, method: str, path: str, roles: frozenset[Role]) -> Route:
    return Route(operation_id, Microservice.GATEWAY, method, path, roles)


OAUTH_ROUTES: Final[tuple[Route, ...]] = (
    _public("read_oauth_metadata", "GET", "/.well-known/oauth-authorization-server"),
    _public("read_openid_configuration", "GET", "/.well-known/openid-configuration"),
    _public("read_smart_configuration", "GET", "/.well-known/smart-configuration"),
    _public("read_fhir_smart_configuration", "GET", "/fhir/R4/.well-known/smart-configuration"),
    _public("open_authorization", "GET", "/oauth/authorize"),
    _public("post_authorization", "POST", "/oauth/authorize"),
    _public("sign_in_to_authorize", "POST", "/oauth/authorize/sign_in"),
    _public("decide_authorization", "POST", "/oauth/authorize/decision"),
    _public("push_authorization", "POST", "/oauth/par"),
    _public("create_oauth_token", "POST", "/oauth/token"),
    _public("revoke_oauth_token", "POST", "/oauth/revoke"),
    _public("introspect_oauth_token", "POST", "/oauth/introspect"),
    _person("create_oauth_client", "POST", "/v1/oauth_clients", _ADMINISTERS),
    _person("list_oauth_clients", "GET", "/v1/oauth_clients", _ADMINISTERS),
    _person("read_oauth_client", "GET", "/v1/oauth_clients/{client_id}", _ADMINISTERS),
    _person("disable_oauth_client", "POST", "/v1/oauth_clients/{client_id}:disable", _ADMINISTERS),
    _person("create_launch", "POST", "/v1/launches", _OPENS_CHARTS),
    _person("list_oauth_consents", "GET", "/v1/oauth_consents", _IN_AN_ORGANIZATION),
    _person("revoke_oauth_consent", "POST", "/v1/oauth_consents/{client_id}:revoke", _IN_AN_ORGANIZATION),
)
