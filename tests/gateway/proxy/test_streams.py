"""Streams of events through the gateway: more time than other answers, and from where the caller left off."""

import pytest

from services.chassis.edge import Receive, Scope, Send
from services.contracts.identity import Role
from tests.gateway.conftest import GatewayFactory, Upstream

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
