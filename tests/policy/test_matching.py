import re

import pytest

from services.policy.matching import routes_at
from services.policy.route import Route
from services.policy.routes import ROUTES

UUID = "018f0000-0000-7000-8000-000000000000"


def _concrete(route: Route) -> str:
    return re.sub(r"\{[a-z_]+\}", UUID, route.path)


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.operation_id)
def test_every_route_is_found_at_its_own_path(route: Route) -> None:
    assert routes_at(_concrete(route))[route.method] is route


def test_no_two_routes_share_a_place_or_a_name() -> None:
    assert len({(route.method, _concrete(route)) for route in ROUTES}) == len(ROUTES)
    assert len({route.operation_id for route in ROUTES}) == len(ROUTES)


@pytest.mark.parametrize(
    "path",
    [
        "/", "/v1", "/v2/patients", "/v1/patients/x/y", "/v1/solves/x:destroy", "/v1/solves/:cancel",
        "/v1/solves:cancel", f"/v1/solves/{UUID}:cancel:cancel", "/V1/patients", "/v1/Patients", "/v1/patients:x",
        "/v1/internal_tokens", "/v1/{patient_id}", "/.well-known", "//v1/patients",
    ],
)  # fmt: skip
def test_what_is_no_route_is_not_found(path: str) -> None:
    assert not routes_at(path)


def test_a_verb_is_not_taken_for_an_identifier() -> None:
    assert set(routes_at("/v1/solves/x")) == {"GET"}
    assert set(routes_at("/v1/solves/x:cancel")) == {"POST"}
    assert routes_at("/v1/solves/x:cancel")["POST"].operation_id == "cancel_solve"
