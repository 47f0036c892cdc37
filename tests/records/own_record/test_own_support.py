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
    for name in ("restrictions", "episodes"):
        kept, read = await director.get(f"{path}/{name}"), await own.get(f"/v1/me/{name}")
        assert (read.status_code, read.json()) == (200, kept.json()), name
        assert kept.json()["items"] != []
    kept = (await director.get(f"{path}/relapse_prevention_plan")).json()
    read = (await own.get("/v1/me/relapse_prevention_plan")).json()
    assert read == {name: kept[name] for name in kept if name in read} | {"withheld": 0}
    assert (read["triggers"], read["supports"]) == (PLAN["triggers"], PLAN["supports"])
    (kept,) = (await director.get(f"{path}/aftercare_plans", params=ZONE)).json()["items"]
    read = (await own.get("/v1/me/aftercare_plans", params=ZONE)).json()
    assert read == {"items": [{name: kept[name] for name in kept if name in read["items"][0]}], "withheld": 0}
    assert (read["items"][0]["reach_at"], len(read["items"][0]["contacts"])) == (AGREED["reach_at"], 5)

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

    plan = {**PLAN, "supports": ["Call Philomena", "Call Zebulon"]}
    await director.put(path, json=plan, headers={"if-match": '"1"'})
    (agreed,) = (await director.get(f"/v1/patients/{mine['id']}/aftercare_plans", params=ZONE)).json()["items"]
    week, month = agreed["contacts"][:2]
    for note in ("Zebulon answered", "Nobody answered"):
        attempt = {"channel": "phone", "outcome": "no_answer", "note": note}
        await director.post(f"/v1/aftercare_contacts/{week['id']}/attempts", json=attempt, params=ZONE)
    ended = {"outcome": "in_recovery", "note": "Sees Zebulon"}
    await director.post(f"/v1/aftercare_contacts/{month['id']}:close", json=ended, params=ZONE)

    own_plan, own_aftercare = [
        (await own.get(f"/v1/me/{name}", params=ZONE)) for name in ("relapse_prevention_plan", "aftercare_plans")
    ]

    assert "Zebulon" not in own_plan.text + own_aftercare.text
    assert (own_plan.json()["supports"], own_plan.json()["withheld"]) == (["Call Philomena"], 1)
    contacts = own_aftercare.json()["items"][0]["contacts"]
    assert own_aftercare.json()["withheld"] == 2
    assert [one["note"] for one in contacts[0]["attempts"]] == [None, "Nobody answered"]
    assert (contacts[1]["outcome"], contacts[1]["note"], len(contacts)) == ("in_recovery", None, 5)
    denied = [one for one in await events() if one["account"] == str(account) and one["outcome"] == "denied"]
    assert [(one["operation"], one["rule"], one["things"]) for one in denied] == [
        ("read_own_relapse_prevention_plan", "names-others", 1),
        ("list_own_aftercare_plans", "names-others", 2),
    ]


async def test_a_placement_review_is_read_without_what_names_somebody_beside(
    *, director: httpx2.AsyncClient, own: httpx2.AsyncClient, mine: Json, new_patient: PatientFactory, tell: Tell
) -> None:
    beside, seat = await new_patient(given_name="Zebulon", family_name="Quarrington"), str(uuid4())
    for one in (mine, beside):
        assert (await tell(event(one, appointment_id=seat))).status_code == 200
    ratings = [{"dimension": number, "rating": f"r{number}"} for number in range(1, 7)]
    ratings[2]["comment"] = "Leans on Zebulon"
    ratings[4]["comment"] = "Has a job"
    review = {
        "criteria_edition": "asam-3", "reviewed_on": "2026-10-01", "ratings": ratings, "recommended_level": "2.1",
    }  # fmt: skip
    made = await director.post(f"/v1/patients/{mine['id']}/placement_reviews", json=review)
    assert made.status_code == 201, made.text

    read = await own.get("/v1/me/placement_reviews")

    assert (read.status_code, read.json()["withheld"]) == (200, 1)
    (mine_read,) = read.json()["items"]
    assert [one["comment"] for one in mine_read["ratings"]] == [None, None, None, None, "Has a job", None]
    assert (mine_read["id"], mine_read["recommended_level"]) == (made.json()["id"], "2.1")


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
