import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest
from fastapi import FastAPI
from structlog.testing import capture_logs

from services.chassis.clock import Clock
from services.chassis.context import current
from services.chassis.database import Database, OpenDatabase
from services.chassis.idempotency import Idempotency
from services.chassis.wiring import Process
from services.contracts.gateway.emergency_alerts import EmergencyAlert
from services.contracts.identifiers import OrganizationId
from services.contracts.identity import Microservice, Role
from services.operator.postgres.provision import DatabaseUrls
from tests.conftest import ClientFactory
from tests.records.conftest import JoinTeam, PatientFactory, PlanFactory
from tests.support.gateways import PlayedGateway
from tests.support.tokens import Tokens

GLASS = {"nature": "overdose", "reason": "Found unconscious in the waiting room."}
RELAPSE_PLAN = {
    "triggers": ["Fridays"],
    "warning_signs": [],
    "coping_skills": [],
    "supports": [],
    "in_the_patients_words": True,
}
CLINICIANS = [Role.COUNSELLOR, Role.NURSE, Role.PRESCRIBER]


def without_instance(answer: httpx2.Response) -> bytes:
    return answer.content.replace(answer.json()["instance"].encode(), b"")


async def ids(client: httpx2.AsyncClient) -> list[str]:
    return [patient["id"] for patient in (await client.get("/v1/patients")).json()["items"]]


@pytest.fixture
async def two_patients(new_patient: PatientFactory, put_plan: PlanFactory) -> list[dict[str, Any]]:
    patients = [await new_patient(), await new_patient()]
    for patient in patients:
        await put_plan(patient["id"])
    return patients


@pytest.mark.parametrize("role", CLINICIANS)
@pytest.mark.parametrize("path", ["", "/treatment_plan", "/care_team_members"])
async def test_a_clinician_sees_those_whom_they_treat_and_nobody_else(
    records: ClientFactory, two_patients: list[dict[str, Any]], join_team: JoinTeam, role: Role, path: str
) -> None:
    (mine, other), account = two_patients, uuid4()
    await join_team(mine, account)
    clinician = records(role, account=account)

    seen = await clinician.get(f"/v1/patients/{mine['id']}{path}")
    hidden = await clinician.get(f"/v1/patients/{other['id']}{path}")
    nobody = await clinician.get(f"/v1/patients/{uuid4()}{path}")

    assert seen.status_code == 200
    assert hidden.status_code == nobody.status_code == 404
    assert without_instance(hidden) == without_instance(nobody)
    assert hidden.headers.keys() == nobody.headers.keys()
    assert await ids(clinician) == [mine["id"]]


@pytest.mark.parametrize("role", [Role.FRONT_DESK, Role.SUPERVISOR, Role.PROGRAMME_DIRECTOR])
async def test_those_whose_duties_concern_everybody_see_everybody(
    records: ClientFactory, new_patient: PatientFactory, role: Role
) -> None:
    patients = [await new_patient() for _ in range(2)]

    assert await ids(records(role)) == sorted(patient["id"] for patient in patients)


async def test_pages_hold_those_in_reach_only_and_lose_none(
    records: ClientFactory, new_patient: PatientFactory, join_team: JoinTeam
) -> None:
    account, mine = uuid4(), []
    for number in range(6):
        patient = await new_patient()
        if number % 2:
            await join_team(patient, account)
            mine.append(patient["id"])
    counsellor, pages, token = records(Role.COUNSELLOR, account=account), list[list[str]](), None
    while not pages or token:
        query = {"page_size": "2"} | ({"page_token": token} if token else {})
        page = (await counsellor.get("/v1/patients", params=query)).json()
        pages.append([patient["id"] for patient in page["items"]])
        token = page["next_page_token"]

    assert [len(page) for page in pages] == [2, 1]
    assert sorted(one for page in pages for one in page) == sorted(mine)


async def test_who_admits_a_patient_treats_them(records: ClientFactory, patient_body: dict[str, Any]) -> None:
    counsellor = records(Role.COUNSELLOR, account=uuid4())

    patient = (await counsellor.post("/v1/patients", json=patient_body)).json()

    assert (await counsellor.get(f"/v1/patients/{patient['id']}")).status_code == 200
    assert await ids(records(Role.COUNSELLOR)) == []


