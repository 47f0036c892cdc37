"""A patient signs the own plan of care: the version that was read, by its digest, and nobody else's."""

from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest

from services.contracts.identity import Role
from tests.conftest import ClientFactory
from tests.records.conftest import PatientFactory
from tests.records.consents.conftest import code_of
from tests.records.consents.test_consents import without_instance
from tests.records.own_record.test_own_record import linked_to
from tests.records.plans_of_care.conftest import (
    CONTENTS,
    Act,
    account,
    act,
    counsellor,
    draft,
    episode,
    match,
    path,
    patient,
    signed,
)

__all__ = ["account", "act", "counsellor", "draft", "episode", "path", "patient", "signed"]

Json = dict[str, Any]


@pytest.fixture
async def own(records: ClientFactory, director: httpx2.AsyncClient, patient: Json) -> httpx2.AsyncClient:
    """Return a client of the patient of the plan, who signs in."""
    mine: UUID = uuid4()
    await linked_to(director, records, patient, mine)
    return records(Role.PATIENT, account=mine)


async def shown(own: httpx2.AsyncClient) -> Json:
    plan: Json
    (plan,) = (await own.get("/v1/me/record")).json()["plan_of_care"]
    return plan


async def sign(own: httpx2.AsyncClient, plan: Json, **changes: Any) -> httpx2.Response:
    where = f"/v1/me/plans_of_care/{changes.pop('episode_id', plan['episode_id'])}:sign"
    headers = {"if-match": f'"{changes.pop("version", plan["version"])}"'}
    return await own.post(where, json={"sha256": plan["sha256"], **changes}, headers=headers)


async def test_a_patient_signs_what_was_shown_and_the_plan_names_its_digest(
    own: httpx2.AsyncClient, counsellor: httpx2.AsyncClient, path: str, signed: Json
) -> None:
    plan = await shown(own)

    answer = await sign(own, plan)

    assert answer.status_code == 200, answer.text
    assert (answer.json()["version"], answer.json()["sha256"]) == (signed["version"], plan["sha256"])
    kept = (await counsellor.get(path)).json()
    last = kept["acts"][-1]
    assert (kept["status"], last["kind"], last["manner"], last["sha256"]) == (
        "signed", "patient_signed", "electronic", plan["sha256"],
    )  # fmt: skip
    again = await sign(own, plan)
    assert (again.status_code, code_of(again)) == (409, "signed-already")


async def test_what_was_amended_after_it_was_read_is_not_signed(
    own: httpx2.AsyncClient, counsellor: httpx2.AsyncClient, path: str, signed: Json, act: Act
) -> None:
    plan = await shown(own)
    amendment = {"contents": {**CONTENTS, "discharge_criteria": "Sixty days."}, "reason": "Longer."}
    amended = await counsellor.post(f"{path}:amend", json=amendment, headers=match(signed))
    await act(amended.json(), "sign")

    stale, other = await sign(own, plan), await sign(own, plan, version=2)
    newest = await sign(own, await shown(own))

    assert (stale.status_code, other.status_code, newest.status_code) == (412, 422, 200)
    assert other.json()["errors"][0]["pointer"] == "/sha256"


async def test_a_draft_is_not_shown_and_not_signed(own: httpx2.AsyncClient, draft: Json) -> None:
    refused = await sign(own, {**draft, "sha256": "0f" * 32})

    assert (await own.get("/v1/me/record")).json()["plan_of_care"] is None
    assert (refused.status_code, code_of(refused)) == (409, "plan-unsigned")


async def test_a_plan_of_another_patient_is_answered_as_one_of_nobody(
    *, records: ClientFactory, director: httpx2.AsyncClient, new_patient: PatientFactory, own: httpx2.AsyncClient,
    signed: Json, counsellor: httpx2.AsyncClient, path: str,
) -> None:  # fmt: skip
    del signed
    plan, other = await shown(own), uuid4()
    await linked_to(director, records, await new_patient(given_name="John"), other)
    john = records(Role.PATIENT, account=other)

    theirs, nobody_s = await sign(john, plan), await sign(john, plan, episode_id=uuid4())

    assert theirs.status_code == 404
    assert without_instance(theirs) == without_instance(nobody_s)
    assert (await counsellor.get(path)).json()["status"] == "awaiting_patient"


async def test_staff_attest_only_what_the_patient_was_shown(
    counsellor: httpx2.AsyncClient, path: str, signed: Json, own: httpx2.AsyncClient
) -> None:
    body = {"manner": "on_paper", "signed_at": signed["acts"][-1]["recorded_at"]}

    other = await counsellor.post(f"{path}:attest", json={**body, "sha256": "0f" * 32}, headers=match(signed))
    plan = await shown(own)
    right = await counsellor.post(f"{path}:attest", json={**body, "sha256": plan["sha256"]}, headers=match(signed))

    assert (other.status_code, other.json()["errors"][0]["pointer"]) == (422, "/sha256")
    assert (right.status_code, right.json()["acts"][-1]["sha256"]) == (200, plan["sha256"])


async def test_who_treats_another_patient_signs_nothing_as_that_patient(
    *, records: ClientFactory, director: httpx2.AsyncClient, new_patient: PatientFactory, own: httpx2.AsyncClient,
    signed: Json, counsellor: httpx2.AsyncClient, account: UUID, path: str,
) -> None:  # fmt: skip
    """Somebody of the staff may be a patient too, and then has no duties on the routes of the own record."""
    del signed
    plan = await shown(own)
    await linked_to(director, records, await new_patient(given_name="John"), account)
    both = records(Role.COUNSELLOR, Role.PATIENT, account=account)

    theirs, nobody_s = await sign(both, plan), await sign(both, plan, episode_id=uuid4())

    assert theirs.status_code == 404
    assert without_instance(theirs) == without_instance(nobody_s)
    assert (await counsellor.get(path)).json()["status"] == "awaiting_patient"


async def test_a_patient_of_two_open_episodes_reads_and_signs_the_plan_of_each(
    *, own: httpx2.AsyncClient, director: httpx2.AsyncClient, counsellor: httpx2.AsyncClient, patient: Json,
    signed: Json,
) -> None:  # fmt: skip
    level = {"criteria_edition": "asam-3", "level": "2.5"}
    stay = {"programme": "day-iop", "admitted_on": "2026-09-20", "initial": level}
    other = (await director.post(f"/v1/patients/{patient['id']}/episodes", json=stay)).json()
    where = f"/v1/episodes/{other['id']}/plan_of_care"
    drafted = (await counsellor.put(where, json=CONTENTS)).json()
    assert (await counsellor.post(f"{where}:sign", headers=match(drafted))).status_code == 200

    plans = (await own.get("/v1/me/record")).json()["plan_of_care"]
    answers = [await sign(own, plan) for plan in plans]

    assert [plan["episode_id"] for plan in plans] == [other["id"], signed["episode_id"]]
    assert [answer.status_code for answer in answers] == [200, 200]
