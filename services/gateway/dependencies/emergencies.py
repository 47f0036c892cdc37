"""The wiring of what other services tell and ask the gateway."""

from typing import Annotated

from fastapi import Depends

from services.chassis.wiring import Db, Now, PublicDb
from services.gateway.dependencies import Accounts, AttemptsWithin, Equipped, Trail
from services.gateway.emergency_alerts.logic import EmergencyAlertsLogic
from services.gateway.organizations.logic import OrganizationsLogic
from services.gateway.units import letters_of, organizations_of


async def _public_organizations(db: PublicDb, equipment: Equipped, clock: Now) -> OrganizationsLogic:
    return organizations_of(db, equipment, clock)


PublicOrganizations = Annotated[OrganizationsLogic, Depends(_public_organizations)]


async def _emergency_alerts(
    *, db: Db, equipment: Equipped, accounts: Accounts, attempts: AttemptsWithin, trail: Trail, clock: Now
) -> EmergencyAlertsLogic:
    return EmergencyAlertsLogic(accounts, letters_of(db, equipment, clock), attempts, trail)


EmergencyAlerts = Annotated[EmergencyAlertsLogic, Depends(_emergency_alerts)]
