"""Telling those who lead, by the gateway, which knows who they are and how to reach them."""

import asyncio
from dataclasses import replace
from typing import Final

import structlog

from services.chassis.context import current, enter
from services.chassis.errors import ServiceError
from services.clients.errors import RefusedError
from services.clients.gateway import EmergencyAlerts

_PATIENCE_SECONDS: Final = 3.0
"""Nobody waits longer for a letter to be queued, while somebody else is in danger."""


def begin_to_tell_those_who_lead(gateway: EmergencyAlerts, caller_token: str) -> "asyncio.Task[None]":
    """Tell them that the caller has opened a record, however long the caller waits: that is the caller's to choose.

    Where it fails the log says so, and the review waits as ever.
    """
    return asyncio.create_task(_tell(gateway, caller_token))


async def _tell(gateway: EmergencyAlerts, caller_token: str) -> None:
    enter(replace(current(), deadline=None))
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            await gateway.alert_emergency(caller_token)
    except (RefusedError, ServiceError, TimeoutError) as failure:
        structlog.get_logger().error("emergency alert not sent", error_type=type(failure).__name__)
