from datetime import timedelta
from uuid import UUID, uuid4

import asyncpg
import httpx2
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from services.chassis.clock import Clock
from services.chassis.database import Database, violated_constraint
from services.contracts.identifiers import OrganizationId
from services.contracts.identity import Role
from services.operator.postgres.provision import DatabaseUrls
from tests.conftest import ClientFactory
from tests.records.conftest import PatientFactory
from tests.records.encounters.conftest import WEEK, Tell, event
from tests.records.notes.conftest import TEXT, Draft, Json, Seat, etag

SITE = "/v1/sites/{}/undocumented_sessions"
STANDARD = {"zone": "America/New_York", "note_rule": "within-24-hours", "plan_rule": "us-mn-245g"}


@pytest.fixture
async def supervisor(records: ClientFactory, director: httpx2.AsyncClient, account: UUID) -> httpx2.AsyncClient:
    """Somebody who supervises the counsellor from now on."""
    other = uuid4()
    answer = await director.post("/v1/supervisions", json={"supervisee_id": str(account), "supervisor_id": str(other)})
    assert answer.status_code == 201, answer.text
    return records(Role.SUPERVISOR, account=other)


async def test_a_note_is_drafted_changed_signed_and_read(
    *,
    counsellor: httpx2.AsyncClient,
    director: httpx2.AsyncClient,
    patient: Json,
    seat: Seat,
    draft: Draft,
    account: UUID,
) -> None:
    note = await draft(await seat(patient))
    path = f"/v1/notes/{note['id']}"
    assert (note["status"], note["version"], note["signed_by"]) == ("draft", 1, None)

    changed = await counsellor.put(path, json={**TEXT, "plan": None}, headers=etag(note))
    signed = (await counsellor.post(f"{path}:sign", headers=etag(changed.json()))).json()

    assert (changed.status_code, changed.json()["version"], changed.headers["etag"]) == (200, 2, '"2"')
    assert (signed["status"], signed["version"], signed["signed_by"]) == ("signed", 1, str(account))
    assert signed["text"] == {**TEXT, "plan": None}
    assert len(bytes.fromhex(signed["sha256"])) == 32
    assert (await director.get(path)).json() == signed
    assert (await director.get(f"/v1/patients/{patient['id']}/notes")).json()["items"] == [signed]


async def test_a_draft_is_nobodys_but_its_authors(
    counsellor: httpx2.AsyncClient, director: httpx2.AsyncClient, patient: Json, seat: Seat, draft: Draft
) -> None:
    note = await draft(await seat(patient))
    path = f"/v1/notes/{note['id']}"

    refused = [
        await director.get(path),
        await director.get(f"{path}/versions"),
        await director.put(path, json=TEXT, headers=etag(note)),
        await director.post(f"{path}:sign", headers=etag(note)),
        await director.post(f"{path}:cosign", headers=etag(note)),
    ]

    assert {answer.status_code for answer in refused} == {404}
    assert (await director.get(f"/v1/patients/{patient['id']}/notes")).json()["items"] == []
    assert (await counsellor.get(f"/v1/patients/{patient['id']}/notes")).json()["items"] == [note]
    assert (await counsellor.get(path)).json() == note


async def test_what_is_signed_is_amended_beside_it_and_never_over_it(
    counsellor: httpx2.AsyncClient, patient: Json, seat: Seat, draft: Draft, sign: Draft
) -> None:
    signed = await sign(await draft(await seat(patient)))
    path = f"/v1/notes/{signed['id']}"

    again = await counsellor.post(f"{path}:sign", headers=etag(signed))
    over = await counsellor.put(path, json=TEXT, headers=etag(signed))
    amendment = {"text": {**TEXT, "response": "Named three triggers."}, "reason": "Miscounted."}
    amended = (await counsellor.post(f"{path}:amend", json=amendment, headers=etag(signed))).json()
    stale = await counsellor.post(f"{path}:amend", json=amendment, headers=etag(signed))

    assert [(one.status_code, one.json()["code"]) for one in (again, over)] == [(409, "note-signed")] * 2
    assert (amended["status"], amended["version"], amended["reason"]) == ("amended", 2, "Miscounted.")
    assert amended["sha256"] != signed["sha256"]
    assert stale.status_code == 412
    assert (await counsellor.get(f"{path}/versions")).json()["items"] == [amended, signed]


