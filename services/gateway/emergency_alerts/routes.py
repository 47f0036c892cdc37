"""Alerts over HTTP, for the service that keeps the records."""

from fastapi import APIRouter

from services.chassis.json_body import StrictJsonRoute
from services.chassis.wiring import Caller, documented
from services.contracts.gateway.emergency_alerts import EmergencyAlert
from services.gateway.dependencies.emergencies import EmergencyAlerts

router = APIRouter(prefix="/v1/emergency_alerts", tags=["internal"], route_class=StrictJsonRoute)


@router.post("", operation_id="create_emergency_alert", responses=documented(401, 403))
async def create_emergency_alert(alerts: EmergencyAlerts, principal: Caller) -> EmergencyAlert:
    """Tell those who lead that the caller has opened a record in an emergency; records does, in the caller's name."""
    return await alerts.alert(principal=principal)
