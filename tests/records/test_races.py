"""What holds when several do the same thing at once: these requests really commit, each on a connection of its own."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import httpx2
import pytest
from sqlalchemy import text

from services.chassis.clock import Clock
from services.chassis.database import Database, OpenDatabase
from services.chassis.root_keys import RootKeys
from services.chassis.wiring import Process
from services.contracts.identifiers import OrganizationId
from services.contracts.identity import Microservice, Role
from services.operator.postgres.provision import DatabaseUrls
from services.records.main import build
from tests.records.consents.conftest import SIGNED
from tests.support.serving import call_in_process, nothing_to_open
from tests.support.tokens import LocalAuthenticator, Tokens, principal

AT_ONCE = 6


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

        def call(role: Role, account: UUID | None = None) -> httpx2.AsyncClient:
            who = principal(role, organization=organization_id, account=account)
            token = tokens.internal(who, Microservice.RECORDS)
            client = call_in_process(app, headers={"authorization": f"Bearer {token}"})
            stack.push_async_callback(client.aclose)
            return client

        yield Committing(call, database)


@pytest.fixture
def committing(beside: Committing) -> httpx2.AsyncClient:
    return beside.call(Role.PROGRAMME_DIRECTOR)


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


async def test_what_a_patient_asks_while_the_link_is_ended_waits_for_that_and_is_refused(
    beside: Committing, committing: httpx2.AsyncClient, patient_body: dict[str, Any], organization_id: UUID
) -> None:
    patient, account = (await committing.post("/v1/patients", json=patient_body)).json(), uuid4()
    path = f"/v1/patients/{patient['id']}/patient_accounts"
    linked = (await committing.post(path, json={"account_id": str(account)})).json()
    claim = {"code": linked["code"], "birth_date": patient["birth_date"]}
    claimed = await beside.call(Role.PATIENT, account).post("/v1/me/record:claim", json=claim)
    assert claimed.status_code == 200, claimed.text
    own, nobody_s = beside.call(Role.PATIENT, account), f"/v1/me/consents/{uuid4()}:revoke"
    ended = text("update patient_accounts set until_at = from_at + interval '1 s', ended_by = :by where id = :id")
    # Whom this connection keeps waiting: asked again and again, each time by a round trip, until there is somebody.
    waiting = text("select exists(select from pg_locks where pg_backend_pid() = any(pg_blocking_pids(pid)))")

    async with beside.database.command(OrganizationId(organization_id)) as db:
        await db.execute(ended, {"by": uuid4(), "id": UUID(linked["id"])})
        asked = asyncio.create_task(own.post(nobody_s, json={"sha256": "0f" * 32}))
        while not asked.done() and not await db.scalar(waiting):
            continue
    answer = await asked

    assert (answer.status_code, answer.json()["code"]) == (404, "no-own-record")


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
    sister = {"name": "Sister", "kind": "family_or_friend"}
    recipient = (await committing.post("/v1/recipients", json=sister)).json()["id"]
    path = f"/v1/patients/{patient['id']}"
    body = {"recipient_id": recipient, "relationship": "sibling"}
    person = (await committing.post(f"{path}/related_persons", json=body)).json()["id"]
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
    drafted = (await committing.post(f"{path}/consents", json=terms)).json()["id"]
    await committing.post(f"/v1/consents/{drafted}:activate", headers={"if-match": '"1"'})
    linked = await committing.post(f"/v1/related_persons/{person}/accounts", json={"account_id": str(account)})
    own, claim = beside.call(Role.FAMILY, account), {"code": linked.json()["code"], "birth_date": patient["birth_date"]}
    claimed = await own.post("/v1/me/related_persons:claim", json=claim)
    assert claimed.status_code == 200, claimed.text
    record = f"/v1/me/related_persons/{person}/record?information=demographics"
    before = await own.get(record)
    waiting = text("select exists(select from pg_locks where pg_backend_pid() = any(pg_blocking_pids(pid)))")

    async with beside.database.command(OrganizationId(organization_id)) as db:
        await db.execute(text("select from patients where id = :id for no key update"), {"id": UUID(patient["id"])})
        values = {"person": UUID(person), "patient": UUID(patient["id"])}
        await db.execute(text(ended), {name: one for name, one in values.items() if f":{name}" in ended})
        asked = asyncio.create_task(own.get(record))
        while not asked.done() and not await db.scalar(waiting):
            continue
    answer = await asked

    assert before.status_code == 200, before.text
    assert (answer.status_code, answer.json()["code"]) == (404, "nothing-to-read")
