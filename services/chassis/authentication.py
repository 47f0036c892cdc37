"""From a bearer token to the caller, in the services behind the gateway."""

import asyncio
from collections import OrderedDict
from http import HTTPStatus
from time import monotonic
from typing import Final, NamedTuple, Protocol

import orjson

from services.chassis.claims import Claims
from services.chassis.clock import Clock
from services.chassis.errors import UpstreamUnavailableError
from services.chassis.http import HttpClient
from services.chassis.tokens import (
    InvalidTokenError,
    PublishedKeys,
    TokenVerifier,
    UnknownKeyError,
)
from services.contracts.identity import Principal

_REMEMBERED: Final = 4096
_REFRESH_SECONDS: Final = 1.0


class Authenticator(Protocol):
    """Turns a bearer token into the caller."""

    async def authenticate(self, token: str) -> Principal:
        """Return the caller; raises InvalidTokenError where the token is not good here and now."""


class _Verified(NamedTuple):
    exp: int
    principal: Principal


class VerifiedTokens:
    """The callers of tokens verified before, until they expire: a signature check costs more than most reads.

    Only who the caller is gets remembered. Whether the caller may do something is decided at each request.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._verified: OrderedDict[str, _Verified] = OrderedDict()

    def get(self, token: str) -> Principal | None:
        """Return the caller of a token seen before, unless it has expired."""
        found = self._verified.get(token)
        if found is None:
            return None
        if found.exp <= self._clock.now().timestamp():
            del self._verified[token]
            return None
        self._verified.move_to_end(token)
        return found.principal

    def put(self, token: str, claims: Claims) -> Principal:
        """Remember a token, and forget the one unused for longest when there are too many; return its caller."""
        principal = claims.principal()
        self._verified[token] = _Verified(claims.exp, principal)
        if len(self._verified) > _REMEMBERED:
            self._verified.popitem(last=False)
        return principal


class RemoteKeys:
    """The gateway's published keys, fetched when a token names one that is not known yet."""

    def __init__(self, http: HttpClient, gateway_url: str) -> None:
        self._http = http
        self._url = f"{gateway_url.rstrip('/')}/.well-known/jwks.json"
        self.known = PublishedKeys({})
        self._fetched_at = float("-inf")
        self._turn = asyncio.Lock()

    async def refresh(self) -> bool:
        """Fetch the key set, at most once a second; says whether it is fresher than when it was asked.

        Many requests find a key unknown at once, above all after a start: one fetches, all use what it got.

        Raises:
            UpstreamUnavailableError: The gateway does not answer.
        """
        before = self.known
        async with self._turn:
            if self.known is not before:
                return True
            if monotonic() - self._fetched_at < _REFRESH_SECONDS:
                return False
            answer = await self._http.request("gateway", "GET", self._url)
            if answer.status != HTTPStatus.OK:
                raise UpstreamUnavailableError("gateway")
            self._fetched_at = monotonic()
            self.known = PublishedKeys(orjson.loads(answer.body))
            return True


class InternalAuthenticator:
    """Verifies internal tokens with the gateway's keys."""

    def __init__(self, verifier: TokenVerifier, keys: RemoteKeys, clock: Clock) -> None:
        self._verifier = verifier
        self._keys = keys
        self._verified = VerifiedTokens(clock)

    async def authenticate(self, token: str) -> Principal:
        """Return the caller of an internal token.

        Raises:
            InvalidTokenError: The token is not good here and now.
            UpstreamUnavailableError: Its key is unknown and the gateway does not answer.
        """
        principal = self._verified.get(token)
        if principal is None:
            principal = self._verified.put(token, await self._verify(token))
        return principal

    async def _verify(self, token: str) -> Claims:
        try:
            return self._verifier.verify(token, self._keys.known)
        except UnknownKeyError:
            if not await self._keys.refresh():
                raise InvalidTokenError from None
            return self._verifier.verify(token, self._keys.known)
