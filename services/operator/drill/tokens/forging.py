"""Makes tokens like somebody who knows our format and, where it helps them, our keys."""

import base64
import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import orjson
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from services.chassis.clock import Clock
from services.chassis.tokens import SigningKey, TokenType

REMOVED: Final = object()
"""Stands for a member that the token does not have."""


def new_key() -> SigningKey:
    """Make a signing key of nobody."""
    key = ec.generate_private_key(ec.SECP256R1())
    return SigningKey.from_pem(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


def encode(raw: bytes) -> str:
    """Write bytes as base64url without padding (RFC 7515, 2)."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def sign_with(key: SigningKey) -> Callable[[bytes], bytes]:
    """Return what signs with a key: ES256, r and s (RFC 7518, 3.4)."""

    def sign(signing_input: bytes) -> bytes:
        signature = key.private.prepared_key.sign(signing_input, ec.ECDSA(hashes.SHA256()))
        r, s = decode_dss_signature(signature)
        return r.to_bytes(32) + s.to_bytes(32)

    return sign


@dataclass(frozen=True, slots=True)
class Forge:
    """Makes tokens of one kind for one audience, right in everything but what is asked for."""

    key: SigningKey
    clock: Clock
    token_type: TokenType
    audience: str
    issuer: str

    @property
    def now(self) -> int:
        """Return the present second of the POSIX epoch."""
        return int(self.clock.now().timestamp())

    def claims(self, **changes: Any) -> dict[str, Any]:
        """Return good claims with these changes."""
        claims = {
            "iss": self.issuer, "aud": self.audience, "sub": str(UUID(int=7)), "iat": self.now, "exp": self.now + 60,
            "jti": "x", "org": str(UUID(int=8)),
            "roles": ["counsellor", "front_desk", "programme_director", "organization_admin"], "act": None, **changes,
        }  # fmt: skip
        return {name: value for name, value in claims.items() if value is not REMOVED}

    def header(self, **changes: Any) -> dict[str, Any]:
        """Return a good header with these changes."""
        header = {"alg": "ES256", "kid": self.key.key_id, "typ": self.token_type.value, **changes}
        return {name: value for name, value in header.items() if value is not REMOVED}

    def signed(self, header: dict[str, Any] | bytes, claims: Any, sign: Callable[[bytes], bytes] | None = None) -> str:
        """Return a token of any header and claims, signed with our key or as `sign` says."""
        parts = [part if isinstance(part, bytes) else orjson.dumps(part) for part in (header, claims)]
        signing_input = ".".join(encode(part) for part in parts)
        signature = (sign or sign_with(self.key))(signing_input.encode())
        return f"{signing_input}.{encode(signature)}"

    def sign(self, signing_input: bytes) -> bytes:
        """Sign with our key."""
        return sign_with(self.key)(signing_input)

    def with_header(self, **changes: Any) -> str:
        """Return a token that is good but for its header."""
        return self.signed(self.header(**changes), self.claims())

    def with_claims(self, **changes: Any) -> str:
        """Return a token that is good but for its claims; without changes it is good."""
        return self.signed(self.header(), self.claims(**changes))

    def hmac_of(self, secret: bytes) -> str:
        """Return a token signed with HS256 and a secret of the forger."""

        def sign(signing_input: bytes) -> bytes:
            return hmac.digest(secret, signing_input, hashlib.sha256)

        return self.signed(self.header(alg="HS256"), self.claims(), sign)

    def public(self, encoding: Encoding) -> bytes:
        """Return the public half of our key."""
        public = self.key.private.prepared_key.public_key()
        raw: bytes = public.public_bytes(encoding, PublicFormat.SubjectPublicKeyInfo)
        return raw

    def resigned(self, change: Callable[[str], str]) -> str:
        """Return a good token whose signature's text is changed."""
        head, _, signature = self.with_claims().rpartition(".")
        return f"{head}.{change(signature)}"

    def other_type(self) -> str:
        """Return the type of the other kind of our tokens."""
        return (TokenType.INTERNAL if self.token_type is TokenType.ACCESS else TokenType.ACCESS).value
