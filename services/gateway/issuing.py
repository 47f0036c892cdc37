"""The tokens that the gateway gives out, and how long they live."""

from datetime import datetime, timedelta
from typing import Final

from services.chassis.claims import Claims
from services.chassis.clock import Clock
from services.chassis.tokens import ACCESS_AUDIENCE, TokenSigner, TokenType
from services.contracts.identity import Microservice, Principal
from services.gateway.cache import ExpiringCache

ACCESS_LIFETIME: Final = timedelta(minutes=15)
INTERNAL_LIFETIME: Final = timedelta(seconds=60)
_REUSED_FOR: Final = timedelta(seconds=30).total_seconds()


class TokenIssuer:
    """Signs access tokens for people and internal tokens for services."""

    def __init__(self, signer: TokenSigner, clock: Clock) -> None:
        self._signer = signer
        self._clock = clock
        self._minted: ExpiringCache[tuple[str, Microservice], str] = ExpiringCache(clock)

    def access_token(
        self, principal: Principal, *, until: datetime, longest: timedelta = ACCESS_LIFETIME
    ) -> tuple[str, Claims]:
        """Sign an access token for a person or an application (RFC 9068), which ends at an instant at the latest."""
        lifetime = min(longest, until - self._clock.now())
        return self._signer.sign(principal, token_type=TokenType.ACCESS, audience=ACCESS_AUDIENCE, lifetime=lifetime)

    def internal_token(self, principal: Principal, audience: Microservice) -> str:
        """Sign an internal token that one service takes; it has the id of the access token, and ends with it.

        It is bound to no key: a service has no proof to look at, which was made for our own address.
        """
        token, _ = self._signer.sign(
            principal.model_copy(update={"proof_key": None}),
            token_type=TokenType.INTERNAL,
            audience=audience,
            lifetime=INTERNAL_LIFETIME,
            token_id=principal.token_id,
        )
        return token

    def internal_token_for(self, access_token: str, principal: Principal, audience: Microservice) -> str:
        """Return the internal token of a verified access token, the same one for 30 seconds."""
        key = (access_token, audience)
        token = self._minted.get(key)
        if token is None:
            token = self.internal_token(principal, audience)
            self._minted.put(key, token, until=self._clock.now().timestamp() + _REUSED_FOR)
        return token
