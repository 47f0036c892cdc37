"""Records' client of the gateway for what no person asks for any more: events are signed, and carry no token."""

from typing import Protocol

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.chassis.clock import Clock
from services.chassis.http import HttpClient
from services.chassis.webhooks import headers_signed_by
from services.clients.base import ServiceClient
from services.contracts.gateway.emergency_alerts import EmergencyAlert, EmergencyEvent
from services.contracts.identity import Microservice


class EmergencyEvents(Protocol):
    """Tells those who lead that a record was opened in an emergency, when its opener's token is good no more."""

    async def receive_emergency(self, event: EmergencyEvent) -> EmergencyAlert:
        """Hand over an event; raises as a client does."""


class EmergencyEventsClient(ServiceClient):
    """Hands over which records were opened in an emergency."""

    def __init__(self, http: HttpClient, base_url: str, key: Ed25519PrivateKey, clock: Clock) -> None:
        super().__init__(http, base_url, Microservice.GATEWAY.value)
        self._key = key
        self._clock = clock

    async def receive_emergency(self, event: EmergencyEvent) -> EmergencyAlert:
        """Hand over an event.

        Raises:
            RefusedError: The gateway does not take it.
            UpstreamUnavailableError: The gateway does not answer.
        """
        body = orjson.dumps(event.model_dump(mode="json"))
        signed = headers_signed_by(self._key, str(event.id), self._clock.now(), body)
        path = f"/v1/organizations/{event.organization_id}/emergency_events"
        headers = {**signed, "content-type": "application/json"}
        return await self._call(EmergencyAlert, "POST", path, body=body, headers=headers)
