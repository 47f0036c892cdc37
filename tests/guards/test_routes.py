"""Every route is guarded and known to the policy, and nothing reaches a database except in the function's scope."""

import inspect
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from fastapi.dependencies.models import Dependant
from fastapi.params import Form
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute

from services.chassis.idempotency import IdempotentRoute
from services.chassis.json_body import StrictJsonRoute
from services.chassis.wiring import authorized_caller, caller_of, trail_of
from services.contracts.identity import Microservice
from services.gateway.main import build as build_gateway
from services.policy.routes import BY_OPERATION, ROUTES
from services.records.main import build as build_records
from services.scheduler.main import build as build_scheduler
from tests.support.serving import nothing_to_open

# Asked by the supervisor and by monitoring on the service's own port; the gateway does not forward them.
UNGUARDED = {"livez", "readyz", "metrics"}

# What raises, where nobody was let in yet: the caller of a request, its trail, and so the gate before every row.
ASKING = frozenset({caller_of.__name__, trail_of.__name__})

APPS = {
    Microservice.GATEWAY: build_gateway(nothing_to_open),
    Microservice.RECORDS: build_records(nothing_to_open),
    Microservice.SCHEDULER: build_scheduler(nothing_to_open),
}


def routes_of(routes: Sequence[BaseRoute]) -> Iterator[APIRoute]:
    for route in routes:
        # An included router keeps its own routes; ours are included as they are, without prefix or dependency.
        included = getattr(route, "original_router", None)
        if included is not None:
            yield from routes_of(included.routes)
        elif isinstance(route, APIRoute):
            yield route


def dependencies_of(dependant: Dependant) -> Iterator[Dependant]:
    for dependency in dependant.dependencies:
        yield dependency
        yield from dependencies_of(dependency)


def calls_in_order(dependant: Dependant) -> Iterator[Any]:
    """Yield what is called for a request, as the framework does: what something depends on before it."""
    for dependency in dependant.dependencies:
        yield from calls_in_order(dependency)
        yield dependency.call


def asks_who_was_let_in(call: Any) -> bool:
    return not ASKING.isdisjoint(getattr(getattr(call, "__code__", None), "co_names", ()))


ALL = [(service, route) for service, app in APPS.items() for route in routes_of(app.routes)]
GUARDED = [(s, r) for s, r in ALL if r.operation_id not in UNGUARDED]


def test_the_policy_lists_exactly_the_routes_that_exist() -> None:
    exist = {
        (service, route.operation_id, method, route.path)
        for service, route in GUARDED
        for method in route.methods or ()
    }

    assert exist == {(route.service, route.operation_id, route.method, route.path) for route in ROUTES}


@pytest.mark.parametrize(("service", "route"), GUARDED, ids=lambda value: getattr(value, "operation_id", str(value)))
def test_a_route_depends_on_the_authorized_caller_or_is_public_by_policy(
    service: Microservice, route: APIRoute
) -> None:
    calls = [dependency.call for dependency in dependencies_of(route.dependant)]
    policy = BY_OPERATION[route.operation_id or ""]

    assert policy.service is service
    assert (authorized_caller in calls) is not policy.public


@pytest.mark.parametrize(("_service", "route"), GUARDED, ids=lambda value: getattr(value, "operation_id", str(value)))
def test_the_caller_is_let_in_before_anything_asks_who_was(_service: Microservice, route: APIRoute) -> None:
    calls = list(calls_in_order(route.dependant))
    asking = [place for place, call in enumerate(calls) if asks_who_was_let_in(call)]

    assert not asking or calls.index(authorized_caller) <= asking[0]


def test_every_gate_asks_who_was_let_in() -> None:
    asking = {
        call.__name__ for _, route in GUARDED for call in calls_in_order(route.dependant) if asks_who_was_let_in(call)
    }

    assert {"_gate", "_read", "_unit_of_work"} <= asking


@pytest.mark.parametrize(("_service", "route"), ALL, ids=lambda value: getattr(value, "operation_id", str(value)))
def test_what_a_route_opens_is_closed_before_the_answer_leaves(_service: Microservice, route: APIRoute) -> None:
    opened = [
        dependency
        for dependency in dependencies_of(route.dependant)
        if inspect.isasyncgenfunction(dependency.call) or inspect.isgeneratorfunction(dependency.call)
    ]

    assert all(dependency.scope == "function" for dependency in opened)


@pytest.mark.parametrize(("_service", "route"), ALL, ids=lambda value: getattr(value, "operation_id", str(value)))
def test_nothing_a_route_depends_on_is_sent_to_a_thread(_service: Microservice, route: APIRoute) -> None:
    calls = [dependency.call for dependency in dependencies_of(route.dependant) if inspect.isfunction(dependency.call)]

    assert all(inspect.iscoroutinefunction(call) or inspect.isasyncgenfunction(call) for call in calls)


@pytest.mark.parametrize(("_service", "route"), GUARDED, ids=lambda value: getattr(value, "operation_id", str(value)))
def test_a_post_can_be_retried_with_its_key(_service: Microservice, route: APIRoute) -> None:
    if "POST" in (route.methods or ()) and not BY_OPERATION[route.operation_id or ""].services:
        assert isinstance(route, IdempotentRoute) or BY_OPERATION[route.operation_id or ""].public


@pytest.mark.parametrize(("_service", "route"), ALL, ids=lambda value: getattr(value, "operation_id", str(value)))
def test_a_body_is_read_by_the_strict_reader(_service: Microservice, route: APIRoute) -> None:
    takes_json = route.body_field is not None and not isinstance(route.body_field.field_info, Form)

    assert not takes_json or isinstance(route, StrictJsonRoute)


def test_operation_ids_are_unique() -> None:
    names = [route.operation_id for _, route in GUARDED]

    assert len(names) == len(set(names))
