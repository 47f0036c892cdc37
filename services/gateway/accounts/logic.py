"""What may be done with accounts."""

import secrets
from datetime import datetime, timedelta, timezone
from typing import Final

from services.chassis.clock import Clock
from services.chassis.database import new_id
from services.chassis.errors import InvalidRequestError, NotFoundError
from services.chassis.paging import PageRequest
from services.contracts.base import Page
from services.contracts.gateway.login import PasswordChangeRequest
from services.contracts.gateway.organizations import Account, AccountRequest, PlacementOrder, RolesRequest
from services.contracts.identifiers import AccountId, OrganizationId
from services.contracts.identity import Principal, Role
from services.gateway.accounts.rules import GRANTABLE_ROLES, grantable_by, is_common
from services.gateway.accounts.storage import AccountStorage, Credentials
from services.gateway.errors import (
    AccountExistsError,
    OwnAccountError,
    OwnRolesError,
    PasswordRefusedError,
    UngrantableRolesError,
)
from services.gateway.organizations.logic import OrganizationsLogic
from services.gateway.passwords import Passwords
from services.gateway.security_events.logic import SecurityEventKind, SecurityTrail, Told

__all__ = ["AccountsLogic", "Credentials"]

# Where a day ends last: what a court wrote down without a zone is over nowhere before.
_LAST_ZONE: Final = timezone(timedelta(hours=-12))