async def test_a_membership_ends_with_the_next_request(
    records: ClientFactory, director: httpx2.AsyncClient, new_patient: PatientFactory, join_team: JoinTeam
) -> None:
    patient, account = await new_patient(), uuid4()
    member = await join_team(patient, account)
    counsellor = records(Role.COUNSELLOR, account=account)
    assert (await counsellor.get(f"/v1/patients/{patient['id']}")).status_code == 200
    later(director, minutes=1)

    ended = await director.post(f"/v1/care_team_members/{member['id']}:end")

    assert ended.status_code == 200
    assert ended.json()["until_at"] is not None
    assert (await counsellor.get(f"/v1/patients/{patient['id']}")).status_code == 404
    assert (await director.post(f"/v1/care_team_members/{member['id']}:end")).json()["code"] == "over-already"
    listed = await director.get(f"/v1/patients/{patient['id']}/care_team_members")
    assert [one["id"] for one in listed.json()["items"]] == [member["id"]]


def later(client: httpx2.AsyncClient, **ahead: float) -> None:
    app: FastAPI = client._transport.app  # type: ignore[attr-defined] # the transport in the process keeps it
    process = app.state.process
    clock = Clock(process.clock.now() - Clock().now() + timedelta(**ahead))
    app.state.process = Process(clock, process.database, process.authenticator)


async def test_an_account_is_in_a_team_once(
    director: httpx2.AsyncClient, new_patient: PatientFactory, join_team: JoinTeam
) -> None:
    patient, account = await new_patient(), uuid4()
    await join_team(patient, account)

    again = await director.post(f"/v1/patients/{patient['id']}/care_team_members", json={"account_id": str(account)})

    assert again.status_code == 409


async def test_who_works_at_a_site_sees_its_patients(
    records: ClientFactory, director: httpx2.AsyncClient, new_patient: PatientFactory, site_id: UUID
) -> None:
    here, account = await new_patient(), uuid4()
    await new_patient(site_id=str(uuid4()))
    body = {"site_id": str(site_id), "account_id": str(account)}

    joined = await director.post("/v1/site_members", json=body)

    counsellor = records(Role.COUNSELLOR, account=account)
    assert joined.status_code == 201
    assert await ids(counsellor) == [here["id"]]
    assert (await director.post("/v1/site_members", json=body)).status_code == 409
    listed = await director.get("/v1/site_members", params={"site_id": str(site_id)})
    assert [one["account_id"] for one in listed.json()["items"]] == [str(account)]
    later(director, minutes=1)
    assert (await director.post(f"/v1/site_members/{joined.json()['id']}:end")).status_code == 200
    assert await ids(counsellor) == []


async def test_broken_glass_opens_one_record_for_an_hour_and_is_reviewed_by_another(
    records: ClientFactory, director: httpx2.AsyncClient, new_patient: PatientFactory
) -> None:
    patient, account = await new_patient(), uuid4()
    await new_patient()
    nurse = records(Role.NURSE, account=account)
    path = f"/v1/patients/{patient['id']}"
    assert (await nurse.get(path)).status_code == 404

    broken = await nurse.post(f"{path}/emergency_accesses", json=GLASS)

    assert broken.status_code == 201
    assert (await nurse.get(path)).status_code == 200
    assert await ids(nurse) == [patient["id"]]
    due = (await director.get("/v1/emergency_accesses")).json()["items"]
    assert [(one["id"], one["nature"], one["account_id"]) for one in due] == [
        (broken.json()["id"], "overdose", str(account))
    ]
    review = f"/v1/emergency_accesses/{broken.json()['id']}:review"
    own = await records(Role.SUPERVISOR, account=account).post(review)
    assert own.json()["code"] == "own-review"
    assert (await director.post(review)).json()["reviewed_at"] is not None
    assert (await director.post(review)).json()["code"] == "over-already"
    assert (await director.get("/v1/emergency_accesses")).json()["items"] == []
    later(nurse, minutes=61)
    assert (await nurse.get(path)).status_code == 404


