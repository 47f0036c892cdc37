"""What may be exchanged."""

from services.chassis.errors import InvalidRequestError
from services.contracts.gateway.tokens import InternalToken, TokenExchangeRequest
from services.contracts.identity import Microservice, Principal
from services.gateway.issuing import INTERNAL_LIFETIME, TokenIssuer


class TokensLogic:
    """Exchanges the internal token of one service for one that another takes."""

    def __init__(self, issuer: TokenIssuer) -> None:
        self._issuer = issuer

    def exchange(self, request: TokenExchangeRequest, *, principal: Principal) -> InternalToken:
        """Return a token of the same person for another audience; its `act` is the service that asks (RFC 8693, 4.1).

        Raises:
            InvalidRequestError: The audience is the asking service itself, or the gateway.
        """
        if request.audience in {principal.acting_service, Microservice.GATEWAY}:
            raise InvalidRequestError("/audience", "must be another service behind the gateway")
        token = self._issuer.internal_token(principal, request.audience)
        return InternalToken(
            access_token=token,
            token_type="Bearer",  # noqa: S106 - the name of the scheme (RFC 6750), not a secret
            expires_in=int(INTERNAL_LIFETIME.total_seconds()),
        )
