"""Going back to an earlier version, and the history of a week."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from services.chassis.clock import Clock
from services.chassis.wiring import Process
from services.contracts.identity import Role
from services.contracts.scheduler.timetables import MovedWeekProblem
from tests.conftest import ClientFactory
from tests.scheduler.conftest import MONDAY, Clinic, Json, calendar
from tests.scheduler.proposals.conftest import Booked, Publish
from tests.scheduler.weekly import Week


@pytest.fixture
async def second(proposed: Json, publish: Publish) -> Json:
    answer = await publish(proposed, reason="admission")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


@pytest.fixture
def path(clinic: Clinic) -> str:
    return f"/v1/sites/{clinic.site['id']}/timetables/{MONDAY}"


async def revert(client: Any, path: str, version: int = 2, **body: Any) -> Any:
    headers = {"if-match": f'"{version}"'}
    return await client.post(f"{path}:revert", json={"to_version": 1, "reason": "closure", **body}, headers=headers)


async def test_an_earlier_version_is_published_again_as_a_new_one(
    *, scheduler: ClientFactory, path: str, published: Json, second: Json, booked: Booked, week: Week
) -> None:
    reverted = await revert(scheduler(Role.FRONT_DESK), path)

    assert reverted.status_code == 200, reverted.text
    assert reverted.headers["etag"] == '"3"'
    timetable = reverted.json()
    assert (timetable["version"], timetable["reverted_to"], timetable["reason"]) == (3, 1, "closure")
    assert timetable["proposal_id"] == published["id"] != second["proposal_id"]
    assert timetable["checker"]["ok"] is True
    assert (await scheduler(Role.COUNSELLOR).get(path)).json() == timetable
    groups = ["process_group 05T09", "process_group 06T09"]
    assert await booked() == {
        week.ids[0]: sorted([*groups, "individual 07T09"]),
        week.ids[1]: groups,
        week.ids[2]: groups,
    }


@pytest.mark.usefixtures("second")
async def test_history_says_who_when_why_and_from_what(scheduler: ClientFactory, path: str) -> None:
    assert (await revert(scheduler(Role.FRONT_DESK), path)).status_code == 200
    client = scheduler(Role.COUNSELLOR)

    first = (await client.get(f"{path}/versions", params={"page_size": 2})).json()
    rest = (await client.get(f"{path}/versions", params={"page_token": first["next_page_token"]})).json()

    versions = first["items"] + rest["items"]
    assert [version["version"] for version in versions] == [1, 2, 3]
    assert [version["reason"] for version in versions] == [None, "admission", "closure"]
    assert [version["reverted_to"] for version in versions] == [None, None, 1]
    assert all(version["published_by"] and version["published_at"] for version in versions)
    assert rest["next_page_token"] is None


@pytest.mark.usefixtures("second")
async def test_what_meets_a_commitment_of_today_is_409_and_says_how_much(
    scheduler: ClientFactory, path: str, import_calendar: Any, week: Week, booked: Booked
) -> None:
    before = await booked()
    await import_calendar({"id": week.ids[1]}, calendar("20261006T080000/20261006T100000"))

    refused = await revert(scheduler(Role.FRONT_DESK), path)

    assert (refused.status_code, refused.json()["code"]) == (409, "revert-refused")
    assert "1 of its sessions meet commitments" in refused.json()["detail"]
    assert "0 other rules" in refused.json()["detail"]
    assert week.ids[1] not in refused.text
    assert await booked() == before


@pytest.mark.usefixtures("second")
async def test_a_revert_is_conditional_on_the_published_version(scheduler: ClientFactory, path: str) -> None:
    desk = scheduler(Role.FRONT_DESK)

    stale = await revert(desk, path, version=1)

    assert (stale.status_code, stale.json()["code"]) == (412, "timetable-moved")
    assert "Version 2" in stale.json()["detail"]
    assert "which moved 5 sessions" in stale.json()["detail"]
    without = await desk.post(f"{path}:revert", json={"to_version": 1, "reason": "closure"})
    assert without.status_code == 428


@pytest.mark.usefixtures("second")
async def test_whoever_goes_back_too_late_is_told_what_moved_as_a_publisher_is(
    scheduler: ClientFactory, path: str, week: Week
) -> None:
    moved = (await revert(scheduler(Role.FRONT_DESK), path, version=1)).json()["moved"]

    assert (moved["base_version"], moved["current_version"], moved["count"]) == (1, 2, 5)
    assert {(one["version"], one["reason"]) for one in moved["sessions"]} == {(2, "admission")}
    [added] = [one for one in moved["sessions"] if one["kind"] == "added"]
    assert (added["patient_id"], added["before"]) == (week.ids[3], None)
    assert added["after"]["start"].startswith("2026-10-05T09:00")


@pytest.mark.usefixtures("second")
@pytest.mark.parametrize(("named", "count"), [(0, 8), (3, None), (9, None), (999_999_999, None)])
async def test_before_the_first_version_nobody_had_a_session_and_of_no_version_nothing_is_told(
    scheduler: ClientFactory, path: str, named: int, count: int | None
) -> None:
    stale = await revert(scheduler(Role.FRONT_DESK), path, version=named)

    assert (stale.status_code, stale.json()["code"]) == (412, "timetable-moved")
    moved = MovedWeekProblem.model_validate(stale.json()).moved
    assert (None if moved is None else moved.count) == count
    assert moved is None or {one.kind for one in moved.sessions} == {"added"}


@pytest.mark.usefixtures("second")
@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"to_version": 2}, "/to_version"),
        ({"to_version": 9}, "/to_version"),
        ({"to_version": 0}, "/to_version"),
        ({"to_version": 2**31}, "/to_version"),
        ({"reason": "Jane Roe"}, "/reason"),
    ],
)
async def test_what_cannot_be_gone_back_to_is_refused_by_name(
    scheduler: ClientFactory, path: str, body: Json, pointer: str
) -> None:
    refused = await revert(scheduler(Role.FRONT_DESK), path, **body)

    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == pointer
    assert "Jane" not in refused.text


@pytest.mark.usefixtures("second")
async def test_a_week_that_is_over_is_history(scheduler: ClientFactory, scheduler_app: Any, path: str) -> None:
    process: Process = scheduler_app.state.process
    later = Clock(process.clock.now() - Clock().now() + timedelta(days=10))
    scheduler_app.state.process = Process(later, process.database, process.authenticator)

    refused = await revert(scheduler(Role.FRONT_DESK), path)

    assert (refused.status_code, refused.json()["code"]) == (422, "week-in-the-past")


@pytest.mark.usefixtures("second")
async def test_going_back_is_for_the_desk_and_its_own_organization(scheduler: ClientFactory, path: str) -> None:
    stranger = scheduler(Role.PROGRAMME_DIRECTOR, organization=uuid4())

    assert (await revert(scheduler(Role.COUNSELLOR), path)).status_code == 403
    assert (await revert(stranger, path)).status_code == 404
    assert (await stranger.get(f"{path}/versions")).json()["items"] == []
    assert (await scheduler(Role.BILLING).get(f"{path}/versions")).status_code == 403


async def test_where_nothing_is_published_there_is_nothing_to_go_back_to(scheduler: ClientFactory, path: str) -> None:
    assert (await revert(scheduler(Role.FRONT_DESK), path, version=0)).status_code == 404
    assert (await scheduler(Role.FRONT_DESK).get(f"{path}/versions")).json()["items"] == []


async def _appointment_with(desk: Any, clinic: Clinic, patient_id: object) -> Json:
    path = f"/v1/sites/{clinic.site['id']}/appointments"
    appointments: list[Json] = (await desk.get(path, params={"week": MONDAY})).json()["items"]
    return next(one for one in appointments if str(patient_id) in one["patient_ids"])


async def test_a_seat_given_back_by_hand_stays_empty_where_the_new_version_leaves_its_session(
    *, scheduler: ClientFactory, clinic: Clinic, proposed: Json, publish: Publish, week: Week
) -> None:
    desk = scheduler(Role.FRONT_DESK)
    monday = await _appointment_with(desk, clinic, week.ids[0])
    released = await desk.post(
        f"/v1/appointments/{monday['id']}:release", json={"patient_id": str(week.ids[0]), "reason": "illness"}
    )

    answer = await publish(proposed, reason="admission")

    assert (released.status_code, answer.status_code) == (204, 200)
    again = await _appointment_with(desk, clinic, week.ids[1])
    assert (again["id"], again["timetable_version"], again["sequence"]) == (monday["id"], 2, 0)
    assert set(again["patient_ids"]) == set(map(str, week.ids[1:]))


async def test_a_seat_taken_by_hand_is_not_lost_to_a_new_version_unless_that_is_meant(
    *, scheduler: ClientFactory, clinic: Clinic, proposed: Json, publish: Publish, booked: Booked, week: Week
) -> None:
    desk = scheduler(Role.FRONT_DESK)
    path = f"/v1/sites/{clinic.site['id']}/appointments"
    groups = (await desk.get(path, params={"week": MONDAY})).json()["items"]
    tuesday = next(one for one in groups if one["start"].startswith("2026-10-06"))
    added = await desk.post(f"/v1/appointments/{tuesday['id']}:book", json={"patient_id": str(week.ids[3])})
    by_hand = await booked()

    refused = await publish(proposed, reason="admission")

    assert added.status_code == 200, added.text
    assert (refused.status_code, refused.json()["code"]) == (409, "booked-by-hand")
    assert "In 1 sessions" in refused.json()["detail"]
    assert await booked() == by_hand
    meant = await publish(proposed, reason="admission", replace_bookings=True)
    assert meant.status_code == 200, meant.text
    moved = await _appointment_with(desk, clinic, week.ids[3])
    assert moved["start"].startswith("2026-10-05")
