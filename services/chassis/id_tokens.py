"""ID tokens (OpenID Connect Core 1.0, 2): our own, and those of providers that people sign in with.

Ours are RS256, because SMART App Launch asks for it; everything else of ours is ES256. Those of others are in the one
algorithm that their issuer was registered with, whatever they say.
"""

import base64
import binascii
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Self
from uuid import UUID

import orjson
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from pydantic import BaseModel, ConfigDict, Field, StrictInt, StrictStr

from services.chassis.clock import Clock
from services.chassis.key_rotation import ALWAYS, read_keys, signing_at
from services.chassis.public_keys import public_members, thumbprint
from services.chassis.tokens import InvalidTokenError, PrivateRsaKey, rsa_key, sign_claims, verified_payload

ID_TOKEN_SECONDS: Final = 300
_SMALLEST_BITS: Final = 2048
_LEEWAY: Final = 60
"""Seconds that the clock of a stranger's server may be off."""
_OLDEST: Final = 600
"""Seconds since which an ID token that has just been fetched may have been issued."""

Keys = Mapping[str, Mapping[str, str]]
"""Public keys by their ids."""


@dataclass(frozen=True, slots=True)
class IdTokenKey:
    """A private RSA key, its id (the RFC 7638 thumbprint), and the instant from which it signs."""

    key_id: str
    private: PrivateRsaKey
    jwk: Mapping[str, str]
    signs_from: datetime

    @classmethod
    def from_pem(cls, pem: bytes, signs_from: datetime = ALWAYS) -> Self:
        """Load a key; raises ValueError where it is not an unencrypted RSA key of 2048 bits at least, in PEM."""
        loaded = serialization.load_pem_private_key(pem, password=None)
        if not isinstance(loaded, rsa.RSAPrivateKey) or loaded.key_size < _SMALLEST_BITS:
            raise ValueError("a key for ID tokens must be an RSA private key of 2048 bits at least")
        numbers = loaded.public_key().public_numbers()
        members = {"e": _number(numbers.e), "kty": "RSA", "n": _number(numbers.n)}
        key_id = thumbprint(members)
        jwk = members | {"kid": key_id, "alg": "RS256", "use": "sig"}
        return cls(key_id, rsa_key(pem), jwk, signs_from)


def read_id_token_keys(directory: Path) -> tuple[IdTokenKey, ...]:
    """Load every `*.pem`; raises ValueError where there is none, or one is not named for when it begins to sign."""
    keys = read_keys(directory, IdTokenKey.from_pem)
    if not keys:
        raise ValueError("there is no key for ID tokens: `eventide up` makes one")
    return keys


class IdTokenSigner:
    """Signs ID tokens with the key whose time it is."""

    def __init__(self, keys: tuple[IdTokenKey, ...], *, issuer: str, clock: Clock) -> None:
        self._keys = keys
        self._issuer = issuer
        self._clock = clock

    def take(self, keys: tuple[IdTokenKey, ...]) -> None:
        """Sign with these from now on."""
        self._keys = keys

    @property
    def public_keys(self) -> list[Mapping[str, str]]:
        """The public halves, for the key set."""
        return [key.jwk for key in self._keys]

    def sign(self, *, subject: UUID, audience: str, claims: Mapping[str, Any]) -> str:
        """Sign that a person signed in, for one application."""
        instant = self._clock.now()
        now = int(instant.timestamp())
        key = signing_at(self._keys, instant)
        own = {"iss": self._issuer, "sub": str(subject), "aud": audience, "iat": now, "exp": now + ID_TOKEN_SECONDS}
        return sign_claims({**claims, **own}, key.private, algorithm="RS256", headers={"typ": "JWT", "kid": key.key_id})


def _number(value: int) -> str:
    return _encode(value.to_bytes((value.bit_length() + 7) // 8))


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


class ProviderClaims(BaseModel):
    """What we take of a provider's ID token; what else it says, such as an address, is believed nowhere."""

    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)

    iss: StrictStr
    sub: StrictStr = Field(min_length=1, max_length=255)
    aud: StrictStr | list[StrictStr]
    azp: StrictStr | None = None
    iat: StrictInt
    exp: StrictInt
    nbf: StrictInt = 0
    nonce: StrictStr
    auth_time: StrictInt
    amr: list[StrictStr] = []

    @property
    def authenticated_at(self) -> datetime:
        """When the person was authenticated there."""
        return datetime.fromtimestamp(self.auth_time, UTC)


@dataclass(frozen=True, slots=True)
class Expected:
    """What an ID token must say to be the answer to our question."""

    issuer: str
    client_id: str
    nonce: str
    algorithm: str


class _ProviderHeader(BaseModel):
    """Members that say where a key is to be had are not looked at; one that must be understood is refused."""

    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)

    alg: StrictStr
    kid: StrictStr
    typ: StrictStr = "JWT"
    crit: None = None


def signing_keys(key_set: Any, algorithm: str) -> Keys:
    """Return the keys of a set that may sign in one algorithm; of several with one id, none."""
    entries = key_set.get("keys") if isinstance(key_set, dict) else None
    found = [entry for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []
    ids = Counter(entry["kid"] for entry in found if isinstance(entry.get("kid"), str))
    keys: dict[str, Mapping[str, str]] = {}
    for entry in found:
        key_id, members = entry.get("kid"), public_members(entry, algorithm)
        is_meant = entry.get("use", "sig") == "sig" and entry.get("alg", algorithm) == algorithm
        if members is not None and is_meant and isinstance(key_id, str) and ids[key_id] == 1:
            keys[key_id] = {**members, "alg": algorithm}
    return keys


def key_id_of(token: str) -> str:
    """Return which key an ID token names; raises InvalidTokenError where it names none."""
    return _provider_header(token).kid


def read_provider_token(token: str, keys: Keys, expected: Expected, now: datetime) -> ProviderClaims:
    """Return what a provider's ID token says (OpenID Connect Core 1.0, 3.1.3.7).

    Raises:
        InvalidTokenError: It is not one of this issuer for us, in answer to our question and now.
    """
    header = _provider_header(token)
    key = keys.get(header.kid)
    if header.alg != expected.algorithm or key is None or key["alg"] != expected.algorithm:
        raise InvalidTokenError
    try:
        claims = ProviderClaims.model_validate(orjson.loads(verified_payload(token, key)))
    except ValueError:
        raise InvalidTokenError from None
    audience = [claims.aud] if isinstance(claims.aud, str) else claims.aud
    is_ours = audience == [expected.client_id] and claims.azp in (None, expected.client_id)
    if claims.iss != expected.issuer or claims.nonce != expected.nonce or not is_ours:
        raise InvalidTokenError
    second = int(now.timestamp())
    is_now = claims.exp > second and max(claims.iat, claims.nbf, claims.auth_time) <= second + _LEEWAY
    if not is_now or claims.iat < second - _OLDEST or claims.auth_time < 0:
        raise InvalidTokenError
    return claims


def _provider_header(token: str) -> _ProviderHeader:
    head = token.partition(".")[0]
    try:
        header = _ProviderHeader.model_validate(orjson.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4))))
    except (ValueError, binascii.Error):
        raise InvalidTokenError from None
    if header.typ.upper() != "JWT":
        raise InvalidTokenError
    return header