async def test_only_what_was_signed_is_amended(
    *,
    counsellor: httpx2.AsyncClient,
    director: httpx2.AsyncClient,
    patient: Json,
    seat: Seat,
    draft: Draft,
    sign: Draft,
) -> None:
    note = await draft(await seat(patient))
    amendment = {"text": TEXT, "reason": "Because."}

    unsigned = await counsellor.post(f"/v1/notes/{note['id']}:amend", json=amendment, headers=etag(note))
    signed = await sign(note)
    of_another = await director.post(f"/v1/notes/{note['id']}:amend", json=amendment, headers=etag(signed))

    assert (unsigned.status_code, unsigned.json()["code"]) == (409, "note-unsigned")
    assert of_another.status_code == 404


async def test_the_application_cannot_change_what_was_signed_even_by_sql(records_urls: DatabaseUrls) -> None:
    connection = await asyncpg.connect(records_urls.app)
    try:
        for table in ("note_versions", "note_cosignatures", "notes"):
            for statement in (f"update {table} set organization_id = null", f"delete from {table}"):  # noqa: S608 - ours
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await connection.execute(statement)
    finally:
        await connection.close()


async def test_a_version_is_signed_by_its_author_and_co_signed_by_somebody_else_says_the_database(
    *,
    records_database: Database,
    organization_id: UUID,
    account: UUID,
    patient: Json,
    seat: Seat,
    draft: Draft,
    sign: Draft,
) -> None:
    signed = await sign(await draft(await seat(patient)))
    digest = bytes.fromhex(signed["sha256"])
    version = "insert into note_versions values (:org, :id, :number, '', false, false, :by, now(), :digest)"
    cosignature = "insert into note_cosignatures values (:org, :id, 1, :by, :digest, :beside, now())"
    forged: list[tuple[str, Json, str]] = [
        (version, {"number": 2, "by": uuid4(), "digest": digest}, "note_versions_author_fkey"),
        (version, {"number": 1, "by": account, "digest": digest}, "note_versions_pkey"),
        (cosignature, {"by": account, "digest": digest, "beside": account}, "note_cosignatures_two_people_check"),
        (cosignature, {"by": account, "digest": bytes(32), "beside": uuid4()}, "note_cosignatures_version_fkey"),
    ]

    for statement, values, constraint in forged:
        with pytest.raises(DBAPIError) as refused:
            async with records_database.command(OrganizationId(organization_id)) as db:
                await db.execute(text(statement), {"org": organization_id, "id": UUID(signed["id"]), **values})
        assert violated_constraint(refused.value) == constraint


async def test_a_supervisees_note_waits_for_the_supervisor(
    *,
    records: ClientFactory,
    counsellor: httpx2.AsyncClient,
    director: httpx2.AsyncClient,
    supervisor: httpx2.AsyncClient,
    patient: Json,
    seat: Seat,
    draft: Draft,
    sign: Draft,
) -> None:
    signed = await sign(await draft(await seat(patient)))
    path = f"/v1/notes/{signed['id']}"
    assert signed["status"] == "awaiting_cosignature"

    not_theirs = [
        await client.post(f"{path}:cosign", headers=etag(signed))
        for client in (counsellor, director, records(Role.SUPERVISOR))
    ]
    cosigned = (await supervisor.post(f"{path}:cosign", headers=etag(signed))).json()
    twice = await supervisor.post(f"{path}:cosign", headers=etag(signed))

    assert {(one.status_code, one.json()["code"]) for one in (*not_theirs, twice)} == {(409, "cosignature-not-awaited")}
    assert (cosigned["status"], cosigned["sha256"]) == ("signed", signed["sha256"])
    assert cosigned["cosigned_at"] >= signed["signed_at"]

    amendment = {"text": TEXT, "reason": "Because."}
    amended = (await counsellor.post(f"{path}:amend", json=amendment, headers=etag(cosigned))).json()
    assert (amended["status"], amended["cosigned_by"]) == ("awaiting_cosignature", None)
    stale = await supervisor.post(f"{path}:cosign", headers=etag(cosigned))
    assert stale.status_code == 412
    again = (await supervisor.post(f"{path}:cosign", headers=etag(amended))).json()
    assert again["status"] == "amended"
    assert [one["cosigned_by"] is not None for one in (await director.get(f"{path}/versions")).json()["items"]] == [
        True,
        True,
    ]


