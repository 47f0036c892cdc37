"""What an application may say of itself (RFC 7591, 2), and how it is told what we made of it; pure."""

from collections.abc import Collection
from ipaddress import ip_address
from typing import Any, Final
from urllib.parse import urlsplit

from pydantic import ValidationError

from services.contracts.gateway.client_registrations import ClientMetadata
from services.contracts.gateway.oauth_clients import OauthClientKind, OauthClientRequest, OauthGrantType

METHOD: Final = "private_key_jwt"
_REFRESH: Final = "refresh_token"
_GRANTS: Final = {
    OauthGrantType.AUTHORIZATION_CODE.value: OauthGrantType.AUTHORIZATION_CODE,
    OauthGrantType.CLIENT_CREDENTIALS.value: OauthGrantType.CLIENT_CREDENTIALS,
}


class WrongMetadataError(Exception):
    """An application asks for what is not given by this way, or not by this permit."""

    def __init__(self, member: str, remedy: str) -> None:
        super().__init__(f"{member}: {remedy}")
        self.member = member


def requested(metadata: ClientMetadata, permitted: Collection[str]) -> OauthClientRequest:
    """Return what an application asks to be, in our own terms.

    Raises:
        WrongMetadataError: Something of it is not given.
    """
    # Nobody is known here whose word for an application would count.
    _require(metadata.software_statement is None, "software_statement", "must be left out: nobody's are believed here")
    _require(metadata.token_endpoint_auth_method == METHOD, "token_endpoint_auth_method", f"must be {METHOD}")
    _require(metadata.application_type == "web", "application_type", "must be web")
    known = {*_GRANTS, _REFRESH}
    _require(set(metadata.grant_types) <= known, "grant_types", f"must be of {', '.join(sorted(known))}")
    grants = frozenset(_GRANTS[one] for one in metadata.grant_types if one != _REFRESH)
    has_code = OauthGrantType.AUTHORIZATION_CODE in grants
    can_refresh = has_code or (bool(grants) and _REFRESH not in metadata.grant_types)
    _require(can_refresh, "grant_types", "refresh_token goes with authorization_code")
    expected = response_types_told(grants)
    _require(
        metadata.response_types == expected, "response_types", "must be code for authorization_code, and none else"
    )
    _require(not _is_address(metadata.jwks_uri), "jwks_uri", "must name its host, which no number does")
    scopes = metadata.scope.split(" ")
    _require(set(scopes) <= set(permitted), "scope", "must be of those that the organization has permitted")
    try:
        return OauthClientRequest(
            name=metadata.client_name,
            kind=OauthClientKind.CONFIDENTIAL,
            grant_types=grants,
            redirect_uris=metadata.redirect_uris,
            scopes=scopes,
            jwks=metadata.jwks,
            jwks_uri=metadata.jwks_uri,
            dpop_bound_access_tokens=metadata.dpop_bound_access_tokens,
        )
    except ValidationError as wrong:
        raise WrongMetadataError(*member_of(wrong)) from None


def _is_address(url: str | None) -> bool:
    # Where a host leads to is judged whenever keys are read; an address here could only be meant to lead inside.
    try:
        ip_address(urlsplit(url or "").hostname or "")
    except ValueError:
        return False
    return True


def member_of(wrong: ValidationError) -> tuple[str, str]:
    """Return which member is wrong, and how, without the value."""
    first = wrong.errors(include_url=False, include_input=False, include_context=False)[0]
    return ".".join(map(str, first["loc"])) or "the body", first["msg"]


def member_at(pointer: str) -> str:
    """Return what the standard calls a member of our own terms."""
    member = pointer.split("/")[1]
    return {"scopes": "scope", "kind": "token_endpoint_auth_method", "name": "client_name"}.get(member, member)


def grant_types_told(grants: Collection[OauthGrantType]) -> list[str]:
    """Return the grant types that work, as the standard lists them."""
    has_code = OauthGrantType.AUTHORIZATION_CODE in grants
    return [*sorted(one.value for one in grants), *([_REFRESH] if has_code else [])]


def response_types_told(grants: Collection[OauthGrantType]) -> list[Any]:
    """Return the response types that work."""
    return ["code"] if OauthGrantType.AUTHORIZATION_CODE in grants else []


def _require(holds: bool, member: str, otherwise: str) -> None:  # noqa: FBT001 - it is the whole question
    if not holds:
        raise WrongMetadataError(member, otherwise)
