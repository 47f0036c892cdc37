"""What a person may do with their own second factors."""

from collections.abc import Awaitable, Callable

from services.chassis.clock import Clock
from services.chassis.errors import NotAllowedError, NotFoundError, StaleAuthenticationError
from services.contracts.gateway.factors import (
    Factors,
    RecoveryCodes,
    TotpConfirmation,
    TotpEnrolment,
    TotpRequest,
)
from services.contracts.identifiers import AccountId
from services.contracts.identity import Principal
from services.gateway.accounts.logic import AccountsLogic
from services.gateway.attempts.logic import AttemptsLogic
from services.gateway.errors import CodeRefusedError, FactorExistsError, PasswordRefusedError
from services.gateway.factors.rules import (
    matching_step,
    new_recovery_codes,
    new_totp_secret,
    recovery_spelling,
    totp_uri,
)
from services.gateway.factors.storage import FactorStorage
from services.gateway.security_events.logic import SecurityEventKind, SecurityTrail, Told
from services.policy.calls import has_fresh_factor
from services.policy.route import FRESH_SECONDS


class FactorsLogic:
    """Sets up, shows and removes second factors.

    Each attempt was counted before its transaction began, and who removes one has just proved it (route policy).
    """

    def __init__(
        self,
        storage: FactorStorage,
        accounts: AccountsLogic,
        attempts: AttemptsLogic,
        trail: SecurityTrail,
        clock: Clock,
        *,
        has_passkey: Callable[[AccountId], Awaitable[bool]],
    ) -> None:
        self._storage = storage
        self._accounts = accounts
        self._attempts = attempts
        self._has_passkey = has_passkey
        self._trail = trail
        self._clock = clock

    async def show(self, *, principal: Principal) -> Factors:
        """Return which second factors the caller has."""
        return Factors(
            totp_confirmed_at=await self._storage.confirmed_at(principal.account_id),
            recovery_codes_left=await self._storage.recovery_codes_left(principal.account_id),
        )

    async def begin(self, request: TotpRequest, *, principal: Principal) -> TotpEnrolment:
        """Make a secret for the caller's authenticator application.

        Raises:
            NotAllowedError: The caller's token is not of a login session.
            PasswordRefusedError: The password is not the caller's.
            StaleAuthenticationError: The caller has a passkey, and has not proved it just now: a password that somebody
                found out would else become a second factor of theirs.
            FactorExistsError: The caller has one-time codes already.
        """
        account_id = _person(principal)
        if await self._has_passkey(account_id) and not has_fresh_factor(principal, FRESH_SECONDS, self._clock.now()):
            raise StaleAuthenticationError(FRESH_SECONDS)
        if not await self._accounts.has_password(account_id, request.password.get_secret_value()):
            raise PasswordRefusedError
        await self._attempts.code_was_right(account_id)
        secret = new_totp_secret()
        if not await self._storage.begin(account_id, secret, self._clock.now()):
            raise FactorExistsError
        return TotpEnrolment(secret=secret, uri=totp_uri(secret, await self._accounts.email(account_id)))

    async def confirm(self, request: TotpConfirmation, *, principal: Principal) -> RecoveryCodes:
        """Let the codes count from now on, and return recovery codes.

        Raises:
            NotAllowedError: The caller's token is not of a login session.
            CodeRefusedError: The code is not of the secret that was begun, or none was.
        """
        account_id, now = _person(principal), self._clock.now()
        secret = await self._storage.secret(account_id, is_confirmed=False)
        step = None if secret is None else matching_step(secret, request.one_time_code.get_secret_value(), now)
        if step is None or not await self._storage.confirm(account_id, step, now):
            raise CodeRefusedError
        await self._attempts.code_was_right(account_id)
        codes = await self._fresh_codes(account_id)
        await self._tell(SecurityEventKind.FACTOR_ADDED, principal)
        return codes

    async def renew_recovery_codes(self, *, principal: Principal) -> RecoveryCodes:
        """Return fresh recovery codes; raises NotFoundError for a caller without a second factor."""
        account_id = _person(principal)
        if await self._storage.confirmed_at(account_id) is None:
            raise NotFoundError
        codes = await self._fresh_codes(account_id)
        await self._tell(SecurityEventKind.RECOVERY_CODES_RENEWED, principal)
        return codes

    async def remove(self, *, principal: Principal) -> None:
        """Remove the caller's second factors; raises NotFoundError where there are none."""
        if not await self._storage.remove(_person(principal)):
            raise NotFoundError
        await self._tell(SecurityEventKind.FACTOR_REMOVED, principal)

    async def _tell(self, kind: SecurityEventKind, principal: Principal) -> None:
        account_id = principal.account_id
        await self._trail.tell(Told(kind, principal.organization_id, by=account_id, account_id=account_id))

    async def _fresh_codes(self, account_id: AccountId) -> RecoveryCodes:
        codes = new_recovery_codes()
        await self._storage.put_recovery_codes(account_id, list(map(recovery_spelling, codes)), self._clock.now())
        return RecoveryCodes(codes=codes)


def _person(principal: Principal) -> AccountId:
    if principal.sign_in is None:
        raise NotAllowedError
    return principal.account_id
