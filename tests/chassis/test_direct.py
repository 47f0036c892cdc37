"""Which requests take the direct way, and that it leads where the framework's would; nothing leaves it too early."""

import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Annotated, Any
from uuid import uuid4

import httpx2
import pytest
from fastapi import APIRouter, Cookie, Depends, FastAPI, Response
from fastapi.routing import APIRoute
from starlette.responses import PlainTextResponse
from starlette.routing import BaseRoute, Match

from services.chassis.app import create_app
from services.chassis.clock import Clock
from services.chassis.database import OpenDatabase
from services.chassis.direct import DirectReads
from services.chassis.idempotency import IdempotentRoute
from services.chassis.wiring import Db, Process, Reading
from services.contracts.identity import Microservice, Role
from services.gateway.main import build as build_gateway
from services.operator.postgres.provision import DatabaseUrls
from services.policy.route import Route
from services.policy.routes import ROUTES
from services.records.main import build as build_records
from services.scheduler.main import build as build_scheduler
from tests.chassis.conftest import FAILS_AT_COMMIT
from tests.support.serving import call_in_process, nothing_to_open
from tests.support.tokens import LocalAuthenticator, Tokens, principal

APPS = {
    Microservice.GATEWAY: build_gateway(nothing_to_open),
    Microservice.RECORDS: build_records(nothing_to_open),
    Microservice.SCHEDULER: build_scheduler(nothing_to_open),
}
# Streams, a calendar and a picture are no model, and what a family may be told is written down as it is read.
FRAMEWORKS_OWN = {
    "stream_solve_batch_events", "stream_solve_events", "read_feed", "draw_horizon", "read_family_permissions",
    "list_family_participations", "list_related_person_accounts", "list_own_related_persons",
    "read_record_as_related_person", "list_family_sessions_as_related_person", "list_programme_closings",
    "read_programme_closing", "list_dispositions",
}  # fmt: skip
UUID = "018f0000-0000-7000-8000-000000000000"
SERVED = [route for route in ROUTES if route.service in APPS and route.method == "GET"]

router = APIRouter()


# The paths and the operation ids are those of real routes, because the policy knows no others.
@router.get("/v1/patients", operation_id="list_patients")
async def doomed(read: Reading) -> dict[str, str]:
    await read.connection.execute(FAILS_AT_COMMIT)
    return {"status": "read"}


class _OwnRoute(APIRoute):
    """A route that may do anything around its endpoint."""


async def _answer() -> dict[str, str]:
    return {"status": "read"}


async def _answer_in_a_unit_of_work(_db: Db) -> dict[str, str]:
    return {"status": "read"}


def _in_a_thread() -> str:
    return "read"


async def _answer_from_a_thread(status: Annotated[str, Depends(_in_a_thread)]) -> dict[str, str]:
    return {"status": status}


async def _answer_created(response: Response) -> dict[str, str]:
    response.status_code = 201
    return {"status": "read"}


async def _answer_with_nothing(response: Response) -> dict[str, str]:
    response.status_code = 204
    return {"status": "read"}


async def _answer_with_a_cookie(_crumb: Annotated[str, Cookie()]) -> dict[str, str]:
    return {"status": "read"}


async def nobody(_scope: object, _receive: object, _send: object) -> None:
    raise AssertionError


def routes_in_order(app: FastAPI) -> Sequence[BaseRoute]:
    layers: Sequence[Any] = app.user_middleware
    (routes,) = (layer.kwargs["routes"] for layer in layers if layer.cls is DirectReads)
    ours: Sequence[BaseRoute] = routes
    return ours


@pytest.fixture
async def caller(records_urls: DatabaseUrls, tokens: Tokens, clock: Clock) -> AsyncIterator[httpx2.AsyncClient]:
    app = create_app(Microservice.RECORDS, [router], lifespan=nothing_to_open)
    # The owner may make temporary tables.
    opened = OpenDatabase(records_urls.owner, pool_size=2)
    app.state.process = Process(clock, await opened.open(), LocalAuthenticator(tokens, Microservice.RECORDS))
    token = tokens.internal(principal(Role.PROGRAMME_DIRECTOR, organization=uuid4()), Microservice.RECORDS)
    async with call_in_process(app, headers={"authorization": f"Bearer {token}"}) as client:
        yield client
    await opened.close()


