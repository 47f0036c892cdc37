"""Routes of the gateway's own for people: signing in, what a person keeps there, and who works where."""

from typing import Final

from services.contracts.identity import Microservice, Role
from services.policy.route import Route, proved_anew
from services.policy.smart.words import OPENID

_EVERY_STAFF: Final = frozenset(Role) - {Role.PATIENT, Role.FAMILY, Role.PLATFORM_OPERATOR}
_IN_AN_ORGANIZATION: Final = frozenset(Role) - {Role.PLATFORM_OPERATOR}
_ADMINISTERS: Final = frozenset({Role.ORGANIZATION_ADMIN, Role.PLATFORM_OPERATOR})
# The director invites patients and their families, and nobody else: who works here is the administrator's. Not the
# desk: who invites an account of their own and links it to a record would read in it what their role may not. Nor
# counsellors: whether an address has an account here already tells who is known to others.
_INVITES: Final = _ADMINISTERS | {Role.PROGRAMME_DIRECTOR}
_OPERATES: Final = frozenset({Role.PLATFORM_OPERATOR})
_ADMINISTERS_ONE: Final = frozenset({Role.ORGANIZATION_ADMIN})
_NOBODY: Final[frozenset[Role]] = frozenset()
_ABOUT_LETTERS: Final = 30
_RENEWALS: Final = 120
"""From one address: a clinic of a thousand sessions, and a bound to how fast one of them lets its trail grow."""
_BREAKS_GLASS: Final = frozenset(
    {Role.COUNSELLOR, Role.SUPERVISOR, Role.PRESCRIBER, Role.NURSE, Role.PROGRAMME_DIRECTOR}
)
_INVITATIONS: Final = "/v1/organizations/{organization_id}/invitations"


def _gateway(operation_id: str, method: str, path: str, roles: frozenset[Role]) -> Route:
    return Route(operation_id, Microservice.GATEWAY, method, path, roles)


def _opened_by_letter(operation_id: str, path: str) -> Route:
    # Who asks for a letter, or has one, is known by nothing else.
    return Route(
        operation_id, Microservice.GATEWAY, "POST", path, _NOBODY, public=True, calls_per_minute=_ABOUT_LETTERS
    )


