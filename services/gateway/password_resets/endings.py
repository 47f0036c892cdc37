"""What ends when a person has another password: whoever knew the old one may have let others in."""

from services.contracts.identifiers import AccountId, LoginSessionId, OrganizationId
from services.gateway.accounts.logic import AccountsLogic
from services.gateway.grants.endings import GrantEndings
from services.gateway.login.endings import SessionsLogic
from services.gateway.password_resets.storage import PasswordResetStorage


class PasswordEndings:
    """Ends sessions, grants and links of one person, within one transaction."""

    def __init__(self, sessions: SessionsLogic, grants: GrantEndings, resets: PasswordResetStorage) -> None:
        self._sessions = sessions
        self._grants = grants
        self._resets = resets

    async def end(
        self, account_id: AccountId, accounts: AccountsLogic, *, but: LoginSessionId | None = None
    ) -> list[OrganizationId]:
        """End everything in every organization, but for one session; returns the organizations, by id.

        The transaction sees the last of them afterwards.
        """
        await self._resets.forget(account_id)
        workplaces = await accounts.workplaces(account_id)
        for organization_id in workplaces:
            await accounts.enter_workplace(organization_id)
            if but is None:
                await self._sessions.end_all(account_id)
            else:
                await self._sessions.end_others(account_id, but)
            await self._grants.end_all(account_id=account_id)
        return workplaces
