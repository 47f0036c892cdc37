"""What providers publish is asked for no more often than it takes, and none is waited for but by its own people."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from typing_extensions import override

from services.chassis.clock import Clock
from services.chassis.edge import Receive, Scope, Send
from services.chassis.fetching import Fetcher
from services.contracts.gateway.identity_providers import IdTokenAlgorithm, ProviderAuthentication
from services.contracts.identifiers import IdentityProviderId, OrganizationId
from services.gateway.identity_providers.provider import Provider
from services.gateway.identity_providers.published import ProviderUnreachableError, PublishedProviders
from services.operator.drill.checklist.probes.signing import Key
from tests.gateway.conftest import answer_json
from tests.support.serving import served


class At(Clock):
    """A clock that stands where it is put."""

    def __init__(self, now: datetime) -> None:
        super().__init__()
        self.instant = now

    @override
    def now(self) -> datetime:
        return self.instant


@dataclass
class Publisher:
    """A provider that publishes what it should, when it may and as long as it does."""

    issuer: str = ""
    key: Key = field(default_factory=Key)
    asked: int = 0
    status: int = 200
    is_asked: asyncio.Event = field(default_factory=asyncio.Event)
    may_answer: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        if scope["path"] == "/keys":
            await answer_json(send, {"keys": [self.key.jwk]})
            return
        self.asked += 1
        self.is_asked.set()
        await self.may_answer.wait()
        found = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
        }
        await answer_json(send, found, status=self.status)

    @property
    def registered(self) -> Provider:
        return Provider(
            id=IdentityProviderId(uuid4()),
            organization_id=OrganizationId(uuid4()),
            issuer=self.issuer,
            client_id="eventide",
            authentication=ProviderAuthentication.CLIENT_SECRET_BASIC,
            id_token_algorithm=IdTokenAlgorithm.ES384,
            proves_two_factors=False,
            secret=b"between us",
            key_id=None,
        )


@pytest.fixture
async def publishers() -> AsyncIterator[tuple[Publisher, Publisher]]:
    one, other = Publisher(), Publisher()
    async with AsyncExitStack() as stack:
        for publisher in (one, other):
            publisher.issuer = await stack.enter_async_context(served(publisher))
        yield one, other


@pytest.fixture
def at() -> At:
    return At(Clock().now())


@pytest.fixture
def published(at: At) -> PublishedProviders:
    return PublishedProviders(Fetcher(largest=64 * 1024, allows_loopback=True), at)


async def test_a_provider_that_does_not_answer_holds_up_no_other(
    published: PublishedProviders, publishers: tuple[Publisher, Publisher]
) -> None:
    slow, quick = publishers
    quick.may_answer.set()
    waiting = asyncio.create_task(published.of(slow.registered))
    await slow.is_asked.wait()

    try:
        async with asyncio.timeout(5):
            found = await published.of(quick.registered)
        still_waits = not waiting.done()
    finally:
        slow.may_answer.set()

    assert still_waits
    assert found.metadata.token_endpoint == f"{quick.issuer}/token"
    assert (await waiting).metadata.token_endpoint == f"{slow.issuer}/token"


async def test_many_who_ask_at_once_ask_a_provider_once(
    published: PublishedProviders, publishers: tuple[Publisher, Publisher]
) -> None:
    publisher, provider = publishers[0], publishers[0].registered
    publisher.may_answer.set()

    found = await asyncio.gather(*(published.of(provider) for _ in range(5)))

    assert publisher.asked == 1
    assert all(one is found[0] for one in found)


async def test_a_provider_that_failed_is_asked_again_after_half_a_minute_and_not_before(
    published: PublishedProviders, publishers: tuple[Publisher, Publisher], at: At
) -> None:
    publisher, provider = publishers[0], publishers[0].registered
    publisher.may_answer.set()
    publisher.status = 503
    for _ in range(3):
        with pytest.raises(ProviderUnreachableError):
            await published.of(provider)
    asked = publisher.asked
    publisher.status = 200
    with pytest.raises(ProviderUnreachableError):
        await published.of(provider)
    await published.of(replace(provider, id=IdentityProviderId(uuid4())))
    at.instant += timedelta(seconds=30)

    found = await published.of(provider)

    assert (asked, publisher.asked) == (1, 3)
    assert publisher.key.key_id in found.keys


async def test_keys_that_are_kept_are_good_though_a_search_for_another_failed(
    published: PublishedProviders, publishers: tuple[Publisher, Publisher], at: At
) -> None:
    publisher, provider = publishers[0], publishers[0].registered
    publisher.may_answer.set()
    kept = await published.of(provider)
    at.instant += timedelta(seconds=60)
    publisher.status = 503
    for _ in range(2):
        with pytest.raises(ProviderUnreachableError):
            await published.of(provider, key_id="unknown")

    assert await published.of(provider) is kept
    assert publisher.asked == 2