async def test_a_co_signature_is_still_owed_when_the_supervision_has_ended(
    *,
    director: httpx2.AsyncClient,
    supervisor: httpx2.AsyncClient,
    patient: Json,
    seat: Seat,
    draft: Draft,
    sign: Draft,
) -> None:
    signed = await sign(await draft(await seat(patient)))
    (supervision,) = (await director.get("/v1/supervisions")).json()["items"]

    ended = await director.post(f"/v1/supervisions/{supervision['id']}:end")
    twice = await director.post(f"/v1/supervisions/{supervision['id']}:end")
    later = await sign(await draft(await seat(patient)))

    assert (ended.status_code, twice.status_code) == (200, 409)
    assert (signed["status"], later["status"]) == ("awaiting_cosignature", "signed")
    cosigned = await supervisor.post(f"/v1/notes/{signed['id']}:cosign", headers=etag(signed))
    assert cosigned.json()["status"] == "signed"


async def test_supervision_is_led_and_between_two_people_once_at_a_time(
    counsellor: httpx2.AsyncClient, director: httpx2.AsyncClient, stranger: httpx2.AsyncClient, account: UUID
) -> None:
    body = {"supervisee_id": str(account), "supervisor_id": str(uuid4())}

    assert (await counsellor.post("/v1/supervisions", json=body)).status_code == 403
    made = await director.post("/v1/supervisions", json=body)
    assert (await director.post("/v1/supervisions", json=body)).status_code == 409
    alone = await director.post("/v1/supervisions", json={**body, "supervisor_id": str(account)})
    assert alone.status_code == 422
    assert (await stranger.get("/v1/supervisions")).json()["items"] == []
    assert (await stranger.post(f"/v1/supervisions/{made.json()['id']}:end")).status_code == 404


async def test_one_author_writes_one_note_of_a_session_and_another_may_write_theirs(
    counsellor: httpx2.AsyncClient, director: httpx2.AsyncClient, patient: Json, seat: Seat, draft: Draft
) -> None:
    encounter_id = await seat(patient)
    await draft(encounter_id)

    again = await counsellor.post(f"/v1/encounters/{encounter_id}/notes", json=TEXT)
    other = await director.post(f"/v1/encounters/{encounter_id}/notes", json=TEXT)

    assert (again.status_code, other.status_code) == (409, 201)


async def test_a_note_is_not_signed_before_it_is_known_what_became_of_the_session(
    *,
    counsellor: httpx2.AsyncClient,
    patient: Json,
    draft: Draft,
    tell: Tell,
    sign: Draft,
) -> None:
    arrived = event(patient, status="arrived")
    note = await draft((await tell(arrived)).json()["encounter_id"])

    early = await counsellor.post(f"/v1/notes/{note['id']}:sign", headers=etag(note))
    await tell({**arrived, "id": str(uuid4()), "revision": 2, "status": "fulfilled"})

    assert (early.status_code, early.json()["code"]) == (409, "session-open")
    assert (await sign(note))["status"] == "signed"


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"interventions": ""}, "/interventions"),
        ({"response": None}, "/response"),
        ({"plan": "a\x00b"}, "/plan"),
        ({"topic": "two\nlines"}, "/topic"),
        ({"signed_by": str(uuid4())}, "/signed_by"),
    ],
)
async def test_what_is_no_note_is_refused(
    counsellor: httpx2.AsyncClient, patient: Json, seat: Seat, changes: Json, pointer: str
) -> None:
    encounter_id = await seat(patient)

    answer = await counsellor.post(f"/v1/encounters/{encounter_id}/notes", json={**TEXT, **changes})

    assert answer.status_code == 422
    assert [field["pointer"] for field in answer.json()["errors"]] == [pointer]


