"""Sealing: what is written about a person is encrypted in the service, and opens only where it was put.

Envelope encryption with AES-256-GCM (NIST SP 800-38D): the root key wraps a key for each organization, that one wraps a
data key for each person, and the data key seals values. Destroying one wrapped data key makes one person unreadable,
in every backup too. A sealed value is one byte of format, a random 96-bit nonce, and the ciphertext with its tag.
"""

import base64
import hmac
import secrets
from dataclasses import dataclass
from typing import Final, Self
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from services.contracts.identifiers import OrganizationId

KEY_BYTES: Final = 32
_FORMAT: Final = b"\x01"
_NONCE_BYTES: Final = 12
_TOKEN_BYTES: Final = 16
_NONCE_END: Final = len(_FORMAT) + _NONCE_BYTES


class SealBrokenError(Exception):
    """The value was changed, moved to another place, or sealed with another key; it is not said which."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a sealed value lies; it opens nowhere else."""

    organization_id: OrganizationId
    table: str
    column: str
    row: UUID


class SealingKey:
    """One AES-256 key and its id; the id is authenticated with every value."""

    def __init__(self, key_id: str, secret: bytes) -> None:
        if len(secret) != KEY_BYTES:
            raise ValueError("a sealing key has 32 bytes")
        self._id = key_id
        self._secret = secret
        self._cipher = AESGCM(secret)

    @property
    def id(self) -> str:
        """What names the key and tells nothing of it."""
        return self._id

    @classmethod
    def root(cls, secret: bytes) -> Self:
        """Make the key that stands above all others; its id follows from its secret and does not reveal it."""
        return cls(hmac.digest(secret, b"eventide root key id", "sha256")[:8].hex(), secret)

    @classmethod
    def generate(cls, key_id: UUID) -> Self:
        """Make a fresh random key."""
        return cls(str(key_id), secrets.token_bytes(KEY_BYTES))

    def seal(self, value: bytes, place: Place) -> bytes:
        """Encrypt a value for one place.

        The nonce is random, so one key may seal 2^32 values at most; a person's key never comes near.
        """
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return _FORMAT + nonce + self._cipher.encrypt(nonce, value, self._associated_data(place))

    def unseal(self, sealed: bytes, place: Place) -> bytes:
        """Decrypt what was sealed with this key for this place.

        Raises:
            SealBrokenError: It was changed, moved, or sealed with another key.
        """
        if not sealed.startswith(_FORMAT):
            raise SealBrokenError
        try:
            return self._cipher.decrypt(
                sealed[len(_FORMAT) : _NONCE_END], sealed[_NONCE_END:], self._associated_data(place)
            )
        except (InvalidTag, ValueError):
            raise SealBrokenError from None

    def wrap(self, key: "SealingKey", place: Place) -> bytes:
        """Seal another key with this one."""
        return self.seal(key._secret, place)  # noqa: SLF001 - a key is its own kind's confidant

    def unwrap(self, key_id: UUID, wrapped: bytes, place: Place) -> "SealingKey":
        """Open another key that this one wrapped.

        Raises:
            SealBrokenError: As for any sealed value.
        """
        return SealingKey(str(key_id), self.unseal(wrapped, place))

    def token(self, place: Place) -> str:
        """Make a secret of 128 bits that belongs to a place, the same each time; it reveals nothing of the key."""
        digest = hmac.digest(self._secret, b"token|" + self._associated_data(place), "sha256")
        return base64.urlsafe_b64encode(digest[:_TOKEN_BYTES]).rstrip(b"=").decode()

    def fingerprint(self, value: bytes, purpose: str) -> bytes:
        """Return what is the same for equal values and tells nothing of them without the key: to find, not to open."""
        return hmac.digest(self._secret, b"fingerprint|" + purpose.encode() + b"|" + value, "sha256")

    def _associated_data(self, place: Place) -> bytes:
        # No part can contain the separator: names of tables and columns, UUIDs, hexadecimal digits.
        return f"{place.organization_id}|{place.table}|{place.column}|{place.row}|{self._id}".encode()
