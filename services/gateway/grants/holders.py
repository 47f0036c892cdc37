"""What the transactions of grants work with, and for whom a grant's tokens are."""

import secrets
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime

from services.chassis.clock import Clock
from services.chassis.database import new_id
from services.chassis.errors import NotFoundError
from services.contracts.identifiers import AccountId, GrantId, OrganizationId
from services.contracts.identity import Delegation, Principal, Role, SignIn
from services.gateway.accounts.logic import AccountsLogic
from services.gateway.devices.answering import DeviceAnswering
from services.gateway.grants.granted import Consented, Grant, Handle
from services.gateway.grants.rules import OFFLINE_LIFETIME, ONLINE_LIFETIME
from services.gateway.grants.storage import GrantStorage
from services.gateway.login.endings import SessionsLogic
from services.gateway.security_events.logic import SecurityTrail
from services.policy.smart.words import OFFLINE_ACCESS


@dataclass(frozen=True, slots=True)
class GrantUnit:
    """What one transaction works with, in one organization."""

    grants: GrantStorage
    accounts: AccountsLogic
    sessions: SessionsLogic
    devices: DeviceAnswering
    trail: SecurityTrail


GrantUnits = Callable[[OrganizationId | None], AbstractAsyncContextManager[GrantUnit]]
"""Opens a transaction that sees one organization, or none until it is known whose grant it is about."""


class NewGrants:
    """Makes grants within the transaction of whoever keeps the consent."""

    def __init__(self, storage: GrantStorage, clock: Clock) -> None:
        self._storage = storage
        self._clock = clock

    async def add(self, consented: Consented) -> GrantId:
        """Make a grant whose application asks for its tokens by itself, as a device does."""
        grant = grant_of(consented, self._clock.now())
        await self._storage.add(grant)
        return grant.id


def grant_of(consented: Consented, now: datetime) -> Grant:
    """Make the grant of what a person has agreed to."""
    is_offline = OFFLINE_ACCESS in consented.scopes
    return Grant(
        organization_id=consented.organization_id,
        id=GrantId(new_id(now, secrets.token_bytes(10))),
        client_id=consented.client.id,
        account_id=consented.person.account_id,
        login_session_id=consented.login_session_id,
        scopes=consented.scopes,
        patient_id=consented.patient_id,
        encounter_id=consented.encounter_id,
        is_offline=is_offline,
        generation=0,
        rotated_at=None,
        created_at=now,
        expires_at=now + (OFFLINE_LIFETIME if is_offline else ONLINE_LIFETIME),
        ended_at=None,
    )


async def roles_of(unit: GrantUnit, grant: Grant) -> frozenset[Role] | None:
    """Return the roles that a person holds now, none for a service, and None for who is no member any more."""
    if grant.account_id is None:
        return frozenset()
    try:
        member = await unit.accounts.member(grant.organization_id, grant.account_id)
    except NotFoundError:
        return None
    return frozenset(member.roles)


async def sign_in_of(unit: GrantUnit, grant: Grant) -> SignIn | None:
    """Return how the person of a grant's session signed in, or None where it is over or there is none."""
    return None if grant.login_session_id is None else await unit.sessions.signed_in(grant.login_session_id)


def principal_of(grant: Grant, roles: frozenset[Role], sign_in: SignIn | None, *, proof_key: str | None) -> Principal:
    """Return the caller that a grant's token tells of; with a key, the one that the token is bound to."""
    return Principal(
        account_id=grant.account_id or AccountId(grant.client_id),
        organization_id=grant.organization_id,
        roles=roles,
        acting_service=None,
        token_id="",
        sign_in=sign_in,
        delegation=Delegation(
            oauth_client_id=grant.client_id,
            scopes=frozenset(grant.scopes),
            patient_id=grant.patient_id,
            encounter_id=grant.encounter_id,
        ),
        proof_key=proof_key,
    )


async def grant_named(unit: GrantUnit, handle: Handle | None, token: Principal | None) -> GrantId | None:
    """Return the grant that a refresh token or an access token belongs to, or None."""
    if handle is not None:
        found = await unit.grants.refresh_token(handle)
        return None if found is None else found[0]
    return None if token is None else await unit.grants.grant_of_token(token.token_id)
