"""Telling those who lead, by the gateway, which knows who they are and how to reach them."""

import asyncio
from typing import Final

import structlog

from services.chassis.errors import ServiceError
from services.clients.errors import RefusedError
from services.clients.gateway import EmergencyAlerts

_PATIENCE_SECONDS: Final = 3.0
"""Nobody waits longer for a letter to be queued, while somebody else is in danger."""


async def tell_those_who_lead(gateway: EmergencyAlerts, caller_token: str) -> None:
    """Tell them that the caller has opened a record; where that fails the log says so, and the review waits as ever."""
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            await gateway.alert_emergency(caller_token)
    except (RefusedError, ServiceError, TimeoutError) as failure:
        structlog.get_logger().error("emergency alert not sent", error_type=type(failure).__name__)
