"""Several weeks asked for at once: one after the other, each from the one before."""

from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.chassis.clock import Clock
from services.chassis.database import Database
from services.contracts.identifiers import OrganizationId, SolveId
from services.contracts.identity import Role
from services.contracts.scheduler.solves import SolveOutcome, SolveStatus
from services.scheduler.dispatch import read_payload
from services.scheduler.solves.attempts import Ending
from services.scheduler.solves.runs import SolveRuns
from services.scheduler.storing import json_of
from tests.conftest import ClientFactory
from tests.scheduler.conftest import MONDAY, Clinic, Json
from tests.scheduler.proposals.conftest import week
from tests.scheduler.weekly import Week

__all__ = ["week"]

End = Callable[..., Awaitable[None]]


@pytest.fixture
def ask(scheduler: ClientFactory, clinic: Clinic) -> Callable[..., Awaitable[Any]]:
    async def post(role: Role = Role.FRONT_DESK, **changes: Any) -> Any:
        body = {"site_id": clinic.site["id"], "first_week": MONDAY, "weeks": 3, **changes}
        return await scheduler(role).post("/v1/solve_batches", json=body)

    return post


Ask = Callable[..., Awaitable[Any]]


class Worker:
    """A worker that is told what its solver found."""

    def __init__(self, database: Database, organization_id: UUID, clock: Clock) -> None:
        self._database = database
        self._organization_id = OrganizationId(organization_id)
        self._clock = clock

    async def solve(self, solve: Json, status: SolveStatus, document: Json | None = None) -> Json:
        """End a solve so, and return the instance that it was given."""
        async with self._database.command(self._organization_id) as db:
            runs = SolveRuns(db, self._organization_id, self._clock)
            task = await runs.claim(SolveId(UUID(solve["id"])), uuid4())
            assert task is not None
            outcome = None if document is None else SolveOutcome.FEASIBLE
            assert await runs.finish(task.attempt, Ending(status, outcome), document)
            return dict(json_of(task.instance))

    async def called_for(self) -> list[str]:
        """The solves that workers are called for, in order."""
        async with self._database.read(self._organization_id) as read:
            rows = await read._connection.fetch("select payload from pgqueuer where entrypoint = 'solve' order by id")
        found = [read_payload(row["payload"]) for row in rows]
        return [str(solve_id) for organization, solve_id in found if organization == self._organization_id]


@pytest.fixture
def worker(scheduler_database: Database, organization_id: UUID, clock: Clock) -> Worker:
    return Worker(scheduler_database, organization_id, clock)


async def test_each_week_begins_when_the_one_before_is_over_and_has_it_as_its_usual_week(
    *, ask: Ask, week: Week, worker: Worker, scheduler: ClientFactory
) -> None:
    asked = await ask()
    first, second, third = asked.json()["solves"]
    found = {"groups": [week.group(1, 8, 0, 1, 2)], "individuals": [week.visit(2, 8, 0)]}
    later = {"groups": [week.group(3, 10, 0, 1)], "individuals": []}

    assert asked.status_code == 202
    assert await worker.called_for() == [first["id"]]
    alone = await worker.solve(first, SolveStatus.SUCCEEDED, found)
    assert await worker.called_for() == [first["id"], second["id"]]
    after = await worker.solve(second, SolveStatus.SUCCEEDED, later)
    last = await worker.solve(third, SolveStatus.SUCCEEDED, found)

    assert alone["usual"] is None
    assert [(group["day"], group["slot"]) for group in after["usual"]["groups"]] == [(1, 8)]
    assert [visit["patient"] for visit in after["usual"]["individuals"]] == [week.ids[0]]
    assert [(group["day"], group["slot"]) for group in last["usual"]["groups"]] == [(3, 10)]
    read = await scheduler(Role.COUNSELLOR).get(asked.headers["location"])
    assert (read.json()["status"], len(read.json()["solves"])) == ("succeeded", 3)


async def test_a_week_that_fails_is_passed_over_and_the_next_begins_from_what_there_is(
    *, ask: Ask, week: Week, worker: Worker, scheduler: ClientFactory
) -> None:
    asked = await ask()
    first, second, third = asked.json()["solves"]
    found = {"groups": [week.group(1, 8, 0, 1, 2)], "individuals": []}

    await worker.solve(first, SolveStatus.SUCCEEDED, found)
    await worker.solve(second, SolveStatus.FAILED)
    assert await worker.called_for() == [first["id"], second["id"], third["id"]]
    last = await worker.solve(third, SolveStatus.SUCCEEDED, found)

    assert [(group["day"], group["slot"]) for group in last["usual"]["groups"]] == [(1, 8)]
    assert (await scheduler(Role.FRONT_DESK).get(asked.headers["location"])).json()["status"] == "failed"


