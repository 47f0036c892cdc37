from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest

from services.contracts.identity import Microservice, Role
from tests.conftest import ClientFactory
from tests.records.conftest import JoinTeam, PatientFactory
from tests.records.test_audit import events as events  # noqa: PLC0414 - a fixture is known by its name here


def without_instance(answer: httpx2.Response) -> bytes:
    return answer.content.replace(answer.json()["instance"].encode(), b"")


async def test_a_patient_is_created_with_a_location_and_an_etag(
    director: httpx2.AsyncClient, patient_body: dict[str, Any]
) -> None:
    answer = await director.post("/v1/patients", json=patient_body)

    patient = answer.json()
    assert answer.status_code == 201
    assert answer.headers["location"] == f"/v1/patients/{patient['id']}"
    assert answer.headers["etag"] == '"1"'
    assert {name: patient[name] for name in patient_body} == patient_body


async def test_a_patient_can_be_read_where_the_location_says(
    director: httpx2.AsyncClient, new_patient: PatientFactory
) -> None:
    patient = await new_patient(given_name="Zoë", family_name="O'Brien-Núñez 王")

    answer = await director.get(f"/v1/patients/{patient['id']}")

    assert answer.status_code == 200
    assert answer.headers["etag"] == '"1"'
    assert answer.json() == patient


async def test_ids_sort_by_the_time_of_admission(new_patient: PatientFactory) -> None:
    ids = [(await new_patient())["id"] for _ in range(2)]

    assert {UUID(patient_id).version for patient_id in ids} == {7}
    assert [patient_id[:8] for patient_id in ids] == sorted(patient_id[:8] for patient_id in ids)


async def test_the_list_gives_every_patient_once_page_by_page(
    director: httpx2.AsyncClient, new_patient: PatientFactory
) -> None:
    ids = sorted([(await new_patient(given_name=f"Patient {number}"))["id"] for number in range(5)])

    pages: list[list[str]] = []
    token: str | None = None
    while not pages or token:
        query = {"page_size": "2"} | ({"page_token": token} if token else {})
        page = (await director.get("/v1/patients", params=query)).json()
        pages.append([patient["id"] for patient in page["items"]])
        token = page["next_page_token"]

    assert pages == [ids[:2], ids[2:4], ids[4:]]


async def test_an_organization_without_patients_has_an_empty_list(director: httpx2.AsyncClient) -> None:
    answer = await director.get("/v1/patients")

    assert answer.json() == {"items": [], "next_page_token": None}


@pytest.mark.parametrize(
    "query", [{"page_token": "nonsense"}, {"page_token": "é"}, {"page_token": "AAAA"}, {"page_size": 0}]
)
async def test_a_page_that_cannot_be_is_refused_by_name(director: httpx2.AsyncClient, query: dict[str, Any]) -> None:
    answer = await director.get("/v1/patients", params=query)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == next(iter(query))


@pytest.mark.parametrize("path", ["", "/presence", "/treatment_plan"])
async def test_another_organization_s_patient_and_nobody_are_the_same_to_a_stranger(
    records: ClientFactory, new_patient: PatientFactory, path: str
) -> None:
    patient = await new_patient()
    acting = Microservice.SCHEDULER if path == "/presence" else None
    stranger = records(Role.PROGRAMME_DIRECTOR, organization=uuid4(), acting=acting)

    theirs = await stranger.get(f"/v1/patients/{patient['id']}{path}")
    nobody = await stranger.get(f"/v1/patients/{uuid4()}{path}")

    assert theirs.status_code == nobody.status_code == 404
    assert without_instance(theirs) == without_instance(nobody)
    assert theirs.headers.keys() == nobody.headers.keys()


async def test_another_organization_s_list_is_empty(stranger: httpx2.AsyncClient, new_patient: PatientFactory) -> None:
    await new_patient()

    answer = await stranger.get("/v1/patients")

    assert answer.json()["items"] == []


