"""The gateway's client for the services behind it."""

from typing import Final, Protocol

from services.chassis.http import HttpClient
from services.clients.base import ServiceClient
from services.contracts.gateway.tokens import InternalToken, TokenExchangeRequest
from services.contracts.identity import Microservice

_EXCHANGE: Final = "/v1/internal_tokens:exchange"


class TokenExchange(Protocol):
    """Gives a token of the same caller for another audience."""

    async def exchange(self, caller_token: str, audience: Microservice) -> str:
        """Return an internal token for `audience`, acting for the caller of `caller_token`."""


class GatewayClient(ServiceClient):
    """Calls the gateway for a service."""

    def __init__(self, http: HttpClient, base_url: str) -> None:
        super().__init__(http, base_url, Microservice.GATEWAY.value)

    async def exchange(self, caller_token: str, audience: Microservice) -> str:
        """Return an internal token for `audience`, acting for the caller of `caller_token`.

        Raises:
            RefusedError: The caller's token has expired meanwhile.
            UpstreamUnavailableError: The gateway does not answer.
        """
        request = TokenExchangeRequest(audience=audience)
        token = await self._call(InternalToken, "POST", _EXCHANGE, token=caller_token, body=request)
        return token.access_token
