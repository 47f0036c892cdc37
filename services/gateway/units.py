"""What a transaction works with, put together of the equipment: for requests, and for what no request began."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.clock import Clock
from services.chassis.database import Database
from services.gateway.accounts.logic import AccountsLogic
from services.gateway.accounts.storage import AccountStorage
from services.gateway.attempts.logic import AttemptsLogic, AttemptUnit
from services.gateway.attempts.storage import AttemptStorage
from services.gateway.authorize.storage import AuthorizationStorage
from services.gateway.emergency_alerts.logic import EmergencyAlertsLogic
from services.gateway.emergency_alerts.storage import EmergencyEventStorage
from services.gateway.equipment import Equipment
from services.gateway.grants.endings import GrantEndings
from services.gateway.grants.storage import GrantStorage
from services.gateway.identity_providers.storage import IdentityProviderStorage
from services.gateway.invitations.logic import InvitationAddressee
from services.gateway.invitations.storage import InvitationStorage
from services.gateway.keys.rotation import KeyTurns
from services.gateway.keys.storage import take_turn
from services.gateway.letters.letter import LetterKind
from services.gateway.letters.logic import Courier, Letters, PostUnit
from services.gateway.letters.storage import LetterStorage
from services.gateway.login.endings import SessionsLogic
from services.gateway.login.storage import LoginSessionStorage
from services.gateway.oauth_clients.logic import OauthClientsLogic
from services.gateway.oauth_clients.storage import OauthClientStorage
from services.gateway.organizations.logic import OrganizationsLogic
from services.gateway.organizations.storage import OrganizationStorage
from services.gateway.password_resets.logic import ResetAddressee
from services.gateway.password_resets.storage import PasswordResetStorage
from services.gateway.security_events.logic import SecurityTrail
from services.gateway.security_events.storage import SecurityEventStorage


def trail_of(db: AsyncSession, equipment: Equipment, clock: Clock) -> SecurityTrail:
    """Return the trail within a transaction."""
    storage = SecurityEventStorage(db, equipment.audit_key, equipment.grown_trails)
    return SecurityTrail(storage, equipment.audit_key, clock)


def organizations_of(db: AsyncSession, equipment: Equipment, clock: Clock) -> OrganizationsLogic:
    """Return what may be done with organizations."""
    return OrganizationsLogic(OrganizationStorage(db), trail_of(db, equipment, clock), clock)


def accounts_of(db: AsyncSession, equipment: Equipment, clock: Clock) -> AccountsLogic:
    """Return what may be done with accounts."""
    organizations, trail = organizations_of(db, equipment, clock), trail_of(db, equipment, clock)
    return AccountsLogic(AccountStorage(db), organizations, equipment.passwords, trail, clock)


def sessions_of(db: AsyncSession, equipment: Equipment, clock: Clock) -> SessionsLogic:
    """Return what may be done with sessions."""
    trail = trail_of(db, equipment, clock)
    return SessionsLogic(LoginSessionStorage(db), equipment.ended, equipment.session_times, trail, clock)


def attempts_in(db: AsyncSession, trail: SecurityTrail, clock: Clock, network: str = "") -> AttemptsLogic:
    """Return what counts attempts within a transaction: what is undone was not tried."""

    @asynccontextmanager
    async def unit() -> AsyncIterator[AttemptUnit]:
        yield AttemptUnit(AttemptStorage(db), trail)

    return AttemptsLogic(unit, network, clock)


def providers_of(db: AsyncSession, equipment: Equipment) -> IdentityProviderStorage:
    """Return where identity providers are kept."""
    return IdentityProviderStorage(db, equipment.sealing_key, equipment.oauth.issuer)


def clients_of(db: AsyncSession, equipment: Equipment, clock: Clock) -> OauthClientsLogic:
    """Return what may be done with applications."""
    endings, trail = grant_endings(db, equipment, clock), trail_of(db, equipment, clock)
    organizations = organizations_of(db, equipment, clock)
    return OauthClientsLogic(
        OauthClientStorage(db),
        organizations,
        equipment.oauth.fetcher,
        endings,
        AuthorizationStorage(db),
        trail=trail,
        clock=clock,
    )


def grant_endings(db: AsyncSession, equipment: Equipment, clock: Clock) -> GrantEndings:
    """Return what ends grants."""
    return GrantEndings(GrantStorage(db, equipment.session_times), equipment.ended, clock)


def letters_of(db: AsyncSession, equipment: Equipment, clock: Clock) -> Letters:
    """Return what puts letters into the outbox."""
    return Letters(LetterStorage(db, equipment.sealing_key), has_mail=equipment.mail is not None, clock=clock)


def alerts_in(db: AsyncSession, equipment: Equipment, clock: Clock) -> EmergencyAlertsLogic:
    """Return what tells those who lead of emergencies."""
    trail = trail_of(db, equipment, clock)
    accounts, letters = accounts_of(db, equipment, clock), letters_of(db, equipment, clock)
    attempts, events = attempts_in(db, trail, clock), EmergencyEventStorage(db, clock)
    return EmergencyAlertsLogic(accounts, letters, attempts, trail, events)


def key_turns(database: Database, equipment: Equipment, clock: Clock) -> KeyTurns:
    """Return what opens the turn of one process to renew the keys that tokens are signed with."""

    @asynccontextmanager
    async def turn() -> AsyncIterator[SecurityTrail | None]:
        async with database.command(None) as db:
            yield trail_of(db, equipment, clock) if await take_turn(db) else None

    return turn


def courier_of(database: Database, equipment: Equipment, clock: Clock) -> Courier:
    """Return who carries letters out of the outbox."""

    @asynccontextmanager
    async def unit() -> AsyncIterator[PostUnit]:
        async with database.command(None) as db:
            accounts, trail = accounts_of(db, equipment, clock), trail_of(db, equipment, clock)
            resets = ResetAddressee(accounts, PasswordResetStorage(db), trail, clock)
            invitations = InvitationAddressee(InvitationStorage(db), clock)
            yield PostUnit(
                LetterStorage(db, equipment.sealing_key),
                {
                    LetterKind.PASSWORD_RESET: resets,
                    LetterKind.INVITATION: invitations,
                    LetterKind.EMERGENCY_REVIEW: alerts_in(db, equipment, clock),
                },
            )

    return Courier(unit, equipment.mail, clock)
