"""How long a session lasts, how its person was authenticated, and what its secret looks like; pure."""

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Self
from uuid import UUID

from services.contracts.identifiers import LoginSessionId, OrganizationId
from services.contracts.identity import Assurance

_SECRET_BYTES: Final = 32
_FIRST: Final = frozenset({"pwd", "pop", "user", "fed"})
"""What a session is opened with, in the words of RFC 8176, which has none for an organization's provider."""
# 16 bytes of the organization, 16 of the session, 32 of chance: 64 bytes are 86 characters, and the last has 2 bits.
_SECRET: Final = re.compile(r"[A-Za-z0-9_-]{85}[AQgw]")


@dataclass(frozen=True, slots=True)
class SessionTimes:
    """How long a session lasts without a renewal, and in all: automatic logoff, 45 CFR 164.312(a)(2)(iii).

    The figures are those of NIST SP 800-63B (rev. 3), 4.2.3: 30 minutes and 12 hours.
    """

    idle: timedelta = timedelta(minutes=30)
    longest: timedelta = timedelta(hours=12)

    def seen_after(self, now: datetime) -> datetime:
        """Return the instant after which a session must have been seen to be open still."""
        return now - self.idle


@dataclass(frozen=True, slots=True)
class Proof:
    """How and when a person proved who they are."""

    at: datetime
    amr: tuple[str, ...]
    acr: Assurance

    @classmethod
    def by_password(cls, at: datetime) -> Self:
        """The password alone."""
        return cls(at.replace(microsecond=0), ("pwd",), Assurance.AAL1)

    @classmethod
    def by_second_factor(cls, at: datetime, method: str, *, first: Sequence[str] = ("pwd",)) -> Self:
        """What opened the session, such as the password, and something else (RFC 8176: `mfa` beside the methods)."""
        opened = tuple(word for word in first if word in _FIRST) or ("pwd",)
        return cls(at.replace(microsecond=0), (*opened, method, "mfa"), Assurance.AAL2)

    @classmethod
    def by_passkey(cls, at: datetime) -> Self:
        """A key in a device that verified its user: two factors in one (NIST SP 800-63B-4, 3.1.7)."""
        return cls(at.replace(microsecond=0), ("pop", "user", "mfa"), Assurance.AAL2)

    @classmethod
    def by_provider(cls, at: datetime, *, has_two_factors: bool) -> Self:
        """Another server's word, of one factor or of two, and of when it was given there."""
        if has_two_factors:
            return cls(at.replace(microsecond=0), ("fed", "mfa"), Assurance.AAL2)
        return cls(at.replace(microsecond=0), ("fed",), Assurance.AAL1)


@dataclass(frozen=True, slots=True)
class SessionHandle:
    """The secret of a session: 256 random bits behind the places where it is looked up.

    So the table can belong to organizations like every other: who guesses sees the rows of one, and finds none.
    """

    organization_id: OrganizationId
    session_id: LoginSessionId
    text: str = field(repr=False)

    @classmethod
    def fresh(cls, organization_id: OrganizationId, session_id: LoginSessionId) -> Self:
        """Make the secret of a new session."""
        raw = organization_id.bytes + session_id.bytes + secrets.token_bytes(_SECRET_BYTES)
        return cls(organization_id, session_id, base64.urlsafe_b64encode(raw).rstrip(b"=").decode())

    @classmethod
    def read(cls, text: str) -> Self | None:
        """Read what a caller sent, or None where it cannot be one of ours."""
        if _SECRET.fullmatch(text) is None:
            return None
        raw = base64.urlsafe_b64decode(text + "==")
        return cls(OrganizationId(UUID(bytes=raw[:16])), LoginSessionId(UUID(bytes=raw[16:32])), text)

    @property
    def digest(self) -> bytes:
        """What is kept of it."""
        return hashlib.sha256(self.text.encode()).digest()

    @property
    def csrf_token(self) -> str:
        """What only a page of ours can send along with the cookie; it follows from the secret and does not reveal it.

        OWASP, Cross-Site Request Forgery Prevention: a token bound to the session by HMAC.
        """
        digest = hmac.digest(self.text.encode(), b"eventide csrf", "sha256")
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()

    def is_csrf_token(self, text: str) -> bool:
        """Say whether a page of ours sent this."""
        return hmac.compare_digest(self.csrf_token.encode(), text.encode("utf-8", "surrogatepass"))
