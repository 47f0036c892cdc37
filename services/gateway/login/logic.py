"""Signing in."""

import secrets
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import timedelta

from services.chassis.clock import Clock
from services.chassis.database import new_id
from services.contracts.gateway.login import LoginRequest, LoginSession
from services.contracts.gateway.organizations import Account
from services.contracts.identifiers import AccountId, LoginSessionId, OrganizationId
from services.contracts.identity import Principal
from services.gateway.accounts.logic import AccountsLogic
from services.gateway.errors import CredentialsRefusedError, OrganizationRequiredError
from services.gateway.issuing import ACCESS_LIFETIME, TokenIssuer
from services.gateway.login.rules import chosen_organization
from services.gateway.login.storage import LoginSessionStorage
from services.gateway.organizations.logic import OrganizationsLogic
from services.gateway.passwords import Passwords


@dataclass(frozen=True, slots=True)
class SignInUnit:
    """What one transaction of a sign-in works with."""

    accounts: AccountsLogic
    organizations: OrganizationsLogic
    sessions: LoginSessionStorage


SignInUnits = Callable[[OrganizationId | None], AbstractAsyncContextManager[SignInUnit]]
"""Opens a transaction that sees one organization, or none."""


class LoginLogic:
    """Signs people in.

    The password is checked between transactions: a crowd that signs in waits for threads, not with connections.
    """

    def __init__(self, units: SignInUnits, passwords: Passwords, issuer: TokenIssuer, clock: Clock) -> None:
        self._units = units
        self._passwords = passwords
        self._issuer = issuer
        self._clock = clock

    async def sign_in(self, request: LoginRequest) -> LoginSession:
        """Return a login session with its access token.

        Raises:
            CredentialsRefusedError: Unknown address, wrong password, or no member of the organization named.
            OrganizationRequiredError: The person works in several organizations and named none.
            OverloadedError: Too many passwords are in hand.
        """
        account_id = await self._authenticate(request)
        organization_id = await self._choose(account_id, request.organization_id)
        async with self._units(organization_id) as unit:
            account = await unit.accounts.member(organization_id, account_id)
            return await self._open(unit.sessions, account)

    async def _authenticate(self, request: LoginRequest) -> AccountId:
        async with self._units(None) as unit:
            known = await unit.accounts.credentials(request.email)
        password_hash = None if known is None else known.password_hash
        is_right = await self._passwords.is_right(request.password.get_secret_value(), password_hash)
        if known is None or not is_right:
            raise CredentialsRefusedError
        return known.account_id

    async def _choose(self, account_id: AccountId, named: OrganizationId | None) -> OrganizationId:
        async with self._units(None) as unit:
            workplaces = await unit.accounts.workplaces(account_id)
            organization_id = chosen_organization(workplaces, named)
            if organization_id is not None:
                return organization_id
            if named is None and workplaces:
                raise OrganizationRequiredError(await unit.organizations.named(workplaces))
            raise CredentialsRefusedError

    async def _open(self, sessions: LoginSessionStorage, account: Account) -> LoginSession:
        now = self._clock.now()
        session_id = LoginSessionId(new_id(now, secrets.token_bytes(10)))
        principal = Principal(
            account_id=account.id,
            organization_id=account.organization_id,
            roles=frozenset(account.roles),
            acting_service=None,
            token_id="",
            delegation=None,
        )
        token, claims = self._issuer.access_token(principal)
        lifetime = timedelta(seconds=claims.exp - claims.iat)
        await sessions.add(session_id, account, token_id=claims.jti, created_at=now, expires_at=now + lifetime)
        return LoginSession(
            id=session_id,
            access_token=token,
            token_type="Bearer",  # noqa: S106 - the name of the scheme (RFC 6750), not a secret
            expires_in=int(ACCESS_LIFETIME.total_seconds()),
            account_id=account.id,
            organization_id=account.organization_id,
            roles=account.roles,
        )
