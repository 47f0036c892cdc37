"""What is counted, how much of it is allowed, and how the keys of the counters are made."""

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from typing import Final


@dataclass(frozen=True, slots=True)
class Limit:
    """So many failures within a window that begins with the first of them."""

    kind: str
    most: int
    window: timedelta


PAIR: Final = Limit("pair", 10, timedelta(minutes=15))
"""One name tried from one network: what a person who mistypes gets."""
NETWORK: Final = Limit("network", 100, timedelta(minutes=15))
"""Any names tried from one network: what a list of stolen passwords is tried with."""
NAME: Final = Limit("name", 100, timedelta(hours=24))
"""One name tried from anywhere (NIST SP 800-63B, 5.2.2: no more than 100 failures).

Networks from which the name signed in before are not counted and not held up: whoever guesses locks out only strangers.
"""
DEVICE: Final = Limit("device", 10, timedelta(minutes=15))
"""One name, or a passkey, tried on a device where it signed in before; more than these count as a stranger's.

So nobody who has not signed in on this device can hold it up: neither somebody at the same network nor everybody. Who
has copied the device's cookie uses these up, and the person goes on from a network of their own.
"""
LINK: Final = Limit("link", 10, timedelta(hours=24))
"""Passwords of an account tried with the link of one invitation; whoever invited can send another link."""
CODE: Final = Limit("code", 10, timedelta(minutes=15))
"""Codes of a second factor tried for one account from one network."""
USER_CODE: Final = Limit("user_code", 10, timedelta(minutes=15))
"""Codes that no device shows (RFC 8628, 5.1), from one network, or typed where somebody has signed in before."""
REFUSAL: Final = Limit("refusal", 1, timedelta(minutes=15))
"""Refusals of one application's proof from one network that are told."""
ALERT: Final = Limit("alert", 1, timedelta(minutes=15))
"""Letters about records opened in an emergency that somebody gets at once."""
LETTER: Final = Limit("letter", 20, timedelta(minutes=15))
"""Letters that one network asks for."""
KNOWN_FOR: Final = timedelta(days=30)
"""How long a network or a device counts as one that a name signs in from."""


def key_of(kind: str, *parts: str) -> bytes:
    """Make the key of a counter: it names neither the person nor the network."""
    return hashlib.sha256("\0".join((kind, *parts)).encode("utf-8", "surrogatepass")).digest()
