"""Keys that applications publish are read from their servers, and no server holds up more than its own application."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import uuid4

import pytest
from starlette.types import Receive, Scope, Send

from services.chassis.clock import Clock
from services.chassis.fetching import Fetcher
from services.contracts.gateway.oauth_clients import OauthClient, OauthClientKind, OauthGrantType
from services.contracts.identifiers import OauthClientId, OrganizationId
from services.gateway.oauth_clients.keys import ClientKeys
from services.operator.drill.checklist.probes.signing import Key
from tests.gateway.conftest import answer_json
from tests.support.serving import served

KEY = Key()
PLACES = 4
HOUSE = OrganizationId(uuid4())


@dataclass
class Publisher:
    """Publishes a key set when it may."""

    url: str = ""
    asked: int = 0
    is_full: asyncio.Event = field(default_factory=asyncio.Event)
    may_answer: asyncio.Event = field(default_factory=asyncio.Event)
    is_asked: asyncio.Event = field(default_factory=asyncio.Event)
    fails_first: bool = False
    """Whether only the first is held up, and fails then."""

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        self.asked += 1
        self.is_asked.set()
        if self.asked == PLACES:
            self.is_full.set()
        is_first = self.asked == 1
        if is_first or not self.fails_first:
            await self.may_answer.wait()
        await answer_json(send, {"keys": [KEY.jwk]}, status=503 if is_first and self.fails_first else 200)

    def application(
        self, clock: Clock, *, is_confirmed: bool, organization: OrganizationId | None = None
    ) -> OauthClient:
        now = clock.now()
        return OauthClient(
            id=OauthClientId(uuid4()),
            organization_id=organization or OrganizationId(uuid4()),
            name="Viewer",
            kind=OauthClientKind.CONFIDENTIAL,
            grant_types=[OauthGrantType.CLIENT_CREDENTIALS],
            redirect_uris=[],
            scopes=["system/*.rs"],
            jwks=None,
            jwks_uri=f"{self.url}/jwks.json",
            dpop_bound_access_tokens=False,
            created_at=now,
            expires_at=None if is_confirmed else now + timedelta(days=7),
            disabled_at=None,
            version=1,
        )


def hanging(slow: Publisher, clock: Clock, count: int) -> list[OauthClient]:
    """Applications of one organization that nobody has confirmed."""
    return [slow.application(clock, is_confirmed=False, organization=HOUSE) for _ in range(count)]


@pytest.fixture
async def publishers() -> AsyncIterator[tuple[Publisher, Publisher]]:
    slow, quick = Publisher(), Publisher()
    quick.may_answer.set()
    async with AsyncExitStack() as stack:
        for publisher in (slow, quick):
            publisher.url = await stack.enter_async_context(served(publisher))
        yield slow, quick


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def keys(clock: Clock) -> ClientKeys:
    return ClientKeys(Fetcher(largest=64 * 1024, allows_loopback=True), clock)


async def test_a_server_that_does_not_answer_holds_up_no_other_application(
    keys: ClientKeys, publishers: tuple[Publisher, Publisher], clock: Clock
) -> None:
    slow, quick = publishers
    waiting = [
        asyncio.create_task(keys.of(slow.application(clock, is_confirmed=True), KEY.key_id)) for _ in range(PLACES)
    ]
    await slow.is_full.wait()

    try:
        found = [
            await keys.of(quick.application(clock, is_confirmed=is_confirmed), KEY.key_id)
            for is_confirmed in (True, False)
        ]
        still_wait = not any(one.done() for one in waiting)
    finally:
        slow.may_answer.set()

    assert still_wait
    assert all(KEY.key_id in one for one in [*found, *await asyncio.gather(*waiting)])


async def test_of_applications_that_nobody_has_confirmed_few_are_read_at_once_and_no_other_waits_for_them(
    keys: ClientKeys, publishers: tuple[Publisher, Publisher], clock: Clock
) -> None:
    slow, quick = publishers
    waiting = [asyncio.create_task(keys.of(one, KEY.key_id)) for one in hanging(slow, clock, 3 * PLACES)]
    await slow.is_full.wait()

    try:
        found = await keys.of(quick.application(clock, is_confirmed=True, organization=HOUSE), KEY.key_id)
        asked = slow.asked
        still_wait = not any(one.done() for one in waiting)
    finally:
        slow.may_answer.set()

    assert (asked, still_wait) == (PLACES, True)
    assert all(KEY.key_id in one for one in [found, *await asyncio.gather(*waiting)])
    assert slow.asked == len(waiting)


async def test_however_many_of_one_organization_hang_those_of_another_that_nobody_has_confirmed_are_read(
    keys: ClientKeys, publishers: tuple[Publisher, Publisher], clock: Clock
) -> None:
    slow, quick = publishers
    waiting = [asyncio.create_task(keys.of(one, KEY.key_id)) for one in hanging(slow, clock, 3 * PLACES)]
    await slow.is_full.wait()

    try:
        found = await keys.of(quick.application(clock, is_confirmed=False), KEY.key_id)
        still_wait = not any(one.done() for one in waiting)
    finally:
        slow.may_answer.set()

    assert still_wait
    assert all(KEY.key_id in one for one in [found, *await asyncio.gather(*waiting)])


async def test_who_is_confirmed_while_a_request_of_its_own_waits_for_a_place_does_not_wait_behind_it(
    keys: ClientKeys, publishers: tuple[Publisher, Publisher], clock: Clock
) -> None:
    slow, quick = publishers
    application = quick.application(clock, is_confirmed=False, organization=HOUSE)
    waiting = [asyncio.create_task(keys.of(one, KEY.key_id)) for one in [*hanging(slow, clock, PLACES), application]]
    await slow.is_full.wait()

    try:
        found = await keys.of(application.model_copy(update={"expires_at": None}), KEY.key_id)
        still_wait = not any(one.done() for one in waiting)
    finally:
        slow.may_answer.set()

    assert still_wait
    assert all(KEY.key_id in one for one in [found, *await asyncio.gather(*waiting)])


async def test_a_read_that_fails_takes_nothing_from_what_was_read_meanwhile(
    keys: ClientKeys, publishers: tuple[Publisher, Publisher], clock: Clock
) -> None:
    slow, _ = publishers
    application = slow.application(clock, is_confirmed=False)
    confirmed = application.model_copy(update={"expires_at": None})
    slow.fails_first = True
    failing = asyncio.create_task(keys.of(application, KEY.key_id))
    await slow.is_asked.wait()

    found = await keys.of(confirmed, KEY.key_id)
    slow.may_answer.set()
    await failing

    assert all(KEY.key_id in one for one in (found, await keys.of(confirmed, KEY.key_id)))


async def test_many_assertions_of_one_application_ask_its_server_once(
    keys: ClientKeys, publishers: tuple[Publisher, Publisher], clock: Clock
) -> None:
    _, quick = publishers
    application = quick.application(clock, is_confirmed=True)

    found = await asyncio.gather(*(keys.of(application, KEY.key_id) for _ in range(5)))

    assert quick.asked == 1
    assert all(KEY.key_id in one for one in found)
