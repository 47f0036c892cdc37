"""Sessions that are pinned stay as they are; where they cannot, there is no week, and the answer says why."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from services.contracts.identity import Role
from services.scheduler.worker.worker import Worker
from tests.conftest import ClientFactory
from tests.scheduler.conftest import MONDAY, Clinic, Json, Make, calendar, plan_of

pytestmark = pytest.mark.committed

Until = Callable[..., Awaitable[Json]]


@pytest.fixture
def solved(worker: Worker, ask: Make, until: Until) -> Make:
    del worker

    async def make(site: Json, **changes: Any) -> Json:
        solve = await until(
            await ask(site, **changes), lambda one: one["status"] in {"succeeded", "failed", "cancelled"}
        )
        assert solve["status"] == "succeeded", solve
        return solve

    return make


async def published(desk: httpx2.AsyncClient, solve: Json) -> None:
    answer = await desk.post(f"/v1/proposals/{solve['proposal_id']}:publish", headers={"if-match": '"0"'})
    assert answer.status_code == 200, answer.text


async def booked_of(desk: httpx2.AsyncClient, clinic: Clinic) -> list[Json]:
    answer = await desk.get(f"/v1/sites/{clinic.site['id']}/appointments", params={"week": MONDAY, "page_size": 200})
    return list(answer.json()["items"])


@pytest.fixture
async def booked(scheduler: ClientFactory, clinic: Clinic, four_patients: list[Json], solved: Make) -> list[Json]:
    """The book of the published week of four people."""
    assert four_patients
    desk = scheduler(Role.FRONT_DESK)
    await published(desk, await solved(clinic.site))
    return await booked_of(desk, clinic)


async def test_a_pinned_session_stays_where_the_best_week_would_give_it_up(
    *,
    scheduler: ClientFactory,
    records: ClientFactory,
    clinic: Clinic,
    new_patient: Make,
    solved: Make,
    import_calendar: Any,
) -> None:
    """Somebody is free for as long as one group, and has a visit then: to sit in the group serves more minutes."""
    desk, director = scheduler(Role.FRONT_DESK), records(Role.PROGRAMME_DIRECTOR)
    plan = plan_of(clinic.counsellor, travel_minutes=0)
    unserved = {"service": "skills_group", "minutes_per_week": 540}
    services = [unserved, *plan["required_services"][1:]]
    somebody = await new_patient(clinic.site, plan | {"required_services": services})
    await import_calendar(somebody, calendar("20261005T000000/20261005T090000", "20261005T103000/20261012T000000"))
    for _ in range(2):
        await new_patient(clinic.site, plan)
    await published(desk, await solved(clinic.site))
    [visit] = [one for one in await booked_of(desk, clinic) if one["patient_ids"] == [somebody["id"]]]
    path = f"/v1/patients/{somebody['id']}/treatment_plan"
    changed = await director.put(path, json=plan, headers={"if-match": '"1"'})
    assert changed.status_code == 200, changed.text

    free, pinned = [await solved(clinic.site, pins=pins) for pins in ([], [visit["id"]])]

    weeks = [(await desk.get(f"/v1/proposals/{solve['proposal_id']}")).json() for solve in (free, pinned)]
    of_somebody = [
        [(one["service"], one["start"]) for one in week["sessions"] if somebody["id"] in one["patient_ids"]]
        for week in weeks
    ]
    assert [service for service, _ in of_somebody[0]] == ["process_group"]
    assert of_somebody[1] == [("individual", visit["start"])]


async def test_a_pin_that_breaks_a_rule_makes_the_week_infeasible_and_says_which(
    clinic: Clinic, booked: list[Json], solved: Make, import_calendar: Any
) -> None:
    visit, pinned = [next(one for one in booked if one["service"] == kind) for kind in ("individual", "process_group")]
    member = pinned["patient_ids"][0]
    day, hour = pinned["start"][:10].replace("-", ""), pinned["start"][11:13]
    await import_calendar({"id": member}, calendar(f"{day}T{hour}0000/{day}T{hour}5900"))

    unpinned = await solved(clinic.site)
    solve = await solved(clinic.site, pins=[visit["id"], pinned["id"]])

    assert unpinned["outcome"] in {"optimal", "feasible"}
    assert (solve["outcome"], solve["proposal_id"]) == ("infeasible", None)
    problem = solve["problem"]
    assert (problem["type"], problem["code"]) == ("urn:eventide:problem:week-refused", "contradictory")
    assert [error["pointer"] for error in problem["errors"]] == ["/pins/1"]
    assert [error["detail"] for error in problem["errors"]] == [f"patient {member}: meets a commitment"]


async def test_a_pin_that_is_no_session_of_the_week_is_refused_by_its_place(
    scheduler: ClientFactory, clinic: Clinic, booked: list[Json]
) -> None:
    known, unknown = booked[0]["id"], str(uuid4())

    answer = await scheduler(Role.FRONT_DESK).post(
        "/v1/solves", json={"site_id": clinic.site["id"], "week": MONDAY, "pins": [known, unknown]}
    )

    assert answer.status_code == 422
    assert answer.json()["code"] == "pin-not-booked"
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/pins/1"]
