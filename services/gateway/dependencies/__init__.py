"""The wiring of the gateway's own routes."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Annotated, Final

from fastapi import Depends, Request

from services.chassis.clock import Clock
from services.chassis.wiring import Caller, Db, Now, process_of
from services.contracts.identifiers import OrganizationId
from services.gateway.accounts.logic import AccountsLogic
from services.gateway.attempts.devices import COOKIE as DEVICE_COOKIE
from services.gateway.attempts.devices import read_devices
from services.gateway.attempts.logic import AttemptsLogic, AttemptUnit
from services.gateway.attempts.storage import AttemptStorage
from services.gateway.authorize.agreements import AgreementsLogic
from services.gateway.authorize.logic import AuthorizeLogic, AuthorizeUnit
from services.gateway.authorize.storage import AuthorizationStorage
from services.gateway.closings.logic import ClosingsLogic
from services.gateway.devices.answering import DeviceAnswering
from services.gateway.devices.logic import DevicesLogic
from services.gateway.devices.storage import DeviceStorage
from services.gateway.dpop.logic import EndpointProofs, Proofs
from services.gateway.equipment import Equipment
from services.gateway.factors.checking import FactorCheck
from services.gateway.factors.logic import FactorsLogic
from services.gateway.factors.storage import FactorStorage
from services.gateway.grants.holders import GrantUnit, NewGrants
from services.gateway.grants.logic import GrantsLogic
from services.gateway.grants.storage import GrantStorage
from services.gateway.identity_providers.checking import Identities
from services.gateway.invitations.logic import AcceptancesLogic, AcceptanceUnit, InvitationsLogic
from services.gateway.invitations.storage import InvitationStorage
from services.gateway.login.cookies import COOKIE
from services.gateway.login.endings import SessionsLogic
from services.gateway.login.logic import LoginLogic
from services.gateway.login.storage import LoginSessionStorage
from services.gateway.login.units import SignedInPerson, SignInUnit
from services.gateway.memberships.logic import MembershipsLogic
from services.gateway.oauth_clients.logic import OauthClientsLogic
from services.gateway.oauth_tokens.logic import ClientAuthentication, OauthTokensLogic
from services.gateway.oauth_tokens.rules import audiences_of
from services.gateway.organizations.logic import OrganizationsLogic
from services.gateway.organizations.storage import OrganizationStorage
from services.gateway.passkeys.checking import PasskeyCheck
from services.gateway.passkeys.logic import PasskeysLogic
from services.gateway.passkeys.storage import PasskeyStorage
from services.gateway.password_changes.logic import PasswordChangesLogic
from services.gateway.password_resets.endings import PasswordEndings
from services.gateway.password_resets.logic import PasswordResetsLogic, PasswordResetUnit
from services.gateway.password_resets.storage import PasswordResetStorage
from services.gateway.proxy.limiting import network_of
from services.gateway.security_events.logic import SecurityTrail
from services.gateway.tokens.logic import TokensLogic
from services.gateway.units import (
    accounts_of,
    attempts_in,
    clients_of,
    grant_endings,
    letters_of,
    providers_of,
    sessions_of,
    trail_of,
)


async def _equipment(request: Request) -> Equipment:
    equipment: Equipment = request.app.state.equipment
    return equipment


Equipped = Annotated[Equipment, Depends(_equipment)]


async def _trail(db: Db, equipment: Equipped, clock: Now) -> SecurityTrail:
    return trail_of(db, equipment, clock)


Trail = Annotated[SecurityTrail, Depends(_trail)]


async def _organizations(db: Db, trail: Trail, clock: Now) -> OrganizationsLogic:
    return OrganizationsLogic(OrganizationStorage(db), trail, clock)


Organizations = Annotated[OrganizationsLogic, Depends(_organizations)]


async def _accounts(db: Db, equipment: Equipped, clock: Now) -> AccountsLogic:
    return accounts_of(db, equipment, clock)


Accounts = Annotated[AccountsLogic, Depends(_accounts)]


async def _attempts(request: Request, equipment: Equipped, clock: Now) -> AttemptsLogic:
    @asynccontextmanager
    async def unit() -> AsyncIterator[AttemptUnit]:
        async with process_of(request).database.command(None) as db:
            yield AttemptUnit(AttemptStorage(db), trail_of(db, equipment, clock))

    devices = read_devices(request.cookies.get(DEVICE_COOKIE))
    return AttemptsLogic(unit, network_of(request.scope.get("client")), clock, devices=devices)


Attempts = Annotated[AttemptsLogic, Depends(_attempts)]


async def _count_attempt(principal: Caller, attempts: Attempts) -> None:
    await attempts.try_code(principal.account_id)


COUNTED: Final = Depends(_count_attempt)
"""Counts an attempt of the caller, before the route's own transaction begins: it counts although that is undone."""