@pytest.mark.parametrize("role", [Role.FRONT_DESK, Role.BILLING, Role.PATIENT])
async def test_who_treats_nobody_breaks_no_glass(
    records: ClientFactory, new_patient: PatientFactory, role: Role
) -> None:
    patient = await new_patient()

    answer = await records(role).post(f"/v1/patients/{patient['id']}/emergency_accesses", json=GLASS)

    assert answer.status_code == 403


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/patients/{patient}/care_team_members"),
        ("GET", "/v1/patients/{patient}/care_team_members"),
        ("POST", "/v1/patients/{patient}/emergency_accesses"),
        ("POST", "/v1/care_team_members/{member}:end"),
    ],
)
async def test_another_organization_learns_nothing(
    stranger: httpx2.AsyncClient, new_patient: PatientFactory, join_team: JoinTeam, method: str, path: str
) -> None:
    patient, account = await new_patient(), uuid4()
    member = await join_team(patient, account)
    body = {"account_id": str(account)} if "care_team" in path else GLASS
    if "member}" in path:
        body = {}

    theirs = await stranger.request(method, path.format(patient=patient["id"], member=member["id"]), json=body)
    nobody = await stranger.request(method, path.format(patient=uuid4(), member=uuid4()), json=body)

    assert theirs.status_code == nobody.status_code == 404
    assert without_instance(theirs) == without_instance(nobody)


async def test_a_bad_nature_is_named_and_never_echoed(records: ClientFactory, new_patient: PatientFactory) -> None:
    patient = await new_patient()

    answer = await records(Role.NURSE).post(
        f"/v1/patients/{patient['id']}/emergency_accesses", json={**GLASS, "nature": "canary"}
    )

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/nature"
    assert "canary" not in answer.text


async def break_glass(client: httpx2.AsyncClient, patient: dict[str, Any], **changes: Any) -> httpx2.Response:
    return await client.post(f"/v1/patients/{patient['id']}/emergency_accesses", json={**GLASS, **changes})


@pytest.mark.parametrize("reason", [None, "", "emergency", " " * 12, "x" * 1001, "a line\nand another"])
async def test_no_glass_is_broken_without_a_reason_that_can_be_checked(
    records: ClientFactory, new_patient: PatientFactory, reason: str | None
) -> None:
    patient, nurse = await new_patient(), records(Role.NURSE, account=uuid4())
    body = {"nature": "overdose"} | ({} if reason is None else {"reason": reason})

    answer = await nurse.post(f"/v1/patients/{patient['id']}/emergency_accesses", json=body)

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/reason")
    assert (await nurse.get(f"/v1/patients/{patient['id']}")).status_code == 404


async def test_the_reason_is_sealed_and_read_by_who_reviews_and_nobody_else(
    *,
    records: ClientFactory,
    records_database: Database,
    director: httpx2.AsyncClient,
    stranger: httpx2.AsyncClient,
    new_patient: PatientFactory,
    organization_id: UUID,
) -> None:
    patient, nurse = await new_patient(), records(Role.NURSE, account=uuid4())
    broken = await break_glass(nurse, patient)
    path = f"/v1/emergency_accesses/{broken.json()['id']}/reason"

    read = await director.get(path)
    others = [await records(role).get(path) for role in (Role.NURSE, Role.AUDITOR, Role.FRONT_DESK)]
    strange, nobody = await stranger.get(path), await stranger.get(f"/v1/emergency_accesses/{uuid4()}/reason")

    assert read.json() == {"id": broken.json()["id"], "reason": GLASS["reason"]}
    assert {answer.status_code for answer in others} == {403}
    assert (strange.status_code, without_instance(strange)) == (404, without_instance(nobody))
    assert GLASS["reason"] not in broken.text
    assert GLASS["reason"] not in (await director.get("/v1/emergency_accesses")).text
    async with records_database.read(OrganizationId(organization_id)) as read_rows:
        rows = await read_rows.connection.fetch(
            "select reason, emergency_accesses::text as row from emergency_accesses"
        )
    assert rows
    assert all(b"unconscious" not in row["reason"] and "unconscious" not in row["row"] for row in rows)


