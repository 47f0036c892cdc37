"""The gateway, as a service of a test asks it."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from services.chassis.errors import UpstreamUnavailableError
from services.contracts.gateway.emergency_alerts import EmergencyAlert, EmergencyEvent
from tests.support.databases import WatchedDatabase


class PlayedGateway:
    """Knows which organizations are closed, and what it was told; away where the test says so."""

    def __init__(self) -> None:
        self.closed: set[UUID] = set()
        self.alerts: list[str] = []
        self.events: list[EmergencyEvent] = []
        self.is_away = False

    async def is_open(self, organization_id: UUID) -> bool:
        self._answer()
        return organization_id not in self.closed

    async def alert_emergency(self, caller_token: str) -> EmergencyAlert:
        self._answer()
        self.alerts.append(caller_token)
        return EmergencyAlert(letters=1)

    async def receive_emergency(self, event: EmergencyEvent) -> EmergencyAlert:
        self._answer()
        self.events.append(event)
        return EmergencyAlert(letters=1)

    def _answer(self) -> None:
        if self.is_away:
            raise UpstreamUnavailableError("gateway")


def held_while_asked(app: Any, gateway: PlayedGateway, monkeypatch: pytest.MonkeyPatch) -> Sequence[int]:
    """Note, each time an application asks whether an organization is open, how much of its database it holds."""
    database, held = WatchedDatabase(app.state.process.database), list[int]()
    is_open = gateway.is_open

    async def ask(organization_id: UUID) -> bool:
        held.append(database.held)
        return await is_open(organization_id)

    monkeypatch.setattr(gateway, "is_open", ask)
    app.state.process = replace(app.state.process, database=database)
    return held
