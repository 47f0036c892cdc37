"""Who gets a link, and what it does."""

import hashlib
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from services.chassis.clock import Clock
from services.contracts.gateway.password_resets import (
    PasswordResetAsked,
    PasswordResetRedemption,
    PasswordResetRequest,
)
from services.contracts.identifiers import AccountId
from services.gateway.accounts.logic import AccountsLogic
from services.gateway.attempts.logic import AttemptsLogic
from services.gateway.errors import LinkRefusedError
from services.gateway.letters.letter import Letter, LetterKind
from services.gateway.letters.logic import Letters, fresh_secret
from services.gateway.password_resets.endings import PasswordEndings
from services.gateway.password_resets.storage import PasswordResetStorage
from services.gateway.security_events.logic import SecurityEventKind, SecurityTrail, Told

LINK_LIFETIME: Final = timedelta(minutes=30)
_MOST_GOOD: Final = 5
"""Links of one person that are good at once: whoever asks more often fills nobody's mailbox."""


@dataclass(frozen=True, slots=True)
class PasswordResetUnit:
    """What one transaction of a reset works with."""

    accounts: AccountsLogic
    endings: PasswordEndings
    resets: PasswordResetStorage
    letters: Letters
    trail: SecurityTrail


PasswordResetUnits = Callable[[], AbstractAsyncContextManager[PasswordResetUnit]]


class PasswordResetsLogic:
    """Sends links and takes them.

    Who asks is answered before anybody has looked whether the address has an account.
    """

    def __init__(self, units: PasswordResetUnits, attempts: AttemptsLogic, clock: Clock) -> None:
        self._units = units
        self._attempts = attempts
        self._clock = clock

    async def ask(self, request: PasswordResetRequest) -> PasswordResetAsked:
        """Queue a letter to an address.

        Raises:
            TriedTooOftenError: This network has asked for too many letters.
            NoMailError: This installation sends none.
        """
        await self._attempts.ask_for_letter()
        async with self._units() as unit:
            await unit.letters.post(
                LetterKind.PASSWORD_RESET,
                request.email,
                fresh_secret(),
                language=request.language,
                lives=LINK_LIFETIME,
            )
        return PasswordResetAsked(expires_in=int(LINK_LIFETIME.total_seconds()))

    async def redeem(self, request: PasswordResetRedemption) -> None:
        """Give a person another password; all their sessions end, and all that applications were granted.

        Raises:
            TriedTooOftenError: Too many attempts of this network have failed.
            LinkRefusedError: The link is unknown, used or over.
            InvalidRequestError: The new password is too easily guessed; the link stays good.
            OverloadedError: Too many passwords are in hand; the link stays good.
        """
        await self._attempts.try_network()
        secret_hash = hash_of(request.secret.get_secret_value())
        async with self._units() as unit:
            account_id = await unit.resets.find(secret_hash, self._clock.now())
            if account_id is None:
                raise LinkRefusedError
            email = await unit.accounts.email(account_id)
            accounts = unit.accounts
        # Between transactions: a crowd that waits for threads holds no connection meanwhile.
        password_hash = await accounts.hash_of_new(request.new_password.get_secret_value(), email, "/new_password")
        async with self._units() as unit:
            await unit.accounts.put_password_hash(account_id, password_hash)
            # Whoever is second has waited for the account, and what they did to it is undone.
            if await unit.resets.use(secret_hash, self._clock.now()) != account_id:
                raise LinkRefusedError
            await self._end_everything(unit, account_id)
        await self._attempts.network_was_right()

    async def _end_everything(self, unit: PasswordResetUnit, account_id: AccountId) -> None:
        for organization_id in await unit.endings.end(account_id, unit.accounts):
            await unit.trail.tell(Told(SecurityEventKind.PASSWORD_RESET, organization_id, account_id=account_id))


class ResetAddressee:
    """Finds out whether the address of a letter has an account, when nobody waits for the answer."""

    def __init__(
        self, accounts: AccountsLogic, resets: PasswordResetStorage, trail: SecurityTrail, clock: Clock
    ) -> None:
        self._accounts = accounts
        self._resets = resets
        self._trail = trail
        self._clock = clock

    async def is_to_have(self, letter: Letter) -> bool:
        """Say whether somebody signs in with the address, who has not too many links already; make the link good."""
        now, secret_hash = self._clock.now(), hash_of(letter.secret)
        known = await self._accounts.credentials(letter.to)
        workplaces = [] if known is None else await self._accounts.workplaces(known.account_id)
        if known is None or not workplaces:
            return False
        if await self._resets.others(known.account_id, secret_hash, now) >= _MOST_GOOD:
            return False
        if letter.attempts > 1:
            # It was made good at the first attempt, and must not be so again after it was used.
            return await self._resets.find(secret_hash, now) is not None
        await self._resets.add(known.account_id, secret_hash, expires_at=letter.expires_at, now=now)
        for organization_id in workplaces:
            told = Told(SecurityEventKind.PASSWORD_RESET_SENT, organization_id, account_id=known.account_id)
            await self._trail.tell(told)
        return True


def hash_of(secret: str) -> bytes:
    """Return what is kept of the secret of a link."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
