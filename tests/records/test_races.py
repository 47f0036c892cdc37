"""What holds when several do the same thing at once: these requests really commit, each on a connection of its own."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import asyncpg
import httpx2
import pytest
from sqlalchemy import text

from services.chassis.clock import Clock
from services.chassis.database import Database, OpenDatabase
from services.chassis.root_keys import RootKeys
from services.chassis.wiring import Process
from services.contracts.identifiers import OrganizationId, PatientId
from services.contracts.identity import Microservice, Role
from services.contracts.records.patients import Patient, PatientRequest
from services.operator.postgres.provision import DatabaseUrls
from services.records.main import build
from services.records.patients.storage import PatientRows
from tests.records.consents.conftest import SIGNED
from tests.support.serving import call_in_process, nothing_to_open
from tests.support.tokens import LocalAuthenticator, Tokens, principal

Json = dict[str, Any]
AT_ONCE = 6
# Whom this connection keeps waiting: asked again and again, each time by a round trip, until there is somebody.
WAITING = text("select exists(select from pg_locks where pg_backend_pid() = any(pg_blocking_pids(pid)))")
LOCK = text("select from patients where id = :patient for no key update")
END_LINK = """
    update patient_accounts set until_at = from_at + interval '1 s', ended_by = :by where patient_id = :patient
"""
SEAL = """
    with sealed as (update patients set sealed_at = now() where id = :patient)
    update patient_accounts set until_at = from_at + interval '1 s', ended_by = :by where patient_id = :patient
"""
SISTER = {"name": "Sister", "kind": "family_or_friend"}
CLOSING = {
    "programme": "Harbour Street programme",
    "reason": "discontinued",
    "ends_on": "2026-10-02",
    "responsible_person": "Rae Keeper",
    "responsible_contact": "12 Harbour Street",
}


class Committing(NamedTuple):
    """Makes callers whose requests commit, and is a connection beside theirs."""

    call: Callable[..., httpx2.AsyncClient]
    database: Database


@pytest.fixture
async def beside(
    records_urls: DatabaseUrls, tokens: Tokens, clock: Clock, organization_id: UUID
) -> AsyncIterator[Committing]:
    async with AsyncExitStack() as stack:
        opened = OpenDatabase(records_urls.app, pool_size=AT_ONCE)
        stack.push_async_callback(opened.close)
        app = build(nothing_to_open)
        database = await opened.open()
        app.state.process = Process(clock, database, LocalAuthenticator(tokens, Microservice.RECORDS))
        app.state.root_keys = RootKeys.of(bytes(32))

        def call(role: Role, account: UUID | None = None, acting: Microservice | None = None) -> httpx2.AsyncClient:
            who = principal(role, organization=organization_id, account=account, acting=acting)
            token = tokens.internal(who, Microservice.RECORDS)
            client = call_in_process(app, headers={"authorization": f"Bearer {token}"})
            stack.push_async_callback(client.aclose)
            return client

        yield Committing(call, database)


@pytest.fixture
def committing(beside: Committing) -> httpx2.AsyncClient:
    return beside.call(Role.PROGRAMME_DIRECTOR)


async def close_to(client: httpx2.AsyncClient, patient: Json, recipient: str, account: UUID) -> Json:
    """Enter a recipient as sister whom a consent names; returns what the desk hands out for her account."""
    path = f"/v1/patients/{patient['id']}"
    body = {"recipient_id": recipient, "relationship": "sibling"}
    person: str = (await client.post(f"{path}/related_persons", json=body)).json()["id"]
    terms = {
        "kind": "specific",
        "disclosing_party": "Harbour Street programme",
        "information": ["demographics"],
        "recipient_ids": [recipient],
        "purposes": ["family_involvement"],
        "statements": ["right_to_revoke", "consequences_of_refusing", "redisclosure"],
        "expires_on": "2026-12-31",
        "signatures": [SIGNED],
    }
    drafted = (await client.post(f"{path}/consents", json=terms)).json()["id"]
    await client.post(f"/v1/consents/{drafted}:activate", headers={"if-match": '"1"'})
    linked = await client.post(f"/v1/related_persons/{person}/accounts", json={"account_id": str(account)})
    assert linked.status_code == 201, linked.text
    handed: Json = linked.json()
    return handed


async def test_the_first_patients_of_an_organization_may_come_all_at_once(
    committing: httpx2.AsyncClient, patient_body: dict[str, Any]
) -> None:
    created = await asyncio.gather(*(committing.post("/v1/patients", json=patient_body) for _ in range(AT_ONCE)))

    listed = await committing.get("/v1/patients")

    assert [answer.status_code for answer in created] == [201] * AT_ONCE
    assert sorted(patient["id"] for patient in listed.json()["items"]) == sorted(
        answer.json()["id"] for answer in created
    )


async def test_of_many_changes_to_one_version_one_is_made(
    committing: httpx2.AsyncClient, patient_body: dict[str, Any], plan_body: dict[str, Any]
) -> None:
    patient = (await committing.post("/v1/patients", json=patient_body)).json()
    path = f"/v1/patients/{patient['id']}/treatment_plan"
    await committing.put(path, json=plan_body)

    answers = await asyncio.gather(
        *(committing.put(path, json=plan_body, headers={"if-match": '"1"'}) for _ in range(AT_ONCE))
    )

    assert sorted(answer.status_code for answer in answers) == [200] + [412] * (AT_ONCE - 1)
    assert (await committing.get(path)).json()["version"] == 2


async def test_of_many_first_plans_one_is_written(
    committing: httpx2.AsyncClient, patient_body: dict[str, Any], plan_body: dict[str, Any]
) -> None:
    patient = (await committing.post("/v1/patients", json=patient_body)).json()
    path = f"/v1/patients/{patient['id']}/treatment_plan"

    answers = await asyncio.gather(*(committing.put(path, json=plan_body) for _ in range(AT_ONCE)))

    assert sorted(answer.status_code for answer in answers) == [201] + [428] * (AT_ONCE - 1)


async def test_a_pair_named_many_times_at_once_is_one_pair(
    committing: httpx2.AsyncClient, patient_body: dict[str, Any]
) -> None:
    pair = [(await committing.post("/v1/patients", json=patient_body)).json()["id"] for _ in range(2)]

    answers = await asyncio.gather(
        *(committing.post("/v1/no_contacts", json={"patient_ids": pair}) for _ in range(AT_ONCE))
    )

    assert sorted(answer.status_code for answer in answers) == [201] + [409] * (AT_ONCE - 1)


async def handed_to(client: httpx2.AsyncClient, patient: Json, account: UUID) -> tuple[UUID, Json]:
    """Link an account to a patient; returns the link's id, and what claims the record by it."""
    linked = await client.post(f"/v1/patients/{patient['id']}/patient_accounts", json={"account_id": str(account)})
    assert linked.status_code == 201, linked.text
    return UUID(linked.json()["id"]), {"code": linked.json()["code"], "birth_date": patient["birth_date"]}


