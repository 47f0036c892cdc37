"""What somebody proves before they get another way in."""

from pydantic import SecretStr

from services.chassis.clock import Clock
from services.chassis.errors import StaleAuthenticationError
from services.contracts.identity import Principal
from services.gateway.accounts.logic import AccountsLogic
from services.gateway.errors import PasswordRefusedError
from services.gateway.factors.checking import FactorCheck
from services.gateway.passkeys.checking import PasskeyCheck
from services.policy.calls import has_fresh_factor
from services.policy.route import FRESH_SECONDS


class Proving:
    """Refuses another way in to whoever has proved too little: a password that was found out would become a key."""

    def __init__(self, accounts: AccountsLogic, codes: FactorCheck, passkeys: PasskeyCheck, clock: Clock) -> None:
        self._accounts = accounts
        self._codes = codes
        self._passkeys = passkeys
        self._clock = clock

    async def refuse_unproved(self, password: SecretStr | None, *, principal: Principal) -> None:
        """Refuse, unless the caller has proved a second factor just now, or has none and sends the password once more.

        Raises:
            StaleAuthenticationError: The caller has a second factor or a passkey, and has not proved it just now.
            PasswordRefusedError: The caller has neither, and the password is not theirs.
        """
        if has_fresh_factor(principal, FRESH_SECONDS, self._clock.now()):
            return
        account_id = principal.account_id
        if await self._codes.is_needed(account_id) or await self._passkeys.has_any(account_id):
            raise StaleAuthenticationError(FRESH_SECONDS)
        sent = "" if password is None else password.get_secret_value()
        if not await self._accounts.has_password(account_id, sent):
            raise PasswordRefusedError
