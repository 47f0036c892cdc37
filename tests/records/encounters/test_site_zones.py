"""The scheduler tells by which zone the days of a site are counted, and nobody else does."""

from uuid import UUID, uuid4

import httpx2
import pytest

from services.contracts.identity import Role
from tests.conftest import ClientFactory
from tests.records.conftest import PatientFactory
from tests.records.encounters.conftest import Json, Tell, event
from tests.records.referrals.conftest import PERSON

ZONE = "America/Chicago"


@pytest.mark.parametrize(
    "path",
    [
        "patients/{id}/chart?",
        "patients/{id}/aftercare_plans?",
        "sites/{site_id}/aftercare_contacts?",
        "sites/{site_id}/due_assessments?",
        "sites/{site_id}/due_injections?",
        "sites/{site_id}/due_medication_visits?",
        "sites/{site_id}/due_discharge_summaries?",
        "sites/{site_id}/level_findings?",
        "sites/{site_id}/missed_in_a_row?",
        "patients/{id}/family_counselling?",
        "patients/{id}/charge_lines?payer=payer-1&from_on=2026-09-28&until_on=2026-10-04&",
    ],
)
async def test_the_caller_chooses_no_zone(
    director: httpx2.AsyncClient, new_patient: PatientFactory, tell_site: Tell, path: str
) -> None:
    patient = await new_patient()
    of_patient = f"/v1/{path.format(**patient)}zone="
    before = await director.get(of_patient + "Pacific/Kiritimati")

    told = await tell_site({"id": patient["site_id"], "zone": ZONE})
    own, other = await director.get(of_patient + ZONE), await director.get(of_patient + "Pacific/Kiritimati")

    assert (told.status_code, told.json()) == (200, {"site_id": patient["site_id"]})
    assert [one.status_code for one in (before, own, other)] == [200, 200, 422]
    assert other.json()["errors"][0]["pointer"] == "zone"
    assert ZONE not in other.text


async def test_whoever_may_not_see_the_patient_learns_nothing_of_the_zone(
    records: ClientFactory, new_patient: PatientFactory, tell_site: Tell
) -> None:
    patient, stranger = await new_patient(), records(Role.COUNSELLOR)
    await tell_site({"id": patient["site_id"], "zone": ZONE})

    answers = [await stranger.get(f"/v1/patients/{one}/chart?zone=UTC") for one in (patient["id"], uuid4())]

    assert [one.status_code for one in answers] == [404, 404]


async def test_a_zone_that_was_told_stays(
    director: httpx2.AsyncClient, new_patient: PatientFactory, tell: Tell, tell_site: Tell
) -> None:
    patient = await new_patient()
    await tell_site({"id": patient["site_id"], "zone": ZONE})

    again = await tell_site({"id": patient["site_id"], "zone": "UTC"})
    attended = await tell(event(patient, zone="UTC"))
    chart = await director.get(f"/v1/patients/{patient['id']}/chart?zone={ZONE}")

    assert [one.status_code for one in (again, attended, chart)] == [200, 200, 200]


async def test_nobody_but_the_scheduler_tells_of_sites(
    records: ClientFactory, director: httpx2.AsyncClient, new_patient: PatientFactory, tell_site: Tell,
    organization_id: UUID,
) -> None:  # fmt: skip
    patient = await new_patient()
    told = {"id": patient["site_id"], "zone": ZONE}

    forged = await tell_site(told, secret=b"x" * 32)
    by_token = await records(Role.ORGANIZATION_ADMIN).post(
        f"/v1/organizations/{organization_id}/site_events", json=told
    )
    elsewhere = await tell_site(told, organization=uuid4())
    nowhere = await tell_site({**told, "zone": "America/Nowhere"})

    assert [one.status_code for one in (forged, by_token, elsewhere, nowhere)] == [401, 401, 200, 422]
    assert (await director.get(f"/v1/patients/{patient['id']}/chart?zone=UTC")).status_code == 200


async def test_a_patient_of_an_unknown_site_is_refused_once_the_scheduler_has_told_of_sites(
    *,
    director: httpx2.AsyncClient,
    stranger: httpx2.AsyncClient,
    new_patient: PatientFactory,
    patient_body: Json,
    tell_site: Tell,
) -> None:
    """Before, a slip in site_id made a patient whom no list of any site has."""
    await new_patient()
    await tell_site({"id": patient_body["site_id"], "zone": ZONE})
    later = str(uuid4())

    known = await director.post("/v1/patients", json=patient_body)
    unknown = await director.post("/v1/patients", json={**patient_body, "site_id": later})
    elsewhere = await stranger.post("/v1/patients", json={**patient_body, "site_id": later})
    await tell_site({"id": later, "zone": ZONE})
    told = await director.post("/v1/patients", json={**patient_body, "site_id": later})

    assert [one.status_code for one in (known, unknown, elsewhere, told)] == [201, 422, 201, 201]
    assert unknown.json()["code"] == "unknown-site"
    (error,) = unknown.json()["errors"]
    assert (error["location"], error["pointer"]) == ("body", "/site_id")
    assert "list_sites" in error["detail"]
    assert later not in unknown.text


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("referrals", {"person": PERSON, "source": "self", "received_at": "2026-10-01T12:30:00Z"}),
        ("intake_doors", {"name": "Harbour Street"}),
    ],
)
async def test_nobody_is_received_at_a_site_that_is_unknown_once_the_scheduler_has_told_of_sites(
    director: httpx2.AsyncClient, site_id: UUID, tell_site: Tell, path: str, body: Json
) -> None:
    """Before, who was referred to a slip of a site stood on no site's waiting list."""
    await tell_site({"id": str(site_id), "zone": ZONE})

    answers = [await director.post(f"/v1/{path}", json={**body, "site_id": str(one)}) for one in (site_id, uuid4())]

    assert [one.status_code for one in answers] == [201, 422]
    assert [one["pointer"] for one in answers[1].json()["errors"]] == ["/site_id"]