async def test_those_who_lead_are_told_at_once_with_the_name_of_who_opened_it_and_no_patient(
    records: ClientFactory, new_patient: PatientFactory, played_gateway: PlayedGateway, tokens: Tokens
) -> None:
    patient, account = await new_patient(), uuid4()
    nurse = records(Role.NURSE, account=account)

    await break_glass(nurse, patient, reason="too short")
    refused = list(played_gateway.alerts)
    broken = await break_glass(nurse, patient)

    assert (refused, broken.status_code, len(played_gateway.alerts)) == ([], 201, 1)
    told = tokens.verifier(Microservice.RECORDS).verify(played_gateway.alerts[0], tokens.keys).principal()
    assert told.account_id == account


async def test_a_glass_is_broken_although_nobody_can_be_told_and_its_review_waits(
    *, records: ClientFactory, director: httpx2.AsyncClient, new_patient: PatientFactory, played_gateway: PlayedGateway
) -> None:
    patient, nurse = await new_patient(), records(Role.NURSE, account=uuid4())
    played_gateway.is_away = True

    with capture_logs() as logged:
        broken = await break_glass(nurse, patient)

    assert broken.status_code == 201
    assert (await nurse.get(f"/v1/patients/{patient['id']}")).status_code == 200
    assert [line["error_type"] for line in logged if line["event"] == "emergency alert not sent"] == [
        "UpstreamUnavailableError"
    ]
    assert [one["id"] for one in (await director.get("/v1/emergency_accesses")).json()["items"]] == [
        broken.json()["id"]
    ]


