"""Tokens: the only home of python-jose, wrapped so that a token is what it must be or is refused.

Every check that the library leaves open (missing `aud`, future `iat`, `exp == now`, a string for `exp`, `crit`,
malleable signatures, keys of another curve) is made here. RFC 7515, 7519, 8725, 9068.
"""

import base64
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, Protocol, Self

import orjson
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from jose import jwk, jws
from jose.backends.cryptography_backend import CryptographyECKey, CryptographyRSAKey
from pydantic import BaseModel, ConfigDict, StrictStr, ValidationError

from services.chassis.claims import Claims, told_of
from services.chassis.clock import Clock
from services.chassis.key_rotation import ALWAYS, read_keys, signing_at
from services.chassis.public_keys import thumbprint
from services.contracts.identity import Principal

_ALGORITHM: Final = "ES256"
_CLIENT_ALGORITHM: Final = "ES384"
_MAXIMUM_LENGTH: Final = 8000
_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{86}")
_COMPACT: Final = re.compile(r"(?:[A-Za-z0-9_-]{2,}\.){2}[A-Za-z0-9_-]{2,}")
# 64 signature bytes are 86 characters of which the last carries 2 bits: any other last character is another spelling.
_CANONICAL_LAST: Final = frozenset("AQgw")
_LEEWAY: Final = 5


class TokenType(StrEnum):
    """The `typ` header, so that a token of one kind is never taken for another (RFC 8725, 3.11)."""

    ACCESS = "at+jwt"
    INTERNAL = "eventide-internal+jwt"


ACCESS_AUDIENCE: Final = "eventide"
LIFETIMES: Final[Mapping[TokenType, timedelta]] = {
    TokenType.ACCESS: timedelta(days=1),
    TokenType.INTERNAL: timedelta(seconds=60),
}
"""The longest lifetime that a verifier accepts of each type."""


class InvalidTokenError(Exception):
    """The token is not one of ours for this audience at this time; it is not said why."""


class UnknownKeyError(InvalidTokenError):
    """The token names a key that is not known here, perhaps not yet."""


class _Header(BaseModel):
    """The closed set of header members we accept: no `crit`, `jku`, `jwk`, `x5u`."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    alg: StrictStr
    typ: StrictStr
    kid: StrictStr


class KeySource(Protocol):
    """Where a verifier finds public keys."""

    def public_key(self, key_id: str) -> CryptographyECKey | None:
        """Return the key of this id, or None."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private P-256 key, its id (the RFC 7638 thumbprint), and the instant from which it signs."""

    key_id: str
    private: CryptographyECKey
    jwk: Mapping[str, str]
    signs_from: datetime

    @classmethod
    def from_pem(cls, pem: bytes, signs_from: datetime = ALWAYS) -> Self:
        """Load a key; raises ValueError where it is not an unencrypted P-256 private key in PEM."""
        loaded = serialization.load_pem_private_key(pem, password=None)
        if not isinstance(loaded, ec.EllipticCurvePrivateKey) or not isinstance(loaded.curve, ec.SECP256R1):
            raise ValueError("a signing key must be a P-256 private key")  # noqa: TRY004 - a bad file, not a bad call
        numbers = loaded.public_key().public_numbers()
        coordinates = {"x": _encode(numbers.x.to_bytes(32)), "y": _encode(numbers.y.to_bytes(32))}
        members = {"kty": "EC", "crv": "P-256", **coordinates}
        key_id = thumbprint(members)
        jwk = {**members, "kid": key_id, "alg": _ALGORITHM, "use": "sig"}
        return cls(key_id, CryptographyECKey(pem.decode(), _ALGORITHM), jwk, signs_from)


class KeyRing:
    """The installation's signing keys: one signs, all verify, and only public halves are published."""

    def __init__(self, keys: tuple[SigningKey, ...]) -> None:
        self.take(keys)

    def take(self, keys: tuple[SigningKey, ...]) -> None:
        """Sign and verify with these from now on; raises ValueError, and changes nothing, where there is none."""
        if not keys:
            raise ValueError("there is no signing key: `eventide up` makes one")
        self._keys = keys
        self._public = {key.key_id: _public_key(key.jwk) for key in keys}
        self.key_set: dict[str, list[Mapping[str, str]]] = {"keys": [key.jwk for key in keys]}

    @classmethod
    def from_directory(cls, directory: Path) -> Self:
        """Load every `*.pem`; raises ValueError where one is not named for the instant from which it signs."""
        return cls(read_keys(directory, SigningKey.from_pem))

    def signing_at(self, now: datetime) -> SigningKey:
        """Return the key that signs at an instant."""
        return signing_at(self._keys, now)

    def public_key(self, key_id: str) -> CryptographyECKey | None:
        """Return the public key of this id, or None."""
        return self._public.get(key_id)


class PublishedKeys:
    """Public keys read from a JWKS document; anything but a P-256 signature key is left out."""

    def __init__(self, key_set: Mapping[str, Any]) -> None:
        entries = key_set.get("keys", [])
        self._public = {
            entry["kid"]: _public_key(entry)
            for entry in entries
            if (entry.get("kty"), entry.get("crv"), entry.get("alg")) == ("EC", "P-256", _ALGORITHM)
            and entry.get("kid")
        }

    def public_key(self, key_id: str) -> CryptographyECKey | None:
        """Return the public key of this id, or None."""
        return self._public.get(key_id)


