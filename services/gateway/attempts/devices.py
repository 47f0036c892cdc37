"""The cookie that a device is known by once somebody has signed in on it (OWASP, device cookies).

It signs nobody in: it only keeps what others try apart from what is tried on this device.
"""

import re
import secrets
from typing import Final

COOKIE: Final = "__Host-eventide-device"
"""With this prefix a browser takes it only from this very host, and with Secure (RFC 6265bis, 4.1.3.2)."""
_DEVICE: Final = re.compile(r"[A-Za-z0-9_-]{43}")


def read_device(cookie: str | None) -> str | None:
    """Return the device that a cookie names, or None where it cannot be one of ours."""
    return cookie if cookie is not None and _DEVICE.fullmatch(cookie) else None


def new_device() -> str:
    """Name a device so that nobody guesses it."""
    return secrets.token_urlsafe(32)