async def test_weeks_follow_one_another_and_show_where_each_stands(
    *, ask: Ask, worker: Worker, scheduler: ClientFactory
) -> None:
    batch = (await ask(weeks=4, time_limit_seconds=7, seed=3)).json()

    weeks = [date.fromisoformat(MONDAY) + timedelta(weeks=number) for number in range(4)]
    assert [solve["week"] for solve in batch["solves"]] == [day.isoformat() for day in weeks]
    assert (batch["status"], batch["first_week"]) == ("queued", MONDAY)
    await worker.solve(batch["solves"][0], SolveStatus.SUCCEEDED)
    read = (await scheduler(Role.FRONT_DESK).get(f"/v1/solve_batches/{batch['id']}")).json()
    assert read["status"] == "running"
    assert [solve["status"] for solve in read["solves"]] == ["succeeded", "queued", "queued", "queued"]


async def test_as_many_weeks_as_a_batch_may_have_are_queued_one_after_the_other_on_one_connection(*, ask: Ask) -> None:
    asked = await ask(weeks=12)

    assert asked.status_code == 202, asked.text
    assert [solve["status"] for solve in asked.json()["solves"]] == ["queued"] * 12


async def test_a_batch_is_cancelled_as_a_whole(*, ask: Ask, worker: Worker, scheduler: ClientFactory) -> None:
    batch = (await ask()).json()
    await worker.solve(batch["solves"][0], SolveStatus.SUCCEEDED)
    path = f"/v1/solve_batches/{batch['id']}"

    cancelled = await scheduler(Role.FRONT_DESK).post(f"{path}:cancel")
    again = await scheduler(Role.FRONT_DESK).post(f"{path}:cancel")

    assert cancelled.status_code == 200
    assert [solve["status"] for solve in cancelled.json()["solves"]] == ["succeeded", "cancelled", "cancelled"]
    assert cancelled.json()["status"] == "cancelled"
    assert again.status_code == 409
    assert again.json()["type"] == "urn:eventide:problem:solve-finished"


async def test_a_week_that_is_cancelled_alone_does_not_hold_up_the_others(
    *, ask: Ask, worker: Worker, scheduler: ClientFactory
) -> None:
    first, second, third = (await ask()).json()["solves"]
    desk = scheduler(Role.FRONT_DESK)

    assert (await desk.post(f"/v1/solves/{second['id']}:cancel")).status_code == 200
    assert (await desk.post(f"/v1/solves/{first['id']}:cancel")).status_code == 200

    assert (await worker.called_for())[-1] == third["id"]
    await worker.solve(third, SolveStatus.SUCCEEDED)


async def test_one_week_that_is_being_solved_already_refuses_all_of_them(
    *, ask: Ask, worker: Worker, scheduler: ClientFactory, clinic: Clinic
) -> None:
    desk = scheduler(Role.FRONT_DESK)
    taken = await desk.post("/v1/solves", json={"site_id": clinic.site["id"], "week": "2026-10-12"})
    before = await worker.called_for()

    refused = await ask()

    assert refused.status_code == 409
    assert refused.json()["code"] == "solve-in-progress"
    assert taken.json()["id"] in refused.json()["detail"]
    assert await worker.called_for() == before
    first = await desk.post("/v1/solves", json={"site_id": clinic.site["id"], "week": MONDAY})
    assert first.status_code == 202


async def test_batches_are_asked_for_by_the_desk_and_seen_in_one_organization(
    *, ask: Ask, scheduler: ClientFactory
) -> None:
    counsellor = await ask(Role.COUNSELLOR)
    batch = (await ask()).json()
    path = f"/v1/solve_batches/{batch['id']}"
    stranger = scheduler(Role.FRONT_DESK, organization=uuid4())
    wrong = [
        await ask(first_week="2026-10-06"),
        await ask(first_week="2026-09-21"),
        await ask(first_week="2027-09-27", weeks=3),
        await ask(weeks=1),
        await ask(weeks=13),
        await ask(site_id=str(uuid4())),
    ]

    assert counsellor.status_code == 403
    assert [one.status_code for one in wrong] == [422, 422, 422, 422, 422, 404]
    assert wrong[0].json()["errors"][0]["pointer"] == "/first_week"
    assert (await stranger.get(path)).status_code == 404
    assert (await stranger.post(f"{path}:cancel")).status_code == 404
    assert (await scheduler(Role.PATIENT).get(path)).status_code == 403