class TokenSigner:
    """Signs tokens with the key whose time it is."""

    def __init__(self, keys: KeyRing, *, issuer: str, clock: Clock) -> None:
        self._keys = keys
        self._issuer = issuer
        self._clock = clock

    def sign(
        self,
        principal: Principal,
        *,
        token_type: TokenType,
        audience: str,
        lifetime: timedelta,
        token_id: str | None = None,
    ) -> tuple[str, Claims]:
        """Sign a token for a principal; its id is `token_id`, or else a fresh one."""
        instant = self._clock.now()
        now = int(instant.timestamp())
        claims = Claims(
            iss=self._issuer,
            aud=audience,
            iat=now,
            exp=now + int(lifetime.total_seconds()),
            jti=token_id or secrets.token_urlsafe(16),
            **told_of(principal),
        )
        key = self._keys.signing_at(instant)
        token = jws.sign(
            orjson.dumps(claims.model_dump(mode="json", exclude_defaults=True)),
            key.private,
            headers={"typ": token_type.value, "kid": key.key_id},
            algorithm=_ALGORITHM,
        )
        return token, claims


class TokenVerifier:
    """Verifies tokens of one type for one audience."""

    def __init__(self, *, issuer: str, audience: str, token_type: TokenType, clock: Clock) -> None:
        self._issuer = issuer
        self._audience = audience
        self._type = token_type
        self._clock = clock

    def verify(self, token: str, keys: KeySource) -> Claims:
        """Return the claims of a token.

        Raises:
            UnknownKeyError: Its key is not in `keys`; a fresher key set may know it.
            InvalidTokenError: It is anything but a valid token of this type for this audience, now.
        """
        header = self._header(token)
        key = keys.public_key(header.kid)
        if key is None:
            raise UnknownKeyError
        # jose answers a hostile token with many exception types, TypeError and RecursionError among them.
        try:
            payload = jws.verify(token, key, [_ALGORITHM])
            claims = Claims.model_validate(_parse(payload))
        except Exception:  # noqa: BLE001 - whatever goes wrong inside, the token is refused
            raise InvalidTokenError from None
        self._check(claims)
        return claims

    def _header(self, token: str) -> _Header:
        if len(token) > _MAXIMUM_LENGTH or _TOKEN.fullmatch(token) is None or token[-1] not in _CANONICAL_LAST:
            raise InvalidTokenError
        try:
            header = _Header.model_validate(_parse(_decode(token.partition(".")[0])))
        except (ValueError, ValidationError):
            raise InvalidTokenError from None
        if header.alg != _ALGORITHM or header.typ != self._type.value:
            raise InvalidTokenError
        return header

    def _check(self, claims: Claims) -> None:
        now = int(self._clock.now().timestamp())
        longest = int(LIFETIMES[self._type].total_seconds())
        if claims.iss != self._issuer or claims.aud != self._audience:
            raise InvalidTokenError
        if claims.exp <= now or claims.iat > now + _LEEWAY or claims.exp - claims.iat > longest:
            raise InvalidTokenError


PrivateRsaKey = CryptographyRSAKey
"""A private key that ID tokens are signed with."""


def rsa_key(pem: bytes) -> PrivateRsaKey:
    """Load an RSA key once: to load one at each signature costs a hundred times the signature."""
    return CryptographyRSAKey(pem.decode(), "RS256")


@dataclass(frozen=True, slots=True)
class ClientKey:
    """A key that we prove ourselves with to somebody else's server (RFC 7523): ES384."""

    pem: bytes = field(repr=False)
    jwk: Mapping[str, str]


def new_client_key() -> ClientKey:
    """Make one, named by its thumbprint."""
    made = ec.generate_private_key(ec.SECP384R1())
    pem = made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    numbers = made.public_key().public_numbers()
    members = {"kty": "EC", "crv": "P-384", "x": _encode(numbers.x.to_bytes(48)), "y": _encode(numbers.y.to_bytes(48))}
    return ClientKey(pem, {**members, "kid": thumbprint(members), "alg": _CLIENT_ALGORITHM, "use": "sig"})


def sign_as_client(claims: Mapping[str, Any], pem: bytes, key_id: str) -> str:
    """Sign who we are with such a key."""
    key = CryptographyECKey(pem.decode(), _CLIENT_ALGORITHM)
    return sign_claims(claims, key, algorithm=_CLIENT_ALGORITHM, headers={"typ": "JWT", "kid": key_id})


def sign_claims(claims: Mapping[str, Any], key: Any, *, algorithm: str, headers: Mapping[str, str]) -> str:
    """Sign claims that are not those of our own tokens."""
    return str(jws.sign(orjson.dumps(claims), key, headers=dict(headers), algorithm=algorithm))


def verified_payload(token: str, public_key: Mapping[str, str]) -> bytes:
    """Return what a stranger signed with this key, in the one algorithm that belongs to it.

    Raises:
        InvalidTokenError: The signature is not of this key, is written in another way, or is none.
    """
    if len(token) > _MAXIMUM_LENGTH or _COMPACT.fullmatch(token) is None:
        raise InvalidTokenError
    try:
        is_canonical = all(_encode(_decode(part)) == part for part in token.split("."))
        algorithm = public_key["alg"]
        payload = bytes(jws.verify(token, jwk.construct(dict(public_key), algorithm), [algorithm]))
    except Exception:  # noqa: BLE001 - whatever goes wrong inside, the token is refused
        raise InvalidTokenError from None
    if not is_canonical:
        raise InvalidTokenError
    return payload


def _parse(raw: bytes) -> Any:
    value = orjson.loads(raw)
    # We write compact JSON, so other bytes for the same value are not ours: a member twice, a space, another escape.
    if orjson.dumps(value) != raw:
        raise ValueError("not the bytes we write")
    return value


def _public_key(jwk: Mapping[str, str]) -> CryptographyECKey:
    return CryptographyECKey({name: jwk[name] for name in ("kty", "crv", "x", "y")}, _ALGORITHM)


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
