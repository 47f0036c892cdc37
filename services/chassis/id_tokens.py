"""ID tokens (OpenID Connect Core 1.0, 2): RS256, because SMART App Launch asks for it; everything else is ES256."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Self
from uuid import UUID

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from services.chassis.clock import Clock
from services.chassis.key_rotation import ALWAYS, read_keys, signing_at
from services.chassis.public_keys import thumbprint
from services.chassis.tokens import PrivateRsaKey, rsa_key, sign_claims

ID_TOKEN_SECONDS: Final = 300
_SMALLEST_BITS: Final = 2048


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
