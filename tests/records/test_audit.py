"""Every request that touches a person's data leaves one event, also the one that is refused."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import httpx2
import orjson
import pytest
from fastapi import APIRouter, FastAPI, Request

from services.chassis.app import create_app
from services.chassis.audit.chain import Link, audit_key, verify
from services.chassis.database import Database
from services.chassis.root_keys import RootKeys
from services.chassis.wiring import Db, Process, Reading, trail_of
from services.contracts.identifiers import OrganizationId
from services.contracts.identity import Microservice, Role
from tests.conftest import ClientFactory
from tests.records.conftest import PatientFactory, PlanFactory
from tests.support.serving import call_in_process, nothing_to_open
from tests.support.tokens import LocalAuthenticator, Tokens, principal


async def links(database: Database, organization_id: UUID) -> list[Link]:
    async with database.read(OrganizationId(organization_id)) as read:
        rows = await read.connection.fetch(
            "select lane, number, event, seal, hash from audit_events order by lane, number"
        )
        return [Link(*row) for row in rows]


@pytest.fixture
def events(records_database: Database, organization_id: UUID) -> Any:
    async def read() -> list[dict[str, Any]]:
        written = await links(records_database, organization_id)
        return sorted((orjson.loads(link.event) for link in written), key=lambda event: event["at"])

    return read


async def test_each_request_leaves_one_event_that_says_who_did_what_to_whom(
    records: ClientFactory, new_patient: PatientFactory, put_plan: PlanFactory, events: Any
) -> None:
    patient, account = await new_patient(), uuid4()
    await put_plan(patient["id"])
    desk = records(Role.FRONT_DESK, account=account)
    for path in ("", f"/{patient['id']}", f"/{patient['id']}/treatment_plan"):
        await desk.get(f"/v1/patients{path}")

    written = await events()
    assert [event["operation"] for event in written] == [
        "create_patient",
        "put_treatment_plan",
        "list_patients",
        "read_patient",
        "read_treatment_plan",
    ]
    assert all(event["subjects"] == [patient["id"]] for event in written)
    last = written[-1]
    assert (last["account"], last["roles"], last["outcome"]) == (str(account), ["front_desk"], "permitted")
    assert (last["basis"], last["purpose"], last["information"]) == ("use", "operations", "treatment_plan")
    assert len({event["request"] for event in written}) == len(written)


async def test_what_the_scheduler_reads_for_somebody_is_logged_as_their_access(
    serving: httpx2.AsyncClient, new_patient: PatientFactory, put_plan: PlanFactory, site_id: UUID, events: Any
) -> None:
    patient = await new_patient()
    await put_plan(patient["id"])

    # The second time it is remembered what the plan requires, and who asks is told all the same.
    for _ in range(2):
        await serving.get("/v1/week_requirements", params={"site_id": str(site_id), "week": "2026-10-05"})
    await serving.get(f"/v1/patients/{patient['id']}/seating")

    for event in (await events())[-3:]:
        assert (event["service"], event["subjects"], event["information"]) == (
            "scheduler",
            [patient["id"]],
            "scheduling",
        )


async def test_a_refusal_is_written_although_its_transaction_is_not(
    records: ClientFactory, new_patient: PatientFactory, events: Any
) -> None:
    patient, nobody = await new_patient(), uuid4()
    counsellor = records(Role.COUNSELLOR)

    await counsellor.get(f"/v1/patients/{patient['id']}")
    await counsellor.get(f"/v1/patients/{nobody}")
    await counsellor.put(f"/v1/patients/{patient['id']}/treatment_plan", json={})

    denied = [event for event in await events() if event["outcome"] == "denied"]
    assert [(event["subjects"], event["rule"]) for event in denied] == [
        ([patient["id"]], "no-relation"),
        ([str(nobody)], "not-found"),
    ]


async def test_who_may_look_and_finds_nothing_has_looked(
    records: ClientFactory, new_patient: PatientFactory, events: Any
) -> None:
    patient = await new_patient()

    answer = await records(Role.FRONT_DESK).get(f"/v1/patients/{patient['id']}/treatment_plan")

    assert answer.status_code == 404
    last = (await events())[-1]
    assert (last["operation"], last["outcome"]) == ("read_treatment_plan", "permitted")
    assert (last["subjects"], last["refused"]) == ([patient["id"]], "not-found")


async def test_whom_the_gate_lets_through_and_the_command_refuses_leaves_a_trace(
    director: httpx2.AsyncClient, new_patient: PatientFactory, put_plan: PlanFactory, plan_body: dict[str, Any],
    events: Any,
) -> None:  # fmt: skip
    patient = await new_patient()
    plan = await put_plan(patient["id"])
    path = f"/v1/patients/{patient['id']}/treatment_plan"

    stale = await director.put(path, json=plan_body, headers={"if-match": '"7"'})
    blind = await director.put(path, json=plan_body)

    assert (stale.status_code, blind.status_code) == (412, 428)
    told = [(event["operation"], event["outcome"], event["subjects"], event.get("refused")) for event in await events()]
    assert told == [
        ("create_patient", "permitted", [patient["id"]], None),
        ("put_treatment_plan", "permitted", [patient["id"]], None),
        ("put_treatment_plan", "permitted", [patient["id"]], "stale-version"),
        ("put_treatment_plan", "permitted", [patient["id"]], "version-required"),
    ]
    # It tells of an access, and nothing was changed.
    assert (await director.get(path)).json()["version"] == plan["version"]


async def test_an_answer_given_again_is_written_too(
    director: httpx2.AsyncClient, patient_body: dict[str, Any], events: Any
) -> None:
    for _ in range(2):
        await director.post("/v1/patients", json=patient_body, headers={"idempotency-key": "once"})

    assert [event["outcome"] for event in await events()] == ["permitted", "replayed"]


async def test_no_name_and_no_birth_date_is_in_the_trail(
    director: httpx2.AsyncClient, patient_body: dict[str, Any], records_database: Database, organization_id: UUID
) -> None:
    await director.post("/v1/patients", json={**patient_body, "given_name": "Canary", "birth_date": "1961-02-03"})

    text = "".join(link.event for link in await links(records_database, organization_id))
    assert text
    assert "Canary" not in text
    assert "1961" not in text


async def test_the_trail_verifies_with_the_key_of_the_installation(
    new_patient: PatientFactory, records_database: Database, organization_id: UUID
) -> None:
    for _ in range(3):
        await new_patient()

    written = await links(records_database, organization_id)

    assert verify(audit_key(bytes(32)), organization_id, written).findings == []
    assert len(written) == 3


router = APIRouter()


@router.get("/silent", operation_id="read_patient")
async def silent(_read: Reading) -> str:
    return "Jane Roe"


@router.post("/silent", operation_id="create_patient")
async def silent_write(_db: Db) -> str:
    return "Jane Roe"


@router.get("/refusing", operation_id="read_treatment_plan")
async def refuse_and_read(_read: Reading, request: Request) -> str:
    trail_of(request).deny(uuid4(), rule="no-relation", purpose="treatment")
    return "Jane Roe"


@router.post("/refusing", operation_id="put_treatment_plan")
async def refuse_and_write(_db: Db, request: Request) -> str:
    trail_of(request).deny(uuid4(), rule="no-relation", purpose="treatment")
    return "Jane Roe"


@pytest.fixture
async def forgetful(
    records_database: Database, records_app: FastAPI, tokens: Tokens
) -> AsyncIterator[httpx2.AsyncClient]:
    app = create_app(Microservice.RECORDS, [router], lifespan=nothing_to_open, is_audited=True)
    app.state.process = Process(
        records_app.state.process.clock, records_database, LocalAuthenticator(tokens, Microservice.RECORDS)
    )
    app.state.root_keys = RootKeys.of(bytes(32))
    token = tokens.internal(principal(Role.PROGRAMME_DIRECTOR, organization=uuid4()), Microservice.RECORDS)
    async with call_in_process(app, headers={"authorization": f"Bearer {token}"}) as client:
        yield client


@pytest.mark.parametrize("path", ["/silent", "/refusing"])
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_route_that_does_not_tell_the_trail_what_it_was_permitted_answers_nothing(
    forgetful: httpx2.AsyncClient, method: str, path: str
) -> None:
    answer = await forgetful.request(method, path)

    assert answer.status_code == 500
    assert "Jane" not in answer.text
