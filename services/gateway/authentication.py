"""Which tokens the gateway takes: access tokens of people, and the internal tokens that services exchange."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from services.chassis.clock import Clock
from services.chassis.tokens import ACCESS_AUDIENCE, InvalidTokenError, KeyRing, TokenType, TokenVerifier
from services.contracts.identity import Microservice, Principal
from services.gateway.cache import ExpiringCache
from services.gateway.ended import EndedTokens, ids_of

_TRUSTED_FOR: Final = timedelta(seconds=30).total_seconds()


class AccessTokens:
    """Verifies access tokens; what was verified is believed for 30 seconds, and never beyond `exp`.

    Only who the caller is gets remembered. Whether the caller may do something is decided at each request.
    """

    def __init__(self, keys: KeyRing, ended: EndedTokens, *, issuer: str, clock: Clock) -> None:
        self._keys = keys
        self._ended = ended
        self._clock = clock
        self._verifier = TokenVerifier(
            issuer=issuer, audience=ACCESS_AUDIENCE, token_type=TokenType.ACCESS, clock=clock
        )
        self._verified: ExpiringCache[str, tuple[Principal, frozenset[str]]] = ExpiringCache(clock)

    def verify(self, token: str) -> Principal:
        """Return the caller of an access token; raises InvalidTokenError where it is not good now."""
        verified = self._verified.get(token)
        if verified is None:
            claims = self._verifier.verify(token, self._keys)
            principal = claims.principal()
            verified = principal, ids_of(principal)
            until = min(claims.exp, self._clock.now().timestamp() + _TRUSTED_FOR)
            self._verified.put(token, verified, until=until)
        principal, ids = verified
        # Asked each time, for it may have been ended since it was verified.
        if self._ended.covers_any(ids):
            raise InvalidTokenError
        return principal

    def expires_at(self, token: str) -> int:
        """Return the second of the POSIX epoch at which an access token expires; raises as `verify` does."""
        return self._verifier.verify(token, self._keys).exp


class GatewayAuthenticator:
    """The authenticator of the gateway's own routes.

    A service presents the internal token that it was called with, so its audience says who presents it. A token that
    was exchanged before is refused: otherwise two services could keep a caller alive for ever.
    """

    def __init__(self, access: AccessTokens, keys: KeyRing, ended: EndedTokens, *, issuer: str, clock: Clock) -> None:
        self._access = access
        self._keys = keys
        self._ended = ended
        self._internal: Mapping[Microservice, TokenVerifier] = {
            service: TokenVerifier(issuer=issuer, audience=service, token_type=TokenType.INTERNAL, clock=clock)
            for service in (Microservice.RECORDS, Microservice.SCHEDULER)
        }

    async def authenticate(self, token: str) -> Principal:
        """Return the caller; raises InvalidTokenError where the token is not good here and now."""
        try:
            return self._access.verify(token)
        except InvalidTokenError:
            return self._presented_by_a_service(token)

    def _presented_by_a_service(self, token: str) -> Principal:
        for service, verifier in self._internal.items():
            try:
                claims = verifier.verify(token, self._keys)
            except InvalidTokenError:
                continue
            principal = claims.principal()
            if claims.act is None and not self._ended.refuses(principal):
                return principal.model_copy(update={"acting_service": service})
        raise InvalidTokenError