async def _attempts_within(request: Request, db: Db, trail: Trail, clock: Now) -> AttemptsLogic:
    return attempts_in(db, trail, clock, network_of(request.scope.get("client")))


AttemptsWithin = Annotated[AttemptsLogic, Depends(_attempts_within)]


async def _factors(
    *, db: Db, accounts: Accounts, attempts: AttemptsWithin, equipment: Equipped, trail: Trail, clock: Now
) -> FactorsLogic:
    storage, passkeys = FactorStorage(db, equipment.sealing_key), PasskeyCheck(PasskeyStorage(db), equipment.party)
    return FactorsLogic(storage, accounts, attempts, trail, clock, has_passkey=passkeys.has_any)


SecondFactors = Annotated[FactorsLogic, Depends(_factors)]


async def _passkeys(
    *, db: Db, accounts: Accounts, attempts: AttemptsWithin, equipment: Equipped, trail: Trail, clock: Now
) -> PasskeysLogic:
    codes = FactorCheck(FactorStorage(db, equipment.sealing_key))
    return PasskeysLogic(PasskeyStorage(db), equipment.party, accounts, codes, attempts, trail=trail, clock=clock)


Passkeys = Annotated[PasskeysLogic, Depends(_passkeys)]


async def _sessions(db: Db, equipment: Equipped, clock: Now) -> SessionsLogic:
    return sessions_of(db, equipment, clock)


Sessions = Annotated[SessionsLogic, Depends(_sessions)]


async def _memberships(
    *, db: Db, equipment: Equipped, clock: Now, accounts: Accounts, sessions: Sessions, trail: Trail
) -> MembershipsLogic:
    return MembershipsLogic(accounts, sessions, grant_endings(db, equipment, clock), trail)


async def _closings(
    *,
    db: Db,
    equipment: Equipped,
    clock: Now,
    organizations: Organizations,
    accounts: Accounts,
    sessions: Sessions,
    trail: Trail,
) -> ClosingsLogic:
    return ClosingsLogic(organizations, accounts, sessions, grant_endings(db, equipment, clock), trail)


Closings = Annotated[ClosingsLogic, Depends(_closings)]

Memberships = Annotated[MembershipsLogic, Depends(_memberships)]


async def _password_changes(
    *,
    db: Db,
    equipment: Equipped,
    clock: Now,
    accounts: Accounts,
    sessions: Sessions,
    attempts: AttemptsWithin,
    trail: Trail,
) -> PasswordChangesLogic:
    endings = PasswordEndings(sessions, grant_endings(db, equipment, clock), PasswordResetStorage(db))
    return PasswordChangesLogic(accounts, endings, attempts, trail)


PasswordChanges = Annotated[PasswordChangesLogic, Depends(_password_changes)]


async def _password_resets(
    request: Request, equipment: Equipped, attempts: Attempts, clock: Now
) -> PasswordResetsLogic:
    @asynccontextmanager
    async def unit() -> AsyncIterator[PasswordResetUnit]:
        async with process_of(request).database.command(None) as db:
            resets, sessions = PasswordResetStorage(db), sessions_of(db, equipment, clock)
            yield PasswordResetUnit(
                accounts_of(db, equipment, clock),
                PasswordEndings(sessions, grant_endings(db, equipment, clock), resets),
                resets,
                letters_of(db, equipment, clock),
                trail_of(db, equipment, clock),
            )

    return PasswordResetsLogic(unit, attempts, clock)


