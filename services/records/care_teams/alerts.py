"""Telling those who lead, by the gateway, which knows who they are and how to reach them.

Whoever breaks a glass has it told at once. A process that ends in between leaves it written down as untold, and a round
of another tells it. Where the gateway was told and that could not be written down, it is told once more, and counts and
tells that like another opening of a record: better one letter too many than none.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import replace
from typing import Final

import structlog

from services.chassis.clock import Clock
from services.chassis.context import current, enter
from services.chassis.errors import ServiceError
from services.chassis.telemetry import frames
from services.clients.emergencies import EmergencyEvents
from services.clients.errors import RefusedError
from services.clients.gateway import EmergencyAlerts
from services.contracts.gateway.emergency_alerts import EmergencyAlert, EmergencyEvent
from services.contracts.identifiers import EmergencyAccessId
from services.records.care_teams.rules import TOLD_WITHIN, WORTH_TELLING
from services.records.care_teams.storage import UntoldEmergencies

ROUND_SECONDS: Final = 10.0
"""How often a process looks whether something is untold."""
_PATIENCE_SECONDS: Final = 3.0
"""Nobody waits longer for others to be told, while somebody else is in danger."""

UntoldUnits = Callable[[], AbstractAsyncContextManager[UntoldEmergencies]]


def begin_to_tell_those_who_lead(
    gateway: EmergencyAlerts, caller_token: str, access_id: EmergencyAccessId, units: UntoldUnits
) -> "asyncio.Task[None]":
    """Tell them that the caller has opened a record, however long the caller waits: that is the caller's to choose.

    Where it fails the log says so, and it stays untold until a round has told it.
    """
    return asyncio.create_task(_tell(gateway, caller_token, access_id, units))


async def wait_a_little_for(telling: "asyncio.Task[None]") -> None:
    """Wait until they are told and it is written down, but not for long: it goes on without the caller."""
    with suppress(TimeoutError):
        async with asyncio.timeout(_PATIENCE_SECONDS):
            await asyncio.shield(telling)


async def _tell(gateway: EmergencyAlerts, caller_token: str, access_id: EmergencyAccessId, units: UntoldUnits) -> None:
    enter(replace(current(), deadline=None))
    if not await _is_told(gateway.alert_emergency(caller_token)):
        return
    try:
        async with units() as untold:
            await untold.drop(access_id)
    except Exception as error:  # noqa: BLE001 - the record is open, whatever it is, and a round tells it once more
        _log_failure("emergency alert will be sent again", error)


class AlertRounds:
    """Tells of what is untold, each at least once, and no two processes of the same at a time."""

    def __init__(self, units: UntoldUnits, events: EmergencyEvents, clock: Clock) -> None:
        self._units = units
        self._events = events
        self._clock = clock

    async def round(self) -> None:
        """Tell of all that is due, until there is none or one could not be told; no transaction is open meanwhile."""
        is_told = True
        while is_told:
            now = self._clock.now()
            async with self._units() as untold:
                if forgotten := await untold.sweep(now - WORTH_TELLING):
                    structlog.get_logger().error("emergency alerts given up", count=forgotten)
                one = await untold.take(now, lease=TOLD_WITHIN)
            if one is None:
                return
            event = EmergencyEvent(id=one.id, organization_id=one.organization_id, account_id=one.account_id)
            is_told = await _is_told(self._events.receive_emergency(event))
            if is_told:
                async with self._units() as untold:
                    await untold.drop(one.id)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Look every so many seconds while the block runs."""
        rounds = asyncio.create_task(self._look_for_ever())
        try:
            yield
        finally:
            rounds.cancel()
            await asyncio.wait([rounds])

    async def _look_for_ever(self) -> None:
        while True:
            try:
                await self.round()
            except Exception as error:  # noqa: BLE001 - whatever it is, the next round tries again
                _log_failure("emergency alerts not looked for", error)
            await asyncio.sleep(ROUND_SECONDS)


async def _is_told(telling: Awaitable[EmergencyAlert]) -> bool:
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            await telling
    except (RefusedError, ServiceError, TimeoutError) as failure:
        structlog.get_logger().error("emergency alert not sent", error_type=type(failure).__name__)
        return False
    return True


def _log_failure(event: str, error: Exception) -> None:
    structlog.get_logger().error(event, error_type=type(error).__name__, frames=frames(error))
