"""A counsellor is out: a real worker mends the published week, and the desk publishes the repair."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from services.contracts.identity import Role
from services.scheduler.worker.worker import Worker
from tests.conftest import ClientFactory
from tests.scheduler.conftest import MONDAY, Clinic, Json, Make

pytestmark = pytest.mark.committed

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


async def booked(desk: Any, clinic: Clinic) -> list[Json]:
    answer = await desk.get(
        f"/v1/sites/{clinic.site['id']}/appointments",
        params={"week": MONDAY, "page_size": 200, "status": "booked"},
    )
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])
