"""The wiring of identity providers, and of signing in with them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Depends, Request

from services.chassis.wiring import Db, Now, process_of
from services.contracts.identifiers import OrganizationId
from services.gateway.dependencies import Attempts, Equipped, Login, Trail
from services.gateway.factors.checking import FactorCheck
from services.gateway.factors.storage import FactorStorage
from services.gateway.identity_providers.checking import Identities
from services.gateway.identity_providers.logic import IdentityProvidersLogic
from services.gateway.passkeys.checking import PasskeyCheck
from services.gateway.passkeys.proving import Proving
from services.gateway.passkeys.storage import PasskeyStorage
from services.gateway.provider_sign_ins.logic import ProviderSignInsLogic, ProviderUnit
from services.gateway.provider_sign_ins.storage import ProviderRequestStorage
from services.gateway.units import accounts_of, providers_of, sessions_of, trail_of


async def _identity_providers(db: Db, equipment: Equipped, trail: Trail, clock: Now) -> IdentityProvidersLogic:
    oauth = equipment.oauth
    return IdentityProvidersLogic(providers_of(db, equipment), oauth.fetcher, trail, clock, oauth.issuer)


IdentityProviders = Annotated[IdentityProvidersLogic, Depends(_identity_providers)]


async def _provider_sign_ins(
    request: Request, equipment: Equipped, login: Login, attempts: Attempts, clock: Now
) -> ProviderSignInsLogic:
    @asynccontextmanager
    async def unit(organization_id: OrganizationId) -> AsyncIterator[ProviderUnit]:
        async with process_of(request).database.command(organization_id) as db:
            codes = FactorCheck(FactorStorage(db, equipment.sealing_key))
            passkeys = PasskeyCheck(PasskeyStorage(db), equipment.party)
            yield ProviderUnit(
                Identities(providers_of(db, equipment)),
                ProviderRequestStorage(db),
                sessions_of(db, equipment, clock),
                Proving(accounts_of(db, equipment, clock), codes, passkeys, clock),
                trail_of(db, equipment, clock),
            )

    return ProviderSignInsLogic(
        unit,
        equipment.oauth.providers,
        login,
        attempts,
        equipment.sealing_key,
        issuer=equipment.oauth.issuer,
        times=equipment.session_times,
        clock=clock,
    )


ProviderSignIns = Annotated[ProviderSignInsLogic, Depends(_provider_sign_ins)]
