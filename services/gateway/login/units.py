"""What sign-in works with, and what it makes of a session."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from services.chassis.errors import NotFoundError
from services.contracts.gateway.organizations import Account
from services.contracts.identifiers import AccountId, OrganizationId
from services.contracts.identity import Principal
from services.gateway.accounts.logic import AccountsLogic
from services.gateway.factors.checking import FactorCheck
from services.gateway.identity_providers.checking import Identities
from services.gateway.login.sessions import SessionHandle
from services.gateway.login.storage import LoginSessionStorage, Session
from services.gateway.organizations.logic import OrganizationsLogic
from services.gateway.passkeys.checking import PasskeyCheck
from services.gateway.security_events.logic import SecurityEventKind, SecurityTrail, Told


@dataclass(frozen=True, slots=True)
class SignInUnit:
    """What one transaction of a sign-in works with."""

    accounts: AccountsLogic
    organizations: OrganizationsLogic
    factors: FactorCheck
    passkeys: PasskeyCheck
    identities: Identities
    sessions: LoginSessionStorage
    trail: SecurityTrail


SignInUnits = Callable[[OrganizationId | None], AbstractAsyncContextManager[SignInUnit]]
"""Opens a transaction that sees one organization, or none."""


@dataclass(frozen=True, slots=True)
class SignedInPerson:
    """Who is signed in with a browser: the caller as a token would tell, and the secret of the session."""

    principal: Principal
    handle: SessionHandle


async def member_of(unit: SignInUnit, organization_id: OrganizationId, account_id: AccountId) -> Account | None:
    """Return a member who may sign in, or None for one who has just been shut out."""
    try:
        return await unit.accounts.member(organization_id, account_id)
    except NotFoundError:
        return None


def principal_of(session: Session, account: Account) -> Principal:
    """Return the caller that the tokens of a session speak of."""
    return Principal(
        account_id=account.id,
        organization_id=account.organization_id,
        roles=frozenset(account.roles),
        acting_service=None,
        token_id="",
        delegation=None,
        sign_in=session.sign_in,
        proof_key=None,
    )


def told_of(kind: SecurityEventKind, account: Account, session: Session) -> Told:
    """Return an event of a session."""
    return Told(
        kind,
        account.organization_id,
        by=account.id,
        account_id=account.id,
        login_session_id=session.id,
        roles=account.roles,
        amr=session.proof.amr,
    )