PasswordResets = Annotated[PasswordResetsLogic, Depends(_password_resets)]


async def _invitations(db: Db, equipment: Equipped, accounts: Accounts, trail: Trail, clock: Now) -> InvitationsLogic:
    return InvitationsLogic(InvitationStorage(db), accounts, letters_of(db, equipment, clock), trail, clock)


Invitations = Annotated[InvitationsLogic, Depends(_invitations)]


async def _acceptances(request: Request, equipment: Equipped, attempts: Attempts, clock: Now) -> AcceptancesLogic:
    @asynccontextmanager
    async def unit(organization_id: OrganizationId) -> AsyncIterator[AcceptanceUnit]:
        async with process_of(request).database.command(organization_id) as db:
            yield AcceptanceUnit(
                InvitationStorage(db),
                accounts_of(db, equipment, clock),
                FactorCheck(FactorStorage(db, equipment.sealing_key)),
                PasskeyCheck(PasskeyStorage(db), equipment.party),
                trail_of(db, equipment, clock),
            )

    return AcceptancesLogic(unit, attempts, clock)


Acceptances = Annotated[AcceptancesLogic, Depends(_acceptances)]


async def _login(request: Request, equipment: Equipped, attempts: Attempts, clock: Now) -> LoginLogic:
    @asynccontextmanager
    async def unit(organization_id: OrganizationId | None) -> AsyncIterator[SignInUnit]:
        async with process_of(request).database.command(organization_id) as db:
            trail = trail_of(db, equipment, clock)
            organizations = OrganizationsLogic(OrganizationStorage(db), trail, clock)
            factors = FactorCheck(FactorStorage(db, equipment.sealing_key))
            passkeys = PasskeyCheck(PasskeyStorage(db), equipment.party)
            accounts = accounts_of(db, equipment, clock)
            identities, sessions = Identities(providers_of(db, equipment)), LoginSessionStorage(db)
            yield SignInUnit(accounts, organizations, factors, passkeys, identities, sessions, trail)

    return LoginLogic(unit, equipment.passwords, equipment.issuer, attempts, times=equipment.session_times, clock=clock)


Login = Annotated[LoginLogic, Depends(_login)]


async def _browser(request: Request, login: Login) -> SignedInPerson | None:
    secret = request.cookies.get(COOKIE)
    return None if secret is None else await login.person(secret)


BrowserPerson = Annotated[SignedInPerson | None, Depends(_browser)]
"""Who is signed in with the browser that asks, or None. A form that changes something sends `handle.csrf_token` too."""


async def _internal_tokens(equipment: Equipped) -> TokensLogic:
    return TokensLogic(equipment.issuer)


InternalTokens = Annotated[TokensLogic, Depends(_internal_tokens)]


async def _keys(equipment: Equipped) -> list[Mapping[str, str]]:
    return [*equipment.keys.key_set["keys"], *equipment.oauth.id_tokens.public_keys]


Keys = Annotated[list[Mapping[str, str]], Depends(_keys)]


async def _oauth_clients(db: Db, equipment: Equipped, clock: Now) -> OauthClientsLogic:
    return clients_of(db, equipment, clock)


OauthClients = Annotated[OauthClientsLogic, Depends(_oauth_clients)]


async def _issuer(equipment: Equipped) -> str:
    return equipment.oauth.issuer


OauthIssuer = Annotated[str, Depends(_issuer)]


async def _client_authentication(
    request: Request, equipment: Equipped, attempts: Attempts, clock: Now
) -> ClientAuthentication:
    @asynccontextmanager
    async def unit() -> AsyncIterator[OauthClientsLogic]:
        async with process_of(request).database.command(None) as db:
            yield clients_of(db, equipment, clock)

    issuer = equipment.oauth.issuer
    return ClientAuthentication(unit, equipment.oauth.client_keys, attempts, clock, audiences_of(issuer))


