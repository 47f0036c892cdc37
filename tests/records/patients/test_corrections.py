"""A patient's name, birth date and site are corrected; what was written before is kept, sealed, and told."""

from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest

from services.chassis.database import Database
from services.contracts.identifiers import OrganizationId
from services.contracts.identity import Role
from tests.conftest import ClientFactory
from tests.records.conftest import JoinTeam, PatientFactory
from tests.records.episodes.conftest import ADMISSION

Json = dict[str, Any]


async def correct(client: httpx2.AsyncClient, patient: Json, *, version: int = 1, **changes: Any) -> httpx2.Response:
    return await client.post(
        f"/v1/patients/{patient['id']}:correct",
        json={"reason": "entered_wrongly", **changes},
        headers={"if-match": f'"{version}"'},
    )


async def test_a_correction_holds_and_what_was_before_is_kept(
    director: httpx2.AsyncClient, new_patient: PatientFactory
) -> None:
    patient = await new_patient()

    named = await correct(director, patient, family_name="Roe-Ng", reason="name_changed")
    born = await correct(director, patient, version=2, birth_date="1991-02-28")

    read = await director.get(f"/v1/patients/{patient['id']}")
    assert (named.status_code, named.headers["etag"]) == (200, '"2"')
    assert read.json() == born.json() == patient | {"family_name": "Roe-Ng", "birth_date": "1991-02-28", "version": 3}
    versions = (await director.get(f"/v1/patients/{patient['id']}/versions")).json()["items"]
    assert [(one["version"], one["family_name"], one["birth_date"], one["reason"]) for one in versions] == [
        (1, "Roe", "1990-02-28", "name_changed"),
        (2, "Roe-Ng", "1990-02-28", "entered_wrongly"),
    ]


async def test_what_was_written_before_is_sealed(
    director: httpx2.AsyncClient, new_patient: PatientFactory, records_database: Database, organization_id: UUID
) -> None:
    patient = await new_patient(family_name="Canary-before")
    assert (await correct(director, patient, family_name="Canary-after")).status_code == 200

    async with records_database.read(OrganizationId(organization_id)) as read:
        rows = [bytes(row["identity"]) for row in await read.connection.fetch("select * from patient_versions")]

    assert len(rows) == 1
    assert not any(b"Canary" in row for row in rows)


@pytest.mark.parametrize(
    ("changes", "status", "named"),
    [
        ({}, 422, ""),
        ({"family_name": None, "given_name": None}, 422, ""),
        ({"birth_date": "2127-01-01"}, 422, "/birth_date"),
        ({"birth_date": "1850-01-01"}, 422, "/birth_date"),
        ({"given_name": "  "}, 422, "/given_name"),
        ({"given_name": "Jane"}, 409, "nothing-corrected"),
    ],
)
async def test_what_corrects_nothing_or_cannot_be_is_refused_and_changes_nothing(
    *, director: httpx2.AsyncClient, new_patient: PatientFactory, changes: Json, status: int, named: str
) -> None:
    patient = await new_patient()

    answer = await correct(director, patient, **changes)

    document = answer.json()
    assert answer.status_code == status, answer.text
    assert named in {document.get("code"), *(error["pointer"] for error in document.get("errors", []))}
    assert (await director.get(f"/v1/patients/{patient['id']}")).json() == patient
    assert (await director.get(f"/v1/patients/{patient['id']}/versions")).json()["items"] == []


async def test_a_correction_of_what_was_corrected_meanwhile_is_412(
    director: httpx2.AsyncClient, new_patient: PatientFactory
) -> None:
    patient = await new_patient()
    assert (await correct(director, patient, given_name="Janet")).status_code == 200

    stale = await correct(director, patient, given_name="Joan")
    blind = await director.post(f"/v1/patients/{patient['id']}:correct", json={"reason": "name_changed"})

    assert (stale.status_code, blind.status_code) == (412, 428)


async def test_the_site_is_corrected_only_of_who_is_in_no_episode(
    director: httpx2.AsyncClient, new_patient: PatientFactory
) -> None:
    patient, elsewhere = await new_patient(), str(uuid4())
    admitted = await director.post(f"/v1/patients/{patient['id']}/episodes", json=ADMISSION)
    assert admitted.status_code == 201, admitted.text

    treated = await correct(director, patient, site_id=elsewhere, reason="other_site")
    discharged = await director.post(
        f"/v1/episodes/{admitted.json()['id']}:discharge",
        json={"discharged_on": "2026-10-01", "reason": "completed"},
        headers={"if-match": '"1"'},
    )
    moved = await correct(director, patient, site_id=elsewhere, reason="other_site")

    assert (treated.status_code, treated.json()["code"]) == (409, "patient-in-episode")
    assert discharged.status_code == 200, discharged.text
    assert (moved.status_code, moved.json()["site_id"]) == (200, elsewhere)


async def test_what_depends_on_age_is_decided_by_the_birth_date_that_holds(
    director: httpx2.AsyncClient, new_patient: PatientFactory
) -> None:
    minor = await new_patient(birth_date="2012-05-05")
    path = f"/v1/patients/{minor['id']}/consent_standing"
    before = (await director.get(path)).json()
    assert (await correct(director, minor, birth_date="1992-05-05")).status_code == 200

    after = (await director.get(path)).json()

    assert before != after


async def test_who_may_not_see_the_patient_can_neither_correct_nor_read_what_was(
    records: ClientFactory, stranger: httpx2.AsyncClient, new_patient: PatientFactory, join_team: JoinTeam
) -> None:
    patient, colleague = await new_patient(), uuid4()
    await join_team(patient, colleague)
    outside, inside = records(Role.COUNSELLOR), records(Role.COUNSELLOR, account=colleague)

    refused = [await correct(one, patient, given_name="Joan") for one in (outside, stranger, records(Role.NURSE))]
    hidden = [await one.get(f"/v1/patients/{patient['id']}/versions") for one in (outside, stranger)]
    allowed = await correct(inside, patient, given_name="Joan")

    assert [one.status_code for one in refused] == [404, 404, 403]
    assert [one.status_code for one in hidden] == [404, 404]
    assert allowed.status_code == 200, allowed.text
