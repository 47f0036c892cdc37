"""Who may invite whom, and what accepting an invitation does."""

import secrets
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from services.chassis.clock import Clock
from services.chassis.database import new_id
from services.chassis.errors import NotFoundError, ServiceError
from services.chassis.paging import PageRequest
from services.contracts.base import Page
from services.contracts.gateway.invitations import (
    AcceptedInvitation,
    Invitation,
    InvitationAcceptance,
    InvitationOpening,
    InvitationRequest,
    InvitationStatus,
    OpenedInvitation,
    SecondFactor,
)
from services.contracts.gateway.organizations import AccountRequest
from services.contracts.identifiers import AccountId, InvitationId, OrganizationId
from services.contracts.identity import Principal
from services.gateway.accounts.logic import AccountsLogic
from services.gateway.accounts.rules import grantable_by
from services.gateway.attempts.logic import AttemptsLogic
from services.gateway.errors import (
    AccountExistsError,
    InvitationExistsError,
    InvitationOverError,
    LinkRefusedError,
    PasswordRefusedError,
)
from services.gateway.factors.checking import FactorCheck
from services.gateway.grants.granted import Handle
from services.gateway.invitations.storage import InvitationStorage
from services.gateway.letters.letter import Letter, LetterKind
from services.gateway.letters.logic import Letters
from services.gateway.passkeys.checking import PasskeyCheck
from services.gateway.security_events.logic import SecurityEventKind, SecurityTrail, Told

LIFETIME: Final = timedelta(days=7)
_RENEWABLE: Final = frozenset({InvitationStatus.OPEN, InvitationStatus.EXPIRED})


class InvitationsLogic:
    """Invites, and takes invitations back; whether an address has an account elsewhere is nowhere told."""

    def __init__(
        self, storage: InvitationStorage, accounts: AccountsLogic, letters: Letters, trail: SecurityTrail, clock: Clock
    ) -> None:
        self._storage = storage
        self._accounts = accounts
        self._letters = letters
        self._trail = trail
        self._clock = clock

    async def create(
        self, organization_id: OrganizationId, request: InvitationRequest, *, principal: Principal
    ) -> Invitation:
        """Invite somebody, and write to them.

        Raises:
            NotFoundError: There is no such organization that the caller may see.
            UngrantableRolesError: A role cannot be given.
            InvitationExistsError: The address has an open invitation, or works here already.
            NoMailError: This installation sends no letters.
        """
        await self._accounts.enter(organization_id, principal=principal)
        self._accounts.refuse_ungrantable(request.roles, principal=principal)
        if await self._accounts.works_here(organization_id, request.email):
            raise InvitationExistsError
        now, handle = self._clock.now(), Handle.fresh(organization_id)
        invitation = Invitation(
            id=InvitationId(new_id(now, secrets.token_bytes(10))),
            organization_id=organization_id,
            email=request.email,
            display_name=request.display_name,
            roles=sorted(request.roles),
            language=request.language,
            status=InvitationStatus.OPEN,
            invited_by=principal.account_id,
            created_at=now,
            expires_at=now + LIFETIME,
            account_id=None,
        )
        if not await self._storage.add(invitation, handle.digest):
            raise InvitationExistsError
        await self._write(invitation, handle, SecurityEventKind.INVITATION_SENT, principal)
        return invitation

    async def page(
        self, organization_id: OrganizationId, requested: PageRequest, *, principal: Principal
    ) -> Page[Invitation]:
        """Return a page of an organization's invitations; raises NotFoundError where the caller may see none."""
        await self._accounts.enter(organization_id, principal=principal)
        return requested.page(await self._storage.some(organization_id, requested, self._clock.now()))

    async def read(
        self, organization_id: OrganizationId, invitation_id: InvitationId, *, principal: Principal
    ) -> Invitation:
        """Return an invitation; raises NotFoundError where the caller may see none."""
        await self._accounts.enter(organization_id, principal=principal)
        invitation = await self._storage.hold(organization_id, invitation_id, self._clock.now())
        if invitation is None or not grantable_by(principal.roles).issuperset(invitation.roles):
            raise NotFoundError
        return invitation

    async def resend(
        self, organization_id: OrganizationId, invitation_id: InvitationId, *, principal: Principal
    ) -> Invitation:
        """Write once more, with another link that is good from now on; the one before is not any more.

        Raises:
            NotFoundError: There is no such invitation that the caller may see.
            InvitationOverError: It was accepted or revoked.
            NoMailError: This installation sends no letters.
        """
        invitation = await self.read(organization_id, invitation_id, principal=principal)
        if invitation.status not in _RENEWABLE:
            raise InvitationOverError
        handle, expires_at = Handle.fresh(organization_id), self._clock.now() + LIFETIME
        await self._storage.renew(invitation, handle.digest, expires_at)
        renewed = invitation.model_copy(update={"expires_at": expires_at, "status": InvitationStatus.OPEN})
        await self._write(renewed, handle, SecurityEventKind.INVITATION_SENT, principal)
        return renewed

    async def revoke(
        self, organization_id: OrganizationId, invitation_id: InvitationId, *, principal: Principal
    ) -> Invitation:
        """Let nobody accept an invitation any more; one that was revoked stays so.

        Raises:
            NotFoundError: There is no such invitation that the caller may see.
            InvitationOverError: It was accepted.
        """
        invitation = await self.read(organization_id, invitation_id, principal=principal)
        if invitation.status is InvitationStatus.ACCEPTED:
            raise InvitationOverError
        if invitation.status is InvitationStatus.REVOKED:
            return invitation
        await self._storage.revoke(invitation, self._clock.now())
        await self._trail.tell(_told(SecurityEventKind.INVITATION_REVOKED, invitation, by=principal.account_id))
        return invitation.model_copy(update={"status": InvitationStatus.REVOKED})

    async def _write(
        self, invitation: Invitation, handle: Handle, kind: SecurityEventKind, principal: Principal
    ) -> None:
        await self._letters.post(
            LetterKind.INVITATION, invitation.email, handle.text, language=invitation.language, lives=LIFETIME
        )
        await self._trail.tell(_told(kind, invitation, by=principal.account_id))


