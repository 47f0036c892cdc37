"""Any version of a week is read with its sessions, and two of them are compared."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.chassis.database import Database
from services.contracts.identifiers import OrganizationId
from services.contracts.identity import Role
from tests.conftest import ClientFactory
from tests.scheduler.conftest import MONDAY, Clinic, Json, Make, plan_of, problem
from tests.scheduler.weekly import ByHand, Week
from tests.support.statements import statements_of

Read = Callable[..., Awaitable[Any]]


@pytest.fixture
async def week(clinic: Clinic, new_patient: Make) -> Week:
    return Week(clinic, [await new_patient(clinic.site, plan_of(clinic.counsellor)) for _ in range(4)])


@pytest.fixture
async def three_versions(by_hand: ByHand, week: Week) -> None:
    """A group on Monday and a visit on Wednesday; then the visit on Thursday; then the group for a fourth as well."""
    group = week.group(0, 8, 0, 1, 2)
    await by_hand.publish(MONDAY, [group], [week.visit(2, 8, 0)])
    await by_hand.publish(MONDAY, [group], [week.visit(3, 8, 0)], reason="patient_request")
    await by_hand.publish(MONDAY, [week.group(0, 8, 0, 1, 2, 3)], [week.visit(3, 8, 0)], reason="admission")


@pytest.fixture
def read(scheduler: ClientFactory, clinic: Clinic) -> Read:
    async def get(path: str, *, monday: str = MONDAY, role: Role = Role.COUNSELLOR, **params: Any) -> Any:
        versions = f"/v1/sites/{clinic.site['id']}/timetables/{monday}/versions"
        return await scheduler(role).get(f"{versions}/{path}", params=params)

    return get


def seen(answer: Any) -> list[tuple[str, str, int]]:
    assert answer.status_code == 200, answer.text
    return [(one["service"], one["start"], len(one["patient_ids"])) for one in answer.json()["sessions"]]


async def test_each_version_has_the_sessions_that_people_were_told_of(
    read: Read, clinic: Clinic, week: Week, three_versions: None
) -> None:
    del three_versions
    monday, wednesday, thursday = (f"2026-10-{day:02}T09:00:00-04:00" for day in (5, 7, 8))

    assert seen(await read("1")) == [("process_group", monday, 3), ("individual", wednesday, 1)]
    assert seen(await read("2")) == [("process_group", monday, 3), ("individual", thursday, 1)]
    newest = await read("3")
    assert seen(newest) == [("process_group", monday, 4), ("individual", thursday, 1)]
    assert (newest.json()["timetable"]["version"], newest.json()["timetable"]["reason"]) == (3, "admission")
    group = newest.json()["sessions"][0]
    assert group["patient_ids"] == sorted(week.ids)
    assert (group["practitioner_id"], group["room_id"]) == (clinic.counsellor["id"], clinic.room["id"])


async def test_two_versions_are_compared_and_each_difference_says_since_when_and_why(
    read: Read, week: Week, three_versions: None
) -> None:
    del three_versions

    answer = await read("3/difference", base_version=1)

    assert answer.status_code == 200, answer.text
    moved = answer.json()
    assert (moved["base_version"], moved["current_version"], moved["count"]) == (1, 3, 2)
    told = {
        one["patient_id"]: (one["kind"], one["version"], one["reason"], one["before"] and one["before"]["start"][8:10])
        for one in moved["sessions"]
    }
    assert told == {week.ids[0]: ("moved", 2, "patient_request", "07"), week.ids[3]: ("added", 3, "admission", None)}
    earlier = (await read("2/difference", base_version=1)).json()
    assert [(one["patient_id"], one["version"]) for one in earlier["sessions"]] == [(week.ids[0], 2)]
    later = (await read("3/difference", base_version=2)).json()
    assert [(one["patient_id"], one["version"]) for one in later["sessions"]] == [(week.ids[3], 3)]


async def test_every_difference_is_listed_however_many_there_are(
    *, read: Read, by_hand: ByHand, clinic: Clinic, new_patient: Make, new_practitioner: Make
) -> None:
    """Whoever comes too late is told of the first twenty only."""
    await new_practitioner(clinic.site)
    many = Week(clinic, [await new_patient(clinic.site, plan_of(clinic.counsellor)) for _ in range(7)])
    members = range(7)
    await by_hand.publish(MONDAY, [many.group(day, 8, *members) for day in range(4)])
    await by_hand.publish(MONDAY, [many.group(day, 20, *members) for day in range(4)], reason="better_week")

    moved = (await read("2/difference", base_version=1)).json()

    assert (moved["count"], len(moved["sessions"])) == (28, 28)


async def test_a_version_from_before_somebody_left_still_names_that_session(
    *, read: Read, scheduler: ClientFactory, clinic: Clinic, three_versions: None
) -> None:
    """The setup of today has no part in what was told of a week."""
    del three_versions
    body = {member: value for member, value in clinic.counsellor.items() if member not in {"id", "site_id", "version"}}
    path = f"/v1/sites/{clinic.site['id']}/practitioners/{clinic.counsellor['id']}"
    left = await scheduler(Role.PROGRAMME_DIRECTOR).put(
        path, json={**body, "ends_on": MONDAY}, headers={"if-match": '"1"'}
    )
    assert left.status_code == 200, left.text

    assert [one["practitioner_id"] for one in (await read("1")).json()["sessions"]] == [clinic.counsellor["id"]] * 2


async def test_a_session_that_was_reassigned_is_in_the_version_that_did_so(
    *, read: Read, scheduler: ClientFactory, clinic: Clinic, three_versions: None
) -> None:
    del three_versions
    desk = scheduler(Role.FRONT_DESK)
    book = (await desk.get(f"/v1/sites/{clinic.site['id']}/appointments", params={"week": MONDAY})).json()["items"]
    group = next(one for one in book if one["service"] == "process_group" and one["status"] == "booked")
    answer = await desk.post(
        f"/v1/appointments/{group['id']}:reassign",
        json={"reason": "staff_absence", "practitioner_id": clinic.therapist["id"]},
        headers={"if-match": '"3"'},
    )
    assert answer.status_code == 200, answer.text

    before, after = [(await read(version)).json()["sessions"][0]["practitioner_id"] for version in ("3", "4")]

    assert (before, after) == (clinic.counsellor["id"], clinic.therapist["id"])


@pytest.mark.parametrize(
    ("path", "params", "status"),
    [
        ("4", {}, 404),
        ("0", {}, 422),
        ("99999999999", {}, 422),
        ("4/difference", {"base_version": 1}, 404),
        ("2/difference", {"base_version": 2}, 422),
        ("2/difference", {"base_version": 3}, 422),
        ("2/difference", {}, 422),
    ],
)
async def test_a_version_that_is_not_there_is_not_read(
    *, read: Read, three_versions: None, path: str, params: Json, status: int
) -> None:
    del three_versions

    assert (await read(path, **params)).status_code == status


async def test_versions_are_read_by_who_reads_the_book_of_the_organization(
    *, read: Read, scheduler: ClientFactory, clinic: Clinic, three_versions: None
) -> None:
    del three_versions
    path = f"/v1/sites/{clinic.site['id']}/timetables/{MONDAY}/versions/1"
    stranger = scheduler(Role.COUNSELLOR, organization=uuid4())

    for role in (Role.ORGANIZATION_ADMIN, Role.PATIENT, Role.BILLING):
        assert (await read("1", role=role)).status_code == 403
        assert (await read("2/difference", role=role, base_version=1)).status_code == 403
    assert problem(await stranger.get(path))[0] == 404
    assert problem(await stranger.get(f"{path}/difference", params={"base_version": 1}))[0] == 404
    assert (await read("1", monday="2026-10-06")).status_code == 404


@pytest.mark.usefixtures("three_versions")
async def test_however_many_versions_are_compared_what_was_known_is_asked_once(
    read: Read, scheduler_database: Database, organization_id: UUID
) -> None:
    async def count(base_version: int) -> int:
        async with statements_of(scheduler_database, OrganizationId(organization_id)) as sent:
            assert (await read("3/difference", base_version=base_version)).status_code == 200
        return len(sent)

    await count(2)

    assert await count(1) == await count(2)
