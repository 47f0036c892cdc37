"""What the programme agreed to keep from somebody is kept, whatever was consented to (42 CFR 2.26)."""

from typing import Any

import httpx2
import pytest

from tests.records.conftest import PatientFactory
from tests.records.consents.conftest import NewConsent, code_of
from tests.records.disclosures.conftest import Disclose

Json = dict[str, Any]


async def restrict(client: httpx2.AsyncClient, patient: Json, **changes: Any) -> httpx2.Response:
    asked = {"information": ["demographics"], "purposes": ["treatment"], "decision": "granted", **changes}
    return await client.post(f"/v1/patients/{patient['id']}/restrictions", json=asked)


@pytest.mark.parametrize(
    ("kind", "purpose"),
    [
        ("specific", "family_involvement"),
        ("specific", "employment"),
        ("specific", "education"),
        ("specific", "research"),
        ("specific", "oversight"),
        ("proceedings", "legal_proceedings"),
        ("general", "operations"),
    ],
)
async def test_a_restriction_holds_for_whatever_a_consent_is_for(
    *, director: httpx2.AsyncClient, planned: Json, new_consent: NewConsent, disclose: Disclose, hospital: Json,
    kind: str, purpose: str,
) -> None:  # fmt: skip
    await new_consent(planned, kind=kind, purposes=[purpose], expires_upon=None, expires_on="2027-01-01")
    before = await disclose(planned["id"], purpose=purpose)
    made = await restrict(director, planned, purposes=[purpose], recipient_ids=[hospital["id"]])

    kept = await disclose(planned["id"], purpose=purpose)
    rest = await disclose(planned["id"], purpose=purpose, information=["treatment_plan"])
    await director.post(f"/v1/restrictions/{made.json()['id']}:end")
    after = await disclose(planned["id"], purpose=purpose)

    assert (made.status_code, kept.status_code, code_of(kept)) == (201, 403, "restricted")
    assert [one.status_code for one in (before, rest, after)] == [201, 201, 201]


@pytest.mark.parametrize("purpose", ["medical_emergency", "patient_access", "investigation", "public_health"])
async def test_no_restriction_is_granted_that_would_not_be_kept(
    director: httpx2.AsyncClient, new_patient: PatientFactory, purpose: str
) -> None:
    patient = await new_patient()
    asked = {"purposes": ["treatment", purpose], "recipient_kinds": ["treating_provider"]}

    granted = await restrict(director, patient, **asked)
    declined = await restrict(director, patient, **asked, decision="declined")

    assert (granted.status_code, code_of(granted)) == (422, "cannot-be-kept")
    assert granted.json()["errors"][0]["pointer"] == "/purposes"
    assert declined.status_code == 201, declined.text
