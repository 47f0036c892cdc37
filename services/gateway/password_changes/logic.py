"""What is allowed with one's own password."""

from services.chassis.errors import NotAllowedError
from services.contracts.gateway.login import PasswordChangeRequest
from services.contracts.identity import Principal
from services.gateway.accounts.logic import AccountsLogic
from services.gateway.attempts.logic import AttemptsLogic
from services.gateway.password_resets.endings import PasswordEndings
from services.gateway.security_events.logic import SecurityEventKind, SecurityTrail, Told


class PasswordChangesLogic:
    """Changes the caller's password, and ends the other sessions in every organization, in one transaction.

    The attempt was counted before that began.
    """

    def __init__(
        self,
        accounts: AccountsLogic,
        endings: PasswordEndings,
        attempts: AttemptsLogic,
        trail: SecurityTrail,
    ) -> None:
        self._accounts = accounts
        self._endings = endings
        self._attempts = attempts
        self._trail = trail

    async def change(self, request: PasswordChangeRequest, *, principal: Principal) -> None:
        """Replace the caller's password; other sessions end, all that applications were granted, and links.

        Whoever knew the old one may have let an application in, which would outlive it.

        Raises:
            NotAllowedError: The caller's token is not of a login session.
            PasswordRefusedError: The password until now is another.
            InvalidRequestError: The new one is too easily guessed.
        """
        if principal.sign_in is None or principal.organization_id is None:
            raise NotAllowedError
        account_id = principal.account_id
        await self._accounts.change_password(account_id, request)
        await self._attempts.code_was_right(account_id)
        workplaces = await self._endings.end(account_id, self._accounts, but=principal.sign_in.login_session_id)
        # The answer is kept where the caller is, should it be asked for once more.
        await self._accounts.enter_workplace(principal.organization_id)
        for organization_id in workplaces:
            told = Told(SecurityEventKind.PASSWORD_CHANGED, organization_id, by=account_id, account_id=account_id)
            await self._trail.tell(told)
