import asyncio
import json
from collections.abc import AsyncIterator
from time import monotonic
from typing import Any
from uuid import UUID

import httpx2
import pytest

from services.chassis.edge import ARRIVED_KEY, Edge, Receive, Scope, Send
from services.chassis.telemetry import Metrics

SECRET = "Jane-Roe-1980"


async def test_an_unforeseen_error_tells_the_caller_nothing_and_the_log_no_message(
    chassis: httpx2.AsyncClient, capfd: pytest.CaptureFixture[str]
) -> None:
    answer = await chassis.get("/broken")

    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert "Jane" not in answer.text
    assert "Jane" not in "".join(capfd.readouterr())


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"name": SECRET}, "/score"),
        ({"name": "x", "score": SECRET}, "/score"),
        ({"name": [SECRET], "score": 1}, "/name"),
        ({"name": f"{SECRET}\x00", "score": 1}, "/name"),
        ({"name": "x", "score": 1, "surname": SECRET}, "/surname"),
        ({"name": "x", "score": 1, SECRET: 1}, ""),
        ({"name": "x", "score": 1, f"{SECRET} asked": 1}, ""),
        ({"name": "x", "score": 1, "a" * 41: SECRET}, ""),
        ({"name": "x", "score": 1, "note/~": SECRET}, ""),
        ({"name": "x", "score": 1e999}, ""),
        (SECRET, ""),
        ([SECRET], ""),
    ],
)
async def test_a_refused_value_is_named_and_never_echoed(
    chassis: httpx2.AsyncClient, body: object, pointer: str
) -> None:
    answer = await chassis.post(
        "/notes", content=json.dumps(body).encode(), headers={"content-type": "application/json"}
    )

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == pointer
    assert SECRET not in answer.text


@pytest.mark.parametrize("body", [b"{", b'{"name": "\xff"}', b"[" * 100_000, b'{"name": "\\ud800", "score": 1}'])
async def test_what_is_not_json_is_refused_and_not_echoed(chassis: httpx2.AsyncClient, body: bytes) -> None:
    answer = await chassis.post("/notes", content=body, headers={"content-type": "application/json"})

    assert answer.status_code in (400, 422)
    assert answer.json()["status"] == answer.status_code


async def test_a_body_that_declares_too_much_is_refused_before_it_is_read(chassis: httpx2.AsyncClient) -> None:
    answer = await chassis.post("/notes", content=b"x" * (6 * 1024 * 1024 + 1))

    assert answer.status_code == 413


async def test_a_body_that_does_not_declare_its_size_is_counted(chassis: httpx2.AsyncClient) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(200):
            yield b"x" * 65536

    answer = await chassis.post("/notes", content=endless(), headers={"content-type": "application/json"})

    assert answer.status_code == 413
    assert answer.json()["type"] == "urn:eventide:problem:body-too-large"


async def test_a_compressed_body_is_refused(chassis: httpx2.AsyncClient) -> None:
    answer = await chassis.post("/notes", content=b"\x1f\x8b", headers={"content-encoding": "gzip"})

    assert answer.status_code == 415


async def test_a_request_ends_with_its_deadline(chassis: httpx2.AsyncClient) -> None:
    answer = await chassis.get("/slow", headers={"eventide-timeout-ms": "50"})

    assert answer.status_code == 504
    assert answer.json()["type"] == "urn:eventide:problem:deadline-exceeded"


async def test_the_time_of_a_request_that_was_in_hand_before_counts_from_then() -> None:
    async def slow(_scope: Scope, _receive: Receive, _send: Send) -> None:
        await asyncio.Event().wait()

    async def read() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def keep(message: Any) -> None:
        sent.append(message)

    sent: list[Any] = []
    metrics = Metrics()
    edge = Edge(slow, metrics=metrics, timeout_seconds=60, body_limit=0)
    scope = {"type": "http", "method": "GET", "path": "/slow", "headers": [], ARRIVED_KEY: monotonic() - 59.99}

    async with asyncio.timeout(30):
        await edge(scope, read, keep)

    assert sent[0]["status"] == 504
    told = metrics.registry.get_sample_value("eventide_request_duration_seconds_sum", {"operation_id": "none"})
    assert told is not None
    assert told >= 59.99


async def test_of_two_writes_that_block_each_other_one_is_saved_and_one_is_told_to_try_again(
    chassis: httpx2.AsyncClient,
) -> None:
    answers = await asyncio.gather(chassis.post("/meet/7001/7002"), chassis.post("/meet/7002/7001"))

    assert sorted(answer.status_code for answer in answers) == [200, 409]


async def test_answers_are_not_stored_by_caches(chassis: httpx2.AsyncClient) -> None:
    answer = await chassis.get("/keys")

    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_without_a_token_the_answer_says_how_to_authenticate(chassis: httpx2.AsyncClient) -> None:
    answer = await chassis.get("/keys", headers={"authorization": ""})

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == 'Bearer realm="eventide"'


async def test_each_answer_has_an_instance_of_its_own(chassis: httpx2.AsyncClient) -> None:
    instances = [(await chassis.get("/nothing")).json()["instance"] for _ in range(2)]

    assert len({UUID(instance.removeprefix("urn:uuid:")) for instance in instances}) == 2


async def test_unknown_paths_and_methods_are_problems_too(chassis: httpx2.AsyncClient) -> None:
    missing = await chassis.get("/nothing")
    wrong = await chassis.delete("/notes")

    assert (missing.status_code, missing.json()["type"]) == (404, "urn:eventide:problem:not-found")
    assert (wrong.status_code, wrong.headers["allow"]) == (405, "POST")


AMBIGUOUS = {
    "member twice": b'{"name": "a", "name": "Jane-Roe-1980", "score": 1}',
    "member twice, below": b'{"name": {"x": 1, "x": 2}, "score": 1}',
    "NaN": b'{"name": "x", "score": NaN}',
    "Infinity": b'{"name": "x", "score": -Infinity}',
    "5,000 digits": b'{"name": "x", "score": ' + b"9" * 5000 + b"}",
    "100,000 levels": b'{"name": ' + b"[" * 100_000 + b"]" * 100_000 + b', "score": 1}',
    "UTF-16": '{"name": "x", "score": 1}'.encode("utf-16"),
}


@pytest.mark.parametrize("body", AMBIGUOUS.values(), ids=AMBIGUOUS.keys())
async def test_71_json_that_two_readers_understand_differently_is_refused(
    chassis: httpx2.AsyncClient, body: bytes
) -> None:
    answer = await chassis.post("/notes", content=body, headers={"content-type": "application/json"})

    assert answer.status_code in (400, 422)
    assert answer.headers["content-type"] == "application/problem+json"
    assert SECRET not in answer.text
