from uuid import uuid4

import httpx2
import pytest

from services.contracts.identity import Role
from tests.conftest import ClientFactory
from tests.records.conftest import PatientFactory

PATH = "/v1/no_contacts"


async def test_two_patients_are_kept_apart(director: httpx2.AsyncClient, new_patient: PatientFactory) -> None:
    pair = [(await new_patient())["id"] for _ in range(2)]

    answer = await director.post(PATH, json={"patient_ids": pair})

    assert answer.status_code == 201
    assert answer.json() == {"patient_ids": sorted(pair)}


@pytest.mark.parametrize("step", [1, -1], ids=["in the same order", "in the other order"])
async def test_a_pair_is_one_whichever_is_named_first(
    director: httpx2.AsyncClient, new_patient: PatientFactory, step: int
) -> None:
    pair = [(await new_patient())["id"] for _ in range(2)]
    await director.post(PATH, json={"patient_ids": pair})

    answer = await director.post(PATH, json={"patient_ids": pair[::step]})

    assert answer.status_code == 409
    assert answer.json()["type"] == "urn:eventide:problem:already-exists"


async def test_nobody_and_another_organization_s_patient_are_refused_alike(
    director: httpx2.AsyncClient, stranger: httpx2.AsyncClient, new_patient: PatientFactory
) -> None:
    patient, body = await new_patient(), {"given_name": "A", "family_name": "B", "birth_date": "1990-01-01"}
    theirs = (await stranger.post("/v1/patients", json={**body, "site_id": str(uuid4())})).json()

    answers = [
        await director.post(PATH, json={"patient_ids": [patient["id"], other]})
        for other in (theirs["id"], str(uuid4()))
    ]

    assert [answer.status_code for answer in answers] == [422, 422]
    assert {**answers[0].json(), "instance": ""} == {**answers[1].json(), "instance": ""}
    assert [field["pointer"] for field in answers[0].json()["errors"]] == ["/patient_ids/1"]


async def test_a_patient_is_not_kept_from_themselves(director: httpx2.AsyncClient, new_patient: PatientFactory) -> None:
    patient = await new_patient()

    assert (await director.post(PATH, json={"patient_ids": [patient["id"]] * 2})).status_code == 422


@pytest.mark.parametrize("role", [Role.FRONT_DESK, Role.NURSE, Role.PATIENT])
async def test_only_those_who_plan_keep_patients_apart(records: ClientFactory, role: Role) -> None:
    assert (await records(role).post(PATH, json={"patient_ids": [str(uuid4()), str(uuid4())]})).status_code == 403