async def test_who_does_not_treat_the_patient_finds_no_note(
    *,
    records: ClientFactory,
    stranger: httpx2.AsyncClient,
    patient: Json,
    seat: Seat,
    draft: Draft,
    sign: Draft,
) -> None:
    encounter_id = await seat(patient)
    signed = await sign(await draft(encounter_id))
    path = f"/v1/notes/{signed['id']}"

    for client in (records(Role.COUNSELLOR), records(Role.NURSE), stranger):
        answers = [
            await client.get(path),
            await client.get(f"{path}/versions"),
            await client.get(f"/v1/patients/{patient['id']}/notes"),
            await client.post(f"/v1/encounters/{encounter_id}/notes", json=TEXT),
            await client.post(f"{path}:cosign", headers=etag(signed)),
        ]
        assert {answer.status_code for answer in answers} == {404}
    for role in (Role.FRONT_DESK, Role.BILLING, Role.LAB, Role.AUDITOR, Role.PATIENT):
        assert (await records(role).get(path)).status_code == 403
    assert (await records(Role.SUPERVISOR).get(path)).status_code == 200


async def test_what_is_not_signed_is_no_completed_service(
    *,
    records: ClientFactory,
    director: httpx2.AsyncClient,
    supervisor: httpx2.AsyncClient,
    patient: Json,
    seat: Seat,
    draft: Draft,
    sign: Draft,
) -> None:
    path, params = f"/v1/patients/{patient['id']}/delivered_services", {"week": WEEK}
    encounter_id = await seat(patient)
    await seat(patient, status="noshow")

    async def completed() -> list[tuple[str, bool]]:
        items = (await records(Role.BILLING).get(path, params=params)).json()["items"]
        return [(one["encounter_id"], one["is_completed"]) for one in items]

    assert await completed() == [(encounter_id, False)]
    note = await draft(encounter_id)
    assert await completed() == [(encounter_id, False)]
    signed = await sign(note)
    assert await completed() == [(encounter_id, False)]
    cosigned = await supervisor.post(f"/v1/notes/{note['id']}:cosign", headers=etag(signed))
    assert cosigned.status_code == 200
    assert await completed() == [(encounter_id, True)]
    assert (await director.get(path, params={"week": "2026-09-29"})).status_code == 422


async def test_the_list_of_what_is_not_documented_has_deadlines_where_the_site_is_held_to_a_rule(
    *,
    records: ClientFactory,
    counsellor: httpx2.AsyncClient,
    director: httpx2.AsyncClient,
    new_patient: PatientFactory,
    patient: Json,
    site_id: UUID,
    seat: Seat,
    draft: Draft,
    sign: Draft,
    clock: Clock,
) -> None:
    today = clock.now().date()
    standards = f"/v1/sites/{site_id}/documentation_standards"
    made = await director.post(standards, json={**STANDARD, "effective_from": today.isoformat()})
    ago = {"start": (clock.now() - timedelta(hours=3)).isoformat(), "end": clock.now().isoformat()}
    before = await seat(patient)
    due = await seat(patient, **ago)
    await sign(await draft(await seat(patient)))
    await seat(patient, status="noshow")
    await seat(await new_patient(), **ago)

    items = (await counsellor.get(SITE.format(site_id))).json()["items"]

    assert made.status_code == 201
    assert [(one["id"], one["is_overdue"], one["awaits_cosignature"]) for one in items] == [
        (before, False, False),
        (due, False, False),
    ]
    assert (items[0]["due_at"], items[0]["rule"]) == (None, None)
    assert (items[1]["rule"]["code"], items[1]["rule"]["mark"]) == ("within-24-hours", "likely")
    assert len((await director.get(SITE.format(site_id))).json()["items"]) == 3
    assert (await records(Role.COUNSELLOR).get(SITE.format(site_id))).json()["items"] == []