ClientAuthenticator = Annotated[ClientAuthentication, Depends(_client_authentication)]


async def _grants(request: Request, equipment: Equipped, clock: Now) -> GrantsLogic:
    @asynccontextmanager
    async def unit(organization_id: OrganizationId | None) -> AsyncIterator[GrantUnit]:
        async with process_of(request).database.command(organization_id) as db:
            accounts, sessions = accounts_of(db, equipment, clock), sessions_of(db, equipment, clock)
            yield GrantUnit(
                GrantStorage(db, equipment.session_times),
                accounts,
                sessions,
                DeviceAnswering(DeviceStorage(db), clock),
                trail_of(db, equipment, clock),
            )

    oauth = equipment.oauth
    return GrantsLogic(unit, equipment.issuer, oauth.id_tokens, equipment.ended, clock=clock, fhir_base=oauth.fhir_base)


_Grants = Annotated[GrantsLogic, Depends(_grants)]


def _proofs_at(endpoint: str, request: Request, equipment: Equipment, clock: Clock) -> EndpointProofs:
    used = Proofs(process_of(request).database, clock)
    return EndpointProofs(used, equipment.nonces, f"{equipment.oauth.issuer}/oauth/{endpoint}", clock)


async def _pushed_proofs(request: Request, equipment: Equipped, clock: Now) -> EndpointProofs:
    return _proofs_at("par", request, equipment, clock)


PushedProofs = Annotated[EndpointProofs, Depends(_pushed_proofs)]


async def _devices(request: Request, attempts: Attempts, clock: Now) -> DevicesLogic:
    @asynccontextmanager
    async def unit() -> AsyncIterator[DeviceStorage]:
        async with process_of(request).database.command(None) as db:
            yield DeviceStorage(db)

    return DevicesLogic(unit, attempts, clock)


_Devices = Annotated[DevicesLogic, Depends(_devices)]


async def _oauth_tokens(
    *,
    request: Request,
    equipment: Equipped,
    authentication: ClientAuthenticator,
    grants: _Grants,
    clock: Now,
) -> OauthTokensLogic:
    oauth, proofs = equipment.oauth, _proofs_at("token", request, equipment, clock)
    return OauthTokensLogic(authentication, proofs, grants, oauth.access, issuer=oauth.issuer, fhir=oauth.fhir_base)


OauthTokensService = Annotated[OauthTokensLogic, Depends(_oauth_tokens)]


async def _authorization(
    request: Request, equipment: Equipped, clock: Now, grants: _Grants, devices: _Devices
) -> AuthorizeLogic:
    @asynccontextmanager
    async def unit(organization_id: OrganizationId | None) -> AsyncIterator[AuthorizeUnit]:
        async with process_of(request).database.command(organization_id) as db:
            clients, trail = clients_of(db, equipment, clock), trail_of(db, equipment, clock)
            grants = NewGrants(GrantStorage(db, equipment.session_times), clock)
            devices = DeviceAnswering(DeviceStorage(db), clock)
            yield AuthorizeUnit(clients, AuthorizationStorage(db), grants, devices, trail)

    oauth = equipment.oauth
    return AuthorizeLogic(
        unit, grants, oauth.door, devices, clock=clock, issuer=oauth.issuer, fhir_base=oauth.fhir_base
    )


Authorization = Annotated[AuthorizeLogic, Depends(_authorization)]


async def _agreements(db: Db, equipment: Equipped, clients: OauthClients, trail: Trail, clock: Now) -> AgreementsLogic:
    endings, oauth = grant_endings(db, equipment, clock), equipment.oauth
    return AgreementsLogic(
        AuthorizationStorage(db), clients, endings, oauth.door, trail, clock=clock, fhir_base=oauth.fhir_base
    )


Agreements = Annotated[AgreementsLogic, Depends(_agreements)]
