"""The wiring of applications that register themselves."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Depends, Request

from services.chassis.wiring import Db, Now, process_of
from services.gateway.client_registrations.logic import PermitsLogic, RegistrationsLogic, RegistrationUnit
from services.gateway.client_registrations.storage import PermitStorage
from services.gateway.dependencies import Equipped, Trail
from services.gateway.equipment import OauthEquipment
from services.gateway.units import clients_of, organizations_of


async def _permits(db: Db, trail: Trail, clock: Now) -> PermitsLogic:
    return PermitsLogic(PermitStorage(db), trail, clock)


Permits = Annotated[PermitsLogic, Depends(_permits)]


async def _registrations(request: Request, equipment: Equipped, clock: Now) -> RegistrationsLogic:
    @asynccontextmanager
    async def unit() -> AsyncIterator[RegistrationUnit]:
        async with process_of(request).database.command(None) as db:
            clients, organizations = clients_of(db, equipment, clock), organizations_of(db, equipment, clock)
            yield RegistrationUnit(PermitStorage(db), clients, organizations)

    return RegistrationsLogic(unit, clock)


Registrations = Annotated[RegistrationsLogic, Depends(_registrations)]


async def _oauth(equipment: Equipped) -> OauthEquipment:
    return equipment.oauth


Oauth = Annotated[OauthEquipment, Depends(_oauth)]