async def test_what_is_signed_after_its_deadline_is_a_late_entry_and_was_overdue_before(
    *,
    records_database: Database,
    organization_id: UUID,
    counsellor: httpx2.AsyncClient,
    patient: Json,
    site_id: UUID,
    seat: Seat,
    draft: Draft,
    sign: Draft,
) -> None:
    # The session was on a Tuesday, and it is Friday; a standard from a past day is something that no route writes.
    async with records_database.command(OrganizationId(organization_id)) as db:
        standard = "values (:org, :site, '2026-09-01', 'UTC', 'within-24-hours', 'us-mn-245g', :site, now())"
        await db.execute(
            text(f"insert into documentation_standards {standard}"),
            {"org": organization_id, "site": site_id},
        )
    encounter_id = await seat(patient)

    (before,) = (await counsellor.get(SITE.format(site_id))).json()["items"]
    signed = await sign(await draft(encounter_id))
    amendment = {"text": TEXT, "reason": "Because."}
    amended = await counsellor.post(f"/v1/notes/{signed['id']}:amend", json=amendment, headers=etag(signed))

    assert (before["due_at"], before["is_overdue"]) == ("2026-09-30T21:00:00Z", True)
    assert (signed["is_late_entry"], amended.json()["is_late_entry"]) == (True, True)
    assert (await counsellor.get(SITE.format(site_id))).json()["items"] == []


async def test_a_site_is_held_to_known_rules_from_today_on_and_once_a_day(
    counsellor: httpx2.AsyncClient, director: httpx2.AsyncClient, stranger: httpx2.AsyncClient, site_id: UUID
) -> None:
    path = f"/v1/sites/{site_id}/documentation_standards"
    body = {**STANDARD, "effective_from": "2026-11-01"}
    wrong = [
        ({"note_rule": "whenever"}, "/note_rule"),
        ({"plan_rule": "whenever"}, "/plan_rule"),
        ({"effective_from": "2026-09-01"}, "/effective_from"),
        ({"zone": "Nowhere"}, "/zone"),
    ]

    for changes, pointer in wrong:
        answer = await director.post(path, json={**body, **changes})
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)
    assert (await counsellor.post(path, json=body)).status_code == 403
    assert (await director.post(path, json=body)).status_code == 201
    assert (await director.post(path, json={**body, "note_rule": "us-ca-dmc-ods"})).status_code == 409
    assert [one["note_rule"] for one in (await counsellor.get(path)).json()["items"]] == ["within-24-hours"]
    assert (await stranger.get(path)).json()["items"] == []
    rules = (await counsellor.get("/v1/documentation_rules")).json()
    assert "within-24-hours" in {rule["code"] for rule in rules["note_rules"]}


async def test_reading_a_note_is_on_the_trail_and_its_text_is_not(
    *,
    records_database: Database,
    organization_id: UUID,
    counsellor: httpx2.AsyncClient,
    patient: Json,
    seat: Seat,
    draft: Draft,
    sign: Draft,
) -> None:
    signed = await sign(await draft(await seat(patient)))
    await counsellor.get(f"/v1/notes/{signed['id']}")

    async with records_database.read(OrganizationId(organization_id)) as read:
        events = [row["event"] for row in await read.connection.fetch("select event from audit_events")]
        kept = [row["details"] for row in await read.connection.fetch("select details from note_versions")]

    assert any('"read_note"' in event and patient["id"] in event and "progress_notes" in event for event in events)
    assert not any("triggers" in event for event in events)
    assert len(kept) == 1
    assert b"triggers" not in kept[0]
