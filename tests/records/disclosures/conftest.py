"""Disclosures of a clinic: a patient with a plan and a consent, and the request that the consent covers."""

from collections.abc import Awaitable, Callable

import httpx2
import pytest

from tests.records.conftest import PatientFactory, PlanFactory
from tests.records.consents.conftest import Json, hospital, new_consent, new_recipient, terms

Disclose = Callable[..., Awaitable[httpx2.Response]]

__all__ = ["hospital", "new_consent", "new_recipient", "terms"]

TOLD = {
    "recipient_name": "Dr. Ada Brook",
    "facility": "Harbour Hospital, emergency room",
    "discloser": "Nurse on duty",
    "nature": "overdose",
}
ORDER = {
    "order": "No. 26-104",
    "subpoena": "No. S-88",
    "information": ["demographics"],
    "issued_at": "2026-09-01T00:00:00Z",
}


@pytest.fixture
async def planned(new_patient: PatientFactory, put_plan: PlanFactory) -> Json:
    patient = await new_patient()
    await put_plan(patient["id"])
    return patient


@pytest.fixture
def body(hospital: Json) -> Json:
    return {
        "recipient_id": hospital["id"],
        "purpose": "treatment",
        "information": ["demographics", "treatment_plan"],
    }


@pytest.fixture
def disclose(director: httpx2.AsyncClient, body: Json) -> Disclose:
    async def send(patient_id: object, client: httpx2.AsyncClient | None = None, **changes: object) -> httpx2.Response:
        return await (client or director).post(f"/v1/patients/{patient_id}/disclosures", json={**body, **changes})

    return send
