"""What is true of claims to a record: what a code is, and what it has to fit."""

import hashlib
import hmac
import secrets
from datetime import timedelta
from typing import Final
from uuid import UUID

CLAIM_WITHIN: Final = timedelta(days=3)
"""How long a code is good: who was given one at the desk is home by then."""

MOST_ATTEMPTS: Final = 5
"""After as many that do not fit the link ends: who has the account but not the paper guesses no further."""

# Crockford's: no letter in it is taken for a digit. Fifty bits, of which five guesses are made at most.
_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_READ_AS: Final = str.maketrans("OIL", "011", "- ")
_HALF: Final = 5


def fresh_code() -> str:
    """Return a code to read out or to print."""
    drawn = "".join(secrets.choice(_ALPHABET) for _ in range(2 * _HALF))
    return f"{drawn[:_HALF]}-{drawn[_HALF:]}"


def digest_of(link_id: UUID, code: str) -> bytes:
    """Return what is kept of a code, however it is typed; of another link it is another."""
    return hashlib.sha256(link_id.bytes + code.upper().translate(_READ_AS).encode()).digest()


def fits(link_id: UUID, code: str, kept: bytes) -> bool:
    """Whether a code is the one of which a digest was kept."""
    return hmac.compare_digest(digest_of(link_id, code), kept)
