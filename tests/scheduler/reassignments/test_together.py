"""Several published sessions are given to others in one version: two exchange theirs, which one by one is forbidden."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import pytest

from services.contracts.identity import Role
from tests.conftest import ClientFactory
from tests.scheduler.conftest import MONDAY, Clinic, Json, Make
from tests.scheduler.reassignments.conftest import Book, Reassign
from tests.scheduler.weekly import ByHand, Week

Together = Callable[..., Awaitable[Any]]


@pytest.fixture
def together(scheduler: ClientFactory, clinic: Clinic) -> Together:
    async def post(*reassignments: Json, version: int = 1, role: Role = Role.FRONT_DESK, week: str = MONDAY) -> Any:
        return await scheduler(role).post(
            f"/v1/sites/{clinic.site['id']}/timetables/{week}:reassign",
            json={"reason": "staff_absence", "reassignments": list(reassignments)},
            headers={"if-match": f'"{version}"'},
        )

    return post


@pytest.fixture
async def side_by_side(by_hand: ByHand, clinic: Clinic, week: Week, new_room: Make) -> None:
    """Two groups at the same time: the counsellor's, and the therapist's in another room."""
    elm = await new_room(clinic.site, name="Elm")
    beside = week.group(0, 8, 3, 4, 5, lead=clinic.therapist) | {"room": elm["id"]}
    await by_hand.publish(MONDAY, [week.group(0, 8, 0, 1, 2), beside])


def held_by(appointment: Json, who: Json) -> Json:
    return {"appointment_id": appointment["id"], "practitioner_id": who["id"]}


def refused(answer: Any) -> list[tuple[str, str]]:
    assert answer.status_code == 409, answer.text
    return [(answer.json()["code"], error["pointer"]) for error in answer.json()["errors"]]


@pytest.mark.usefixtures("side_by_side")
async def test_two_counsellors_exchange_their_sessions_in_one_version(
    *, clinic: Clinic, book: Book, reassign: Reassign, together: Together
) -> None:
    before = {one["practitioner_id"]: one for one in await book()}
    mine, theirs = before[clinic.counsellor["id"]], before[clinic.therapist["id"]]
    alone = await reassign(mine, practitioner_id=clinic.therapist["id"])
    assert refused(alone) == [("practitioner-booked", "/practitioner_id")]

    answer = await together(held_by(mine, clinic.therapist), held_by(theirs, clinic.counsellor))

    assert answer.status_code == 200, answer.text
    assert (answer.json()["version"], answer.headers["etag"]) == (2, '"2"')
    after = {one["id"]: one for one in await book()}
    assert after[mine["id"]]["practitioner_id"] == clinic.therapist["id"]
    assert after[theirs["id"]]["practitioner_id"] == clinic.counsellor["id"]
    assert [after[one["id"]]["room_id"] for one in (mine, theirs)] == [one["room_id"] for one in (mine, theirs)]


@pytest.mark.usefixtures("side_by_side")
async def test_where_one_of_them_is_forbidden_none_is_made(
    *, clinic: Clinic, new_practitioner: Make, book: Book, together: Together
) -> None:
    elsewhere = await new_practitioner(clinic.site, leads=[])
    before = await book()
    mine, theirs = sorted(before, key=lambda one: one["practitioner_id"] != clinic.counsellor["id"])

    answer = await together(held_by(mine, clinic.therapist), held_by(theirs, elsewhere))

    assert refused(answer) == [("practitioner-does-not-lead", "/reassignments/1/practitioner_id")]
    assert await book() == before


@pytest.mark.usefixtures("side_by_side")
async def test_who_would_be_in_two_places_is_told_with_the_place_in_the_request(
    *, clinic: Clinic, new_practitioner: Make, book: Book, together: Together
) -> None:
    third = await new_practitioner(clinic.site)
    mine, theirs = sorted(await book(), key=lambda one: one["practitioner_id"] != clinic.counsellor["id"])

    answer = await together(
        {"appointment_id": theirs["id"], "co_facilitator_id": third["id"]}, held_by(mine, clinic.therapist)
    )

    assert refused(answer) == [("practitioner-booked", "/reassignments/1/practitioner_id")]


async def test_a_session_of_no_such_week_and_one_named_twice_are_refused_by_their_place(
    *, clinic: Clinic, published: Json, book: Book, together: Together
) -> None:
    assert published
    monday = held_by((await book())[0], clinic.therapist)

    unknown = await together(monday, {**monday, "appointment_id": str(uuid4())})
    another_week = await together(monday, week="2026-10-12")
    twice = await together(monday, monday)

    assert [error["pointer"] for error in unknown.json()["errors"]] == ["/reassignments/1/appointment_id"]
    assert [error["pointer"] for error in another_week.json()["errors"]] == ["/reassignments/0/appointment_id"]
    assert {answer.status_code for answer in (unknown, another_week, twice)} == {422}
    assert "twice" in twice.text


async def test_only_on_the_version_that_is_published_and_only_by_the_desk(
    *, clinic: Clinic, published: Json, book: Book, together: Together
) -> None:
    assert published
    monday = held_by((await book())[0], clinic.therapist)

    assert (await together(monday, version=2)).status_code == 412
    assert (await together(monday, role=Role.COUNSELLOR)).status_code == 403
    again = await together(held_by((await book())[0], clinic.counsellor))
    assert (again.status_code, again.json()["code"]) == (409, "nothing-reassigned")
