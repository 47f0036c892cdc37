"""What an application may be registered with, and which redirect is its own."""

import ipaddress
import re
from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

from services.chassis.public_keys import public_members
from services.contracts.gateway.oauth_clients import OauthClientKind, OauthClientRequest, OauthGrantType
from services.policy.smart.words import is_known, of_a_person, without_a_person

MOST_KEYS: Final = 10
UNCONFIRMED: Final = timedelta(days=7)
"""How long an application that registered itself gets tokens before an administrator has confirmed it."""
ALGORITHMS: Final = ("RS384", "ES384")
"""What applications sign their assertions with (SMART App Launch 2.2)."""
_KEY_ID: Final = re.compile(r"[A-Za-z0-9._~-]{1,128}")
# A scheme of one's own is a domain name backwards, so that two makers do not choose the same (RFC 8252, 7.1).
_PRIVATE_SCHEME: Final = re.compile(r"[a-z][a-z0-9-]*(\.[a-z0-9-]+)+")


def is_good_redirect(uri: str, kind: OauthClientKind) -> bool:
    """Say whether a redirect URI may be registered: https; for public applications loopback or a private scheme too."""
    parts = _split(uri)
    if parts is None or parts.fragment or "#" in uri or "@" in parts.netloc or "*" in uri or "\\" in uri:
        return False
    if parts.scheme == "https":
        return bool(parts.hostname)
    if kind is not OauthClientKind.PUBLIC:
        return False
    return _is_loopback(parts) or (_PRIVATE_SCHEME.fullmatch(parts.scheme) is not None and not parts.netloc)


def is_own_redirect(uri: str, registered: Collection[str], kind: OauthClientKind) -> bool:
    """Say whether a redirect is one of those registered: the same text, but for the port of a loopback address."""
    if uri in registered:
        return True
    if kind is not OauthClientKind.PUBLIC:
        return False
    asked = _split(uri)
    return (
        asked is not None
        and _is_loopback(asked)
        and any(
            _is_loopback(known) and _without_port(known) == _without_port(asked) and "@" not in asked.netloc
            for known in map(_split, registered)
            if known is not None
        )
    )


def wrong_with(request: OauthClientRequest, *, has_organization: bool) -> tuple[str, str] | None:
    """Return what is wrong with a registration: the member's pointer and the remedy; or None."""
    return (
        _wrong_with_grants(request, has_organization=has_organization)
        or _wrong_with_scopes(request)
        or (_wrong_with_keys(request))
    )


def _wrong_with_grants(request: OauthClientRequest, *, has_organization: bool) -> tuple[str, str] | None:
    redirects = OauthGrantType.AUTHORIZATION_CODE in request.grant_types
    if redirects is not bool(request.redirect_uris):
        return "/redirect_uris", "must name a redirect for authorization_code, and none otherwise"
    for number, uri in enumerate(request.redirect_uris):
        if not is_good_redirect(uri, request.kind):
            return f"/redirect_uris/{number}", "must be https, without a fragment, user or wildcard"
    if OauthGrantType.CLIENT_CREDENTIALS in request.grant_types:
        if request.kind is not OauthClientKind.CONFIDENTIAL:
            return "/kind", "must be confidential for client_credentials"
        if not has_organization:
            return (
                "/grant_types",
                "client_credentials must belong to an organization: let its administrator register it",
            )
    return None


def _wrong_with_scopes(request: OauthClientRequest) -> tuple[str, str] | None:
    useful: set[str] = set()
    if {OauthGrantType.AUTHORIZATION_CODE, OauthGrantType.DEVICE_CODE} & request.grant_types:
        useful |= set(of_a_person(request.scopes, has_patient=True))
    if OauthGrantType.CLIENT_CREDENTIALS in request.grant_types:
        useful |= set(without_a_person(request.scopes))
    for number, scope in enumerate(request.scopes):
        if not is_known(scope) or scope not in useful:
            return f"/scopes/{number}", "must be a scope that one of the grant types can give"
    return None


def _wrong_with_keys(request: OauthClientRequest) -> tuple[str, str] | None:
    given = [name for name, value in (("jwks", request.jwks), ("jwks_uri", request.jwks_uri)) if value is not None]
    if request.kind is OauthClientKind.PUBLIC:
        return ("/" + given[0], "must be left out: a public application has no key") if given else None
    if len(given) != 1:
        return "/jwks", "must be given, or jwks_uri, and not both"
    if request.jwks is not None and not usable_keys(request.jwks, is_strict=True):
        return (
            "/jwks",
            "must hold 1 to 10 public keys with kid and alg: RS384 with 2048 bits at least, or ES384 on P-384",
        )
    return None


def usable_keys(key_set: Mapping[str, Any], *, is_strict: bool = False) -> dict[str, dict[str, str]]:
    """Return the keys of a key set that assertions may be signed with, by id; only what a public key consists of.

    Two keys of one id are none. With `is_strict`, one bad key makes the whole set bad.
    """
    entries = key_set.get("keys")
    if not isinstance(entries, list) or not 0 < len(entries) <= MOST_KEYS:
        return {}
    found: dict[str, dict[str, str]] = {}
    spoilt: set[str] = set()
    for entry in entries:
        key = _public_key(entry)
        if key is None:
            if is_strict:
                return {}
            continue
        if key["kid"] in found:
            if is_strict:
                return {}
            spoilt.add(key["kid"])
        found[key["kid"]] = key
    return {key_id: key for key_id, key in found.items() if key_id not in spoilt}


def _public_key(entry: Any) -> dict[str, str] | None:
    if not isinstance(entry, dict):
        return None
    key_id, algorithm = entry.get("kid"), entry.get("alg")
    if not isinstance(key_id, str) or _KEY_ID.fullmatch(key_id) is None or entry.get("use", "sig") != "sig":
        return None
    members = public_members(entry, algorithm) if algorithm in ALGORITHMS else None
    return None if members is None else {"kid": key_id, "alg": str(algorithm), **members}


def _split(uri: str) -> SplitResult | None:
    try:
        parts = urlsplit(uri)
        _ = parts.port
    except ValueError:
        return None
    return parts if parts.scheme and uri.startswith(parts.scheme) else None


def _is_loopback(parts: SplitResult) -> bool:
    if parts.scheme != "http" or not parts.hostname:
        return False
    try:
        return ipaddress.ip_address(parts.hostname).is_loopback
    except ValueError:
        return False


def _without_port(parts: SplitResult) -> tuple[str | None, str, str, str]:
    return parts.hostname, parts.path, parts.query, parts.fragment
