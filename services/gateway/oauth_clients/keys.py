"""The keys of applications: registered, or read from where they publish them, and then kept for a while."""

import asyncio
import re
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final
from weakref import WeakValueDictionary

import orjson

from services.chassis.clock import Clock
from services.chassis.fetching import Fetcher, FetchFailedError, Wanted
from services.contracts.gateway.oauth_clients import OauthClient
from services.contracts.identifiers import OauthClientId, OrganizationId
from services.gateway.oauth_clients.rules import usable_keys

_KEPT_SECONDS: Final = 300
_LONGEST_SECONDS: Final = 3600
_AGAIN_AFTER_SECONDS: Final = 30
"""An unknown key is asked for again at most so often: assertions are made by strangers."""
_MOST_CLIENTS: Final = 1000
_UNCONFIRMED_AT_ONCE: Final = 4
"""Whoever registers by itself names a server of its own: however many hang, an organization waits for no more."""
_MAX_AGE: Final = re.compile(r"(?:^|[,\s])max-age=(\d{1,9})(?:$|[,\s])")

Keys = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class _Published:
    url: str
    keys: Keys
    fetched_at: float
    until: float


class ClientKeys:
    """Finds the key of an application that an assertion names."""

    def __init__(self, fetcher: Fetcher, clock: Clock) -> None:
        self._fetcher = fetcher
        self._clock = clock
        self._published: dict[OauthClientId, _Published] = {}
        self._turns: WeakValueDictionary[tuple[OauthClientId, bool], asyncio.Lock] = WeakValueDictionary()
        self._places: WeakValueDictionary[OrganizationId | None, asyncio.Semaphore] = WeakValueDictionary()

    async def of(self, client: OauthClient, key_id: str) -> Keys:
        """Return the keys of an application; where it publishes them, fresh ones if this one is not among those kept.

        Where its server does not answer, those kept are good until they are too old, and then there is none. Nobody
        waits for the server of another application, but that those of an organization which nobody has confirmed share
        a few places.
        """
        if client.jwks_uri is None:
            return usable_keys(client.jwks or {})
        kept = self._kept(client)
        if kept is not None and (key_id in kept.keys or not self._may_ask(kept)):
            return kept.keys
        is_confirmed = client.expires_at is None
        # Who has been confirmed meanwhile does not stand behind its own request that still waits for a place.
        async with self._turns.setdefault((client.id, is_confirmed), asyncio.Lock()):
            kept = self._kept(client)
            if kept is None or (key_id not in kept.keys and self._may_ask(kept)):
                async with nullcontext() if is_confirmed else self._place(client):
                    kept = await self._fetch(client, client.jwks_uri)
        return kept.keys

    def _place(self, client: OauthClient) -> asyncio.Semaphore:
        return self._places.setdefault(client.organization_id, asyncio.Semaphore(_UNCONFIRMED_AT_ONCE))

    def _kept(self, client: OauthClient) -> _Published | None:
        kept = self._published.get(client.id)
        return kept if kept is not None and kept.url == client.jwks_uri and self._now() < kept.until else None

    def _may_ask(self, kept: _Published) -> bool:
        return self._now() >= kept.fetched_at + _AGAIN_AFTER_SECONDS

    async def _fetch(self, client: OauthClient, url: str) -> _Published:
        now = self._now()
        keys, seconds = await self._read(url)
        if keys is None:
            # Kept so, that a server which does not answer is not asked with every assertion.
            kept = self._kept(client)
            old = {} if kept is None else kept.keys
            until = now + _AGAIN_AFTER_SECONDS if kept is None else kept.until
            found = _Published(url, old, now, until)
        else:
            found = _Published(url, keys, now, now + seconds)
        self._published.pop(client.id, None)
        self._published[client.id] = found
        if len(self._published) > _MOST_CLIENTS:
            del self._published[next(iter(self._published))]
        return found

    async def _read(self, url: str) -> tuple[Keys | None, int]:
        wanted = Wanted(url, headers={"accept": "application/json", "user-agent": "eventide"}, follows_redirects=False)
        try:
            answer = await self._fetcher.fetch(wanted)
            document = orjson.loads(answer.body) if answer.status == HTTPStatus.OK else None
        except (FetchFailedError, ValueError):
            return None, 0
        if not isinstance(document, dict):
            return None, 0
        told = _MAX_AGE.search(answer.headers.get("cache-control", ""))
        return usable_keys(document), min(_LONGEST_SECONDS, int(told[1]) if told else _KEPT_SECONDS)

    def _now(self) -> float:
        return self._clock.now().timestamp()
