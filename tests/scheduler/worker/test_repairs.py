"""A counsellor is out: a real worker mends each published week, and the desk publishes the repairs."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from typing import Any

import pytest

from services.contracts.identity import Role
from services.scheduler.worker.worker import Worker
from tests.conftest import ClientFactory
from tests.scheduler.conftest import MONDAY, Clinic, Json, Make

pytestmark = pytest.mark.committed

NEXT_MONDAY = (date.fromisoformat(MONDAY) + timedelta(weeks=1)).isoformat()

Until = Callable[..., Awaitable[Json]]


def is_over(solve: Json) -> bool:
    return solve["status"] in {"succeeded", "failed", "cancelled"}


async def test_a_counsellor_is_out_and_the_repair_is_published(
    *, scheduler: ClientFactory, worker: Worker, clinic: Clinic, four_patients: list[Json], ask: Make, until: Until
) -> None:
    del worker
    assert len(four_patients) == 4
    desk = scheduler(Role.FRONT_DESK)
    solved = await until(await ask(clinic.site), is_over)
    first = await desk.post(f"/v1/proposals/{solved['proposal_id']}:publish", headers={"if-match": '"0"'})
    assert first.status_code == 200, first.text
    sessions = await booked(desk, clinic)
    day = min(session["start"][:10] for session in sessions if session["practitioner_id"] == clinic.counsellor["id"])

    answer = await desk.post(
        "/v1/disruptions",
        json={
            "site_id": clinic.site["id"],
            "week": MONDAY,
            "kind": "practitioner_out",
            "practitioner_id": clinic.counsellor["id"],
            "start": f"{day}T07:00:00-04:00",
            "end": f"{day}T22:00:00-04:00",
            "reason": "absence",
        },
    )
    assert answer.status_code == 201, answer.text
    solve = await until({"id": answer.json()["solve_id"]}, is_over)
    assert (solve["status"], solve["outcome"]) == ("succeeded", "optimal"), solve
    disruption = (await desk.get(answer.headers["location"])).json()
    repair = disruption["repair"]
    assert repair["people_touched"] == repair["people_touched_bound"] <= 4
    assert repair["minutes_lost"] == repair["minutes_lost_bound"]
    assert (disruption["solve_status"], disruption["proposal_id"]) == ("succeeded", solve["proposal_id"])

    published = await desk.post(
        f"/v1/proposals/{disruption['proposal_id']}:publish",
        headers={"if-match": '"1"'},
        json={"reason": "staff_absence"},
    )
    assert published.status_code == 200, published.text
    led = [s for s in await booked(desk, clinic) if s["practitioner_id"] == clinic.counsellor["id"]]
    assert not [session for session in led if session["start"].startswith(day)]


async def test_a_counsellor_is_out_for_two_weeks_and_each_repair_is_published(
    *, scheduler: ClientFactory, worker: Worker, clinic: Clinic, four_patients: list[Json], ask: Make, until: Until
) -> None:
    del worker
    assert len(four_patients) == 4
    desk = scheduler(Role.FRONT_DESK)
    for monday in (MONDAY, NEXT_MONDAY):
        solved = await until(await ask(clinic.site, week=monday), is_over)
        first = await desk.post(f"/v1/proposals/{solved['proposal_id']}:publish", headers={"if-match": '"0"'})
        assert first.status_code == 200, first.text

    answer = await desk.post(
        "/v1/disruption_batches",
        json={
            "site_id": clinic.site["id"],
            "kind": "practitioner_out",
            "practitioner_id": clinic.counsellor["id"],
            "start": f"{MONDAY}T07:00:00-04:00",
            "end": f"{NEXT_MONDAY}T22:00:00-04:00",
            "reason": "leave",
        },
    )
    assert answer.status_code == 201, answer.text
    # The limit only keeps a broken build from hanging.
    async with asyncio.timeout(120):
        batch = answer.json()
        while not all(is_over({"status": week["disruption"]["solve_status"]}) for week in batch["weeks"]):
            batch = (await desk.get(answer.headers["location"])).json()

    assert [week["disruption"]["solve_status"] for week in batch["weeks"]] == ["succeeded", "succeeded"], batch
    for week in batch["weeks"]:
        assert week["disruption"]["repair"] is not None
        published = await desk.post(
            f"/v1/proposals/{week['disruption']['proposal_id']}:publish",
            headers={"if-match": f'"{week["base_version"]}"'},
            json={"reason": "staff_absence"},
        )
        assert published.status_code == 200, published.text
    sessions = [*await booked(desk, clinic), *await booked(desk, clinic, NEXT_MONDAY)]
    led = [session["start"][:10] for session in sessions if session["practitioner_id"] == clinic.counsellor["id"]]
    assert [day for day in led if MONDAY <= day <= NEXT_MONDAY] == []


async def booked(desk: Any, clinic: Clinic, monday: str = MONDAY) -> list[Json]:
    answer = await desk.get(
        f"/v1/sites/{clinic.site['id']}/appointments",
        params={"week": monday, "page_size": 200, "status": "booked"},
    )
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


@pytest.mark.parametrize("what", ["practitioner", "room", "group_offering"])
async def test_a_week_that_a_change_of_the_setup_has_broken_is_repaired(
    *, scheduler: ClientFactory, worker: Worker, clinic: Clinic, four_patients: list[Json], ask: Make, until: Until,
    what: str,
) -> None:  # fmt: skip
    """Who, or what, is there no more in any day of the week, which was published with it."""
    del worker
    assert len(four_patients) == 4
    desk = scheduler(Role.FRONT_DESK)
    solved = await until(await ask(clinic.site), is_over)
    first = await desk.post(f"/v1/proposals/{solved['proposal_id']}:publish", headers={"if-match": '"0"'})
    assert first.status_code == 200, first.text
    one = {"practitioner": clinic.counsellor, "room": clinic.room, "group_offering": clinic.offering}[what]
    body = {member: value for member, value in one.items() if member not in {"id", "site_id", "version"}}
    path = f"/v1/sites/{clinic.site['id']}/{what}s/{one['id']}"

    changed = await scheduler(Role.PROGRAMME_DIRECTOR).put(
        path, json={**body, "ends_on": MONDAY}, headers={"if-match": '"1"'}
    )
    assert changed.status_code == 200, changed.text
    [offer] = changed.json()["collisions"]["repairs"]
    answer = await desk.post(offer["path"], json=offer["body"])
    assert answer.status_code == 201, answer.text
    solve = await until({"id": answer.json()["solve_id"]}, is_over)
    assert solve["status"] == "succeeded", solve
    repair = (await desk.get(answer.headers["location"])).json()["repair"]
    # Nothing else of the kind is there, so that all that was planned with it is lost.
    assert repair["minutes_lost"] > 0

    published = await desk.post(
        f"/v1/proposals/{solve['proposal_id']}:publish", headers={"if-match": '"1"'}, json={"reason": "staff_absence"}
    )
    assert published.status_code == 200, published.text
    left = (await desk.get(f"/v1/sites/{clinic.site['id']}/setup_collisions")).json()
    assert (left["count"], left["repairs"]) == (0, [])
