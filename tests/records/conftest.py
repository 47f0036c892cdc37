"""A clinic's records: one who may do everything in it, and factories of patients and plans."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest

from services.contracts.identity import Microservice, Role
from tests.conftest import ClientFactory

PatientFactory = Callable[..., Awaitable[dict[str, Any]]]
PlanFactory = Callable[..., Awaitable[dict[str, Any]]]

JoinTeam = Callable[[Mapping[str, Any], UUID], Awaitable[dict[str, Any]]]

NINE_HOURS = [{"service": "process_group", "minutes_per_week": 540}]


@pytest.fixture
def director(records: ClientFactory) -> httpx2.AsyncClient:
    return records(Role.PROGRAMME_DIRECTOR)


@pytest.fixture
def serving(records: ClientFactory) -> httpx2.AsyncClient:
    return records(Role.FRONT_DESK, acting=Microservice.SCHEDULER)


@pytest.fixture
def stranger(records: ClientFactory) -> httpx2.AsyncClient:
    return records(Role.PROGRAMME_DIRECTOR, organization=uuid4())


@pytest.fixture
def site_id() -> UUID:
    return uuid4()


@pytest.fixture
def patient_body(site_id: UUID) -> dict[str, Any]:
    return {"given_name": "Jane", "family_name": "Roe", "birth_date": "1990-02-28", "site_id": str(site_id)}


@pytest.fixture
def new_patient(director: httpx2.AsyncClient, patient_body: Mapping[str, Any]) -> PatientFactory:
    async def create(**changes: Any) -> dict[str, Any]:
        answer = await director.post("/v1/patients", json={**patient_body, **changes})
        assert answer.status_code == 201, answer.text
        patient: dict[str, Any] = answer.json()
        return patient

    return create


@pytest.fixture
def plan_body() -> dict[str, Any]:
    return {
        "effective_from": "2026-10-05",
        "required_services": NINE_HOURS,
        "track": "sober-living",
        "languages": ["en", "es"],
        "modalities": ["telehealth", "on_site"],
    }


@pytest.fixture
def put_plan(director: httpx2.AsyncClient, plan_body: Mapping[str, Any]) -> PlanFactory:
    async def put(patient_id: str, *, read: int | None = None, **changes: Any) -> dict[str, Any]:
        headers = {} if read is None else {"if-match": f'"{read}"'}
        path = f"/v1/patients/{patient_id}/treatment_plan"
        answer = await director.put(path, json={**plan_body, **changes}, headers=headers)
        assert answer.status_code == (201 if read is None else 200), answer.text
        plan: dict[str, Any] = answer.json()
        return plan

    return put


@pytest.fixture
def join_team(director: httpx2.AsyncClient) -> JoinTeam:
    async def join(patient: Mapping[str, Any], account: UUID) -> dict[str, Any]:
        path = f"/v1/patients/{patient['id']}/care_team_members"
        answer = await director.post(path, json={"account_id": str(account)})
        assert answer.status_code == 201, answer.text
        member: dict[str, Any] = answer.json()
        return member

    return join
