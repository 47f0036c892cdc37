"""Solvers that are started before there is anything to solve."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from services.contracts.identity import Role
from services.operator.bench.instances import generated
from services.scheduler.worker import solver
from services.scheduler.worker.attempts import SolverLimits
from services.scheduler.worker.solver import SolverRun, Solvers
from tests.conftest import ClientFactory
from tests.scheduler.conftest import MONDAY, Clinic, Json, Make
from tests.scheduler.worker.conftest import Eventually

REQUEST = {"instance": generated(6, 1), "time_limit": 150.0, "seed": 1, "workers": 1, "work_limit": 0.3}


@pytest.fixture
async def solvers() -> AsyncIterator[Solvers]:
    made = Solvers()
    async with made.ahead():
        yield made


def is_over(solve: Json) -> bool:
    return solve["finished_at"] is not None


async def found_by(run: SolverRun) -> Any:
    while not await run.wait(1.0):
        pass
    return run.found


async def test_a_request_takes_the_solver_that_waits_and_another_waits_then(solvers: Solvers) -> None:
    waiting = solvers._waiting
    assert waiting is not None

    async with solvers.running(REQUEST) as run:
        assert run._process is waiting
        found = await found_by(run)

    assert found["status"] in {"optimal", "feasible"}
    assert waiting.returncode is not None
    await solvers.start_ahead()
    following = solvers._waiting
    assert following is not None
    assert following.returncode is None
    await solvers.start_ahead()
    assert solvers._waiting is following


async def test_one_that_died_while_it_waited_is_replaced(solvers: Solvers) -> None:
    dead = solvers._waiting
    assert dead is not None
    dead.kill()
    await dead.wait()

    async with solvers.running(REQUEST) as run:
        assert await found_by(run) is not None


@pytest.mark.committed
@pytest.mark.usefixtures("four_patients")
async def test_a_week_is_kept_where_no_solver_can_be_started_after_it(
    clinic: Clinic, working: Any, ask: Make, until: Eventually, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bug: the next solver was started before what had been found was kept, and where that failed a week was lost."""
    started, refused = solver._started, list[BaseException]()

    async def only_once() -> Any:
        if refused:
            raise refused[0]
        refused.append(BlockingIOError("no process is to be had"))
        return await started()

    monkeypatch.setattr(solver, "_started", only_once)
    async with working():
        over = await until(await ask(clinic.site), is_over)

    assert over["status"] == "succeeded", over
    assert over["proposal_id"] is not None


@pytest.mark.committed
@pytest.mark.usefixtures("four_patients")
async def test_a_solver_that_needs_more_memory_than_it_may_have_fails_alone_and_leaves_nothing_half_done(
    scheduler: ClientFactory, clinic: Clinic, working: Any, ask: Make, until: Eventually
) -> None:
    async with working(SolverLimits(cores=1, memory_mib=1)):
        failed = await until(await ask(clinic.site), is_over)
    async with working():
        again = await until(await ask(clinic.site), is_over)

    assert (failed["status"], failed["proposal_id"]) == ("failed", None)
    assert (failed["problem"]["type"], failed["problem"]["code"]) == (
        "urn:eventide:problem:solve-failed",
        "solver-ended",
    )
    assert again["status"] == "succeeded"
    week = await scheduler(Role.FRONT_DESK).get(f"/v1/sites/{clinic.site['id']}/timetables/{MONDAY}")
    assert week.status_code == 404


async def test_none_is_left_when_the_worker_ends() -> None:
    made = Solvers()
    async with made.ahead():
        waiting = made._waiting

    assert waiting is not None
    assert waiting.returncode is not None


async def test_a_run_that_is_broken_off_leaves_no_solver(solvers: Solvers) -> None:
    waiting = solvers._waiting
    with pytest.raises(RuntimeError, match="broken off"):
        async with solvers.running(REQUEST):
            raise RuntimeError("broken off")

    assert waiting is not None
    assert waiting.returncode is not None
    assert solvers._waiting is None
