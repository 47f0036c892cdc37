"""The gateway's client for the services behind it."""

import asyncio
from http import HTTPStatus
from time import monotonic
from typing import Final, Protocol

from services.chassis.errors import UpstreamUnavailableError
from services.chassis.http import HttpClient
from services.clients.base import ServiceClient
from services.clients.errors import RefusedError
from services.contracts.gateway.emergency_alerts import EmergencyAlert
from services.contracts.gateway.organizations import OpenOrganization
from services.contracts.gateway.tokens import InternalToken, TokenExchangeRequest
from services.contracts.identifiers import OrganizationId
from services.contracts.identity import Microservice

_EXCHANGE: Final = "/v1/internal_tokens:exchange"
_ALERTS: Final = "/v1/emergency_alerts"
_BELIEVED_SECONDS: Final = 2.0
"""Access ends within so long after an organization is closed: what was asked before that counts for nothing."""
_KEPT_SECONDS: Final = 1.0
"""So long after it was asked for, an answer is given to others as well."""
_MOST_KEPT: Final = 1000


class TokenExchange(Protocol):
    """Gives a token of the same caller for another audience."""

    async def exchange(self, caller_token: str, audience: Microservice) -> str:
        """Return an internal token for `audience`, acting for the caller of `caller_token`."""


class OpenOrganizations(Protocol):
    """Knows which organizations let people in."""

    async def is_open(self, organization_id: OrganizationId) -> bool:
        """Say whether people are let in there; raises UpstreamUnavailableError where nobody knows."""


class EmergencyAlerts(Protocol):
    """Tells those who lead that a record was opened in an emergency."""

    async def alert_emergency(self, caller_token: str) -> EmergencyAlert:
        """Tell those who lead the caller's organization; raises as a client does."""


class GatewayClient(ServiceClient):
    """Calls the gateway for a service."""

    def __init__(self, http: HttpClient, base_url: str) -> None:
        super().__init__(http, base_url, Microservice.GATEWAY.value)
        self._open: dict[OrganizationId, tuple[bool, float]] = {}

    async def exchange(self, caller_token: str, audience: Microservice) -> str:
        """Return an internal token for `audience`, acting for the caller of `caller_token`.

        Raises:
            RefusedError: The caller's token has expired meanwhile.
            UpstreamUnavailableError: The gateway does not answer.
        """
        request = TokenExchangeRequest(audience=audience)
        token = await self._call(InternalToken, "POST", _EXCHANGE, token=caller_token, body=request)
        return token.access_token

    async def is_open(self, organization_id: OrganizationId) -> bool:
        """Say whether people and applications of an organization are let in, as it was two seconds ago at most.

        Raises:
            UpstreamUnavailableError: The gateway does not answer within that, or does not say.
        """
        known, until = self._open.get(organization_id, (False, 0.0))
        if monotonic() < until:
            return known
        asked_at = monotonic()
        is_open = await self._ask_whether_open(organization_id)
        if monotonic() >= asked_at + _BELIEVED_SECONDS:
            raise UpstreamUnavailableError(self._service)
        if len(self._open) >= _MOST_KEPT:
            self._open.clear()
        self._open[organization_id] = is_open, asked_at + _KEPT_SECONDS
        return is_open

    async def _ask_whether_open(self, organization_id: OrganizationId) -> bool:
        try:
            async with asyncio.timeout(_BELIEVED_SECONDS):
                await self._call(OpenOrganization, "GET", f"/v1/open_organizations/{organization_id}")
        except RefusedError as refusal:
            if refusal.problem.status == HTTPStatus.NOT_FOUND:
                return False
            raise UpstreamUnavailableError(self._service) from None
        except TimeoutError:
            raise UpstreamUnavailableError(self._service) from None
        return True

    async def alert_emergency(self, caller_token: str) -> EmergencyAlert:
        """Tell those who lead the caller's organization that the caller has opened a record in an emergency.

        Raises:
            RefusedError: The caller's token has expired meanwhile.
            UpstreamUnavailableError: The gateway does not answer.
        """
        return await self._call(EmergencyAlert, "POST", _ALERTS, token=caller_token)
