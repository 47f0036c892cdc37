"""Alerts over HTTP, for the service that keeps the records."""

from fastapi import APIRouter

from services.chassis.json_body import StrictJsonRoute
from services.chassis.wiring import Caller, documented
from services.contracts.gateway.emergency_alerts import EmergencyAlert, EmergencyEvent
from services.contracts.identifiers import OrganizationId
from services.gateway.dependencies.emergencies import EmergencyAlerts, ReportedEmergencies

router = APIRouter(prefix="/v1/emergency_alerts", tags=["internal"], route_class=StrictJsonRoute)
events_router = APIRouter(
    prefix="/v1/organizations/{organization_id}/emergency_events", tags=["internal"], route_class=StrictJsonRoute
)


@router.post("", operation_id="create_emergency_alert", responses=documented(401, 403))
async def create_emergency_alert(alerts: EmergencyAlerts, principal: Caller) -> EmergencyAlert:
    """Tell those who lead that the caller has opened a record in an emergency; records does, in the caller's name."""
    return await alerts.alert(principal=principal)


@events_router.post("", operation_id="receive_emergency_event", responses=documented(401, 422))
async def receive_emergency_event(
    organization_id: OrganizationId, event: EmergencyEvent, alerts: ReportedEmergencies
) -> EmergencyAlert:
    """Tell those who lead what could not be told at once; records signs it (Standard Webhooks, `v1a`), not a person."""
    return await alerts.receive(organization_id, event)