class AccountsLogic:
    """Creates and shows the accounts of an organization, and answers sign-in's questions about them."""

    def __init__(
        self,
        storage: AccountStorage,
        organizations: OrganizationsLogic,
        passwords: Passwords,
        trail: SecurityTrail,
        clock: Clock,
    ) -> None:
        self._storage = storage
        self._organizations = organizations
        self._passwords = passwords
        self._trail = trail
        self._clock = clock

    async def create(
        self, organization_id: OrganizationId, request: AccountRequest, *, principal: Principal
    ) -> Account:
        """Create an account, or let a person who has one elsewhere work here too.

        The latter only with that person's own password: nobody's password is ever replaced, and who does not know it
        gets the same refusal for every address that is taken.

        Raises:
            NotFoundError: There is no such organization that the caller may see.
            UngrantableRolesError: A role cannot be given.
            InvalidRequestError: The order that places the person has expired.
            AccountExistsError: The address has an account with another password, or works here already.
        """
        await self.enter(organization_id, principal=principal)
        self.refuse_ungrantable(request.roles, principal=principal)
        self._refuse_expired(request.placed_by_order)
        return await self.admit(organization_id, request, by=principal.account_id)

    async def admit(self, organization_id: OrganizationId, request: AccountRequest, *, by: AccountId) -> Account:
        """Let a person work in an organization that the transaction sees, as `create` does.

        `by` is who has decided that, by making the account or by inviting the person.

        Raises:
            InvalidRequestError: The password is too easily guessed.
            AccountExistsError: The address has an account with another password, or works here already.
        """
        now = self._clock.now()
        account_id = await self._account_of(request, now)
        if not await self._storage.join(account_id, organization_id, roles=request.roles, now=now):
            raise AccountExistsError
        account = await self._member(organization_id, account_id)
        await self._trail.tell(
            Told(
                SecurityEventKind.ACCOUNT_ADDED,
                organization_id,
                by=by,
                account_id=account_id,
                roles=request.roles,
                order=request.placed_by_order,
            )
        )
        return account

    def _refuse_expired(self, order: PlacementOrder | None) -> None:
        if order is not None and order.expires_on < self._clock.now().astimezone(_LAST_ZONE).date():
            raise InvalidRequestError("/placed_by_order/expires_on", "must not lie in the past: obtain another order")

    async def _account_of(self, request: AccountRequest, now: datetime) -> AccountId:
        password = request.password.get_secret_value()
        await self._refuse_guessed_first(password, request.email, "/password")
        known = await self._storage.credentials(request.email)
        if known is not None:
            if not await self._passwords.is_right(password, known.password_hash):
                raise AccountExistsError
            return known.account_id
        account_id = AccountId(new_id(now, secrets.token_bytes(10)))
        password_hash = await self._passwords.hash(password)
        if not await self._storage.add(
            account_id, email=request.email, display_name=request.display_name, password_hash=password_hash, now=now
        ):
            raise AccountExistsError
        return account_id

    async def put_roles(
        self, organization_id: OrganizationId, account_id: AccountId, request: RolesRequest, *, principal: Principal
    ) -> tuple[Account, Account]:
        """Give a member exactly these roles and return the member before and after; sign-ins meanwhile wait.

        Raises:
            NotFoundError: There is no such member of an organization that the caller may see.
            UngrantableRolesError: A role cannot be given.
            OwnRolesError: It is the caller.
        """
        await self.enter(organization_id, principal=principal)
        self.refuse_ungrantable(request.roles, principal=principal)
        if account_id == principal.account_id:
            raise OwnRolesError
        before = await self._held(organization_id, account_id, for_change=True)
        await self._storage.put_roles(organization_id, account_id, request.roles)
        return before, before.model_copy(update={"roles": sorted(request.roles)})

    async def put_disabled(
        self, organization_id: OrganizationId, account_id: AccountId, *, is_disabled: bool, principal: Principal
    ) -> tuple[Account, Account]:
        """Shut a member out, or let them in again, and return the member before and after; sign-ins meanwhile wait.

        Raises:
            NotFoundError: There is no such member of an organization that the caller may see.
            OwnAccountError: It is the caller.
        """
        await self.enter(organization_id, principal=principal)
        if account_id == principal.account_id:
            raise OwnAccountError
        before = await self._held(organization_id, account_id, for_change=True)
        if (before.disabled_at is not None) is is_disabled:
            return before, before
        disabled_at = self._clock.now() if is_disabled else None
        await self._storage.put_disabled(organization_id, account_id, disabled_at)
        return before, before.model_copy(update={"disabled_at": disabled_at})

    async def read(self, organization_id: OrganizationId, account_id: AccountId, *, principal: Principal) -> Account:
        """Return an account of an organization; raises NotFoundError where the caller may see none."""
        await self.enter(organization_id, principal=principal)
        return await self._member(organization_id, account_id)

    async def page(
        self, organization_id: OrganizationId, requested: PageRequest, *, principal: Principal
    ) -> Page[Account]:
        """Return a page of an organization's accounts; raises NotFoundError where the caller may see none."""
        await self.enter(organization_id, principal=principal)
        return requested.page(await self._storage.some(organization_id, requested))

    async def credentials(self, email: str) -> Credentials | None:
        """Return what sign-in compares with, or None for an unknown address."""
        return await self._storage.credentials(email)

    async def has_password(self, account_id: AccountId, password: str) -> bool:
        """Say whether this is the password of a person, who is signed in."""
        return await self._passwords.is_right(password, await self._storage.password_hash(account_id, for_change=False))

    async def change_password(self, account_id: AccountId, request: PasswordChangeRequest) -> None:
        """Replace a person's password by another; whoever changes it at the same moment comes second, and is refused.

        Raises:
            PasswordRefusedError: The password until now is another.
            InvalidRequestError: The new one is too easily guessed.
        """
        new = request.new_password.get_secret_value()
        await self._refuse_guessed_first(new, await self.email(account_id), "/new_password")
        known = await self._storage.password_hash(account_id, for_change=True)
        if not await self._passwords.is_right(request.current_password.get_secret_value(), known):
            raise PasswordRefusedError
        await self._storage.put_password_hash(account_id, await self._passwords.hash(new))

    async def hash_of_new(self, password: str, email: str, pointer: str) -> str:
        """Return the hash of a new password of the person with this address; asks no database.

        Raises:
            InvalidRequestError: It is too easily guessed; `pointer` says where it was sent.
            OverloadedError: Too many are in hand.
        """
        await self._refuse_guessed_first(password, email, pointer)
        return await self._passwords.hash(password)

    async def put_password_hash(self, account_id: AccountId, password_hash: str) -> None:
        """Let a person who has proved in another way who they are have another password."""
        await self._storage.put_password_hash(account_id, password_hash)

    async def replace_hash(self, known: Credentials, password_hash: str) -> None:
        """Keep another hash of the same password."""
        await self._storage.replace_hash(known, password_hash)

    async def are_still(self, known: Credentials) -> bool:
        """Say whether a password that was right is so until this transaction ends: it may have been changed since."""
        return await self._storage.are_still(known)

    async def email(self, account_id: AccountId) -> str:
        """Return the address a person signs in with; raises NotFoundError where there is no such person."""
        email = await self._storage.email(account_id)
        if email is None:
            raise NotFoundError
        return email

    async def enter(self, organization_id: OrganizationId, *, principal: Principal) -> None:
        """Let the transaction see an organization; raises NotFoundError for one that the caller may not see."""
        await self._organizations.read(organization_id, principal=principal)
        await self._storage.enter(organization_id)

    @staticmethod
    def refuse_ungrantable(roles: frozenset[Role], *, principal: Principal) -> None:
        """Refuse roles that no organization can give, or not by this caller; raises UngrantableRolesError."""
        if not roles <= GRANTABLE_ROLES:
            raise UngrantableRolesError("must be roles of an organization: leave out platform_operator")
        if not roles <= grantable_by(principal.roles):
            raise UngrantableRolesError("must be patient or family; an administrator gives the others")

    async def holding(self, organization_id: OrganizationId, role: Role) -> list[Account]:
        """Return the members of an organization, which the transaction sees, who hold a role and may sign in."""
        return await self._storage.holding(organization_id, role)

    async def works_here(self, organization_id: OrganizationId, email: str) -> bool:
        """Say whether an address is one of a member of an organization, who may be shut out."""
        known = await self._storage.credentials(email)
        return known is not None and await self._storage.find(organization_id, known.account_id) is not None

    async def enter_workplace(self, organization_id: OrganizationId) -> None:
        """Let the transaction see an organization in which a person works whose own doing this is."""
        await self._storage.enter(organization_id)

    async def workplaces(self, account_id: AccountId) -> list[OrganizationId]:
        """Return the organizations that a person may sign in to, by id."""
        return await self._storage.workplaces(account_id)

    async def member(self, organization_id: OrganizationId, account_id: AccountId) -> Account:
        """Return a member for sign-in, in a transaction of that organization.

        The roles stay as they are until that transaction ends, and nobody is shut out.

        Raises:
            NotFoundError: It is no member, or one who is disabled.
        """
        return await self._held(organization_id, account_id, for_change=False)

    async def _refuse_guessed_first(self, password: str, email: str, pointer: str) -> None:
        if is_common(password, email):
            raise InvalidRequestError(
                pointer, "is among those that are guessed first: choose another", code="common-password"
            )
        if await self._passwords.is_breached(password):
            raise InvalidRequestError(
                pointer, "has leaked somewhere, and is tried by who has the list: choose another",
                code="breached-password",
            )  # fmt: skip

    async def _held(self, organization_id: OrganizationId, account_id: AccountId, *, for_change: bool) -> Account:
        account = await self._storage.hold(organization_id, account_id, for_change=for_change)
        if account is None:
            raise NotFoundError
        return account

    async def _member(self, organization_id: OrganizationId, account_id: AccountId) -> Account:
        account = await self._storage.find(organization_id, account_id)
        if account is None:
            raise NotFoundError
        return account
