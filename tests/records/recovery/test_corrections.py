"""A discharge that was written down wrongly is corrected or taken back, and aftercare is amended; nothing is lost."""

from typing import Any

import httpx2
import pytest

from services.chassis.database import Database
from services.contracts.identifiers import OrganizationId
from services.contracts.identity import Role
from tests.conftest import ClientFactory
from tests.records.claims.conftest import patient as patient  # noqa: PLC0414 - a fixture is known by its name here
from tests.records.recovery.test_recovery import ZONE, Json, aftercare

__all__ = ["aftercare"]


async def correct(client: httpx2.AsyncClient, episode: Json, right: Json | None) -> httpx2.Response:
    return await client.post(
        f"/v1/episodes/{episode['id']}:correct_discharge",
        json={"discharge": right},
        headers={"if-match": f'"{episode["version"]}"'},
    )


@pytest.fixture
async def episode(director: httpx2.AsyncClient, aftercare: Json) -> Json:
    """Whose aftercare is agreed on."""
    found: Json = (await director.get(f"/v1/episodes/{aftercare['episode_id']}")).json()
    return found


async def contacts_of(director: httpx2.AsyncClient, patient: Json) -> list[tuple[str, str]]:
    (plan,) = (await director.get(f"/v1/patients/{patient['id']}/aftercare_plans", params=ZONE)).json()["items"]
    return [(one["due_on"], one["status"]) for one in plan["contacts"]]


async def test_a_corrected_discharge_moves_what_is_due_after_it_and_keeps_what_was(
    director: httpx2.AsyncClient, patient: Json, episode: Json
) -> None:
    before = await contacts_of(director, patient)

    answer = await correct(director, episode, {"discharged_on": "2026-09-20", "reason": "left_against_advice"})

    assert answer.status_code == 200, answer.text
    corrected = answer.json()
    assert (corrected["discharged_on"], corrected["discharge_reason"]) == ("2026-09-20", "left_against_advice")
    assert [day for day, _ in before] != [day for day, _ in await contacts_of(director, patient)]
    assert [day for day, _ in await contacts_of(director, patient)][:2] == ["2026-09-27", "2026-10-20"]
    listed = (await director.get(f"/v1/episodes/{episode['id']}/discharge_corrections")).json()["items"]
    assert [(one["version"], one["discharged_on"], one["reason"]) for one in listed] == [
        (episode["version"], episode["discharged_on"], episode["discharge_reason"])
    ]


async def test_a_discharge_that_was_none_is_taken_back_and_nobody_is_called(
    director: httpx2.AsyncClient, patient: Json, episode: Json
) -> None:
    taken_back = await correct(director, episode, None)

    assert taken_back.status_code == 200, taken_back.text
    assert (taken_back.json()["discharged_on"], taken_back.json()["discharge_reason"]) == (None, None)
    assert {status for _, status in await contacts_of(director, patient)} == {"ended"}
    again = await director.post(
        f"/v1/episodes/{episode['id']}:discharge",
        json={"discharged_on": "2026-10-01", "reason": "completed"},
        headers={"if-match": f'"{taken_back.json()["version"]}"'},
    )
    assert again.status_code == 200, again.text
    assert (await contacts_of(director, patient))[0] == ("2026-10-08", "upcoming")


async def test_what_is_no_correction_is_refused_and_nothing_is_kept_of_it(
    director: httpx2.AsyncClient, episode: Json
) -> None:
    same = {"discharged_on": episode["discharged_on"], "reason": episode["discharge_reason"]}
    answers = [
        await correct(director, episode, same),
        await correct(director, episode, same | {"discharged_on": "2027-01-01"}),
        await correct(director, episode, same | {"discharged_on": "2020-01-01"}),
        await correct(director, episode | {"version": 99}, None),
    ]

    assert [one.status_code for one in answers] == [409, 422, 422, 412]
    assert answers[0].json()["code"] == "nothing-corrected"
    assert {one.json()["errors"][0]["pointer"] for one in answers[1:3]} == {"/discharge/discharged_on"}
    assert (await director.get(f"/v1/episodes/{episode['id']}")).json() == episode
    assert (await director.get(f"/v1/episodes/{episode['id']}/discharge_corrections")).json()["items"] == []


async def test_a_discharge_is_not_taken_back_from_under_a_later_admission(
    director: httpx2.AsyncClient, patient: Json, episode: Json
) -> None:
    back = {"programme": episode["programme"], "admitted_on": "2026-10-01"}
    admitted = await director.post(f"/v1/patients/{patient['id']}/episodes", json=back)
    assert admitted.status_code == 201, admitted.text

    refused = await correct(director, episode, None)
    of_who_is_there = await correct(director, admitted.json(), None)

    assert (refused.status_code, refused.json()["type"]) == (409, "urn:eventide:problem:already-exists")
    assert (of_who_is_there.status_code, of_who_is_there.json()["code"]) == (409, "episode-not-over")
    assert (await director.get(f"/v1/episodes/{episode['id']}")).json() == episode


async def test_who_may_not_see_the_patient_corrects_nothing(
    records: ClientFactory, stranger: httpx2.AsyncClient, episode: Json, aftercare: Json
) -> None:
    for client in (stranger, records(Role.COUNSELLOR)):
        answers = [
            await correct(client, episode, None),
            await client.get(f"/v1/episodes/{episode['id']}/discharge_corrections"),
            await client.post(f"/v1/aftercare_plans/{aftercare['id']}:amend", json={"reach_at": "x"}, params=ZONE),
        ]
        assert [one.status_code for one in answers] == [404, 404, 404]


async def test_another_number_is_called_from_now_on_and_the_one_before_is_kept(
    *, director: httpx2.AsyncClient, patient: Json, aftercare: Json, records_database: Database, organization_id: Any
) -> None:
    path = f"/v1/aftercare_plans/{aftercare['id']}:amend"

    amended = [
        await director.post(path, json=change, params=ZONE)
        for change in ({"reach_at": "+1 555 0100"}, {"channels": ["letter"], "may_leave_message": False})
    ]

    assert [one.status_code for one in amended] == [200, 200], amended[-1].text
    (plan,) = (await director.get(f"/v1/patients/{patient['id']}/aftercare_plans", params=ZONE)).json()["items"]
    assert plan == amended[-1].json()
    assert (plan["reach_at"], plan["channels"], plan["goals"]) == ("+1 555 0100", ["letter"], aftercare["goals"])
    async with records_database.read(OrganizationId(organization_id)) as read:
        kept = await read.connection.fetch("select number, details from aftercare_amendments order by number")
    assert [row["number"] for row in kept] == [1, 2]
    assert not any(b"0100" in bytes(row["details"]) for row in kept)
    attempt = {"channel": "phone", "outcome": "no_answer"}
    contact = aftercare["contacts"][0]["id"]
    refused = await director.post(f"/v1/aftercare_contacts/{contact}/attempts", json=attempt, params=ZONE)
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/channel")


async def test_an_amendment_of_nothing_or_in_another_zone_is_refused(
    director: httpx2.AsyncClient, aftercare: Json
) -> None:
    path = f"/v1/aftercare_plans/{aftercare['id']}:amend"

    assert (await director.post(path, json={}, params=ZONE)).status_code == 422
    assert (await director.post(path, json={"channels": []}, params=ZONE)).status_code == 422