@pytest.mark.parametrize("role", [Role.BILLING, Role.PATIENT, Role.ORGANIZATION_ADMIN, Role.AUDITOR])
@pytest.mark.parametrize(
    ("method", "path"), [("GET", ""), ("POST", ""), ("GET", "/00000000-0000-7000-8000-000000000000")]
)
async def test_a_role_that_has_no_business_with_patients_is_refused(
    records: ClientFactory, role: Role, method: str, path: str
) -> None:
    answer = await records(role).request(method, f"/v1/patients{path}")

    assert answer.status_code == 403


async def test_a_nurse_reads_patients_and_admits_none(
    records: ClientFactory, new_patient: PatientFactory, join_team: JoinTeam, patient_body: dict[str, Any]
) -> None:
    patient, account = await new_patient(), uuid4()
    nurse = records(Role.NURSE, account=account)
    await join_team(patient, account)

    assert (await nurse.get(f"/v1/patients/{patient['id']}")).status_code == 200
    assert (await nurse.post("/v1/patients", json=patient_body)).status_code == 403


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("birth_date", "2026-10-03"),
        ("birth_date", "1899-04-01"),
        ("birth_date", "31.12.1990"),
        ("given_name", ""),
        ("given_name", "   "),
        ("family_name", "Canary\u0000Roe"),
        ("family_name", "Canary" * 40),
        ("family_name", None),
        ("site_id", "canary-site"),
    ],
)
async def test_a_bad_member_is_named_and_never_echoed(
    director: httpx2.AsyncClient, patient_body: dict[str, Any], member: str, value: str | None
) -> None:
    answer = await director.post("/v1/patients", json={**patient_body, member: value})

    assert answer.status_code == 422
    assert [field["pointer"] for field in answer.json()["errors"]] == [f"/{member}"]
    assert "anary" not in answer.text
    assert not (value or "").strip() or str(value) not in answer.text


async def test_a_refused_patient_leaves_nothing_behind(
    director: httpx2.AsyncClient, patient_body: dict[str, Any]
) -> None:
    await director.post("/v1/patients", json={**patient_body, "birth_date": "2027-01-01"})

    assert (await director.get("/v1/patients")).json()["items"] == []


async def test_an_id_that_is_none_is_refused_without_being_echoed(director: httpx2.AsyncClient) -> None:
    answer = await director.get("/v1/patients/canary")

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "patient_id"
    assert "canary" not in answer.text


async def test_the_same_admission_sent_twice_with_its_key_is_one_patient(
    director: httpx2.AsyncClient, patient_body: dict[str, Any]
) -> None:
    key = {"idempotency-key": str(uuid4())}

    first = await director.post("/v1/patients", json=patient_body, headers=key)
    second = await director.post("/v1/patients", json=patient_body, headers=key)

    assert second.json() == first.json()
    assert second.headers["location"] == first.headers["location"]
    assert len((await director.get("/v1/patients")).json()["items"]) == 1


async def test_the_scheduler_learns_where_a_patient_is_treated_and_nothing_else(
    serving: httpx2.AsyncClient, new_patient: PatientFactory
) -> None:
    patient = await new_patient()

    answer = await serving.get(f"/v1/patients/{patient['id']}/presence")

    assert answer.json() == {"id": patient["id"], "site_id": patient["site_id"]}


@pytest.mark.parametrize(
    ("role", "acting"),
    [
        (Role.PROGRAMME_DIRECTOR, None),
        (Role.BILLING, Microservice.SCHEDULER),
        (Role.PROGRAMME_DIRECTOR, Microservice.GATEWAY),
    ],
)
async def test_only_the_scheduler_for_someone_who_may_read_asks_for_presence(
    records: ClientFactory, new_patient: PatientFactory, role: Role, acting: Microservice | None
) -> None:
    patient = await new_patient()

    answer = await records(role, acting=acting).get(f"/v1/patients/{patient['id']}/presence")

    assert answer.status_code == 403


