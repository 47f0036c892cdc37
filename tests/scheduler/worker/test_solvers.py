"""Solvers that are started before there is anything to solve."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from services.operator.bench.instances import generated
from services.scheduler.worker.solver import SolverRun, Solvers

REQUEST = {"instance": generated(6, 1), "time_limit": 150.0, "seed": 1, "workers": 1, "work_limit": 0.3}


@pytest.fixture
async def solvers() -> AsyncIterator[Solvers]:
    made = Solvers()
    async with made.ahead():
        yield made


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
    assert solvers._waiting is not None
    assert solvers._waiting.returncode is None


async def test_one_that_died_while_it_waited_is_replaced(solvers: Solvers) -> None:
    dead = solvers._waiting
    assert dead is not None
    dead.kill()
    await dead.wait()

    async with solvers.running(REQUEST) as run:
        assert await found_by(run) is not None


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
