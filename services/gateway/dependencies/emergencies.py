"""The wiring of what other services tell and ask the gateway."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, Request

from services.chassis.webhooks import SignatureRefusedError, verify_by
from services.chassis.wiring import Db, Now, PublicReading, process_of
from services.contracts.identifiers import OrganizationId
from services.gateway.dependencies import Equipped
from services.gateway.emergency_alerts.logic import EmergencyAlertsLogic
from services.gateway.errors import EventRefusedError
from services.gateway.organizations.logic import OpenOrganizationsReader
from services.gateway.units import alerts_in


async def _open_organizations(read: PublicReading) -> OpenOrganizationsReader:
    return OpenOrganizationsReader(read)


OpenOrganizations = Annotated[OpenOrganizationsReader, Depends(_open_organizations)]


async def _emergency_alerts(db: Db, equipment: Equipped, clock: Now) -> EmergencyAlertsLogic:
    return alerts_in(db, equipment, clock)


EmergencyAlerts = Annotated[EmergencyAlertsLogic, Depends(_emergency_alerts)]


async def _reported_emergencies(
    organization_id: OrganizationId, request: Request, equipment: Equipped, clock: Now
) -> AsyncIterator[EmergencyAlertsLogic]:
    # Before there is a transaction: what a stranger sends costs a look at a signature, and no connection.
    try:
        verify_by(equipment.event_keys, request.headers, clock.now(), await request.body())
    except SignatureRefusedError:
        raise EventRefusedError from None
    async with process_of(request).database.command(organization_id) as db:
        yield alerts_in(db, equipment, clock)


ReportedEmergencies = Annotated[EmergencyAlertsLogic, Depends(_reported_emergencies, scope="function")]
