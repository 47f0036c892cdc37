"""What a proof must be (RFC 9449, 4.3), and which nonces of ours one may hold; pure."""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field, StrictInt, StrictStr, ValidationError

from services.chassis.public_keys import public_members, thumbprint
from services.chassis.tokens import InvalidTokenError, verified_payload

ALGORITHMS: Final = ("ES256", "ES384", "RS256", "RS384")
OLDEST_SECONDS: Final = 60
"""How old a proof may be."""
AHEAD_SECONDS: Final = 15
"""How far the clock of who made it may be ahead of ours."""
NONCE_SECONDS: Final = 300
"""How long a nonce is the current one; it is taken as long again, from who had asked just before the next."""
_LONGEST: Final = 8000


class _Header(BaseModel):
    """The closed set of header members: no `kid`, `x5c`, `jku` or `crit` beside the key itself."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    typ: Literal["dpop+jwt"]
    alg: StrictStr
    jwk: dict[str, Any]


class _Claims(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)

    jti: Annotated[StrictStr, Field(min_length=1, max_length=255)]
    htm: StrictStr
    htu: StrictStr
    iat: StrictInt
    ath: StrictStr | None = None
    nonce: StrictStr | None = None


@dataclass(frozen=True, slots=True)
class Proof:
    """That somebody holds a key, and made this for one request."""

    key: str
    """The RFC 7638 thumbprint of the public key."""
    jti: str
    issued_at: int
    nonce: str | None

    @property
    def digest(self) -> bytes:
        """What is kept of one that was used."""
        return hashlib.sha256(f"{self.key}\0{self.jti}".encode("utf-8", "surrogatepass")).digest()

    @property
    def forgotten_at(self) -> datetime:
        """When it is too old to be taken, used or not; a process whose clock is behind by the leeway agrees."""
        return datetime.fromtimestamp(self.issued_at + OLDEST_SECONDS + AHEAD_SECONDS, UTC)


def read_proof(text: str, *, method: str, url: str, now: datetime, access_token: str | None = None) -> Proof | None:
    """Read a proof made for a request; None where it is anything but good, but for its nonce and earlier use.

    `url` has no query. With an access token the proof must have been made for that very token (`ath`); without one, at
    the token endpoint, what it says of a token does not matter.
    """
    try:
        header = _Header.model_validate(_part(text, 0))
        members = public_members(header.jwk, header.alg) if header.alg in ALGORITHMS else None
        if members is None:
            return None
        claims = _Claims.model_validate(orjson.loads(verified_payload(text, {**members, "alg": header.alg})))
    except (ValueError, ValidationError, InvalidTokenError):
        return None
    if (claims.htm, claims.htu) != (method, url) or not _is_timely(claims.iat, int(now.timestamp())):
        return None
    if access_token is not None and not _is_of_token(claims.ath, access_token):
        return None
    return Proof(thumbprint(members), claims.jti, claims.iat, claims.nonce)


class Nonces:
    """What we give out so that proofs are not made long before they are sent (RFC 9449, 8).

    Everybody gets the same one, and every process that has the key knows it: nothing is kept.
    """

    def __init__(self, key: bytes) -> None:
        self._key = hmac.digest(key, b"eventide dpop nonce", "sha256")

    def current(self, now: datetime) -> str:
        """Return the nonce of the present."""
        return self._of(int(now.timestamp()) // NONCE_SECONDS)

    def is_good(self, nonce: str, now: datetime) -> bool:
        """Say whether a nonce is that of the present or the one before."""
        period = int(now.timestamp()) // NONCE_SECONDS
        sent = nonce.encode("utf-8", "surrogatepass")
        return any(hmac.compare_digest(sent, self._of(period - ago).encode()) for ago in (0, 1))

    def _of(self, period: int) -> str:
        return _encode(hmac.digest(self._key, str(period).encode(), "sha256")[:16])


def hash_of(access_token: str) -> str:
    """Return the `ath` of an access token (RFC 9449, 4.2)."""
    return _encode(hashlib.sha256(access_token.encode("ascii", "replace")).digest())


def _is_of_token(ath: str | None, access_token: str) -> bool:
    return ath is not None and hmac.compare_digest(ath.encode("utf-8", "surrogatepass"), hash_of(access_token).encode())


def _is_timely(issued_at: int, now: int) -> bool:
    return now - OLDEST_SECONDS <= issued_at <= now + AHEAD_SECONDS


def _part(text: str, number: int) -> Mapping[str, Any]:
    if len(text) > _LONGEST:
        raise ValueError("no proof is so long")
    part = text.split(".")[number]
    found = orjson.loads(base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True))
    if not isinstance(found, dict):
        raise ValueError("the header of a proof is an object")  # noqa: TRY004 - a bad proof, not a bad call
    return found


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
