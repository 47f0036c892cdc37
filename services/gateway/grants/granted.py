"""Grants and the secrets that lead to them, as the rest of the authorization server speaks of them."""

import base64
import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Self
from uuid import UUID

from services.chassis.sealing import Place, SealBrokenError, SealingKey
from services.contracts.gateway.oauth_clients import OauthClient
from services.contracts.identifiers import (
    AccountId,
    EncounterId,
    GrantId,
    LoginSessionId,
    OauthClientId,
    OrganizationId,
    PatientId,
)
from services.contracts.identity import Principal

_SECRET_BYTES: Final = 32
_HANDLE: Final = re.compile(r"[A-Za-z0-9_-]{64}")
_NOWHERE: Final = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Handle:
    """A code or refresh token: 256 random bits behind the organization in which they are looked up.

    So the table can belong to organizations like every other: who guesses sees the rows of one, and finds none.
    """

    organization_id: OrganizationId
    text: str = field(repr=False)

    @classmethod
    def fresh(cls, organization_id: OrganizationId) -> Self:
        """Make a new one."""
        raw = organization_id.bytes + secrets.token_bytes(_SECRET_BYTES)
        return cls(organization_id, base64.urlsafe_b64encode(raw).decode())

    @classmethod
    def read(cls, text: str) -> Self | None:
        """Read what a caller sent, or None where it cannot be one of ours."""
        if _HANDLE.fullmatch(text) is None:
            return None
        return cls(OrganizationId(UUID(bytes=base64.urlsafe_b64decode(text)[:16])), text)

    @property
    def digest(self) -> bytes:
        """What is kept of it."""
        return hashlib.sha256(self.text.encode()).digest()

    def seal(self, successor: "Handle") -> bytes:
        """Seal the token that follows this one, so that only this one opens it."""
        return self._key().seal(successor.text.encode(), self._place())

    def unseal(self, successor: bytes) -> "Handle | None":
        """Open the token that follows this one, or None where it is another's."""
        try:
            return Handle(self.organization_id, self._key().unseal(successor, self._place()).decode())
        except SealBrokenError:
            return None

    def _key(self) -> SealingKey:
        return SealingKey("successor", hmac.digest(self.text.encode(), b"eventide successor", "sha256"))

    def _place(self) -> Place:
        return Place(self.organization_id, "refresh_tokens", "successor", _NOWHERE)


@dataclass(frozen=True, slots=True)
class Grant:
    """What an application was granted; without an account it is a service's own."""

    organization_id: OrganizationId
    id: GrantId
    client_id: OauthClientId
    account_id: AccountId | None
    login_session_id: LoginSessionId | None
    scopes: tuple[str, ...]
    patient_id: PatientId | None
    encounter_id: EncounterId | None
    is_offline: bool
    generation: int
    rotated_at: datetime | None
    created_at: datetime
    expires_at: datetime
    ended_at: datetime | None
    proof_key: str | None = None
    """The thumbprint of the key that its refresh tokens are bound to (RFC 9449, 5), or None."""


@dataclass(frozen=True, slots=True)
class Code:
    """What a code was given for."""

    grant_id: GrantId
    redirect_uri: str
    code_challenge: str
    nonce: str | None
    expires_at: datetime
    proof_key: str | None
    """The thumbprint of the key that it must be redeemed with (RFC 9449, 10), or None."""


@dataclass(frozen=True, slots=True)
class Consented:
    """What a person has let an application do, and where the code for it goes."""

    client: OauthClient
    person: Principal
    organization_id: OrganizationId
    login_session_id: LoginSessionId
    scopes: tuple[str, ...]
    redirect_uri: str
    code_challenge: str
    nonce: str | None
    patient_id: PatientId | None
    encounter_id: EncounterId | None
    proof_key: str | None
    """The thumbprint of the key that the code is to be redeemed with (`dpop_jkt`), or None."""
