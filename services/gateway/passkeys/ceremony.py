"""What a ceremony is made of: a challenge for a purpose and a holder, and the key that answers it."""

from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Final

from services.contracts.identifiers import AccountId, LoginSessionId, PasskeyId

CHALLENGE_LIFETIME: Final = timedelta(minutes=5)
"""Web Authentication 3, 15.1: five minutes where the user is to be verified."""


class Purpose(StrEnum):
    """What a challenge is for; an answer to one for another purpose is worth nothing."""

    REGISTER = "register"
    SIGN_IN = "sign_in"
    STEP_UP = "step_up"


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key that a device has just made."""

    credential_id: bytes
    public_key: bytes
    sign_count: int
    is_synced: bool


@dataclass(frozen=True, slots=True)
class Holder:
    """Who may answer a challenge: a person in a session, the browser with a secret, or whoever got it."""

    account_id: AccountId | None = None
    login_session_id: LoginSessionId | None = None
    browser: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class KnownKey:
    """A passkey as a signature is checked with it."""

    id: PasskeyId
    account_id: AccountId
    public_key: bytes
