"""What is allowed with the roles of a member."""

from services.contracts.gateway.organizations import Account, RolesRequest
from services.contracts.identifiers import AccountId, OrganizationId
from services.contracts.identity import Principal
from services.gateway.accounts.logic import AccountsLogic
from services.gateway.grants.logic import GrantEndings
from services.gateway.login.endings import SessionsLogic
from services.gateway.security_events.logic import SecurityEventKind, SecurityTrail, Told


class MembershipsLogic:
    """Changes what a member may do."""

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
            InvalidRequestError: A role cannot be given.
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
