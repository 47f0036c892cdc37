"""Recovery support through its routes."""

from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest

from services.chassis.database import Database
from services.contracts.identifiers import OrganizationId
from services.contracts.identity import Role
from tests.conftest import ClientFactory
from tests.records.claims.conftest import patient as patient  # noqa: PLC0414 - a fixture is known by its name here
from tests.records.conftest import JoinTeam

Json = dict[str, Any]
PLAN: Json = {
    "triggers": ["Canary paydays"],
    "warning_signs": ["Canary nights awake"],
    "coping_skills": ["Canary walk"],
    "supports": ["Canary sponsor"],
    "in_the_patients_words": True,
}
AGREED: Json = {
    "channels": ["phone", "letter"],
    "may_leave_message": False,
    "reach_at": "+15550142 Canary",
    "goals": ["Canary job"],
    "community_supports": ["Canary meeting"],
    "joins_alumni_group": True,
}
ZONE = {"zone": "America/New_York"}


async def discharge(director: httpx2.AsyncClient, patient: Json, day: str) -> str:
    path = f"/v1/patients/{patient['id']}/episodes"
    (episode,) = (await director.get(path)).json()["items"]
    answer = await director.post(
        f"/v1/episodes/{episode['id']}:discharge",
        json={"discharged_on": day, "reason": "completed"},
        headers={"if-match": f'"{episode["version"]}"'},
    )
    assert answer.status_code == 200, answer.text
    found: str = episode["id"]
    return found


@pytest.fixture
async def aftercare(director: httpx2.AsyncClient, patient: Json) -> Json:
    # The clock stands on 2 October, 30 days later.
    episode = await discharge(director, patient, "2026-09-02")
    answer = await director.post(f"/v1/episodes/{episode}/aftercare_plan", json=AGREED, params=ZONE)
    assert answer.status_code == 201, answer.text
    made: Json = answer.json()
    return made


async def test_a_plan_is_written_anew_and_every_version_is_kept(director: httpx2.AsyncClient, patient: Json) -> None:
    path = f"/v1/patients/{patient['id']}/relapse_prevention_plan"
    nothing = await director.get(path)
    first = await director.put(path, json=PLAN)
    second = await director.put(path, json=PLAN | {"triggers": ["Other"]}, headers={"if-match": first.headers["etag"]})

    refused = [
        (await director.put(path, json=PLAN)).status_code,
        (await director.put(path, json=PLAN, headers={"if-match": '"1"'})).status_code,
        (await director.put(path, json=PLAN | {"triggers": [""]}, headers={"if-match": '"2"'})).status_code,
    ]

    assert (nothing.status_code, first.json()["version"], second.json()["version"]) == (404, 1, 2)
    assert refused == [428, 412, 422]
    assert (await director.get(path)).json() == second.json()
    assert (await director.get(f"{path}/versions")).json()["items"] == [second.json(), first.json()]


async def test_contacts_are_due_on_days_of_the_calendar_after_discharge(aftercare: Json) -> None:
    assert [(one["days_after"], one["due_on"], one["status"]) for one in aftercare["contacts"]] == [
        (7, "2026-09-09", "overdue"),
        (30, "2026-10-02", "due"),
        (60, "2026-11-01", "upcoming"),
        (90, "2026-12-01", "upcoming"),
        (180, "2027-03-01", "upcoming"),
    ]
    assert aftercare["practice"]["mark"] == "likely"


async def test_a_site_sees_what_is_due_and_overdue_and_not_what_is_closed(
    director: httpx2.AsyncClient, aftercare: Json, patient: Json
) -> None:
    path = f"/v1/sites/{patient['site_id']}/aftercare_contacts"
    before = (await director.get(path, params=ZONE)).json()
    overdue = before["items"][0]["id"]
    await director.post(
        f"/v1/aftercare_contacts/{overdue}:close", json={"outcome": "in_recovery", "note": "Well"}, params=ZONE
    )

    after = (await director.get(path, params=ZONE)).json()
    # In Kiritimati it is 3 October already.
    ahead = (await director.get(path, params={"zone": "Pacific/Kiritimati"})).json()

    assert (before["today"], before["due"], before["overdue"]) == ("2026-10-02", 1, 1)
    assert [one["days_after"] for one in before["items"]] == [7, 30]
    assert [(one["days_after"], one["status"]) for one in after["items"]] == [(30, "due")]
    assert (ahead["today"], [one["status"] for one in ahead["items"]]) == ("2026-10-03", ["overdue"])
    listed = (await director.get(f"/v1/patients/{patient['id']}/aftercare_plans", params=ZONE)).json()["items"]
    assert [one["status"] for one in listed[0]["contacts"]] == ["closed", "due", "upcoming", "upcoming", "upcoming"]
    assert (listed[0]["id"], listed[0]["contacts"][0]["outcome"]) == (aftercare["id"], "in_recovery")


