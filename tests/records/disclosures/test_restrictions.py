"""What the programme agreed to keep from somebody is kept, whatever was consented to (42 CFR 2.26)."""

from typing import Any

import httpx2
import pytest

from tests.records.conftest import PatientFactory
from tests.records.consents.conftest import NewConsent, NewRecipient, code_of
from tests.records.disclosures.conftest import ORDER, TOLD, Disclose
from tests.records.disclosures.record import CLAIMED, EARLY, LATE
from tests.records.disclosures.test_parts import at, covering, full, tell

__all__ = ["at", "full", "tell"]

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


@pytest.mark.parametrize("part", ["attendance", "progress_notes", "assessments"])
async def test_of_some_days_nothing_else_is_kept_back(
    *, director: httpx2.AsyncClient, full: Json, new_consent: NewConsent, disclose: Disclose, part: str
) -> None:
    patient: Json = full["patient"]
    await new_consent(patient, **covering(part))
    asked = {"information": [part], "recipient_kinds": ["treating_provider"]}
    whole = await disclose(patient["id"], information=[part])
    made = await restrict(director, patient, **asked, records_from=EARLY, records_until=EARLY)

    rest = await disclose(patient["id"], information=[part])
    alone = await disclose(patient["id"], information=[part], records_from=EARLY, records_until=EARLY)

    assert (made.json()["records_from"], made.json()["records_until"]) == (EARLY, EARLY)
    assert EARLY in str(whole.json()[part])
    assert rest.status_code == 201, rest.text
    assert EARLY not in str(rest.json()[part])
    assert LATE in str(rest.json()[part])
    assert (alone.status_code, code_of(alone)) == (403, "restricted")


async def test_one_session_that_was_paid_privately_keeps_back_no_other_claim(
    *, director: httpx2.AsyncClient, full: Json, new_consent: NewConsent, disclose: Disclose
) -> None:
    patient: Json = full["patient"]
    await new_consent(patient, **covering("claims"))
    asked = {"information": ["claims"], "recipient_kinds": ["treating_provider"], "purposes": ["payment"]}
    sent = {"information": ["claims"], "purpose": "payment", **CLAIMED}
    before = await disclose(patient["id"], **sent)
    await restrict(director, patient, **asked, records_from=LATE, records_until=LATE)

    after = await disclose(patient["id"], **sent)

    assert [one["first_on"] for one in before.json()["claims"]] == [EARLY, LATE]
    assert [one["first_on"] for one in after.json()["claims"]] == [EARLY]


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        ("court", {"purpose": "legal_proceedings", "court_order": {**ORDER, "information": ["claims"]}}),
        ("treating_provider", {"purpose": "medical_emergency", "emergency": TOLD}),
        ("treating_provider", {"purpose": "treatment"}),
    ],
)
async def test_what_is_kept_from_plans_is_there_for_whom_it_is_not_kept_from(
    *, director: httpx2.AsyncClient, full: Json, new_consent: NewConsent, new_recipient: NewRecipient,
    disclose: Disclose, kind: str, changes: Json,
) -> None:  # fmt: skip
    """Before, what no payer is charged was nothing to disclose to anybody, not even where a court ordered it."""
    patient: Json = full["patient"]
    recipient = await new_recipient(name="Asks for claims", kind=kind)
    await new_consent(patient, **covering("claims", recipient_ids=[recipient["id"]]))
    kept = {"information": ["claims"], "purposes": ["payment"], "recipient_kinds": ["health_plan"]}
    await restrict(director, patient, **kept, paid_in_full=True)

    answer = await disclose(patient["id"], recipient_id=recipient["id"], information=["claims"], **CLAIMED, **changes)

    assert answer.status_code == 201, answer.text
    assert [one["first_on"] for one in answer.json()["claims"]] == [EARLY, LATE]


@pytest.mark.parametrize(
    ("changes", "detail"),
    [
        ({"records_from": "2026-09-03", "records_until": "2026-09-02"}, "must not lie before records_from"),
        ({"records_from": "2026-09-03"}, "kept day by day"),
        ({"records_until": "2026-09-03", "information": ["claims", "diagnoses"]}, "kept day by day"),
        ({"records_from": 5, "information": ["claims"]}, ""),
    ],
)
async def test_a_restriction_of_days_is_of_parts_that_have_days(
    director: httpx2.AsyncClient, new_patient: PatientFactory, changes: Json, detail: str
) -> None:
    patient = await new_patient()

    answer = await restrict(director, patient, recipient_kinds=["health_plan"], **changes)

    assert answer.status_code == 422
    assert detail in answer.json()["errors"][0]["detail"]
    assert (await director.get(f"/v1/patients/{patient['id']}/restrictions")).json()["items"] == []
