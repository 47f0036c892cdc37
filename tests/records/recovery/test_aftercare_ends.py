"""Nobody is called who has died, who wants no more contact, or who has come back; and nobody before the day."""

from collections.abc import Awaitable, Callable

import httpx2
import pytest

from services.contracts.identity import Role
from tests.conftest import ClientFactory
from tests.records.claims.conftest import patient as patient  # noqa: PLC0414 - a fixture is known by its name here
from tests.records.draw_programmes.conftest import At, at
from tests.records.recovery.test_recovery import AGREED, ZONE, Json, aftercare, discharge

__all__ = ["aftercare", "at"]

LATER = "2027-03-01T17:00:00Z"
Statuses = Callable[[], Awaitable[list[str]]]


@pytest.fixture
def statuses(director: httpx2.AsyncClient, patient: Json) -> Statuses:
    async def read() -> list[str]:
        listed = await director.get(f"/v1/patients/{patient['id']}/aftercare_plans", params=ZONE)
        return [contact["status"] for plan in listed.json()["items"] for contact in plan["contacts"]]

    return read


async def close(client: httpx2.AsyncClient, contact: Json, outcome: str) -> httpx2.Response:
    body = {"outcome": outcome, "note": "Synthetic"}
    return await client.post(f"/v1/aftercare_contacts/{contact['id']}:close", json=body, params=ZONE)


async def due_at(client: httpx2.AsyncClient, patient: Json) -> list[Json]:
    answer = await client.get(f"/v1/sites/{patient['site_id']}/aftercare_contacts", params=ZONE)
    found: list[Json] = answer.json()["items"]
    return found


@pytest.mark.parametrize("outcome", ["died", "declined"])
async def test_who_has_died_or_declined_is_not_called_again(
    *, director: httpx2.AsyncClient, aftercare: Json, patient: Json, at: At, outcome: str
) -> None:
    week, month, two, three, half_a_year = aftercare["contacts"]
    earlier = await close(director, week, "in_recovery")

    closed = await close(director, two, outcome)

    assert (earlier.status_code, closed.status_code, closed.json()["status"]) == (200, 200, "closed")
    assert await due_at(at(LATER), patient) == []
    again = [await close(director, one, "in_recovery") for one in (month, three, half_a_year)]
    assert [one.status_code for one in again] == [409] * 3
    (plan,) = (await director.get(f"/v1/patients/{patient['id']}/aftercare_plans", params=ZONE)).json()["items"]
    assert [one["outcome"] for one in plan["contacts"]] == ["in_recovery", *[outcome] * 4]


@pytest.mark.parametrize("outcome", ["returned_to_use", "not_reached", "asks_to_return", "in_treatment_elsewhere"])
async def test_who_may_be_called_again_is(
    *, director: httpx2.AsyncClient, aftercare: Json, patient: Json, at: At, outcome: str
) -> None:
    await close(director, aftercare["contacts"][0], outcome)

    assert [one["days_after"] for one in await due_at(at(LATER), patient)] == [30, 60, 90, 180]


async def test_a_contact_is_not_closed_before_its_day(
    director: httpx2.AsyncClient, aftercare: Json, statuses: Statuses
) -> None:
    month, two = aftercare["contacts"][1:3]
    attempt = {"channel": "phone", "outcome": "reached"}

    early = await close(director, two, "in_recovery")
    tried = await director.post(f"/v1/aftercare_contacts/{two['id']}/attempts", json=attempt, params=ZONE)
    on_the_day = await close(director, month, "in_recovery")

    assert (early.status_code, early.json()["code"]) == (409, "contact-not-due")
    assert (tried.status_code, on_the_day.status_code) == (201, 200)
    assert await statuses() == ["overdue", "closed", "upcoming", "upcoming", "upcoming"]


async def test_who_has_come_back_is_not_called(
    *, director: httpx2.AsyncClient, aftercare: Json, patient: Json, statuses: Statuses, at: At, records: ClientFactory
) -> None:
    week, month = aftercare["contacts"][:2]
    await close(director, week, "asks_to_return")
    before = [one["days_after"] for one in await due_at(director, patient)]

    await admit(director, patient, "2026-09-20")

    late = [
        await close(director, month, "in_recovery"),
        await close(director, month, "died"),
        await director.post(
            f"/v1/aftercare_contacts/{month['id']}/attempts",
            json={"channel": "phone", "outcome": "reached"},
            params=ZONE,
        ),
    ]
    chart = await director.get(f"/v1/patients/{patient['id']}/chart", params=ZONE)
    assert (before, await due_at(at(LATER), patient)) == ([30], [])
    assert await statuses() == ["closed", *["ended"] * 4]
    assert [one.status_code for one in late] == [409] * 3
    assert "overdue" not in chart.text
    assert (
        await records(Role.LAB).get(f"/v1/patients/{patient['id']}/aftercare_plans", params=ZONE)
    ).status_code == 403


async def test_aftercare_that_is_agreed_on_after_the_patient_came_back_calls_nobody(
    director: httpx2.AsyncClient, patient: Json
) -> None:
    left = await discharge(director, patient, "2026-09-02")
    await admit(director, patient, "2026-09-20")

    made = await director.post(f"/v1/episodes/{left}/aftercare_plan", json=AGREED, params=ZONE)

    assert {one["status"] for one in made.json()["contacts"]} == {"ended"}


@pytest.mark.usefixtures("aftercare")
async def test_another_programme_that_was_open_at_discharge_is_no_return(
    director: httpx2.AsyncClient, patient: Json, statuses: Statuses
) -> None:
    await admit(director, patient, "2026-09-01", programme="beside")

    assert await statuses() == ["overdue", "due", "upcoming", "upcoming", "upcoming"]


async def test_who_dies_in_another_episode_is_not_called(
    director: httpx2.AsyncClient, aftercare: Json, patient: Json, statuses: Statuses, at: At
) -> None:
    other = await admit(director, patient, "2026-09-01", programme="beside")
    before = await due_at(director, patient)

    died = await die(director, other)
    late = await close(director, aftercare["contacts"][0], "in_recovery")

    assert (len(before), died, late.status_code) == (2, 200, 409)
    assert await statuses() == ["ended"] * 5
    assert await due_at(at(LATER), patient) == []


async def test_no_aftercare_is_agreed_on_for_an_episode_that_ended_by_death(
    director: httpx2.AsyncClient, patient: Json
) -> None:
    (episode,) = (await director.get(f"/v1/patients/{patient['id']}/episodes")).json()["items"]
    assert await die(director, episode) == 200

    refused = await director.post(f"/v1/episodes/{episode['id']}/aftercare_plan", json=AGREED, params=ZONE)

    assert (refused.status_code, refused.json()["code"]) == (409, "nobody-to-call")


async def die(director: httpx2.AsyncClient, episode: Json) -> int:
    body = {"discharged_on": "2026-09-30", "reason": "death"}
    headers = {"if-match": f'"{episode["version"]}"'}
    return (await director.post(f"/v1/episodes/{episode['id']}:discharge", json=body, headers=headers)).status_code


async def admit(director: httpx2.AsyncClient, patient: Json, day: str, programme: str = "again") -> Json:
    body = {
        "programme": programme,
        "admitted_on": day,
        "initial": {"criteria_edition": "asam-3", "level": "2.1"},
    }
    answer = await director.post(f"/v1/patients/{patient['id']}/episodes", json=body)
    assert answer.status_code == 201, answer.text
    made: Json = answer.json()
    return made
