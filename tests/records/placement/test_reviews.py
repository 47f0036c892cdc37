"""Placement reviews: names and numbers of an edition, a clinician's own ratings, sealed."""

from uuid import UUID, uuid4

import httpx2
import pytest

from services.chassis.database import Database
from services.contracts.identifiers import OrganizationId
from services.contracts.identity import Role
from services.records.placement_reviews.criteria import editions
from tests.conftest import ClientFactory
from tests.records.conftest import JoinTeam, PatientFactory
from tests.records.placement.conftest import Json

REVIEW: Json = {
    "criteria_edition": "asam-3",
    "reviewed_on": "2026-10-01",
    "ratings": [{"dimension": number, "rating": f"r{number}"} for number in range(1, 7)],
    "recommended_level": "2.1",
    "differs_because": "canary bed shortage",
}


async def test_a_review_is_kept_with_the_names_of_its_edition(
    director: httpx2.AsyncClient, new_patient: PatientFactory
) -> None:
    path = f"/v1/patients/{(await new_patient())['id']}/placement_reviews"

    third = await director.post(path, json=REVIEW)
    fourth = await director.post(path, json=REVIEW | {"criteria_edition": "asam-4", "reviewed_on": "2026-10-02"})
    listed = (await director.get(path)).json()["items"]

    assert [one.status_code for one in (third, fourth)] == [201, 201]
    assert listed == [fourth.json(), third.json()]
    names = [[dimension.name for dimension in edition.dimensions] for edition in editions()]
    assert [[rating["name"] for rating in one.json()["ratings"]] for one in (third, fourth)] == names


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"criteria_edition": "asam-2"}, "/criteria_edition"),
        ({"recommended_level": "2.7"}, "/recommended_level"),
        ({"ratings": REVIEW["ratings"][:5]}, "/ratings"),
        ({"ratings": [*REVIEW["ratings"][:5], {"dimension": 7, "rating": "r"}]}, "/ratings"),
        ({"reviewed_on": "2026-10-04"}, "/reviewed_on"),
    ],
)
async def test_what_the_edition_has_not_is_refused(
    director: httpx2.AsyncClient, new_patient: PatientFactory, changes: Json, pointer: str
) -> None:
    path = f"/v1/patients/{(await new_patient())['id']}/placement_reviews"

    answer = await director.post(path, json=REVIEW | changes)

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)


async def test_a_review_is_for_those_who_treat_the_patient(
    records: ClientFactory, stranger: httpx2.AsyncClient, new_patient: PatientFactory, join_team: JoinTeam
) -> None:
    patient, account = await new_patient(), uuid4()
    path = f"/v1/patients/{patient['id']}/placement_reviews"
    counsellor = records(Role.COUNSELLOR, account=account)

    hidden = [await caller.request(method, path, json=REVIEW if method == "POST" else None)
              for caller in (stranger, counsellor) for method in ("GET", "POST")]  # fmt: skip
    desk = await records(Role.FRONT_DESK).get(path)
    await join_team(patient, account)

    assert [one.status_code for one in hidden] == [404] * 4
    assert desk.status_code == 403
    assert (await counsellor.post(path, json=REVIEW)).json()["reviewed_by"] == str(account)


async def test_what_was_found_is_sealed(
    director: httpx2.AsyncClient, new_patient: PatientFactory, records_database: Database, organization_id: UUID
) -> None:
    await director.post(f"/v1/patients/{(await new_patient())['id']}/placement_reviews", json=REVIEW)

    async with records_database.read(OrganizationId(organization_id)) as read:
        kept = str(await read.connection.fetch("select * from placement_reviews"))

    assert kept
    assert "canary" not in kept
    assert "2.1" not in kept


async def test_a_site_is_held_to_an_edition_from_a_day_on(
    director: httpx2.AsyncClient, new_patient: PatientFactory, patient_body: Json
) -> None:
    patient = await new_patient()
    elsewhere = await new_patient(site_id=str(uuid4()))
    in_force = {"site_id": patient_body["site_id"], "edition": "asam-4", "effective_from": "2026-10-02"}

    made = await director.post("/v1/site_criteria_editions", json=in_force)
    answers = [
        await director.post(f"/v1/patients/{one['id']}/placement_reviews", json=REVIEW | changes)
        for one, changes in (
            (patient, {}),
            (patient, {"reviewed_on": "2026-10-02"}),
            (patient, {"reviewed_on": "2026-10-02", "criteria_edition": "asam-4"}),
            (elsewhere, {"reviewed_on": "2026-10-02"}),
        )
    ]
    listed = await director.get("/v1/site_criteria_editions", params={"site_id": patient_body["site_id"]})

    assert made.status_code == 201, made.text
    assert listed.json()["items"] == [made.json()]
    assert [one.status_code for one in answers] == [201, 422, 201, 201]
    assert answers[1].json()["code"] == "edition-not-in-force"
    (error,) = answers[1].json()["errors"]
    assert error["pointer"] == "/criteria_edition"
    assert "asam-4" in error["detail"]


async def test_of_two_editions_of_one_day_the_later_said_counts(
    director: httpx2.AsyncClient, new_patient: PatientFactory, patient_body: Json
) -> None:
    patient = await new_patient()
    for edition in ("asam-4", "asam-3"):
        body = {"site_id": patient_body["site_id"], "edition": edition, "effective_from": "2026-10-01"}
        assert (await director.post("/v1/site_criteria_editions", json=body)).status_code == 201
    path = f"/v1/patients/{patient['id']}/placement_reviews"

    third, fourth = [await director.post(path, json=REVIEW | {"criteria_edition": f"asam-{n}"}) for n in (3, 4)]

    assert (third.status_code, fourth.status_code) == (201, 422)


async def test_an_edition_that_nobody_knows_is_put_in_force_nowhere(
    director: httpx2.AsyncClient, stranger: httpx2.AsyncClient, patient_body: Json
) -> None:
    body = {"site_id": patient_body["site_id"], "edition": "asam-2", "effective_from": "2026-10-01"}

    refused = await director.post("/v1/site_criteria_editions", json=body)
    foreign = await stranger.get("/v1/site_criteria_editions", params={"site_id": patient_body["site_id"]})

    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/edition")
    assert foreign.json()["items"] == []
