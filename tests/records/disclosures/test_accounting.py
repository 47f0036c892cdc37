"""What holds of the accounting whoever writes it: constraints, seals, and who comes first of two."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx2
import orjson
import pytest

from services.chassis.database import Database
from services.contracts.identifiers import OrganizationId
from services.operator.postgres.provision import DatabaseUrls
from tests.records.consents.conftest import DOCUMENT, Json
from tests.records.disclosures.conftest import TOLD, Disclose
from tests.records.test_races import beside, committing

__all__ = ["beside", "committing"]

# What `revoke` writes: the same version once more, and that it is revoked.
REVOKE = """
    insert into consents select (revoked).* from (
        select jsonb_populate_record(c, '{"version": 3, "status": "revoked"}') as revoked
        from consents c where id = $1::uuid and version = 2
    ) as newest
"""


async def stored(database: Database, organization_id: UUID, query: str) -> list[asyncpg.Record]:
    async with database.read(OrganizationId(organization_id)) as read:
        return list(await read.connection.fetch(query))


async def test_the_names_of_an_emergency_are_sealed_and_not_in_the_trail(
    planned: Json, disclose: Disclose, records_database: Database, organization_id: UUID
) -> None:
    sent = await disclose(planned["id"], purpose="medical_emergency", emergency=TOLD)

    rows = await stored(records_database, organization_id, "select d::text as row from disclosures d")
    events = await stored(records_database, organization_id, "select event from audit_events")
    text = "".join(row["row"] for row in rows) + "".join(row["event"] for row in events)
    assert sent.status_code == 201
    assert not [name for name in ("Ada Brook", "emergency room", "Nurse on duty") if name in text]
    for name in ("Ada Brook", "Nurse on duty"):
        assert name.encode().hex() not in text


async def test_the_trail_says_what_left_and_what_did_not_with_its_remedy(
    planned: Json, disclose: Disclose, records_database: Database, organization_id: UUID, hospital: Json
) -> None:
    sent = await disclose(planned["id"], purpose="medical_emergency", emergency=TOLD)
    await disclose(planned["id"], purpose="employment")

    rows = await stored(records_database, organization_id, "select event from audit_events")
    events = [event for row in rows if (event := orjson.loads(row["event"]))["operation"] == "create_disclosure"]
    told = {event["outcome"]: event for event in events}
    left, kept = told["permitted"], told["denied"]
    assert (left["basis"], left["disclosure"]) == ("emergency", sent.json()["disclosure"]["id"])
    assert (left["recipient"], left["subjects"]) == (hospital["id"], [planned["id"]])
    assert (kept["rule"], kept["clause"]) == ("no-consent", "42 CFR 2.33(a)")
    assert kept["remedy"] == "obtain the patient's written consent"


async def test_no_disclosure_relies_on_a_consent_that_was_revoked_while_it_was_in_hand(
    committing: httpx2.AsyncClient, revoking: Any, organization_id: UUID, patient_body: Json, terms_for: Any
) -> None:
    patient = (await committing.post("/v1/patients", json=patient_body)).json()
    recipient = (
        await committing.post("/v1/recipients", json={"name": "Harbour Hospital", "kind": "treating_provider"})
    ).json()
    path = f"/v1/patients/{patient['id']}"
    consent = (await committing.post(f"{path}/consents", json=terms_for(recipient))).json()
    activated = await committing.post(f"/v1/consents/{consent['id']}:activate", headers={"if-match": '"1"'})
    body = {"recipient_id": recipient["id"], "purpose": "treatment", "information": ["demographics"]}

    async with revoking.transaction():
        await revoking.execute("select set_config('eventide.organization_id', $1, true)", str(organization_id))
        await revoking.execute("select 1 from patients where id = $1::uuid for no key update", patient["id"])
        sending = asyncio.create_task(committing.post(f"{path}/disclosures", json=body))
        waiting = "select count(*) from pg_locks where not granted and locktype = 'transactionid'"
        async with asyncio.timeout(60):
            while not await revoking.fetchval(waiting):
                pass
        await revoking.execute(REVOKE, consent["id"])

    sent = await sending
    assert (activated.status_code, sent.status_code, sent.json()["code"]) == (200, 403, "consent-revoked")
    assert (await committing.get(f"{path}/disclosures")).json()["items"] == []


@pytest.fixture
async def revoking(records_urls: DatabaseUrls) -> AsyncIterator[Any]:
    connection = await asyncpg.connect(records_urls.app)
    yield connection
    await connection.close()


@pytest.fixture
def terms_for() -> Any:
    def make(recipient: Json) -> Json:
        signature = {
            "signer": "patient",
            "method": "on_paper",
            "signed_at": "2026-10-01T10:00:00Z",
            "document_sha256": DOCUMENT,
        }
        return {
            "kind": "general",
            "disclosing_party": "Harbour Street programme",
            "information": ["demographics"],
            "recipient_ids": [recipient["id"]],
            "purposes": ["treatment"],
            "statements": ["right_to_revoke", "consequences_of_refusing", "redisclosure"],
            "expires_upon": "none",
            "signatures": [signature],
        }

    return make


@pytest.fixture
async def owner(records_urls: DatabaseUrls) -> AsyncIterator[Any]:
    connection = await asyncpg.connect(records_urls.owner)
    transaction = connection.transaction()
    await transaction.start()
    await connection.execute("select set_config('eventide.organization_id', $1, true)", str(uuid4()))
    organization = "current_setting('eventide.organization_id')::uuid"
    await connection.execute(
        f"insert into patients select {organization}, gen_random_uuid(), '', '', '', gen_random_uuid(), 1, now()"
    )
    await connection.execute(
        f"insert into recipients select {organization}, gen_random_uuid(), '', 'court', false, null, now()"
    )
    yield connection
    await transaction.rollback()
    await connection.close()


INSERT = """
    insert into disclosures (organization_id, id, patient_id, recipient_id, information, purpose, basis, consent_id,
        consent_version, notice_version, recipient_person, facility, discloser, nature, reference, subpoena,
        disclosed_by, disclosed_at, review_due, reviewed_by, reviewed_at)
    select current_setting('eventide.organization_id')::uuid, gen_random_uuid(), p.id, r.id, {information}, 'x',
        {basis}, {consent_id}, {consent_id}::text::integer, {notice_version}, 'a', {facility}, 'c', {nature},
        {reference}, {subpoena}, p.id, now(), {review_due}, {reviewed_by}, {reviewed_at}
    from patients p, recipients r
