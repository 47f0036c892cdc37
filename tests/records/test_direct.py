"""A read answered the direct way is what the framework answers to the same request: status, headers and bytes."""

from collections.abc import AsyncIterator, Mapping
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from fastapi import FastAPI

from services.chassis.direct import DirectReads
from services.contracts.identity import Role
from services.records.main import build
from tests.conftest import ClientFactory
from tests.records.conftest import PatientFactory, PlanFactory
from tests.support.serving import call_in_process, nothing_to_open

PATIENT = "/v1/patients/{patient}"
REQUESTS: Mapping[str, str] = {
    "a resource": PATIENT,
    "a resource without a version": f"{PATIENT}/treatment_plan",
    "a page": "/v1/patients?page_size=1",
    "a page as it is by default": "/v1/patients",
    "a statement of many": f"{PATIENT}/chart?zone=America/New_York",
    "nobody": f"/v1/patients/{uuid4()}",
    "no identifier": "/v1/patients/jane",
    "no identifier, and a verb": "/v1/patients/jane:roe",
    "two parameters that are none": "/v1/patients?page_size=many&page_token=" + "x" * 65,
    "a token that is none": "/v1/patients?page_token=x",
    "a parameter that is missing": f"{PATIENT}/chart",
    "parameters of path and query": "/v1/patients/jane/chart?zone=Nowhere",
    "no route": "/v1/patients/x/y",
}


@pytest.fixture
def framework(records_app: FastAPI) -> FastAPI:
    app = build(nothing_to_open)
    app.state._state |= records_app.state._state
    layers: list[Any] = app.user_middleware
    app.user_middleware = [layer for layer in layers if layer.cls is not DirectReads]
    assert len(app.user_middleware) == len(layers) - 1
    return app


@pytest.fixture
def callers(records: ClientFactory) -> Mapping[str, Mapping[str, str]]:
    named = {
        "director": records(Role.PROGRAMME_DIRECTOR),
        "front desk": records(Role.FRONT_DESK),
        "stranger": records(Role.PROGRAMME_DIRECTOR, organization=uuid4()),
        "biller": records(Role.BILLING),
    }
    tokens = {name: {"authorization": client.headers["authorization"]} for name, client in named.items()}
    return {**tokens, "nobody": {}, "forger": {"authorization": "Bearer x.y.z"}, "shy": {"authorization": "Basic eA=="}}


@pytest.fixture
async def both(
    records_app: FastAPI, framework: FastAPI
) -> AsyncIterator[tuple[httpx2.AsyncClient, httpx2.AsyncClient]]:
    async with call_in_process(records_app) as direct, call_in_process(framework) as own:
        yield direct, own


@pytest.mark.parametrize("path", REQUESTS.values(), ids=REQUESTS)
async def test_the_direct_answer_is_the_framework_s(
    path: str,
    both: tuple[httpx2.AsyncClient, httpx2.AsyncClient],
    callers: Mapping[str, Mapping[str, str]],
    new_patient: PatientFactory,
    put_plan: PlanFactory,
) -> None:
    patient = await new_patient()
    await put_plan(patient["id"])
    target = path.format(patient=patient["id"])

    for name, headers in callers.items():
        direct, own = [await client.get(target, headers=headers) for client in both]

        assert (direct.status_code, _plain(direct)) == (own.status_code, _plain(own)), name
        assert direct.headers.raw == own.headers.raw, name


def _plain(answer: httpx2.Response) -> bytes:
    # A problem document bears the id of its request.
    body = answer.json()
    instance = body.get("instance") if isinstance(body, dict) else None
    return answer.content.replace(instance.encode(), b"") if isinstance(instance, str) else answer.content
