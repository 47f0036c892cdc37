from uuid import UUID, uuid4

import asyncpg
import httpx2
import pytest

from services.chassis.clock import Clock
from services.chassis.database import Database
from services.chassis.root_keys import RootKeys
from services.chassis.sealing import Place, SealBrokenError
from services.contracts.disclosure import Information
from services.contracts.identifiers import AccountId, CounsellingNoteId, OrganizationId, PatientId
from services.contracts.identity import Role
from services.operator.postgres.provision import DatabaseUrls
from services.records.counselling_notes.storage import CounsellingNoteQueries
from services.records.patients.storage import PatientQueries, Viewer
from tests.conftest import ClientFactory
from tests.records.conftest import JoinTeam, PatientFactory
from tests.records.consents.conftest import NewConsent
from tests.records.counselling_notes.conftest import BODY, Json

OTHER_TEXT = {"text": "Spoke of it."}


async def test_an_author_keeps_reads_and_rewrites_a_note_whose_versions_stay(
    records_database: Database, organization_id: UUID, counsellor: httpx2.AsyncClient, patient: Json, note: Json
) -> None:
    path = f"/v1/counselling_notes/{note['id']}"

    first = await counsellor.get(path)
    written = await counsellor.put(path, json=OTHER_TEXT, headers={"if-match": first.headers["etag"]})
    stale = await counsellor.put(path, json=BODY, headers={"if-match": first.headers["etag"]})
    listed = (await counsellor.get(f"/v1/patients/{patient['id']}/counselling_notes")).json()["items"]

    assert first.json()["text"] == BODY["text"]
    assert (written.status_code, written.json()["version"], stale.status_code) == (200, 2, 412)
    assert (await counsellor.get(path)).json()["text"] == OTHER_TEXT["text"]
    assert listed == [written.json()]
    async with records_database.read(OrganizationId(organization_id)) as read:
        assert await read.connection.fetchval("select count(*) from counselling_note_versions") == 2


async def test_nobody_but_the_author_reads_or_finds_a_note_whatever_their_role(
    records: ClientFactory, stranger: httpx2.AsyncClient, join_team: JoinTeam, patient: Json, note: Json
) -> None:
    colleague = uuid4()
    await join_team(patient, colleague)
    others = [
        records(Role.COUNSELLOR, account=colleague),
        *(records(role) for role in (Role.SUPERVISOR, Role.PROGRAMME_DIRECTOR, Role.NURSE)),
        stranger,
    ]
    path, headers = f"/v1/counselling_notes/{note['id']}", {"if-match": '"1"'}

    for other in others:
        nobody = await other.get(f"/v1/counselling_notes/{uuid4()}")
        found = await other.get(path)
        assert (found.status_code, nobody.status_code) == (404, 404)
        assert found.json().keys() == nobody.json().keys()
        assert (await other.put(path, json=OTHER_TEXT, headers=headers)).status_code == 404
    for other in others[:3]:
        listed = await other.get(f"/v1/patients/{patient['id']}/counselling_notes")
        assert (listed.status_code, listed.json()["items"]) == (200, [])
    for role in (Role.FRONT_DESK, Role.BILLING, Role.AUDITOR, Role.LAB, Role.PATIENT, Role.FAMILY):
        assert (await records(role).get(path)).status_code == 403


async def test_only_who_treats_the_patient_writes_a_note_about_them(
    records: ClientFactory, stranger: httpx2.AsyncClient, patient: Json
) -> None:
    path = f"/v1/patients/{patient['id']}/counselling_notes"

    for other in (records(Role.COUNSELLOR), stranger):
        assert (await other.post(path, json=BODY)).status_code == 404
        assert (await other.get(path)).status_code == 404


@pytest.mark.parametrize("body", [{}, {"text": ""}, {"text": "a\x00"}, {"text": "x" * 4001}, {**BODY, "to": "all"}])
async def test_what_is_no_note_is_refused(counsellor: httpx2.AsyncClient, patient: Json, body: Json) -> None:
    answer = await counsellor.post(f"/v1/patients/{patient['id']}/counselling_notes", json=body)

    assert answer.status_code == 422