@pytest.mark.parametrize("ended", [END_LINK, SEAL], ids=["the link", "the programme"])
async def test_what_a_patient_asks_while_the_link_is_ended_waits_for_that_and_is_refused(
    *, beside: Committing, committing: httpx2.AsyncClient, patient_body: dict[str, Any], organization_id: UUID,
    ended: str,
) -> None:  # fmt: skip
    patient, account = (await committing.post("/v1/patients", json=patient_body)).json(), uuid4()
    _, claim = await handed_to(committing, patient, account)
    own, nobody_s = beside.call(Role.PATIENT, account), f"/v1/me/consents/{uuid4()}:revoke"
    claimed = await own.post("/v1/me/record:claim", json=claim)
    assert claimed.status_code == 200, claimed.text

    async with beside.database.command(OrganizationId(organization_id)) as db:
        await db.execute(LOCK, {"patient": UUID(patient["id"])})
        await db.execute(text(ended), {"by": uuid4(), "patient": UUID(patient["id"])})
        asked = asyncio.create_task(own.post(nobody_s, json={"sha256": "0f" * 32}))
        while not asked.done() and not await db.scalar(WAITING):
            continue
    answer = await asked

    assert (answer.status_code, answer.json()["code"]) == (404, "no-own-record")


@pytest.mark.parametrize("ended", [END_LINK, SEAL], ids=["the link", "the programme"])
async def test_who_claims_the_record_while_the_link_is_ended_keeps_no_claimed_link(
    *, beside: Committing, committing: httpx2.AsyncClient, patient_body: dict[str, Any], organization_id: UUID,
    ended: str,
) -> None:  # fmt: skip
    patient, account = (await committing.post("/v1/patients", json=patient_body)).json(), uuid4()
    link_id, claim = await handed_to(committing, patient, account)
    own = beside.call(Role.PATIENT, account)

    async with beside.database.command(OrganizationId(organization_id)) as db:
        await db.execute(LOCK, {"patient": UUID(patient["id"])})
        await db.execute(text(ended), {"by": uuid4(), "patient": UUID(patient["id"])})
        asked = asyncio.create_task(own.post("/v1/me/record:claim", json=claim))
        while not asked.done() and not await db.scalar(WAITING):
            continue
    answer = await asked

    assert (answer.status_code, answer.json()["code"]) == (404, "claim-refused")
    async with beside.database.command(OrganizationId(organization_id)) as db:
        kept = await db.execute(
            text("select claimed_at, attempts from patient_accounts where id = :id"), {"id": link_id}
        )
        assert tuple(kept.one()) == (None, 0)


