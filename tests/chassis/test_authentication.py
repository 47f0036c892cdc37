import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from fastapi import FastAPI

from services.chassis.authentication import InternalAuthenticator, RemoteKeys
from services.chassis.errors import UpstreamUnavailableError
from services.chassis.http import HttpClient
from services.chassis.tokens import InvalidTokenError, KeyRing
from services.contracts.identity import Microservice, Principal, Role
from tests.support.serving import served
from tests.support.tokens import Tokens, new_key, principal


class Publisher:
    """A gateway that publishes keys and counts how often it is asked."""

    def __init__(self, keys: KeyRing) -> None:
        self.asked = 0
        self.keys = keys
        self.app = FastAPI()
        self.app.get("/.well-known/jwks.json")(self._key_set)

    async def _key_set(self) -> dict[str, object]:
        self.asked += 1
        return dict(self.keys.key_set)


@pytest.fixture
async def http() -> AsyncIterator[HttpClient]:
    client = HttpClient(timeout_seconds=5)
    yield client
    await client.close()


def authenticator(tokens: Tokens, http: HttpClient, url: str) -> InternalAuthenticator:
    return InternalAuthenticator(tokens.verifier(Microservice.RECORDS), RemoteKeys(http, url), tokens.clock)


async def test_many_requests_after_a_start_share_one_fetch_of_the_keys(tokens: Tokens, http: HttpClient) -> None:
    publisher = Publisher(tokens.keys)
    callers = [principal(Role.FRONT_DESK, organization=uuid4()) for _ in range(8)]

    async with served(publisher.app) as url:
        at_once = authenticator(tokens, http, url)
        verified = await asyncio.gather(
            *(at_once.authenticate(tokens.internal(caller, Microservice.RECORDS)) for caller in callers)
        )

    assert [one.account_id for one in verified] == [caller.account_id for caller in callers]
    assert publisher.asked == 1


async def test_a_stranger_s_key_does_not_make_us_ask_again_and_again(tokens: Tokens, http: HttpClient) -> None:
    publisher = Publisher(tokens.keys)
    stranger = Tokens(KeyRing((new_key(),)), tokens.clock)
    forged = stranger.internal(principal(Role.FRONT_DESK, organization=uuid4()), Microservice.RECORDS)

    async with served(publisher.app) as url:
        hardened = authenticator(tokens, http, url)
        for _ in range(5):
            with pytest.raises(InvalidTokenError):
                await hardened.authenticate(forged)

    assert publisher.asked == 1


async def test_a_gateway_that_is_away_is_a_problem_of_ours_and_not_of_the_token(
    tokens: Tokens, http: HttpClient
) -> None:
    token = tokens.internal(principal(Role.FRONT_DESK, organization=uuid4()), Microservice.RECORDS)

    with pytest.raises(UpstreamUnavailableError):
        await authenticator(tokens, http, "http://127.0.0.1:9").authenticate(token)


async def test_a_token_verified_before_needs_no_key(tokens: Tokens, http: HttpClient) -> None:
    publisher = Publisher(tokens.keys)
    caller: Principal = principal(Role.NURSE, organization=uuid4())
    token = tokens.internal(caller, Microservice.RECORDS)
    async with served(publisher.app) as url:
        remembering = authenticator(tokens, http, url)
        first = await remembering.authenticate(token)

    assert await remembering.authenticate(token) == first
