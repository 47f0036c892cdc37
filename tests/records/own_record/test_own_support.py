"""A patient reads what was agreed for the time after treatment, and nothing of it that names another patient."""

from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest

from services.contracts.identity import Role
from tests.conftest import ClientFactory
from tests.records.claims.conftest import patient as patient  # noqa: PLC0414 - a fixture is known by its name here
from tests.records.conftest import PatientFactory
from tests.records.consents.conftest import code_of
from tests.records.encounters.conftest import Tell, event, tell
from tests.records.own_record.test_own_record import account, linked_to, own
from tests.records.recovery.test_recovery import AGREED, PLAN, ZONE, discharge
from tests.records.test_audit import events

__all__ = ["account", "events", "own", "tell"]

Json = dict[str, Any]
RESTRICTED = {
    "information": ["progress_notes"],
    "purposes": ["treatment"],
    "recipient_kinds": ["employer"],
    "decision": "declined",
}


@pytest.fixture
async def mine(director: httpx2.AsyncClient, records: ClientFactory, patient: Json, account: UUID) -> Json:
    """Return the patient who reads, with all of it written."""
    await linked_to(director, records, patient, account)
    path = f"/v1/patients/{patient['id']}"
    await director.put(f"{path}/relapse_prevention_plan", json=PLAN)
    await director.post(f"{path}/restrictions", json=RESTRICTED)
    episode = await discharge(director, patient, "2026-09-02")
    await director.post(f"/v1/episodes/{episode}/aftercare_plan", json=AGREED, params=ZONE)
    return patient


async def test_a_patient_reads_it_as_it_is_kept_and_the_trail_tells_so(
    *, director: httpx2.AsyncClient, own: httpx2.AsyncClient, mine: Json, account: UUID, events: Any
) -> None:
    path = f"/v1/patients/{mine['id']}"
    for name in ("relapse_prevention_plan", "restrictions", "episodes", f"aftercare_plans?zone={ZONE['zone']}"):
        kept, read = await director.get(f"{path}/{name}"), await own.get(f"/v1/me/{name}")
        assert (read.status_code, read.json()) == (200, kept.json()), name
        assert kept.json().get("items") != []

    written = [(one["operation"], one["subjects"]) for one in await events() if one["account"] == str(account)]
    reads = {
        "read_own_relapse_prevention_plan",
        "list_own_restrictions",
        "list_own_episodes",
        "list_own_aftercare_plans",
    }
    assert {operation for operation, subjects in written if subjects == [mine["id"]]} >= reads


async def test_who_has_no_plan_is_told_that_there_is_none(
    director: httpx2.AsyncClient, records: ClientFactory, own: httpx2.AsyncClient, patient: Json, account: UUID
) -> None:
    unlinked = await own.get("/v1/me/relapse_prevention_plan")
    await linked_to(director, records, patient, account)

    answer = await own.get("/v1/me/relapse_prevention_plan")

    assert (unlinked.status_code, code_of(unlinked)) == (404, "no-own-record")
    assert (answer.status_code, "code" in answer.json()) == (404, False)


async def test_what_names_somebody_who_sat_beside_the_patient_is_kept_back(
    *, director: httpx2.AsyncClient, own: httpx2.AsyncClient, mine: Json, new_patient: PatientFactory, tell: Tell,
    account: UUID, events: Any,
) -> None:  # fmt: skip
    beside, apart = [await new_patient(given_name=name, family_name="Quarrington") for name in ("Zebulon", "Philomena")]
    seat = str(uuid4())
    for one, appointment in ((mine, seat), (beside, seat), (apart, str(uuid4()))):
        told = await tell(event(one, appointment_id=appointment))
        assert told.status_code == 200, told.text
    path = f"/v1/patients/{mine['id']}/relapse_prevention_plan"

    async def written(helper: str, version: int) -> httpx2.Response:
        plan = {**PLAN, "supports": [f"Call {helper}"]}
        assert (await director.put(path, json=plan, headers={"if-match": f'"{version}"'})).status_code == 200
        return await own.get("/v1/me/relapse_prevention_plan")

    of_apart, of_beside = await written("Philomena", 1), await written("Zebulon", 2)
    (plan,) = (await director.get(f"/v1/patients/{mine['id']}/aftercare_plans", params=ZONE)).json()["items"]
    before = await own.get("/v1/me/aftercare_plans", params=ZONE)
    attempt = {"channel": "phone", "outcome": "no_answer", "note": "Zebulon answered"}
    await director.post(f"/v1/aftercare_contacts/{plan['contacts'][0]['id']}/attempts", json=attempt, params=ZONE)
    after = await own.get("/v1/me/aftercare_plans", params=ZONE)

    assert [one.status_code for one in (of_apart, of_beside, before, after)] == [200, 403, 200, 403]
    assert "Zebulon" not in of_beside.text + after.text
    denied = [one for one in await events() if one["account"] == str(account) and one["outcome"] == "denied"]
    assert [(one["operation"], one["rule"]) for one in denied] == [
        (operation, code_of(of_beside))
        for operation in ("read_own_relapse_prevention_plan", "list_own_aftercare_plans")
    ]


async def test_the_days_are_counted_by_the_zone_of_the_site(own: httpx2.AsyncClient, mine: Json) -> None:
    del mine
    unknown, without = (
        await own.get("/v1/me/aftercare_plans?zone=Nowhere/At_All"),
        await own.get("/v1/me/aftercare_plans"),
    )

    assert [one.status_code for one in (unknown, without)] == [422, 422]


@pytest.mark.parametrize("role", [Role.COUNSELLOR, Role.FAMILY])
async def test_nobody_but_a_patient_reads_an_own_plan(records: ClientFactory, role: Role) -> None:
    assert (await records(role).get("/v1/me/relapse_prevention_plan")).status_code == 403