async def test_attempts_are_kept_and_only_ways_that_were_allowed_are_taken(
    director: httpx2.AsyncClient, aftercare: Json
) -> None:
    path = f"/v1/aftercare_contacts/{aftercare['contacts'][0]['id']}"

    tried = [
        await director.post(f"{path}/attempts", json=body, params=ZONE)
        for body in (
            {"channel": "phone", "outcome": "no_answer"},
            {"channel": "text", "outcome": "reached"},
            {"channel": "phone", "outcome": "left_message"},
            {"channel": "letter", "outcome": "reached", "note": "Answered by post"},
        )
    ]
    closed = await director.post(f"{path}:close", json={"outcome": "asks_to_return"}, params=ZONE)
    late = [
        await director.post(f"{path}/attempts", json={"channel": "phone", "outcome": "reached"}, params=ZONE),
        await director.post(f"{path}:close", json={"outcome": "in_recovery"}, params=ZONE),
    ]

    assert [one.status_code for one in tried] == [201, 422, 422, 201]
    assert [(one["number"], one["channel"], one["outcome"]) for one in closed.json()["attempts"]] == [
        (1, "phone", "no_answer"),
        (2, "letter", "reached"),
    ]
    assert (closed.json()["status"], closed.json()["outcome"]) == ("closed", "asks_to_return")
    assert [one.status_code for one in late] == [409, 409]


async def test_aftercare_follows_discharge_and_is_agreed_on_once(director: httpx2.AsyncClient, patient: Json) -> None:
    path = f"/v1/patients/{patient['id']}/episodes"
    (episode,) = (await director.get(path)).json()["items"]
    plan = f"/v1/episodes/{episode['id']}/aftercare_plan"

    early = await director.post(plan, json=AGREED, params=ZONE)
    await discharge(director, patient, "2026-09-30")
    answers = [await director.post(plan, json=AGREED, params=ZONE) for _ in range(2)]

    assert (early.status_code, early.json()["code"]) == (409, "episode-not-over")
    assert [one.status_code for one in answers] == [201, 409]
    assert (await director.post(plan, json=AGREED | {"channels": []}, params=ZONE)).status_code == 422
    assert (await director.post(plan, json=AGREED, params={"zone": "Nowhere/At_All"})).status_code == 422


async def test_what_is_agreed_tried_and_found_is_sealed(
    *,
    director: httpx2.AsyncClient,
    patient: Json,
    aftercare: Json,
    records_database: Database,
    organization_id: UUID,
) -> None:
    await director.put(f"/v1/patients/{patient['id']}/relapse_prevention_plan", json=PLAN)
    path = f"/v1/aftercare_contacts/{aftercare['contacts'][0]['id']}"
    attempt = {"channel": "phone", "outcome": "no_answer", "note": "Canary attempt"}
    await director.post(f"{path}/attempts", json=attempt, params=ZONE)
    await director.post(f"{path}:close", json={"outcome": "returned_to_use", "note": "Canary"}, params=ZONE)

    async with records_database.read(OrganizationId(organization_id)) as read:
        tables = ("relapse_plans", "aftercare_plans", "aftercare_contacts", "aftercare_attempts")
        stored = "".join(
            [str(await read.connection.fetch(f"select {table}::text from {table}")) for table in tables]  # noqa: S608
        )
    for secret in ("Canary", "returned_to_use", "no_answer", "phone"):
        assert secret not in stored
        assert secret.encode().hex() not in stored


async def test_a_stranger_cannot_tell_aftercare_from_none(
    stranger: httpx2.AsyncClient, patient: Json, aftercare: Json
) -> None:
    bodies = []
    for patient_id, episode_id, contact_id in (
        (patient["id"], aftercare["episode_id"], aftercare["contacts"][0]["id"]),
        (uuid4(), uuid4(), uuid4()),
    ):
        plan = f"/v1/patients/{patient_id}/relapse_prevention_plan"
        contact = f"/v1/aftercare_contacts/{contact_id}"
        attempt = {"channel": "phone", "outcome": "reached"}
        answers = [
            await stranger.get(plan),
            await stranger.put(plan, json=PLAN),
            await stranger.get(f"{plan}/versions"),
            await stranger.get(f"/v1/patients/{patient_id}/aftercare_plans", params=ZONE),
            await stranger.post(f"/v1/episodes/{episode_id}/aftercare_plan", json=AGREED, params=ZONE),
            await stranger.post(f"{contact}/attempts", json=attempt, params=ZONE),
            await stranger.post(f"{contact}:close", json={"outcome": "declined"}, params=ZONE),
        ]
        assert [answer.status_code for answer in answers] == [404] * 7
        bodies.append([{**answer.json(), "instance": ""} for answer in answers])

    assert bodies[0] == bodies[1]
    site = await stranger.get(f"/v1/sites/{patient['site_id']}/aftercare_contacts", params=ZONE)
    assert site.json()["items"] == []


async def test_a_site_s_list_holds_only_those_whom_the_caller_treats(
    *, records: ClientFactory, patient: Json, aftercare: Json, join_team: JoinTeam
) -> None:
    counsellor, path = uuid4(), f"/v1/sites/{patient['site_id']}/aftercare_contacts"
    await join_team(patient, counsellor)

    own = await records(Role.COUNSELLOR, account=counsellor).get(path, params=ZONE)
    other = await records(Role.COUNSELLOR).get(path, params=ZONE)

    assert [one["plan_id"] for one in own.json()["items"]] == [aftercare["id"]] * 2
    assert (other.status_code, other.json()["items"]) == (200, [])
    assert (await records(Role.FRONT_DESK).get(path, params=ZONE)).status_code == 403
