"""Signed webhooks (Standard Webhooks 1.0.0): HMAC-SHA256 (`v1`) or Ed25519 (`v1a`) over id, time and body.

A receiver knows by the id what it has had already, and by the time that nobody replays an old message.
"""

import base64
import binascii
import hmac
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final, Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

PREFIX: Final = "whsec_"
"""What a secret begins with in text."""

SHORTEST_SECRET: Final = 24
LONGEST_SECRET: Final = 64
"""Bytes of a secret."""

TOLERANCE: Final = timedelta(minutes=5)
"""How far a message's time may be from ours."""

_LATEST: Final = 2**40


class SignatureRefusedError(Exception):
    """The message is not signed with our secret or key, or not lately; it is not said which."""


class PublicKeys(Protocol):
    """Knows by whose signature a message is ours."""

    def verify(self, signature: bytes, signed: bytes) -> None:
        """Verify a signature; raises InvalidSignature."""


def secret_of(text: str) -> bytes:
    """Read a secret as it is written down: `whsec_` and base64.

    Raises:
        ValueError: It is no secret, or one of the wrong length.
    """
    try:
        secret = base64.b64decode(text.removeprefix(PREFIX), validate=True)
    except binascii.Error:
        secret = b""
    if not text.startswith(PREFIX) or not SHORTEST_SECRET <= len(secret) <= LONGEST_SECRET:
        raise ValueError(f"must be {PREFIX} and {SHORTEST_SECRET} to {LONGEST_SECRET} random bytes in base64")
    return secret


def signed_headers(secret: bytes, message_id: str, now: datetime, body: bytes) -> dict[str, str]:
    """Return the headers that go with a message."""
    timestamp = str(int(now.timestamp()))
    return _headers(message_id, timestamp, f"v1,{_signature(secret, message_id, timestamp, body)}")


def headers_signed_by(key: Ed25519PrivateKey, message_id: str, now: datetime, body: bytes) -> dict[str, str]:
    """Return the headers that go with a message to who has the key's public half alone.

    What else the key signs is JSON, which begins with a brace, and is no message of any id.
    """
    timestamp = str(int(now.timestamp()))
    signature = base64.b64encode(key.sign(_signed(message_id, timestamp, body))).decode()
    return _headers(message_id, timestamp, f"v1a,{signature}")


def verify(secret: bytes, headers: Mapping[str, str], now: datetime, body: bytes) -> None:
    """Accept a message that carries one signature of ours, in constant time for each.

    Raises:
        SignatureRefusedError: It does not, or its time is more than five minutes away.
    """
    timestamp = headers.get("webhook-timestamp", "")
    expected = _signature(secret, headers.get("webhook-id", ""), timestamp, body)
    given = [part.removeprefix("v1,") for part in headers.get("webhook-signature", "").split() if part[:3] == "v1,"]
    matches = [hmac.compare_digest(expected.encode(), signature.encode()) for signature in given]
    if not any(matches) or not _is_recent(timestamp, now):
        raise SignatureRefusedError


def verify_by(keys: PublicKeys, headers: Mapping[str, str], now: datetime, body: bytes) -> None:
    """Accept a message whose one signature is by a key of ours.

    Raises:
        SignatureRefusedError: It is not, or its time is more than five minutes away.
    """
    timestamp, signature = headers.get("webhook-timestamp", ""), headers.get("webhook-signature", "")
    if not signature.startswith("v1a,") or not _is_recent(timestamp, now):
        raise SignatureRefusedError
    try:
        given = base64.b64decode(signature.removeprefix("v1a,"), validate=True)
        keys.verify(given, _signed(headers.get("webhook-id", ""), timestamp, body))
    except (ValueError, InvalidSignature):
        raise SignatureRefusedError from None


def _headers(message_id: str, timestamp: str, signature: str) -> dict[str, str]:
    return {"webhook-id": message_id, "webhook-timestamp": timestamp, "webhook-signature": signature}


def _signed(message_id: str, timestamp: str, body: bytes) -> bytes:
    return f"{message_id}.{timestamp}.".encode() + body


def _signature(secret: bytes, message_id: str, timestamp: str, body: bytes) -> str:
    return base64.b64encode(hmac.digest(secret, _signed(message_id, timestamp, body), "sha256")).decode()


def _is_recent(timestamp: str, now: datetime) -> bool:
    if not timestamp.isascii() or not timestamp.isdecimal() or not 0 < int(timestamp[:15]) < _LATEST:
        return False
    return abs(int(timestamp[:15]) - now.timestamp()) <= TOLERANCE.total_seconds()