async def test_a_link_that_is_claimed_while_staff_ends_it_is_ended_as_a_claimed_one(
    beside: Committing, committing: httpx2.AsyncClient, patient_body: dict[str, Any], organization_id: UUID
) -> None:
    """Before, what staff was told, and what was written, was the link as it stood before the claim."""
    patient, account = (await committing.post("/v1/patients", json=patient_body)).json(), uuid4()
    link_id, _ = await handed_to(committing, patient, account)

    async with beside.database.command(OrganizationId(organization_id)) as db:
        await db.execute(LOCK, {"patient": UUID(patient["id"])})
        await db.execute(text("update patient_accounts set claimed_at = from_at where id = :id"), {"id": link_id})
        asked = asyncio.create_task(committing.post(f"/v1/patient_accounts/{link_id}:end"))
        while not asked.done() and not await db.scalar(WAITING):
            continue
    answer = await asked

    ended = answer.json()
    assert (answer.status_code, ended["claimed_at"], ended["until_at"] is None) == (200, ended["from_at"], False)
    refused = await beside.call(Role.PATIENT, account).get("/v1/me/record")
    assert (refused.status_code, refused.json()["code"]) == (404, "no-own-record")


async def test_of_two_who_end_a_link_at_once_the_second_is_told_that_it_is_over(
    beside: Committing, committing: httpx2.AsyncClient, patient_body: dict[str, Any], organization_id: UUID
) -> None:
    patient, first = (await committing.post("/v1/patients", json=patient_body)).json(), uuid4()
    link_id, _ = await handed_to(committing, patient, uuid4())

    async with beside.database.command(OrganizationId(organization_id)) as db:
        await db.execute(LOCK, {"patient": UUID(patient["id"])})
        await db.execute(text(END_LINK), {"by": first, "patient": UUID(patient["id"])})
        asked = asyncio.create_task(committing.post(f"/v1/patient_accounts/{link_id}:end"))
        while not asked.done() and not await db.scalar(WAITING):
            continue
    answer = await asked

    assert (answer.status_code, answer.json()["code"]) == (409, "over-already")
    listed = await committing.get(f"/v1/patients/{patient['id']}/patient_accounts")
    assert [one["ended_by"] for one in listed.json()["items"]] == [str(first)]


@pytest.mark.parametrize(
    "ended",
    [
        "update related_persons set ended_at = now() where id = :person",
        "update related_person_accounts set until_at = from_at + interval '1 s', ended_by = :person",
        "update patients set sealed_at = now() where id = :patient",
    ],
    ids=["the relation", "the account", "the programme"],
)
async def test_what_a_related_person_asks_while_it_ends_waits_for_that_and_is_refused(
    beside: Committing, committing: httpx2.AsyncClient, patient_body: dict[str, Any], organization_id: UUID, ended: str
) -> None:
    patient, account = (await committing.post("/v1/patients", json=patient_body)).json(), uuid4()
    own = beside.call(Role.FAMILY, account)
    recipient = (await committing.post("/v1/recipients", json=SISTER)).json()["id"]
    linked = await close_to(committing, patient, recipient, account)
    person = linked["related_person_id"]
    claim = {"code": linked["code"], "birth_date": patient["birth_date"]}
    claimed = await own.post("/v1/me/related_persons:claim", json=claim)
    assert claimed.status_code == 200, claimed.text
    record = f"/v1/me/related_persons/{person}/record?information=demographics"
    before = await own.get(record)

    async with beside.database.command(OrganizationId(organization_id)) as db:
        await db.execute(LOCK, {"patient": UUID(patient["id"])})
        values = {"person": UUID(person), "patient": UUID(patient["id"])}
        await db.execute(text(ended), {name: one for name, one in values.items() if f":{name}" in ended})
        asked = asyncio.create_task(own.get(record))
        while not asked.done() and not await db.scalar(WAITING):
            continue
    answer = await asked

    assert before.status_code == 200, before.text
    assert (answer.status_code, answer.json()["code"]) == (404, "nothing-to-read")


