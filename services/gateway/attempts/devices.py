"""The cookie that a device is known by once somebody has signed in on it (OWASP, device cookies).

It signs nobody in: it only keeps what others try apart from what is tried on this device. It names the device once for
each person who signs in on it, as on the computer of a front desk, and each of these names is good until that person
signs in there again.
"""

import re
import secrets
from typing import Final

COOKIE: Final = "__Host-eventide-device"
"""With this prefix a browser takes it only from this very host, and with Secure (RFC 6265bis, 4.1.3.2)."""
MOST_PEOPLE: Final = 8
"""Who signed in on a device before so many others is a stranger there again."""
_DEVICES: Final = re.compile(rf"[A-Za-z0-9_-]{{43}}(?:\.[A-Za-z0-9_-]{{43}}){{0,{MOST_PEOPLE - 1}}}")


def read_devices(cookie: str | None) -> tuple[str, ...]:
    """Return what a cookie names a device, the latest first; nothing where it cannot be one of ours."""
    return tuple(cookie.split(".")) if cookie is not None and _DEVICES.fullmatch(cookie) else ()


def written(devices: tuple[str, ...]) -> str:
    """Return the cookie for a device."""
    return ".".join(devices)


def new_device() -> str:
    """Name a device so that nobody guesses it."""
    return secrets.token_urlsafe(32)