# What the gateway answers itself it reads in units of work, and as pages.
@pytest.mark.parametrize("service", [Microservice.RECORDS, Microservice.SCHEDULER])
def test_every_read_but_these_is_answered_the_direct_way(service: Microservice) -> None:
    direct = DirectReads(nobody, routes=routes_in_order(APPS[service]))
    gets = {route.operation_id for route in SERVED if route.service is service}

    assert {name for name in gets if direct.read(name) is None} == FRAMEWORKS_OWN & gets


@pytest.mark.parametrize("route", SERVED, ids=lambda route: route.operation_id)
def test_the_framework_would_have_gone_to_the_same_route(route: Route) -> None:
    path = re.sub(r"\{[a-z_]+\}", UUID, route.path)
    scope = {"type": "http", "method": "GET", "path": path, "root_path": "", "headers": []}

    first = next(one for one in routes_in_order(APPS[route.service]) if one.matches(scope)[0] is Match.FULL)

    assert isinstance(first, APIRoute)
    assert first.operation_id == route.operation_id


@pytest.mark.parametrize(
    ("endpoint", "kind", "told"),
    [
        (_answer, _OwnRoute, {}),
        (_answer, APIRoute, {"response_class": PlainTextResponse}),
        (_answer, APIRoute, {"response_model": None}),
        (_answer, APIRoute, {"response_model_exclude_none": True}),
        (_answer, APIRoute, {"methods": ["GET", "POST"]}),
        (_answer_in_a_unit_of_work, IdempotentRoute, {}),
        (_answer_with_a_cookie, APIRoute, {}),
        (_answer_from_a_thread, APIRoute, {}),
    ],
)
def test_what_the_direct_way_does_not_know_goes_the_framework_s(
    endpoint: Callable[..., Any], kind: type[APIRoute], told: Mapping[str, Any]
) -> None:
    known = APIRoute("/v1/patients", _answer, operation_id="list_patients", methods=["GET"])
    unknown = kind("/v1/patients", endpoint, operation_id="list_patients", **{"methods": ["GET"], **told})

    assert DirectReads(nobody, routes=[known]).read("list_patients") is not None
    assert DirectReads(nobody, routes=[unknown]).read("list_patients") is None


@pytest.mark.parametrize(
    ("endpoint", "told", "is_direct"),
    [
        (_answer, {}, True),
        (_answer, {"status_code": 202}, True),
        (_answer_created, {"status_code": 202}, True),
        (_answer_with_nothing, {}, True),
        (_answer_from_a_thread, {}, False),
    ],
)
async def test_the_direct_way_answers_as_the_framework_does(
    endpoint: Callable[..., Any], told: Mapping[str, Any], *, is_direct: bool
) -> None:
    app = FastAPI()
    app.add_api_route("/v1/patients", endpoint, operation_id="list_patients", methods=["GET"], **told)
    direct = DirectReads(app, routes=app.routes)
    answers = []
    for served in (app, direct):
        async with call_in_process(served) as client:
            answer = await client.get("/v1/patients")
        answers.append((answer.status_code, answer.content, dict(answer.headers)))

    assert (direct.read("list_patients") is not None) is is_direct
    assert answers[1] == answers[0]


@pytest.mark.parametrize("service", sorted(APPS))
def test_nothing_stands_within_the_direct_way_that_it_would_pass_by(service: Microservice) -> None:
    layers: Sequence[Any] = APPS[service].user_middleware

    assert [layer.cls for layer in layers].index(DirectReads) == len(layers) - 1


async def test_a_commit_that_fails_is_never_answered_as_read(caller: httpx2.AsyncClient) -> None:
    answer = await caller.get("/v1/patients")

    assert answer.status_code == 500
    assert answer.json()["type"] == "urn:eventide:problem:internal-error"
