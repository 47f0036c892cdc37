"""What an assertion of an application must say (RFC 7523, SMART App Launch 2.2)."""

import base64
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

import orjson
from pydantic import BaseModel, ConfigDict, Field, StrictInt, StrictStr, ValidationError

from services.gateway.oauth_clients.rules import ALGORITHMS

ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
LONGEST_SECONDS: Final = 300
LEEWAY_SECONDS: Final = 5
_TYPES: Final = frozenset({None, "JWT", "jwt", "client-authentication+jwt"})
_LONGEST: Final = 8000

Jti = Annotated[StrictStr, Field(min_length=1, max_length=255)]


class _Header(BaseModel):
    """The closed set of header members: no `jwk`, `x5u`, `x5c`, `crit`; `jku` only as it was registered."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    alg: StrictStr
    kid: StrictStr
    typ: StrictStr | None = None
    jku: StrictStr | None = None


class _Claims(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)

    iss: UUID
    sub: UUID
    aud: StrictStr | list[StrictStr]
    exp: StrictInt
    jti: Jti
    iat: StrictInt | None = None
    nbf: StrictInt | None = None


@dataclass(frozen=True, slots=True)
class Assertion:
    """What an assertion says, before anybody has looked at its signature."""

    client_id: UUID
    key_id: str
    algorithm: str
    key_set_url: str | None
    jti: str
    expires_at: int


def audiences_of(issuer: str) -> tuple[str, ...]:
    """Return what an assertion may name as `aud`: the endpoint it is sent to, or the server."""
    return issuer, *(f"{issuer}/oauth/{endpoint}" for endpoint in ("token", "revoke", "introspect", "par"))


def read_assertion(token: str, audiences: Collection[str], now: datetime) -> Assertion | None:
    """Read an assertion, or None where it could not be good for one of these audiences now, whoever signed it."""
    if len(token) > _LONGEST or token.count(".") != 2:  # noqa: PLR2004 - header, claims, signature
        return None
    try:
        header = _Header.model_validate(_part(token, 0))
        claims = _Claims.model_validate(_part(token, 1))
    except (ValueError, ValidationError):
        return None
    if header.alg not in ALGORITHMS or header.typ not in _TYPES or claims.iss != claims.sub:
        return None
    if not _is_for(claims.aud, audiences) or not _is_timely(claims, int(now.timestamp())):
        return None
    return Assertion(claims.sub, header.kid, header.alg, header.jku, claims.jti, claims.exp)


def client_named_in(token: str) -> str | None:
    """Return which application an assertion says to be of, however bad it is otherwise; None where it says nothing."""
    if len(token) > _LONGEST or token.count(".") != 2:  # noqa: PLR2004 - header, claims, signature
        return None
    try:
        claims = _part(token, 1)
    except ValueError:
        return None
    named = claims.get("sub") if isinstance(claims, dict) else None
    return named if isinstance(named, str) else None


def key_for(assertion: Assertion, keys: Mapping[str, Mapping[str, str]]) -> Mapping[str, str] | None:
    """Return the registered key that an assertion must be signed with, or None."""
    key = keys.get(assertion.key_id)
    return key if key is not None and key["alg"] == assertion.algorithm else None


def _is_for(audience: str | list[str], audiences: Collection[str]) -> bool:
    named = [audience] if isinstance(audience, str) else audience
    # One that names another server too could be kept there and sent to us.
    return bool(named) and all(one in audiences for one in named)


def _is_timely(claims: _Claims, now: int) -> bool:
    return (
        now < claims.exp <= now + LONGEST_SECONDS + LEEWAY_SECONDS
        and (claims.nbf is None or claims.nbf <= now + LEEWAY_SECONDS)
        and (claims.iat is None or claims.iat <= now + LEEWAY_SECONDS)
    )


def _part(token: str, number: int) -> Any:
    text = token.split(".")[number]
    return orjson.loads(base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True))
