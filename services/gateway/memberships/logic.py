"""What is allowed with the roles of a member."""

from services.contracts.gateway.organizations import Account, RolesRequest
from services.contracts.identifiers import AccountId, OrganizationId
from services.contracts.identity import Principal
from services.gateway.accounts.logic import AccountsLogic
from services.gateway.grants.endings import GrantEndings
from services.gateway.login.endings import SessionsLogic
from services.gateway.security_events.logic import SecurityEventKind, SecurityTrail, Told


class MembershipsLogic:
    """Changes what a member may do, and whether they may sign in."""

    def __init__(
        self, accounts: AccountsLogic, sessions: SessionsLogic, grants: GrantEndings, trail: SecurityTrail
    ) -> None:
        self._accounts = accounts
        self._sessions = sessions
        self._grants = grants
        self._trail = trail

    async def put_roles(
        self, organization_id: OrganizationId, account_id: AccountId, request: RolesRequest, *, principal: Principal
    ) -> Account:
        """Give a member exactly these roles; with other roles than before, all of their sessions here end.

        So does what applications were granted in their name.

        Raises:
            NotFoundError: There is no such member of an organization that the caller may see.
            UngrantableRolesError: A role cannot be given.
            OwnRolesError: It is the caller.
        """
        before, account = await self._accounts.put_roles(organization_id, account_id, request, principal=principal)
        if set(before.roles) != request.roles:
            await self._sessions.end_all(account_id)
            await self._grants.end_all(account_id=account_id)
            await self._trail.tell(
                Told(
                    SecurityEventKind.ROLES_CHANGED,
                    organization_id,
                    by=principal.account_id,
                    account_id=account_id,
                    roles_before=before.roles,
                    roles=request.roles,
                )
            )
        return account

    async def disable(self, organization_id: OrganizationId, account_id: AccountId, *, principal: Principal) -> Account:
        """Shut a member out of the organization: their sessions here end, and all that applications were granted.

        What they work in elsewhere stays as it is. Who is shut out already stays so, since when they were.

        Raises:
            NotFoundError: There is no such member of an organization that the caller may see.
            OwnAccountError: It is the caller.
        """
        before, account = await self._accounts.put_disabled(
            organization_id, account_id, is_disabled=True, principal=principal
        )
        if account != before:
            await self._sessions.end_all(account_id)
            await self._grants.end_all(account_id=account_id)
            await self._tell(SecurityEventKind.ACCOUNT_DISABLED, account, principal)
        return account

    async def enable(self, organization_id: OrganizationId, account_id: AccountId, *, principal: Principal) -> Account:
        """Let a member sign in again, with the roles they had.

        Raises:
            NotFoundError: There is no such member of an organization that the caller may see.
            OwnAccountError: It is the caller.
        """
        before, account = await self._accounts.put_disabled(
            organization_id, account_id, is_disabled=False, principal=principal
        )
        if account != before:
            await self._tell(SecurityEventKind.ACCOUNT_ENABLED, account, principal)
        return account

    async def _tell(self, kind: SecurityEventKind, account: Account, principal: Principal) -> None:
        told = Told(kind, account.organization_id, by=principal.account_id, account_id=account.id, roles=account.roles)
        await self._trail.tell(told)