@dataclass(frozen=True, slots=True)
class AcceptanceUnit:
    """What the transaction of an acceptance works with."""

    invitations: InvitationStorage
    accounts: AccountsLogic
    factors: FactorCheck
    passkeys: PasskeyCheck
    trail: SecurityTrail


AcceptanceUnits = Callable[[OrganizationId], AbstractAsyncContextManager[AcceptanceUnit]]


class AcceptancesLogic:
    """Takes the links of invitations, from whoever has one."""

    def __init__(self, units: AcceptanceUnits, attempts: AttemptsLogic, clock: Clock) -> None:
        self._units = units
        self._attempts = attempts
        self._clock = clock

    async def open(self, request: InvitationOpening) -> OpenedInvitation:
        """Return what a link is about; who has it has the mailbox, and may know of the account.

        Raises:
            TriedTooOftenError: Too many attempts of this network have failed.
            LinkRefusedError: The link is unknown, used, revoked or over.
        """
        handle = await self._handle(request.secret.get_secret_value())
        async with self._units(handle.organization_id) as unit:
            invitation = await self._held(unit, handle)
            known = await unit.accounts.credentials(invitation.email)
        await self._attempts.network_was_right()
        return OpenedInvitation(
            email=invitation.email,
            display_name=invitation.display_name,
            expires_at=invitation.expires_at,
            has_account=known is not None,
        )

    async def accept(self, request: InvitationAcceptance) -> AcceptedInvitation:
        """Let somebody work in the organization that invited them.

        Raises:
            TriedTooOftenError: Too many attempts of this network, or with this link, have failed.
            LinkRefusedError: The link is unknown, used, revoked or over.
            PasswordRefusedError: The address has an account, and this is not its password; or it works here already.
            InvalidRequestError: The password is too easily guessed; the link stays good.
            OverloadedError: Too many passwords are in hand; the link stays good.
        """
        handle = await self._handle(request.secret.get_secret_value())
        await self._attempts.try_link(handle.digest)
        try:
            accepted = await self._accepted(handle, request)
        except PasswordRefusedError:
            raise
        except ServiceError:
            await self._attempts.link_was_right(handle.digest)
            raise
        await self._attempts.network_was_right()
        return accepted

    async def _accepted(self, handle: Handle, request: InvitationAcceptance) -> AcceptedInvitation:
        async with self._units(handle.organization_id) as unit:
            invitation = await self._held(unit, handle)
            account_id = await _admitted(unit, invitation, request)
            await unit.invitations.accept(invitation, account_id, self._clock.now())
            offered = await _offered(unit, account_id)
            told = _told(SecurityEventKind.INVITATION_ACCEPTED, invitation, by=account_id, account_id=account_id)
            await unit.trail.tell(told)
        return AcceptedInvitation(
            account_id=account_id,
            organization_id=invitation.organization_id,
            roles=invitation.roles,
            second_factors_offered=offered,
        )

    async def _handle(self, secret: str) -> Handle:
        await self._attempts.try_network()
        handle = Handle.read(secret)
        if handle is None:
            raise LinkRefusedError
        return handle

    async def _held(self, unit: AcceptanceUnit, handle: Handle) -> Invitation:
        invitation = await unit.invitations.hold_by_secret(handle.digest, self._clock.now())
        if invitation is None or invitation.status is not InvitationStatus.OPEN:
            raise LinkRefusedError
        return invitation


class InvitationAddressee:
    """Finds out whether an invitation still waits, when its letter is to go."""

    def __init__(self, storage: InvitationStorage, clock: Clock) -> None:
        self._storage = storage
        self._clock = clock

    async def is_to_have(self, letter: Letter) -> bool:
        """Say whether the link in a letter opens something."""
        handle = Handle.read(letter.secret)
        if handle is None:
            return False
        await self._storage.enter(handle.organization_id)
        invitation = await self._storage.hold_by_secret(handle.digest, self._clock.now())
        return invitation is not None and invitation.status is InvitationStatus.OPEN


async def _admitted(unit: AcceptanceUnit, invitation: Invitation, request: InvitationAcceptance) -> AccountId:
    account = AccountRequest(
        email=invitation.email,
        password=request.password,
        display_name=invitation.display_name,
        roles=frozenset(invitation.roles),
    )
    try:
        return (await unit.accounts.admit(invitation.organization_id, account, by=invitation.invited_by)).id
    except AccountExistsError:
        raise PasswordRefusedError from None


async def _offered(unit: AcceptanceUnit, account_id: AccountId) -> list[SecondFactor]:
    if await unit.factors.is_needed(account_id) or await unit.passkeys.has_any(account_id):
        return []
    return [SecondFactor.PASSKEY, SecondFactor.TOTP]


def _told(
    kind: SecurityEventKind, invitation: Invitation, *, by: AccountId, account_id: AccountId | None = None
) -> Told:
    return Told(kind, invitation.organization_id, by=by, account_id=account_id, roles=invitation.roles)
