"""Public keys of others, as JSON Web Keys: which may be believed with which algorithm, and what they are called."""

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping
from typing import Any, Final

import orjson

_SMALLEST_MODULUS_BYTES: Final = 256
_LONGEST_EXPONENT_BYTES: Final = 8
_CURVES: Final = {"ES256": ("P-256", 32), "ES384": ("P-384", 48)}
_RSA: Final = frozenset({"RS256", "RS384"})
_PRIVATE_MEMBERS: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_BASE64URL: Final = re.compile(r"[A-Za-z0-9_-]{1,1400}")


def public_members(jwk: Mapping[str, Any], algorithm: str) -> dict[str, str] | None:
    """Return what a public key consists of (RFC 7638, 3.2), or None where it is not one for this algorithm.

    An RSA modulus has 2048 bits at least; ES256 goes with P-256 and ES384 with P-384 (RFC 7518, 3.4). A key that brings
    anything private along is none: its owner has given it away.
    """
    if _PRIVATE_MEMBERS & set(jwk):
        return None
    if algorithm in _RSA and jwk.get("kty") == "RSA":
        modulus, exponent = _bytes_of(jwk.get("n")), _bytes_of(jwk.get("e"))
        if len(modulus.lstrip(b"\0")) < _SMALLEST_MODULUS_BYTES or not 0 < len(exponent) <= _LONGEST_EXPONENT_BYTES:
            return None
        return {"kty": "RSA", "n": jwk["n"], "e": jwk["e"]}
    curve, size = _CURVES.get(algorithm, ("", 0))
    if size and (jwk.get("kty"), jwk.get("crv")) == ("EC", curve):
        if {len(_bytes_of(jwk.get("x"))), len(_bytes_of(jwk.get("y")))} != {size}:
            return None
        return {"kty": "EC", "crv": curve, "x": jwk["x"], "y": jwk["y"]}
    return None


def thumbprint(members: Mapping[str, str]) -> str:
    """Return the name of a public key that is made of nothing but the key (RFC 7638, with SHA-256)."""
    digest = hashlib.sha256(orjson.dumps(members, option=orjson.OPT_SORT_KEYS)).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _bytes_of(value: Any) -> bytes:
    if not isinstance(value, str) or _BASE64URL.fullmatch(value) is None:
        return b""
    try:
        return base64.urlsafe_b64decode(value + "=" * (-len(value) % 4))
    except binascii.Error:
        return b""