async def test_neither_the_patients_key_nor_another_place_opens_a_note(
    *,
    records_database: Database,
    organization_id: UUID,
    account: UUID,
    patient: Json,
    note: Json,
    clock: Clock,
) -> None:
    root, organization = RootKeys.of(bytes(32)), OrganizationId(organization_id)
    async with records_database.read(organization) as read:
        kept = await CounsellingNoteQueries(read, root).one(CounsellingNoteId(UUID(note["id"])))
        viewer = Viewer(AccountId(account), clock.now())
        seen = await PatientQueries(read, root).seal(PatientId(UUID(patient["id"])), viewer)

    assert kept is not None
    assert seen is not None
    place = Place(organization, "counselling_note_versions", "details1", UUID(note["id"]))
    assert kept.key(root).unseal(kept.details, place) == BODY["text"].encode()
    with pytest.raises(SealBrokenError):
        seen.row.key.unseal(kept.details, place)
    with pytest.raises(SealBrokenError):
        kept._replace(version=2).told(root)


async def test_the_application_changes_no_note_even_by_sql(records_urls: DatabaseUrls) -> None:
    connection = await asyncpg.connect(records_urls.app)
    try:
        for table in ("counselling_note_versions", "counselling_notes", "counselling_note_keys"):
            for statement in (f"update {table} set organization_id = null", f"delete from {table}"):  # noqa: S608 - ours
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await connection.execute(statement)
    finally:
        await connection.close()


async def test_no_consent_for_treatment_payment_and_operations_reaches_a_note(
    director: httpx2.AsyncClient, new_consent: NewConsent, hospital: Json, patient: Json, note: Json
) -> None:
    everything = [one.value for one in Information if one is not Information.COUNSELLING_NOTES]
    await new_consent(patient, information=everything)
    path = f"/v1/patients/{patient['id']}/disclosures"
    body = {"recipient_id": hospital["id"], "purpose": "treatment"}

    asked = await director.post(path, json={**body, "information": ["counselling_notes"]})
    rest = await director.post(path, json={**body, "information": ["demographics"]})

    assert (asked.status_code, asked.json()["code"]) == (403, "consent-of-another-kind")
    assert rest.status_code == 201, rest.text
    assert note["id"] not in rest.text


async def test_no_list_of_the_record_holds_a_note(
    director: httpx2.AsyncClient, counsellor: httpx2.AsyncClient, patient: Json, note: Json
) -> None:
    of_patient = f"/v1/patients/{patient['id']}"
    lists = [
        of_patient,
        *(
            f"{of_patient}/{name}"
            for name in (
                "notes", "encounters", "assessments", "medications", "drug_tests", "episodes", "consents",
                "care_team_members", "placement_reviews", "disclosures",
            )
        ),
        "/v1/patients",
        f"/v1/sites/{patient['site_id']}/undocumented_sessions",
    ]  # fmt: skip

    for path in lists:
        for client in (director, counsellor):
            answer = await client.get(path)
            assert answer.status_code == 200, path
            assert note["id"] not in answer.text
            assert "employer" not in answer.text


async def test_the_trail_tells_of_a_note_and_not_what_it_says(
    *,
    records: ClientFactory,
    records_database: Database,
    organization_id: UUID,
    new_patient: PatientFactory,
    counsellor: httpx2.AsyncClient,
    patient: Json,
    note: Json,
) -> None:
    await new_patient()
    await counsellor.get(f"/v1/counselling_notes/{note['id']}")
    await records(Role.SUPERVISOR).get(f"/v1/counselling_notes/{note['id']}")

    async with records_database.read(OrganizationId(organization_id)) as read:
        events = [row["event"] for row in await read.connection.fetch("select event from audit_events")]

    read_events = [one for one in events if '"read_counselling_note"' in one]
    assert {"notes-are-the-authors" in one for one in read_events} == {True, False}
    assert all(patient["id"] in one for one in read_events)
    assert not any("employer" in one for one in events)
