"""The same decision for the engines that carry the bytes themselves (gateway checklist 67 to 70)."""

import asyncio
from typing import Any, NamedTuple
from urllib.parse import unquote

import orjson
import pytest

from services.chassis.edge import Scope
from services.contracts.identity import Microservice
from services.gateway.proxy.engines import Engine
from services.policy.routes import ROUTES
from tests.gateway.proxy.corpus import FRAMING, Asked, Fields, as_engine


class Heard(NamedTuple):
    """What the application answered."""

    status: int
    headers: dict[str, str]
    body: bytes


async def call(app: Any, method: str, target: str, headers: Fields, *, peer: str = "127.0.0.1") -> Heard:
    raw_path, _, query = target.partition("?")
    scope: Scope = {
        "type": "http", "http_version": "1.1", "asgi": {"version": "3.0"}, "method": method, "scheme": "http",
        "path": unquote(raw_path), "raw_path": raw_path.encode("latin-1"), "query_string": query.encode("latin-1"),
        "headers": headers, "client": (peer, 4711), "server": ("127.0.0.1", 80), "root_path": "", "state": {},
    }  # fmt: skip
    messages: list[Any] = []
    read = False

    async def receive() -> Any:
        nonlocal read
        if read:
            return await never()
        read = True
        return {"type": "http.request", "body": b"", "more_body": False}

    async def collect(message: Any) -> None:
        messages.append(message)

    await app(scope, receive, collect)
    body = b"".join(message.get("body", b"") for message in messages[1:])
    fields = {name.decode().lower(): value.decode("latin-1") for name, value in messages[0]["headers"]}
    return Heard(messages[0]["status"], fields, body)


async def never() -> Any:
    await asyncio.Event().wait()


@pytest.mark.parametrize("engine", list(Engine))
async def test_an_engine_is_told_what_the_same_request_meets_here(
    trusting_app: Any, corpus: list[Asked], engine: Engine
) -> None:
    assert len(corpus) > 150
    differing, permitted = [], 0
    for asked in corpus:
        if asked.name.removeprefix("head: ") in FRAMING and not is_told(engine, asked):
            continue
        if engine is Engine.ENVOY and asked.target[0] != "/":
            continue  # Envoy refuses it itself: there is no path to put the question at
        here = await call(trusting_app, asked.method, asked.target, [(b"host", asked.host.encode()), *asked.headers])
        told = await call(trusting_app, *as_engine(engine, asked))
        assertion = dict(orjson.loads(here.body)["headers"]).get("authorization") if here.status == 200 else None
        permitted += here.status == 200
        status = int(told.headers.get("x-gw-status", told.status))
        if told.headers.get("x-gw-service") == Microservice.GATEWAY:
            assert "/events" in asked.target
            assertion = None  # a stream comes here, with the caller's own token
        if (here.status, assertion) != (status, told.headers.get("x-gw-assertion")):
            differing.append((asked.name, here.status, status))

    assert differing == []
    assert permitted > 30


def is_told(engine: Engine, asked: Asked) -> bool:
    """Tell whether an engine can say in its question how a body is framed: Traefik cannot, Envoy only its length."""
    is_coded = any(name == "Transfer-Encoding" for name, _ in asked.fields)
    return engine is Engine.NGINX or (engine is Engine.ENVOY and not is_coded)


@pytest.mark.parametrize("engine", list(Engine))
async def test_by_default_nobody_may_ask(gateway_app: Any, corpus: list[Asked], engine: Engine) -> None:
    assert (await call(gateway_app, *as_engine(engine, corpus[0]))).status in (404, 400)


@pytest.mark.parametrize("peer", ["192.0.2.1", "::1", "not an address", "128.0.0.1"])
async def test_whom_the_operator_did_not_name_may_not_ask(trusting_app: Any, corpus: list[Asked], peer: str) -> None:
    _, target, fields = as_engine(Engine.NGINX, corpus[0])

    answer = await call(trusting_app, "GET", target, [*fields, (b"x-forwarded-for", b"127.0.0.1")], peer=peer)

    assert "x-gw-assertion" not in answer.headers
    assert answer.status == 400  # it asks for the engine's name of this gateway, which is no name of ours


@pytest.mark.parametrize("name", ["x-original-method", "x-original-uri", "x-original-host", "x-original-client"])
@pytest.mark.parametrize("is_twice", [True, False])
async def test_what_an_engine_says_twice_or_not_at_all_is_refused(
    trusting_app: Any, corpus: list[Asked], name: str, *, is_twice: bool
) -> None:
    permitted = next(one for one in corpus if one.name == "query")
    _, target, fields = as_engine(Engine.NGINX, permitted)
    told = [value for field, value in fields if field == name.encode()]
    changed = [*fields, (name.encode(), told[0])] if is_twice else [one for one in fields if one[0] != name.encode()]

    answer = await call(trusting_app, "GET", target, changed)

    assert (answer.status, answer.headers["x-gw-status"]) == (403, "400")
    assert "x-gw-assertion" not in answer.headers


async def test_only_a_read_with_a_token_may_be_remembered_by_an_engine(trusting_app: Any, corpus: list[Asked]) -> None:
    read = next(one for one in corpus if one.name == "query")
    public = Asked("public", "POST", "/v1/offered_times:look")
    heard = {
        name: (await call(trusting_app, *as_engine(Engine.NGINX, one))).headers
        for name, one in (("read", read), ("write", read._replace(method="POST")), ("public", public))
    }

    assert {name: fields["x-decision-cache"] for name, fields in heard.items()} == {
        "read": "private", "write": "no", "public": "no",
    }  # fmt: skip
    assert (heard["public"]["x-gw-service"], "x-gw-assertion" in heard["public"]) == ("scheduler", False)
    assert {fields["cache-control"] for fields in heard.values()} == {"no-store"}


async def test_an_engine_s_caller_is_counted_by_the_address_that_the_engine_saw(trusting_app: Any) -> None:
    route = next(route for route in ROUTES if route.calls_per_minute and route.service is not Microservice.GATEWAY)
    asked = Asked("limited", route.method, route.path)

    async def ask(written: str, seen: str) -> int:
        _, target, fields = as_engine(Engine.TRAEFIK, asked)
        others = [field for field in fields if field[0] != b"x-forwarded-for"]
        client = f"{written}, {seen}".encode()
        return (await call(trusting_app, "GET", target, [*others, (b"x-forwarded-for", client)])).status

    most = route.calls_per_minute or 0
    mine = [await ask(f"198.51.100.{number}", "192.0.2.7") for number in range(most + 1)]
    theirs = await ask("192.0.2.7", "192.0.2.8")

    assert mine == [200] * most + [429]
    assert theirs == 200


async def test_what_is_for_the_gateway_itself_is_counted_when_it_comes_and_not_when_it_is_asked_about(
    trusting_app: Any,
) -> None:
    route = next(route for route in ROUTES if route.calls_per_minute and route.service is Microservice.GATEWAY)
    question = as_engine(Engine.NGINX, Asked("limited", route.method, route.path))

    answers = [(await call(trusting_app, *question)).status for _ in range((route.calls_per_minute or 0) + 1)]

    assert set(answers) == {200}
