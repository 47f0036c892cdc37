"""A proposal decided on change by change, through the routes."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from services.chassis.clock import Clock
from services.chassis.wiring import Process
from services.contracts.identity import Role
from tests.conftest import ClientFactory
from tests.scheduler.conftest import Clinic, Json, calendar
from tests.scheduler.proposals.conftest import Booked, Propose, Publish
from tests.scheduler.weekly import Week


async def changes_of(scheduler: ClientFactory, proposal: Json, **parameters: Any) -> Json:
    answer = await scheduler(Role.COUNSELLOR).get(f"/v1/proposals/{proposal['id']}/changes", params=parameters)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def decide(scheduler: ClientFactory, proposal: Json, number: int, verb: str, **body: Any) -> Any:
    path = f"/v1/proposals/{proposal['id']}/changes/{number}:{verb}"
    return await scheduler(Role.FRONT_DESK).post(path, json=body or None)


@pytest.fixture
async def numbers(scheduler: ClientFactory, proposed: Json, week: Week) -> dict[tuple[str, int], int]:
    """Numbers by service and patient."""
    found = (await changes_of(scheduler, proposed))["items"]
    return {(change["service"], week.ids.index(change["patient_id"])): change["number"] for change in found}


GROUP, VISIT = "process_group", "individual"


async def test_changes_are_listed_by_pages_with_both_sides(
    scheduler: ClientFactory, proposed: Json, week: Week
) -> None:
    first = await changes_of(scheduler, proposed, page_size=3)
    rest = await changes_of(scheduler, proposed, page_size=3, page_token=first["next_page_token"])

    changes = first["items"] + rest["items"]
    assert rest["next_page_token"] is None
    assert [change["number"] for change in changes] == [1, 2, 3, 4, 5]
    assert {change["status"] for change in changes} == {"pending"}
    kinds = sorted((week.ids.index(change["patient_id"]), change["service"], change["kind"]) for change in changes)
    assert kinds == [
        (0, VISIT, "moved"),
        (0, GROUP, "moved"),
        (1, GROUP, "moved"),
        (2, GROUP, "moved"),
        (3, GROUP, "added"),
    ]
    [visit] = [change for change in changes if change["service"] == VISIT]
    assert (visit["before"]["start"], visit["after"]["start"]) == (
        "2026-10-07T09:00:00-04:00",
        "2026-10-08T09:00:00-04:00",
    )
    [added] = [change for change in changes if change["kind"] == "added"]
    assert added["before"] is None
    assert added["after"]["room_id"] == week.clinic.room["id"]


async def test_what_is_rejected_stays_as_published_and_the_rest_is_booked(
    *, scheduler: ClientFactory, proposed: Json, numbers: Any, publish: Publish, booked: Booked, week: Week
) -> None:
    rejected = await decide(scheduler, proposed, numbers[VISIT, 0], "reject", reason="patient_declines")
    alone = await decide(scheduler, proposed, numbers[GROUP, 3], "reject", reason="clinical")
    accepted = await decide(scheduler, proposed, numbers[GROUP, 1], "accept")

    assert [answer.status_code for answer in (rejected, alone, accepted)] == [200, 200, 200]
    assert (rejected.json()["status"], rejected.json()["reason"]) == ("rejected", "patient_declines")
    assert rejected.json()["decided_by"] is not None
    answer = await publish(proposed, reason="patient_request")
    assert answer.status_code == 200, answer.text
    assert answer.json()["checker"]["ok"] is True
    assert answer.json()["objective"] == answer.json()["checker"]["objective"]
    groups = ["process_group 05T09", "process_group 07T10"]
    assert await booked() == {
        week.ids[0]: sorted([*groups, "individual 07T09"]),
        week.ids[1]: groups,
        week.ids[2]: groups,
    }
    statuses = {change["number"]: change["status"] for change in (await changes_of(scheduler, proposed))["items"]}
    assert set(statuses.values()) == {"accepted", "rejected"}
    unmet = {(need["patient_id"], need["service"]): need["minutes"] for need in answer.json()["unmet"]}
    assert unmet[week.ids[3], GROUP] == 540


async def test_what_breaks_the_week_alone_is_409_with_what_to_reject_along(
    *, scheduler: ClientFactory, proposed: Json, numbers: Any, publish: Publish, booked: Booked, week: Week
) -> None:
    others = sorted(numbers[GROUP, patient] for patient in (1, 2))

    refused = await decide(scheduler, proposed, numbers[GROUP, 0], "reject", reason="continuity")

    assert refused.status_code == 409
    assert (refused.json()["code"], refused.json()["type"]) == (
        "change-does-not-fit",
        "urn:eventide:problem:timetable-refused",
    )
    assert "a group would fall outside its size" in refused.json()["detail"]
    [field] = refused.json()["errors"]
    assert (field["pointer"], field["detail"]) == ("/together_with", f"add {others[0]}, {others[1]}")
    assert not any(patient in refused.text for patient in week.ids)
    together = await decide(scheduler, proposed, numbers[GROUP, 0], "reject", reason="continuity", together_with=others)
    assert together.status_code == 200
    assert (await publish(proposed, reason="better_week")).status_code == 200
    assert (await booked())[week.ids[1]] == ["process_group 05T09", "process_group 06T09"]


async def test_taking_a_rejection_back_is_checked_in_the_same_way(
    scheduler: ClientFactory, proposed: Json, numbers: Any
) -> None:
    first, *others = sorted(numbers[GROUP, patient] for patient in range(3))
    rejected = await decide(scheduler, proposed, first, "reject", reason="staffing", together_with=others)
    assert rejected.status_code == 200

    refused = await decide(scheduler, proposed, first, "accept")

    assert refused.status_code == 409
    assert refused.json()["errors"][0]["detail"] == f"add {others[0]}, {others[1]}"
    assert (await decide(scheduler, proposed, first, "accept", together_with=others)).status_code == 200
    statuses = {change["number"]: change["status"] for change in (await changes_of(scheduler, proposed))["items"]}
    assert {statuses[number] for number in (first, *others)} == {"accepted"}


async def test_what_is_published_is_decided(
    scheduler: ClientFactory, proposed: Json, numbers: Any, publish: Publish
) -> None:
    assert (await publish(proposed, reason="admission")).status_code == 200

    late = await decide(scheduler, proposed, numbers[VISIT, 0], "reject", reason="clinical")

    assert (late.status_code, late.json()["code"]) == (409, "already-published")


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/reason"),
        ({"reason": "Jane Roe asked"}, "/reason"),
        ({"reason": "clinical", "together_with": [77]}, "/together_with"),
        ({"reason": "clinical", "together_with": [-1]}, "/together_with/0"),
        ({"reason": "clinical", "note": "Jane Roe"}, "/note"),
    ],
)
async def test_a_decision_that_is_not_understood_is_refused_by_name(
    scheduler: ClientFactory, proposed: Json, body: Json, pointer: str
) -> None:
    path = f"/v1/proposals/{proposed['id']}/changes/1:reject"

    refused = await scheduler(Role.FRONT_DESK).post(path, json=body)

    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == pointer
    assert "Jane" not in refused.text


async def test_decisions_are_for_the_desk_and_its_own_organization(scheduler: ClientFactory, proposed: Json) -> None:
    path = f"/v1/proposals/{proposed['id']}/changes"
    body = {"reason": "clinical"}
    stranger = scheduler(Role.PROGRAMME_DIRECTOR, organization=uuid4())

    assert (await scheduler(Role.COUNSELLOR).post(f"{path}/1:reject", json=body)).status_code == 403
    assert (await scheduler(Role.COUNSELLOR).post(f"{path}/1:accept")).status_code == 403
    assert (await scheduler(Role.BILLING).get(path)).status_code == 403
    assert (await stranger.get(path)).status_code == 404
    assert (await stranger.post(f"{path}/1:reject", json=body)).status_code == 404
    assert (await decide(scheduler, proposed, 99, "accept")).status_code == 404
    assert (await decide(scheduler, proposed, 10**30, "reject", reason="clinical")).status_code == 404
    assert (await decide(scheduler, {"id": uuid4()}, 1, "accept")).status_code == 404


async def test_a_second_version_needs_a_reason_and_the_first_does_not(
    proposed: Json, publish: Publish, booked: Booked
) -> None:
    before = await booked()

    refused = await publish(proposed)

    assert refused.status_code == 422
    assert (refused.json()["code"], refused.json()["errors"][0]["pointer"]) == ("reason-required", "/reason")
    assert await booked() == before
    answer = await publish(proposed, reason="admission")
    assert (answer.status_code, answer.json()["reason"], answer.json()["version"]) == (200, "admission", 2)


async def test_a_week_that_is_over_is_not_published(
    scheduler_app: Any, proposed: Json, publish: Publish, clock: Clock
) -> None:
    process: Process = scheduler_app.state.process
    later = Clock(clock.now() - Clock().now() + timedelta(days=10))
    scheduler_app.state.process = Process(later, process.database, process.authenticator)

    refused = await publish(proposed, reason="admission")

    assert (refused.status_code, refused.json()["type"]) == (422, "urn:eventide:problem:week-refused")
    assert refused.json()["code"] == "week-in-the-past"


async def test_a_commitment_since_then_still_stops_the_accepted_part(
    *, scheduler: ClientFactory, proposed: Json, numbers: Any, publish: Publish, import_calendar: Any, week: Week
) -> None:
    assert (await decide(scheduler, proposed, numbers[VISIT, 0], "reject", reason="clinical")).status_code == 200
    await import_calendar({"id": week.ids[0]}, calendar("20261007T080000/20261007T100000"))

    refused = await publish(proposed, reason="clinical")

    assert (refused.status_code, refused.json()["type"]) == (409, "urn:eventide:problem:timetable-refused")


async def test_a_first_version_is_decided_on_like_any_other(
    *, scheduler: ClientFactory, clinic: Clinic, week: Week, propose: Propose, publish: Publish, booked: Booked
) -> None:
    assert clinic
    proposal = await propose([week.group(0, 8, 0, 1, 2)], [week.visit(2, 8, 0)])
    [change] = [c for c in (await changes_of(scheduler, proposal))["items"] if c["patient_id"] == week.ids[2]]

    assert (await decide(scheduler, proposal, change["number"], "reject", reason="clinical")).status_code == 200

    assert (await publish(proposal)).status_code == 200
    assert week.ids[2] not in await booked()
