"""Treatment is not conditioned on a consent (42 CFR 2.31(b)): who refuses one is treated as who gives it."""

from typing import Any

import httpx2
import pytest

from tests.records.conftest import PatientFactory, PlanFactory
from tests.records.consents.conftest import DOCUMENT, NewConsent
from tests.records.encounters.conftest import Tell, event, tell
from tests.records.notes.conftest import TEXT, etag
from tests.records.plans_of_care.conftest import CONTENTS

__all__ = ["tell"]

Json = dict[str, Any]


async def treated(
    director: httpx2.AsyncClient, serving: httpx2.AsyncClient, patient: Json, put_plan: PlanFactory, tell: Tell
) -> dict[str, object]:
    """Admit, plan, hand over to be booked, see and write of a patient; returns what came of each step."""
    own, episode = f"/v1/patients/{patient['id']}", {
        "programme": "evening-iop",
        "admitted_on": "2026-09-01",
        "initial": {"criteria_edition": "asam-3", "level": "2.1"},
    }  # fmt: skip
    admitted = await director.post(f"{own}/episodes", json=episode)
    care = f"/v1/episodes/{admitted.json()['id']}/plan_of_care"
    drafted = await director.put(care, json=CONTENTS)
    signed = await director.post(f"{care}:sign", headers=etag(drafted.json()))
    plan = await put_plan(patient["id"])
    query = {"site_id": patient["site_id"], "week": "2026-10-05"}
    week = (await serving.get("/v1/week_requirements", params=query)).json()
    [asked] = [one for one in week["patients"] if one["patient_id"] == patient["id"]]
    came = await tell(event(patient))
    encounter = came.json()["encounter_id"]
    note = await director.post(f"/v1/encounters/{encounter}/notes", json=TEXT)
    locked = await director.post(f"/v1/notes/{note.json()['id']}:sign", headers=etag(note.json()))
    steps = (admitted, drafted, signed, came, note, locked)
    return {
        "statuses": [one.status_code for one in steps],
        "of_the_plan": plan["required_services"],
        "to_be_booked": {name: told for name, told in asked.items() if name != "patient_id"},
        "stands": [signed.json()["status"], locked.json()["status"]],
    }


@pytest.mark.parametrize("refusal", ["none_given", "notes_refused", "revoked"])
async def test_who_refuses_a_consent_is_admitted_planned_and_handed_over_to_be_booked(
    *, director: httpx2.AsyncClient, serving: httpx2.AsyncClient, new_patient: PatientFactory, put_plan: PlanFactory,
    new_consent: NewConsent, tell: Tell, refusal: str,
) -> None:  # fmt: skip
    willing, refusing = await new_patient(), await new_patient()
    notes: Json = {"kind": "counselling_notes", "information": ["counselling_notes"], "expires_upon": None}
    notes["expires_on"] = "2027-09-30"
    await new_consent(willing)
    await new_consent(willing, **notes)
    if refusal == "notes_refused":
        await new_consent(refusing)
        await new_consent(refusing, activate=False, **notes, signatures=[])
    if refusal == "revoked":
        consent = await new_consent(refusing)
        await director.post(f"/v1/consents/{consent['id']}:revoke", json={"document_sha256": DOCUMENT})

    of_willing = await treated(director, serving, willing, put_plan, tell)
    of_refusing = await treated(director, serving, refusing, put_plan, tell)

    assert of_refusing == of_willing
    assert of_willing["statuses"] == [201, 200, 200, 200, 201, 200]
    assert of_willing["of_the_plan"]
