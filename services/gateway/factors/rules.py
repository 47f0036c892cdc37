"""What codes look like, and when one is right."""

import base64
import hmac
import secrets
from datetime import datetime
from typing import Final

import pyotp

_ISSUER: Final = "Eventide"
_NEIGHBOURS: Final = (-1, 0, 1)
"""The steps of 30 seconds that count: clocks differ, and people type slowly (RFC 6238, 5.2)."""
RECOVERY_CODES: Final = 10
_RECOVERY_BYTES: Final = 10
_GROUP: Final = 4


def new_totp_secret() -> str:
    """Make a secret of 160 bits in base32 (RFC 4226, 4)."""
    return pyotp.random_base32()


def totp_uri(secret: str, name: str) -> str:
    """Write a secret for an authenticator application."""
    return pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name=_ISSUER)


def matching_step(secret: str, code: str, now: datetime) -> int | None:
    """Return the time step that a code is of, or None; every step is compared, whichever is right."""
    totp = pyotp.TOTP(secret)
    present = totp.timecode(now)
    sent = code.encode("utf-8", "surrogatepass")
    matches = [
        present + offset
        for offset in _NEIGHBOURS
        if hmac.compare_digest(totp.generate_otp(present + offset).encode(), sent)
    ]
    return max(matches, default=None)


def new_recovery_codes() -> list[str]:
    """Make recovery codes of 80 bits, in groups that can be read aloud."""
    return [
        _grouped(base64.b32encode(secrets.token_bytes(_RECOVERY_BYTES)).decode().lower()) for _ in range(RECOVERY_CODES)
    ]


def recovery_spelling(code: str) -> bytes:
    """Return a recovery code as it is compared: however it was typed."""
    return "".join(code.lower().replace("-", " ").split()).encode("utf-8", "surrogatepass")


def _grouped(code: str) -> str:
    return "-".join(code[start : start + _GROUP] for start in range(0, len(code), _GROUP))
