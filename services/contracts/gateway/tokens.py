"""Internal tokens: how one service calls another for the person whose request it serves."""

from services.contracts.base import RequestModel, ResourceModel
from services.contracts.identity import Microservice


class TokenExchangeRequest(RequestModel):
    """Asks for an internal token with another audience (after RFC 8693); sent with the caller's own internal token."""

    audience: Microservice


class InternalToken(ResourceModel):
    """A short-lived token for one audience."""

    access_token: str
    token_type: str
    expires_in: int
