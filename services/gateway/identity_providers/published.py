"""What providers publish of themselves, and their keys: fetched, and kept for some minutes."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final, TypeVar
from weakref import WeakValueDictionary

import orjson

from services.chassis.clock import Clock
from services.chassis.fetching import Fetcher, FetchFailedError, Wanted
from services.chassis.id_tokens import Keys, signing_keys
from services.contracts.identifiers import IdentityProviderId
from services.gateway.identity_providers.provider import Provider
from services.gateway.identity_providers.rules import Metadata

_KEPT_SECONDS: Final = 300
_AGAIN_AFTER_SECONDS: Final = 30
"""Keys are fetched again for one that is not known at most so often: whoever is sent back may bring any token.

And so is a provider that did not answer as it should: who signs in meanwhile is told so at once.
"""
_MOST_PROVIDERS: Final = 1000
_Found = TypeVar("_Found")


class ProviderUnreachableError(Exception):
    """A provider does not answer, or not as OpenID Connect says it does."""


@dataclass(frozen=True, slots=True)
class Published:
    """A provider's metadata and keys, and since when we have them."""

    metadata: Metadata
    keys: Keys
    fetched_at: float

    def sent(self, parameters: Mapping[str, str], issuer: str) -> bool:
        """Say whether a browser's answer came from this provider, as far as answers say that (RFC 9207, 2.4)."""
        named = parameters.get("iss")
        return named == issuer if named is not None else not self.metadata.names_itself


class PublishedProviders:
    """Finds out what providers publish."""

    def __init__(self, fetcher: Fetcher, clock: Clock) -> None:
        self._fetcher = fetcher
        self._clock = clock
        self._kept: dict[IdentityProviderId, Published] = {}
        self._failed_at: dict[IdentityProviderId, float] = {}
        self._turns: WeakValueDictionary[IdentityProviderId, asyncio.Lock] = WeakValueDictionary()

    async def of(self, provider: Provider, *, key_id: str | None = None) -> Published:
        """Return what a provider publishes, fresh where it is old, or lacks the key that is asked for.

        Raises:
            ProviderUnreachableError: It is not to be had, or was not a moment ago.
        """
        kept = self._good(provider, key_id)
        if kept is None:
            turn = self._turns.setdefault(provider.id, asyncio.Lock())
            async with turn:
                kept = self._good(provider, key_id) or await self._fetch(provider)
        return kept

    def _good(self, provider: Provider, key_id: str | None) -> Published | None:
        kept = self._kept.get(provider.id)
        if kept is None:
            return None
        age = self._now() - kept.fetched_at
        lacks_key = key_id is not None and key_id not in kept.keys
        return kept if age < (_AGAIN_AFTER_SECONDS if lacks_key else _KEPT_SECONDS) else None

    async def _fetch(self, provider: Provider) -> Published:
        failed_at = self._failed_at.get(provider.id)
        if failed_at is not None and self._now() - failed_at < _AGAIN_AFTER_SECONDS:
            raise ProviderUnreachableError
        try:
            published = await self._read(provider)
        except ProviderUnreachableError:
            _put(self._failed_at, provider.id, self._now())
            raise
        self._failed_at.pop(provider.id, None)
        _put(self._kept, provider.id, published)
        return published

    async def _read(self, provider: Provider) -> Published:
        found = await self._document(f"{provider.issuer.removesuffix('/')}/.well-known/openid-configuration")
        metadata = Metadata.read(found, provider.issuer)
        if metadata is None or not self._are_good(metadata):
            raise ProviderUnreachableError
        keys = signing_keys(await self._document(metadata.jwks_uri), provider.id_token_algorithm.value)
        return Published(metadata, keys, self._now())

    def _are_good(self, metadata: Metadata) -> bool:
        try:
            for url in (metadata.authorization_endpoint, metadata.token_endpoint, metadata.jwks_uri):
                self._fetcher.check(url)
        except FetchFailedError:
            return False
        return True

    async def _document(self, url: str) -> Any:
        return await self.ask(Wanted(url, headers={"accept": "application/json"}))

    async def ask(self, wanted: Wanted) -> Any:
        """Return what a provider answers in JSON; raises ProviderUnreachableError for any other answer, or none."""
        headers: Mapping[str, str] = {**wanted.headers, "user-agent": "eventide"}
        request = Wanted(
            wanted.url, wanted.method, headers, wanted.body, wanted.user, wanted.password, follows_redirects=False
        )
        try:
            answer = await self._fetcher.fetch(request)
            document = orjson.loads(answer.body) if answer.status == HTTPStatus.OK else None
        except (FetchFailedError, ValueError):
            raise ProviderUnreachableError from None
        if not isinstance(document, dict):
            raise ProviderUnreachableError
        return document

    def _now(self) -> float:
        return self._clock.now().timestamp()


def _put(found: dict[IdentityProviderId, _Found], provider_id: IdentityProviderId, one: _Found) -> None:
    """Keep it as the latest, and not more of them than there may be."""
    found.pop(provider_id, None)
    found[provider_id] = one
    if len(found) > _MOST_PROVIDERS:
        del found[next(iter(found))]
