"""Whether a code of a second factor is right, at sign-in and afterwards."""

from datetime import datetime
from typing import Protocol

from pydantic import SecretStr

from services.contracts.identifiers import AccountId
from services.gateway.factors.rules import matching_step, recovery_spelling
from services.gateway.factors.storage import FactorStorage


class SentCodes(Protocol):
    """What a request has of a second factor."""

    @property
    def one_time_code(self) -> SecretStr | None:
        """Six digits of an authenticator application."""

    @property
    def recovery_code(self) -> SecretStr | None:
        """One of the recovery codes."""


class FactorCheck:
    """Uses up the code that a person sent."""

    def __init__(self, storage: FactorStorage) -> None:
        self._storage = storage

    async def is_needed(self, account_id: AccountId) -> bool:
        """Say whether a person has a second factor."""
        return await self._storage.confirmed_at(account_id) is not None

    async def method(self, account_id: AccountId, sent: SentCodes, now: datetime) -> str | None:
        """Return how the person proved a second factor, as RFC 8176 calls it, or None where no code was right.

        RFC 8176 has no word for a recovery code: the knowledge of one is `kba`.
        """
        if sent.one_time_code is not None and await self._is_one_time_code(
            account_id, sent.one_time_code.get_secret_value(), now
        ):
            return "otp"
        if sent.recovery_code is not None:
            code = recovery_spelling(sent.recovery_code.get_secret_value())
            return "kba" if await self._storage.use_recovery_code(account_id, code, now) else None
        return None

    async def _is_one_time_code(self, account_id: AccountId, code: str, now: datetime) -> bool:
        secret = await self._storage.secret(account_id, is_confirmed=True)
        step = None if secret is None else matching_step(secret, code, now)
        return step is not None and await self._storage.use_step(account_id, step)
