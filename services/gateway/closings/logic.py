"""What closing an organization does."""

from services.contracts.gateway.organizations import Organization
from services.contracts.identifiers import OrganizationId
from services.contracts.identity import Principal
from services.gateway.accounts.logic import AccountsLogic
from services.gateway.grants.endings import GrantEndings
from services.gateway.login.endings import SessionsLogic
from services.gateway.organizations.logic import OrganizationsLogic
from services.gateway.security_events.logic import SecurityEventKind, SecurityTrail, Told


class ClosingsLogic:
    """Closes organizations, and opens them again; what is kept in them stays as it is."""

    def __init__(
        self,
        organizations: OrganizationsLogic,
        accounts: AccountsLogic,
        sessions: SessionsLogic,
        grants: GrantEndings,
        trail: SecurityTrail,
    ) -> None:
        self._organizations = organizations
        self._accounts = accounts
        self._sessions = sessions
        self._grants = grants
        self._trail = trail

    async def close(self, organization_id: OrganizationId, *, principal: Principal) -> Organization:
        """Let nobody in to an organization: all sessions end, and all that applications were granted.

        Who works elsewhere too goes on there. One that is closed stays so, since when it was. Services ask whether it
        is open before they give something out without a token, such as a feed, and believe the answer for a second.

        Raises:
            NotFoundError: There is no such organization.
        """
        before, organization = await self._organizations.put_closed(
            organization_id, is_closed=True, principal=principal
        )
        if organization != before:
            await self._accounts.enter_workplace(organization_id)
            await self._sessions.end_organization(organization_id)
            await self._grants.end_organization()
            await self._tell(SecurityEventKind.ORGANIZATION_CLOSED, organization_id, principal)
        return organization

    async def reopen(self, organization_id: OrganizationId, *, principal: Principal) -> Organization:
        """Let people sign in to an organization again, each anew; applications are granted anew, too.

        A token that neither a sign-in nor a grant gave is refused for a day after the closing.

        Raises:
            NotFoundError: There is no such organization.
        """
        before, organization = await self._organizations.put_closed(
            organization_id, is_closed=False, principal=principal
        )
        if organization != before:
            await self._sessions.reopen_organization(organization_id)
            await self._tell(SecurityEventKind.ORGANIZATION_REOPENED, organization_id, principal)
        return organization

    async def _tell(self, kind: SecurityEventKind, organization_id: OrganizationId, principal: Principal) -> None:
        await self._trail.tell(Told(kind, organization_id, by=principal.account_id))