async def test_a_mother_of_two_whose_one_child_s_key_is_destroyed_reads_of_the_other_and_can_claim_anew(
    *, beside: Committing, committing: httpx2.AsyncClient, patient_body: dict[str, Any], organization_id: UUID,
    records_urls: DatabaseUrls,
) -> None:  # fmt: skip
    account = uuid4()
    mother = beside.call(Role.FAMILY, account)
    patients = [(await committing.post("/v1/patients", json=patient_body)).json() for _ in range(3)]
    gone, stays, unclaimed = patients
    persons, claim = {}, Json()
    recipient = (await committing.post("/v1/recipients", json=SISTER)).json()["id"]
    for patient in (gone, stays, unclaimed):
        linked = await close_to(committing, patient, recipient, account)
        persons[patient["id"]] = linked["related_person_id"]
        claim = {"code": linked["code"], "birth_date": patient["birth_date"]}
        if patient is not unclaimed:
            assert (await mother.post("/v1/me/related_persons:claim", json=claim)).status_code == 200
    owner = await asyncpg.connect(
        records_urls.owner, server_settings={"eventide.organization_id": str(organization_id)}
    )
    try:
        keys = "delete from patient_keys where patient_id = any($1::uuid[])"
        await owner.execute(keys, [UUID(gone["id"]), UUID(unclaimed["id"])])
    finally:
        await owner.close()

    listed = await mother.get("/v1/me/related_persons")
    of_gone, of_other = [
        await mother.get(f"/v1/me/related_persons/{persons[one['id']]}/record?information=demographics")
        for one in (gone, stays)
    ]
    refused = await mother.post("/v1/me/related_persons:claim", json=claim)

    assert listed.status_code == 200, listed.text
    assert [one["related_person_id"] for one in listed.json()["items"]] == [persons[stays["id"]]]
    assert (of_gone.status_code, of_gone.json()["code"], of_other.status_code) == (404, "nothing-to-read", 200)
    assert (refused.status_code, refused.json()["code"]) == (404, "claim-refused")


async def test_who_is_admitted_while_the_programme_is_sealed_is_decided_on_first(
    *, beside: Committing, committing: httpx2.AsyncClient, patient_body: dict[str, Any], organization_id: UUID,
    clock: Clock,
) -> None:  # fmt: skip
    admin = beside.call(Role.ORGANIZATION_ADMIN)
    patient = (await committing.post("/v1/patients", json=patient_body)).json()
    path = f"/v1/programme_closings/{(await admin.post('/v1/programme_closings', json=CLOSING)).json()['id']}"
    decided = {"patient_ids": [patient["id"]], "kind": "destroy"}
    assert (await committing.post(f"{path}/dispositions", json=decided)).status_code == 200
    late = Patient(
        id=PatientId(uuid4()),
        **PatientRequest.model_validate(patient_body).model_dump(),
        version=1,
        created_at=clock.now(),
    )
    here = OrganizationId(organization_id)
    async with beside.database.command(here) as db:
        await db.execute(text("update programme_closings set ends_on = '2026-09-01'"))

    async with beside.database.command(here) as db:
        await PatientRows(db, RootKeys.of(bytes(32)), here).add(late)
        asked = asyncio.create_task(admin.post(f"{path}:seal"))
        while not asked.done() and not await db.scalar(WAITING):
            continue
    answer = await asked

    assert (answer.status_code, answer.json().get("code")) == (409, "undecided")


async def test_who_reads_a_closing_waits_for_nobody_who_changes_it(beside: Committing, organization_id: UUID) -> None:
    admin = beside.call(Role.ORGANIZATION_ADMIN)
    path = f"/v1/programme_closings/{(await admin.post('/v1/programme_closings', json=CLOSING)).json()['id']}"

    async with beside.database.command(OrganizationId(organization_id)) as db:
        await db.execute(text("select from programme_closings for update"))
        asked = asyncio.create_task(admin.get(path))
        while not asked.done() and not await db.scalar(WAITING):
            continue
        has_waited = not asked.done()
    answer = await asked

    assert (answer.status_code, has_waited) == (200, False)
