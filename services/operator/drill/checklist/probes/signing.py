"""Keys of applications, and tokens signed with them; also such as nobody should sign."""

import base64
import hashlib
from collections.abc import Callable
from typing import Any, Final

import orjson
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

_P384_BYTES: Final = 48
_ELLIPTIC: Final = "ES384"


def encode(raw: bytes) -> str:
    """Write bytes as base64url without padding (RFC 7515, 2)."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def bytes_of(text: str) -> bytes:
    """Read base64url without padding."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def part_of(token: str, number: int) -> dict[str, Any]:
    """Read the header (0) or the claims (1) of a token, without looking at its signature."""
    members: dict[str, Any] = orjson.loads(bytes_of(token.split(".")[number]))
    return members


def decoded(token: str) -> dict[str, Any]:
    """Read the claims of a token, without looking at its signature."""
    return part_of(token, 1)


def challenge_of(verifier: str) -> str:
    """Return the S256 challenge of a verifier (RFC 7636, 4.2)."""
    return encode(hashlib.sha256(verifier.encode()).digest())


class Key:
    """The key of an application: ES384 or RS384."""

    def __init__(self, algorithm: str = _ELLIPTIC, key_id: str = "one") -> None:
        self.algorithm, self.key_id = algorithm, key_id
        self.private: Any = (
            ec.generate_private_key(ec.SECP384R1())
            if algorithm == _ELLIPTIC
            else rsa.generate_private_key(public_exponent=65537, key_size=2048)
        )

    @property
    def jwk(self) -> dict[str, str]:
        """The public half (RFC 7517)."""
        numbers = self.private.public_key().public_numbers()
        common = {"kid": self.key_id, "alg": self.algorithm, "use": "sig"}
        if self.algorithm == _ELLIPTIC:
            point = {"x": encode(numbers.x.to_bytes(_P384_BYTES)), "y": encode(numbers.y.to_bytes(_P384_BYTES))}
            return {"kty": "EC", "crv": "P-384", **point, **common}
        modulus = encode(numbers.n.to_bytes((numbers.n.bit_length() + 7) // 8))
        return {"kty": "RSA", "n": modulus, "e": "AQAB", **common}

    def sign(self, signing_input: bytes) -> bytes:
        """Sign with the key's own algorithm."""
        if self.algorithm == _ELLIPTIC:
            r, s = decode_dss_signature(self.private.sign(signing_input, ec.ECDSA(hashes.SHA384())))
            return r.to_bytes(_P384_BYTES) + s.to_bytes(_P384_BYTES)
        signature: bytes = self.private.sign(signing_input, padding.PKCS1v15(), hashes.SHA384())
        return signature

    def token(
        self, header: dict[str, Any], claims: dict[str, Any], sign: Callable[[bytes], bytes] | None = None
    ) -> str:
        """Sign any header and claims, by another hand where `sign` is given; a member that is `...` is left out."""
        head = {"alg": self.algorithm, "kid": self.key_id, "typ": "JWT", **header}
        parts = [{name: value for name, value in part.items() if value is not ...} for part in (head, claims)]
        signing_input = ".".join(encode(orjson.dumps(part)) for part in parts)
        return f"{signing_input}.{encode((sign or self.sign)(signing_input.encode()))}"