GATEWAY_ROUTES: Final[tuple[Route, ...]] = (
    Route("create_login_session", Microservice.GATEWAY, "POST", "/v1/login_sessions", _NOBODY, public=True),
    Route("read_key_set", Microservice.GATEWAY, "GET", "/.well-known/jwks.json", _NOBODY, public=True),
    Route("read_openapi", Microservice.GATEWAY, "GET", "/openapi.json", _NOBODY, public=True),
    Route("read_docs", Microservice.GATEWAY, "GET", "/docs", _NOBODY, public=True),
    # Whoever has the session's secret may ask: an access token may have expired meanwhile.
    Route(
        "refresh_login_session",
        Microservice.GATEWAY,
        "POST",
        "/v1/login_sessions:refresh",
        _NOBODY,
        public=True,
        calls_per_minute=_RENEWALS,
    ),
    _gateway("list_login_sessions", "GET", "/v1/login_sessions", _IN_AN_ORGANIZATION),
    _gateway("step_up_login_session", "POST", "/v1/login_sessions/{session_id}:step_up", _IN_AN_ORGANIZATION),
    _gateway("read_my_factors", "GET", "/v1/me/factors", _IN_AN_ORGANIZATION),
    _gateway("create_my_totp", "POST", "/v1/me/totp", _IN_AN_ORGANIZATION),
    _gateway("confirm_my_totp", "POST", "/v1/me/totp:confirm", _IN_AN_ORGANIZATION),
    proved_anew(_gateway("remove_my_totp", "POST", "/v1/me/totp:remove", _IN_AN_ORGANIZATION)),
    proved_anew(_gateway("renew_my_recovery_codes", "POST", "/v1/me/recovery_codes:renew", _IN_AN_ORGANIZATION)),
    _gateway("create_my_passkey_options", "POST", "/v1/me/passkeys:options", _IN_AN_ORGANIZATION),
    _gateway("create_my_passkey", "POST", "/v1/me/passkeys", _IN_AN_ORGANIZATION),
    _gateway("list_my_passkeys", "GET", "/v1/me/passkeys", _IN_AN_ORGANIZATION),
    _gateway("rename_my_passkey", "POST", "/v1/me/passkeys/{passkey_id}:rename", _IN_AN_ORGANIZATION),
    proved_anew(_gateway("remove_my_passkey", "POST", "/v1/me/passkeys/{passkey_id}:remove", _IN_AN_ORGANIZATION)),
    _gateway("create_step_up_options", "POST", "/v1/me/passkeys:step_up_options", _IN_AN_ORGANIZATION),
    # Each is kept for some minutes, whoever asks.
    Route(
        "create_passkey_challenge",
        Microservice.GATEWAY,
        "POST",
        "/v1/passkey_challenges",
        _NOBODY,
        public=True,
        calls_per_minute=_RENEWALS,
    ),
    Route(
        "create_login_session_with_passkey",
        Microservice.GATEWAY,
        "POST",
        "/v1/login_sessions:with_passkey",
        _NOBODY,
        public=True,
    ),
    _opened_by_letter("create_password_reset", "/v1/password_resets"),
    _opened_by_letter("redeem_password_reset", "/v1/password_resets:redeem"),
    _gateway("change_my_password", "POST", "/v1/me:change_password", _IN_AN_ORGANIZATION),
    _gateway("end_login_session", "POST", "/v1/login_sessions/{session_id}:end", _IN_AN_ORGANIZATION),
    Route("read_me", Microservice.GATEWAY, "GET", "/v1/me", frozenset(Role), scope=OPENID),
    _gateway("create_organization", "POST", "/v1/organizations", _OPERATES),
    _gateway(
        "read_organization", "GET", "/v1/organizations/{organization_id}", _EVERY_STAFF | {Role.PLATFORM_OPERATOR}
    ),
    # Services ask for those who come without a token: with a secret address, or with a door of the public directory.
    # It is not counted: who calls too often from an address that services share would close these doors for all.
    Route(
        "read_open_organization",
        Microservice.GATEWAY,
        "GET",
        "/v1/open_organizations/{organization_id}",
        _NOBODY,
        public=True,
    ),
    _gateway("close_organization", "POST", "/v1/organizations/{organization_id}:close", _OPERATES),
    _gateway("reopen_organization", "POST", "/v1/organizations/{organization_id}:reopen", _OPERATES),
    _gateway("create_account", "POST", "/v1/organizations/{organization_id}/accounts", _ADMINISTERS),
    _gateway("list_accounts", "GET", "/v1/organizations/{organization_id}/accounts", _ADMINISTERS),
    _gateway("read_account", "GET", "/v1/organizations/{organization_id}/accounts/{account_id}", _ADMINISTERS),
    _gateway(
        "put_account_roles", "PUT", "/v1/organizations/{organization_id}/accounts/{account_id}/roles", _ADMINISTERS
    ),
    _gateway(
        "disable_account", "POST", "/v1/organizations/{organization_id}/accounts/{account_id}:disable", _ADMINISTERS
    ),
    _gateway(
        "enable_account", "POST", "/v1/organizations/{organization_id}/accounts/{account_id}:enable", _ADMINISTERS
    ),
    _gateway("create_invitation", "POST", _INVITATIONS, _INVITES),
    _gateway("list_invitations", "GET", _INVITATIONS, _ADMINISTERS),
    _gateway("read_invitation", "GET", f"{_INVITATIONS}/{{invitation_id}}", _INVITES),
    _gateway("resend_invitation", "POST", f"{_INVITATIONS}/{{invitation_id}}:resend", _INVITES),
    _gateway("revoke_invitation", "POST", f"{_INVITATIONS}/{{invitation_id}}:revoke", _INVITES),
    _opened_by_letter("open_invitation", "/v1/invitations:open"),
    _opened_by_letter("accept_invitation", "/v1/invitations:accept"),
    proved_anew(_gateway("create_identity_provider", "POST", "/v1/identity_providers", _ADMINISTERS_ONE)),
    proved_anew(
        _gateway(
            "activate_identity_provider", "POST", "/v1/identity_providers/{provider_id}:activate", _ADMINISTERS_ONE
        )
    ),
    _gateway("list_identity_providers", "GET", "/v1/identity_providers", _ADMINISTERS_ONE),
    _gateway("read_identity_provider", "GET", "/v1/identity_providers/{provider_id}", _ADMINISTERS_ONE),
    _gateway("disable_identity_provider", "POST", "/v1/identity_providers/{provider_id}:disable", _ADMINISTERS_ONE),
    _gateway("create_my_identity_link", "POST", "/v1/me/identity_links", _IN_AN_ORGANIZATION),
    _gateway("list_my_identity_links", "GET", "/v1/me/identity_links", _IN_AN_ORGANIZATION),
    _gateway("remove_my_identity_link", "POST", "/v1/me/identity_links/{provider_id}:remove", _IN_AN_ORGANIZATION),
    _gateway("list_security_events", "GET", "/v1/security_events", _ADMINISTERS | {Role.AUDITOR}),
    Route(
        "create_emergency_alert",
        Microservice.GATEWAY,
        "POST",
        "/v1/emergency_alerts",
        _NOBODY,
        services=frozenset({Microservice.RECORDS}),
        served_roles=_BREAKS_GLASS,
    ),
    # Records' signature is what it is asked for, when the token of who opened the record is good no more.
    Route(
        "receive_emergency_event",
        Microservice.GATEWAY,
        "POST",
        "/v1/organizations/{organization_id}/emergency_events",
        _NOBODY,
        public=True,
    ),
    Route(
        "exchange_internal_token",
        Microservice.GATEWAY,
        "POST",
        "/v1/internal_tokens:exchange",
        _NOBODY,
        services=frozenset({Microservice.RECORDS, Microservice.SCHEDULER}),
        served_roles=frozenset(Role),
    ),
)
