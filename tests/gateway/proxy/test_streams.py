"""Streams of events through the gateway: more time than other answers, and from where the caller left off."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any
from uuid import UUID

import httpx2
import pytest
from jose import jwt

from services.chassis.clock import Clock
from services.chassis.edge import Receive, Scope, Send
from services.chassis.errors import TokenNotTakenError
from services.contracts.identity import Role
from services.gateway.ended import EndedTokens
from services.gateway.proxy.streams import Listener, Streams
from tests.gateway.conftest import GatewayFactory, Upstream
from tests.support.tokens import Tokens, principal

Listen = Callable[[str], AbstractAsyncContextManager[AsyncIterator[bytes]]]

EVENT = b"event: progress\n\n"
STREAM = "/v1/solves/00000000-0000-7000-8000-000000000001/events"


@pytest.mark.parametrize(
    ("path", "sent", "longest"),
    [
        ("/v1/solves/018f0000-0000-7000-8000-000000000000", None, 30_000),
        (STREAM, None, 900_000),
        (STREAM, "5000", 5_000),
        (STREAM, "999999999", 900_000),
    ],
)
async def test_a_stream_has_the_time_that_the_policy_gives_it(
    gateway: GatewayFactory, path: str, sent: str | None, longest: int
) -> None:
    heard = await gateway(Role.FRONT_DESK).get(path, headers={} if sent is None else {"eventide-timeout-ms": sent})

    left = int(dict(heard.json()["headers"])["eventide-timeout-ms"])
    assert longest / 2 < left <= longest


async def test_the_service_hears_which_event_was_the_last(gateway: GatewayFactory) -> None:
    heard = await gateway(Role.FRONT_DESK).get(STREAM, headers={"last-event-id": "1-2-250"})

    assert dict(heard.json()["headers"])["last-event-id"] == "1-2-250"


async def test_a_proxy_in_front_is_told_not_to_hold_events_back(gateway: GatewayFactory, upstream: Upstream) -> None:
    async def stream(_scope: Scope, _receive: Receive, send: Send) -> None:
        headers = [(b"content-type", b"text/event-stream"), (b"x-accel-buffering", b"no")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"event: done\n\n", "more_body": False})

    upstream.answer = stream

    answer = await gateway(Role.FRONT_DESK).get(STREAM)

    assert (answer.headers["x-accel-buffering"], answer.headers["cache-control"]) == ("no", "no-store")


@pytest.fixture
async def listening(gateway_url: str, upstream: Upstream) -> "Listen":
    """Hears a stream that has told one event and has no more to tell."""

    async def stream(_scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"content-type", b"text/event-stream")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": EVENT, "more_body": True})
        while (await receive())["type"] != "http.disconnect":
            pass

    upstream.answer = stream

    @asynccontextmanager
    async def listen(token: str) -> AsyncIterator[AsyncIterator[bytes]]:
        headers = {"authorization": f"Bearer {token}"}
        async with (
            httpx2.AsyncClient(base_url=gateway_url, headers=headers) as client,
            client.stream("GET", STREAM) as answer,
        ):
            assert answer.status_code == 200
            pieces = answer.aiter_bytes()
            assert await anext(pieces) == EVENT
            yield pieces

    return listen


async def rest(pieces: AsyncIterator[bytes], *, seconds: float = 20) -> list[bytes]:
    async with asyncio.timeout(seconds):
        return [piece async for piece in pieces]


async def test_a_stream_ends_when_its_listener_s_access_does(
    gateway_app: Any, tokens: Tokens, listening: Listen, organization_id: UUID
) -> None:
    ended: EndedTokens = gateway_app.state.equipment.ended
    mine, other = (tokens.access(principal(Role.FRONT_DESK, organization=organization_id)) for _ in range(2))

    async with listening(mine) as pieces, listening(other) as others:
        ended.replace([jwt.get_unverified_claims(mine)["jti"]])

        assert await rest(pieces) == []
        with pytest.raises(TimeoutError):
            await rest(others, seconds=0.1)


async def test_a_stream_ends_when_its_listener_s_token_is_over(clock: Clock, organization_id: UUID) -> None:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def answer(begin: Send) -> None:
        await begin({"type": "http.response.start", "status": 200, "headers": []})
        await asyncio.Event().wait()

    caller = principal(Role.FRONT_DESK, organization=organization_id)
    streams = Streams(EndedTokens(), clock)

    await streams.relay(Listener(caller, clock.now().timestamp() + 0.01), answer, send)

    assert [message["type"] for message in sent] == ["http.response.start", "http.response.body"]
    assert not sent[-1]["more_body"]


async def test_who_is_shut_out_between_the_decision_and_the_answer_hears_nothing(
    clock: Clock, organization_id: UUID
) -> None:
    caller, ended = principal(Role.FRONT_DESK, organization=organization_id), EndedTokens()
    ended.add([caller.token_id])

    async def answer(_begin: Send) -> None:
        await asyncio.Event().wait()

    async def send(_message: Any) -> None:
        pytest.fail("something was sent")

    with pytest.raises(TokenNotTakenError):
        await Streams(ended, clock).relay(Listener(caller, clock.now().timestamp() + 900), answer, send)
