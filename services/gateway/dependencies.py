"""The wiring of the gateway's own routes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Depends, Request

from services.chassis.tokens import KeyRing
from services.chassis.wiring import Db, Now, process_of
from services.contracts.identifiers import OrganizationId
from services.gateway.accounts.logic import AccountsLogic
from services.gateway.accounts.storage import AccountStorage
from services.gateway.equipment import Equipment
from services.gateway.login.cookies import COOKIE
from services.gateway.login.endings import SessionsLogic
from services.gateway.login.logic import LoginLogic, SignedInPerson, SignInUnit
from services.gateway.login.storage import LoginSessionStorage
from services.gateway.memberships.logic import MembershipsLogic
from services.gateway.organizations.logic import OrganizationsLogic
from services.gateway.organizations.storage import OrganizationStorage
from services.gateway.tokens.logic import TokensLogic


async def _equipment(request: Request) -> Equipment:
    equipment: Equipment = request.app.state.equipment
    return equipment


_Equipment = Annotated[Equipment, Depends(_equipment)]


async def _organizations(db: Db, clock: Now) -> OrganizationsLogic:
    return OrganizationsLogic(OrganizationStorage(db), clock)


Organizations = Annotated[OrganizationsLogic, Depends(_organizations)]


async def _accounts(db: Db, organizations: Organizations, equipment: _Equipment, clock: Now) -> AccountsLogic:
    return AccountsLogic(AccountStorage(db), organizations, equipment.passwords, clock)


Accounts = Annotated[AccountsLogic, Depends(_accounts)]


async def _sessions(db: Db, equipment: _Equipment, clock: Now) -> SessionsLogic:
    return SessionsLogic(LoginSessionStorage(db), equipment.ended, equipment.session_times, clock)


Sessions = Annotated[SessionsLogic, Depends(_sessions)]


async def _memberships(accounts: Accounts, sessions: Sessions) -> MembershipsLogic:
    return MembershipsLogic(accounts, sessions)


Memberships = Annotated[MembershipsLogic, Depends(_memberships)]


async def _login(request: Request, equipment: _Equipment, clock: Now) -> LoginLogic:
    @asynccontextmanager
    async def unit(organization_id: OrganizationId | None) -> AsyncIterator[SignInUnit]:
        async with process_of(request).database.command(organization_id) as db:
            organizations = OrganizationsLogic(OrganizationStorage(db), clock)
            accounts = AccountsLogic(AccountStorage(db), organizations, equipment.passwords, clock)
            yield SignInUnit(accounts, organizations, LoginSessionStorage(db))

    return LoginLogic(unit, equipment.passwords, equipment.issuer, equipment.session_times, clock)


Login = Annotated[LoginLogic, Depends(_login)]


async def _browser(request: Request, login: Login) -> SignedInPerson | None:
    secret = request.cookies.get(COOKIE)
    return None if secret is None else await login.person(secret)


BrowserPerson = Annotated[SignedInPerson | None, Depends(_browser)]
"""Who is signed in with the browser that asks, or None. A form that changes something sends `handle.csrf_token` too."""


async def _internal_tokens(equipment: _Equipment) -> TokensLogic:
    return TokensLogic(equipment.issuer)


InternalTokens = Annotated[TokensLogic, Depends(_internal_tokens)]


async def _keys(equipment: _Equipment) -> KeyRing:
    return equipment.keys


Keys = Annotated[KeyRing, Depends(_keys)]
