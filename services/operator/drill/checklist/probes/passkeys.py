"""An authenticator in software, which signs what a browser would have it sign, or what no honest one would."""

import base64
import hashlib
import secrets
from dataclasses import dataclass, field
from typing import Any

import orjson
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from webauthn.helpers import encode_cbor

PRESENT, VERIFIED, CAN_BE_SYNCED, IS_SYNCED, HAS_KEY = 0x01, 0x04, 0x08, 0x10, 0x40


def encode(raw: bytes) -> str:
    """Write bytes as base64url without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    """Read base64url without padding."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Key:
    """A key pair: ES256, EdDSA or RS256, with its public half in COSE (RFC 9053)."""

    def __init__(self, algorithm: str = "ES256") -> None:
        self.algorithm = algorithm
        self._key: Any
        if algorithm == "ES256":
            self._key = ec.generate_private_key(ec.SECP256R1())
        elif algorithm == "EdDSA":
            self._key = ed25519.Ed25519PrivateKey.generate()
        else:
            self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    @property
    def cose(self) -> bytes:
        """The public half, as an authenticator hands it out."""
        public = self._key.public_key()
        if self.algorithm == "EdDSA":
            return encode_cbor({1: 1, 3: -8, -1: 6, -2: public.public_bytes_raw()})
        numbers = public.public_numbers()
        if self.algorithm == "ES256":
            return encode_cbor({1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32), -3: numbers.y.to_bytes(32)})
        return encode_cbor({1: 3, 3: -257, -1: numbers.n.to_bytes(256), -2: b"\x01\x00\x01"})

    def sign(self, message: bytes) -> bytes:
        """Sign as the algorithm does it."""
        if self.algorithm == "ES256":
            signature: bytes = self._key.sign(message, ec.ECDSA(hashes.SHA256()))
        elif self.algorithm == "EdDSA":
            signature = self._key.sign(message)
        else:
            signature = self._key.sign(message, padding.PKCS1v15(), hashes.SHA256())
        return signature


@dataclass
class Passkey:
    """One passkey in one device; each attribute can be made to lie."""

    origin: str
    domain: str
    key: Key = field(default_factory=Key)
    credential_id: bytes = field(default_factory=lambda: secrets.token_bytes(16))
    user_handle: bytes | None = None
    flags: int = PRESENT | VERIFIED
    count: int = 0
    counts: bool = True

    def act(self, which: str, options: dict[str, Any], **changes: Any) -> dict[str, Any]:
        """`create` or `get`, by name."""
        return self.create(options, **changes) if which == "create" else self.get(options, **changes)

    def create(self, options: dict[str, Any], **changes: Any) -> dict[str, Any]:
        """Make the passkey, as `navigator.credentials.create()` would have it made."""
        self.user_handle = decode(options["user"]["id"])
        told = self._client_data("webauthn.create", options, **changes)
        key = len(self.credential_id).to_bytes(2) + self.credential_id + self.key.cose
        attestation = {"fmt": "none", "attStmt": {}, "authData": self._data(HAS_KEY) + bytes(16) + key}
        return self._answer(
            {"clientDataJSON": encode(told), "attestationObject": encode(encode_cbor(attestation)),
             "transports": ["internal"]}
        )  # fmt: skip

    def get(self, options: dict[str, Any], **changes: Any) -> dict[str, Any]:
        """Sign a challenge, as `navigator.credentials.get()` would have it signed."""
        self.count += int(self.counts)
        told, data = self._client_data("webauthn.get", options, **changes), self._data(0)
        signature = self.key.sign(data + hashlib.sha256(told).digest())
        handle = None if self.user_handle is None else encode(self.user_handle)
        return self._answer(
            {"clientDataJSON": encode(told), "authenticatorData": encode(data), "signature": encode(signature),
             "userHandle": handle}
        )  # fmt: skip

    def _client_data(self, kind: str, options: dict[str, Any], **changes: Any) -> bytes:
        told = {"type": kind, "challenge": options["challenge"], "origin": self.origin, "crossOrigin": False}
        return orjson.dumps({**told, **changes})

    def _data(self, more: int) -> bytes:
        return hashlib.sha256(self.domain.encode()).digest() + bytes([self.flags | more]) + self.count.to_bytes(4)

    def _answer(self, response: dict[str, Any]) -> dict[str, Any]:
        identifier = encode(self.credential_id)
        return {"id": identifier, "rawId": identifier, "type": "public-key", "response": response,
                "authenticatorAttachment": "platform", "clientExtensionResults": {}}  # fmt: skip