"""
WHOLE = {
    "information": "array['demographics']",
    "basis": "'emergency'",
    "consent_id": "null",
    "notice_version": "'1'",
    "facility": "'b'",
    "nature": "'overdose'",
    "reference": "'d'",
    "subpoena": "'e'",
    "review_due": "true",
    "reviewed_by": "null",
    "reviewed_at": "null",
}


@pytest.mark.parametrize(
    "changes",
    [
        {"information": "'{}'"},
        {"basis": "'consent'"},
        {"notice_version": "null"},
        {"facility": "null"},
        {"nature": "'covering_colleague'"},
        {"review_due": "false"},
        {"basis": "'court_order'", "subpoena": "null"},
        {"basis": "'research'", "reference": "null"},
        {"reviewed_at": "now()"},
        {"reviewed_at": "now()", "reviewed_by": "p.id"},
    ],
)
async def test_not_even_the_owner_of_the_database_can_account_for_less(owner: Any, changes: Json) -> None:
    await owner.execute(INSERT.format(**WHOLE))

    with pytest.raises(asyncpg.CheckViolationError):
        await owner.execute(INSERT.format(**{**WHOLE, **changes}))


async def test_the_application_cannot_rewrite_what_was_disclosed(records_urls: DatabaseUrls) -> None:
    connection = await asyncpg.connect(records_urls.app)
    try:
        for statement in (
            "update disclosures set purpose = 'treatment'",
            "delete from disclosures",
            "update disclosure_denials set rule = 'x'",
            "delete from disclosure_denials",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(statement)
    finally:
        await connection.close()
