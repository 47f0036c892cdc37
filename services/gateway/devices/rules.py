"""What a device shows, how long it may ask, and what it is answered; pure."""

import hashlib
import re
import secrets
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from services.gateway.devices.device import DeviceStatus

LIFETIME: Final = timedelta(minutes=10)
INTERVAL: Final = timedelta(seconds=5)
SLOWER: Final = timedelta(seconds=5)
"""How much longer a device has to wait from now on that asked too soon (RFC 8628, 3.5)."""
GRACE: Final = timedelta(seconds=15)
"""How long a device that has its tokens may ask once more: a question that was sent twice is nobody else's."""
REMEMBERED: Final = timedelta(minutes=10)
"""How long a device that asks too late is still told so, before it is told nothing."""
# No vowels, so that it is never a word, and nothing that is taken for a digit: 20 ** 8 is more than 34 bits (6.1).
_LETTERS: Final = "BCDFGHJKLMNPQRSTVWXZ"
_HALF: Final = 4
_USER_CODE: Final = re.compile(f"[{_LETTERS}]{{{2 * _HALF}}}")
_BETWEEN: Final = re.compile(r"[\s_-]+")


class DeviceAnswer(StrEnum):
    """What a device that asks for its tokens is told (RFC 8628, 3.5)."""

    TOKENS = "tokens"
    PENDING = "authorization_pending"
    SLOW_DOWN = "slow_down"
    DECLINED = "access_denied"
    EXPIRED = "expired_token"
    TOLD = "told"
    """It has its tokens: this question was on its way when they were given."""
    REUSED = "reused"
    """It has its tokens, and somebody asks with its code."""


def new_user_code() -> str:
    """Make the code that a person reads from the device."""
    letters = "".join(secrets.choice(_LETTERS) for _ in range(2 * _HALF))
    return f"{letters[:_HALF]}-{letters[_HALF:]}"


def read_user_code(text: str) -> str | None:
    """Return a code as it was shown, however it was typed, or None where it cannot be one."""
    letters = _BETWEEN.sub("", text.upper())
    return f"{letters[:_HALF]}-{letters[_HALF:]}" if _USER_CODE.fullmatch(letters) else None


def digest_of(code: str) -> bytes:
    """Return what is kept of a code."""
    return hashlib.sha256(code.encode()).digest()


def answer_to(
    status: DeviceStatus, *, now: datetime, expires_at: datetime, polled_at: datetime | None, interval: timedelta
) -> DeviceAnswer:
    """Say what a device is told that asks now."""
    if now >= expires_at:
        return DeviceAnswer.EXPIRED
    if status is DeviceStatus.DECLINED:
        return DeviceAnswer.DECLINED
    if status is DeviceStatus.ALLOWED:
        return DeviceAnswer.TOKENS
    if status is DeviceStatus.TOLD:
        return DeviceAnswer.TOLD if polled_at is not None and now - polled_at < GRACE else DeviceAnswer.REUSED
    is_too_soon = polled_at is not None and now - polled_at < interval
    return DeviceAnswer.SLOW_DOWN if is_too_soon else DeviceAnswer.PENDING
