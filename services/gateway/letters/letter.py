"""A letter, as the rest of the gateway speaks of it."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from services.contracts.gateway.letters import LetterLanguage
from services.contracts.identifiers import AccountId, OrganizationId


class LetterKind(StrEnum):
    """What a letter is about."""

    PASSWORD_RESET = "password_reset"  # noqa: S105 - the name of a letter, not a secret
    INVITATION = "invitation"
    EMERGENCY_REVIEW = "emergency_review"
    """It opens nothing, and has no secret."""


@dataclass(frozen=True, slots=True)
class Duty:
    """As what somebody gets a letter: in which organization, who it is, and of whose doing it tells."""

    organization_id: OrganizationId
    account_id: AccountId
    by: AccountId


@dataclass(frozen=True, slots=True)
class Letter:
    """One letter; its id is the same in every attempt, so that who carries it knows what it has had."""

    id: UUID
    kind: LetterKind
    to: str = field(repr=False)
    secret: str = field(repr=False)
    language: LetterLanguage
    expires_at: datetime
    attempts: int = 0
    duty: Duty | None = None
    """None where whoever has the address is to have it."""