async def test_those_who_lead_are_told_although_whoever_broke_the_glass_has_gone(
    *,
    records: ClientFactory,
    records_app: FastAPI,
    new_patient: PatientFactory,
    played_gateway: PlayedGateway,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Before, a deadline of the caller's choosing opened the record for an hour and let nobody know."""
    begun, is_gone, told = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def takes_its_time(_: str) -> EmergencyAlert:
        begun.set()
        await is_gone.wait()
        assert current().deadline is None
        told.set()
        return EmergencyAlert(letters=1)

    monkeypatch.setattr(played_gateway, "alert_emergency", takes_its_time)
    nurse, patient = records(Role.NURSE, account=uuid4()), await new_patient()
    breaking = asyncio.create_task(break_glass(nurse, patient))
    await begun.wait()
    breaking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await breaking
    (telling,) = records_app.state.tellings
    is_gone.set()
    await telling

    assert told.is_set()


class TestOnceItIsCommitted:
    """Those who lead are told of what is in the record, and nobody waits for them with the patient's row in hand."""

    pytestmark = pytest.mark.committed

    @pytest.fixture
    async def records_database(self, databases: Mapping[str, DatabaseUrls]) -> AsyncIterator[Database]:
        opened = OpenDatabase(databases["records"].app, pool_size=4)
        yield await opened.open()
        await opened.close()

    async def test_those_who_lead_find_what_they_are_told_of(
        self,
        *,
        records: ClientFactory,
        director: httpx2.AsyncClient,
        new_patient: PatientFactory,
        played_gateway: PlayedGateway,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        patient, found = await new_patient(), list[Any]()

        async def looks(_: str) -> EmergencyAlert:
            found.extend((await director.get("/v1/emergency_accesses")).json()["items"])
            return EmergencyAlert(letters=1)

        monkeypatch.setattr(played_gateway, "alert_emergency", looks)
        broken = await break_glass(records(Role.NURSE, account=uuid4()), patient)

        assert broken.status_code == 201, broken.text
        assert found == [broken.json()]

    async def test_nobody_is_told_of_what_is_undone(
        self,
        *,
        records: ClientFactory,
        records_database: Database,
        new_patient: PatientFactory,
        played_gateway: PlayedGateway,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        patient = await new_patient()

        async def fails(*_: object) -> None:
            raise OSError

        monkeypatch.setattr(Idempotency, "store", fails)
        path, once = f"/v1/patients/{patient['id']}/emergency_accesses", {"idempotency-key": "once"}
        broken = await records(Role.NURSE, account=uuid4()).post(path, json=GLASS, headers=once)

        assert broken.status_code == 500
        assert played_gateway.alerts == []
        async with records_database.read(None) as read:
            assert await read.connection.fetch("select * from untold_emergencies") == []


async def test_a_review_is_due_within_three_days(
    records: ClientFactory, director: httpx2.AsyncClient, new_patient: PatientFactory
) -> None:
    await break_glass(records(Role.NURSE, account=uuid4()), await new_patient())

    (due,) = (await director.get("/v1/emergency_accesses")).json()["items"]

    opened, until = (datetime.fromisoformat(due[name]) for name in ("opened_at", "review_due_at"))
    assert until - opened == timedelta(days=3)


async def test_a_broken_glass_opens_a_record_to_be_read_and_not_to_be_written_in(
    *, records: ClientFactory, new_patient: PatientFactory, put_plan: PlanFactory, join_team: JoinTeam
) -> None:
    patient, account = await new_patient(), uuid4()
    await put_plan(patient["id"])
    nurse, path = records(Role.NURSE, account=account), f"/v1/patients/{patient['id']}"
    await break_glass(nurse, patient)

    read = [(await nurse.get(path + part)).status_code for part in ("", "/treatment_plan")]
    refused = await nurse.put(f"{path}/relapse_prevention_plan", json=RELAPSE_PLAN)
    await join_team(patient, account)
    written = await nurse.put(f"{path}/relapse_prevention_plan", json=RELAPSE_PLAN)

    assert read == [200, 200]
    assert (refused.status_code, refused.json()["code"]) == (403, "opened-to-be-read")
    assert "care team" in refused.json()["detail"]
    assert written.status_code == 200


async def test_who_broke_a_glass_enters_no_address_of_the_patient_in_the_directory(
    *, records: ClientFactory, new_patient: PatientFactory, join_team: JoinTeam
) -> None:
    patient, account = await new_patient(), uuid4()
    counsellor = records(Role.COUNSELLOR, account=account)
    body = {"name": "Kim Doe", "kind": "patient", "patient_id": patient["id"]}
    before = await counsellor.post("/v1/recipients", json=body)
    await break_glass(counsellor, patient)

    refused = await counsellor.post("/v1/recipients", json=body)
    await join_team(patient, account)
    entered = await counsellor.post("/v1/recipients", json=body)

    assert (before.status_code, before.json()["code"]) == (422, "unknown-patient"), before.text
    assert (refused.status_code, refused.json()["code"]) == (403, "opened-to-be-read")
    assert entered.status_code == 201, entered.text


async def test_the_scheduler_is_told_that_a_broken_glass_opens_nothing_to_be_changed(
    records: ClientFactory, new_patient: PatientFactory
) -> None:
    patient, account = await new_patient(), uuid4()
    await break_glass(records(Role.COUNSELLOR, account=account), patient)
    asking = records(Role.COUNSELLOR, account=account, acting=Microservice.SCHEDULER)
    path, asked = f"/v1/patients/{patient['id']}/presence", {"information": "demographics"}

    read = await asking.get(path, params=asked)
    changing = await asking.get(path, params={**asked, "for_change": "true"})

    assert read.status_code == 200, read.text
    assert (changing.status_code, changing.json()["code"]) == (403, "opened-to-be-read")


async def test_a_broken_glass_takes_nothing_away_that_another_duty_gives(
    records: ClientFactory, new_patient: PatientFactory
) -> None:
    patient, account = await new_patient(), uuid4()
    both = {"account": account, "acting": Microservice.SCHEDULER}
    asking, asked = records(Role.NURSE, Role.FRONT_DESK, **both), {"information": "demographics", "for_change": "true"}
    path = f"/v1/patients/{patient['id']}/presence"

    before = await asking.get(path, params=asked)
    broken = await break_glass(records(Role.NURSE, Role.FRONT_DESK, account=account), patient)
    after = await asking.get(path, params=asked)
    nurse = await records(Role.NURSE, **both).get(path, params=asked)

    assert (before.status_code, broken.status_code) == (200, 201)
    assert after.status_code == 200, after.text
    assert (nurse.status_code, nurse.json()["code"]) == (403, "opened-to-be-read")