@pytest.mark.parametrize("information", ["attendance", "demographics", "treatment_plan"])
async def test_what_only_who_treats_somebody_sees_is_decided_for_the_scheduler(
    *, records: ClientFactory, new_patient: PatientFactory, join_team: JoinTeam, events: Any, information: str
) -> None:
    patient, account = await new_patient(), uuid4()
    await join_team(patient, account)
    theirs = records(Role.NURSE, account=account, acting=Microservice.SCHEDULER)
    another = records(Role.NURSE, acting=Microservice.SCHEDULER)
    path = f"/v1/patients/{patient['id']}/presence"

    seen = await theirs.get(path, params={"information": information})
    denied = await another.get(path, params={"information": information})
    nobody = await another.get(f"/v1/patients/{uuid4()}/presence", params={"information": information})

    assert (seen.status_code, denied.status_code, nobody.status_code) == (200, 404, 404)
    assert without_instance(denied) == without_instance(nobody)
    assert (await another.get(path)).status_code == 200
    told = [one for one in await events() if one["operation"] == "read_patient_presence"]
    assert [(one["outcome"], one.get("information")) for one in told[:2]] == [
        ("permitted", information),
        ("denied", information),
    ]
    assert (told[0]["account"], told[0]["service"]) == (str(account), "scheduler")


async def test_who_treats_some_of_many_learns_which_and_the_trail_names_those_alone(
    *, records: ClientFactory, new_patient: PatientFactory, join_team: JoinTeam, events: Any
) -> None:
    mine, other, account = await new_patient(), await new_patient(), uuid4()
    await join_team(mine, account)
    asked = {"information": "attendance", "patient_ids": [mine["id"], other["id"], str(uuid4())]}
    nurse = records(Role.NURSE, account=account, acting=Microservice.SCHEDULER)
    desk = records(Role.FRONT_DESK, acting=Microservice.SCHEDULER)
    stranger = records(Role.FRONT_DESK, organization=uuid4(), acting=Microservice.SCHEDULER)

    found = await nurse.post("/v1/patients:within_reach", json=asked)

    assert found.json() == {"patient_ids": [mine["id"]]}
    told = [one for one in await events() if one["operation"] == "find_patients_within_reach"]
    assert [(one["outcome"], one["subjects"]) for one in told] == [("permitted", [mine["id"]])]
    everybody = (await desk.post("/v1/patients:within_reach", json=asked)).json()["patient_ids"]
    assert everybody == sorted([mine["id"], other["id"]])
    assert (await stranger.post("/v1/patients:within_reach", json=asked)).json() == {"patient_ids": []}


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"information": "counselling_notes"}, "/information"),
        ({"patient_ids": []}, "/patient_ids"),
        ({"patient_ids": ["4711-secret"]}, "/patient_ids/0"),
    ],
)
async def test_what_cannot_be_asked_of_many_is_refused_by_name(
    serving: httpx2.AsyncClient, change: dict[str, Any], pointer: str
) -> None:
    body = {"information": "attendance", "patient_ids": [str(uuid4())], **change}

    answer = await serving.post("/v1/patients:within_reach", json=body)

    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert "4711-secret" not in answer.text


async def test_only_the_scheduler_asks_whom_somebody_treats(records: ClientFactory) -> None:
    body = {"information": "attendance", "patient_ids": [str(uuid4())]}

    for role, acting in ((Role.PROGRAMME_DIRECTOR, None), (Role.BILLING, Microservice.SCHEDULER)):
        answer = await records(role, acting=acting).post("/v1/patients:within_reach", json=body)
        assert answer.status_code == 403


async def test_the_scheduler_may_not_read_the_patient_itself(
    serving: httpx2.AsyncClient, new_patient: PatientFactory
) -> None:
    patient = await new_patient()

    assert (await serving.get(f"/v1/patients/{patient['id']}")).status_code == 403
