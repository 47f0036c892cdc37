"""Workers that die, stop, hang and come late: the solve's row tells the truth through all of it."""

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from services.chassis.clock import Clock
from services.chassis.database import Database
from services.contracts.identifiers import OrganizationId, SolveId
from services.contracts.identity import Role
from services.contracts.scheduler.solves import SolveStatus
from services.operator.postgres.provision import DatabaseUrls
from services.scheduler.dispatch import SOLVE
from services.scheduler.solves.attempts import Attempt, Ending, Task
from services.scheduler.solves.runs import LEASE, MOST_ATTEMPTS, SolveRuns
from services.scheduler.worker.attempts import Attempts
from services.scheduler.worker.jobs import JobQueue
from services.scheduler.worker.solver import SolverRun
from tests.conftest import ClientFactory
from tests.scheduler.conftest import Clinic, Json, Make

pytestmark = pytest.mark.committed

Until = Callable[..., Awaitable[Json]]
Start = Callable[[], Awaitable[asyncio.subprocess.Process]]
Runs = Callable[..., Awaitable[Any]]
Working = Callable[[], AbstractAsyncContextManager[Any]]


def is_running(solve: Json) -> bool:
    return bool(solve["status"] == "running")


def is_over(solve: Json) -> bool:
    return solve["finished_at"] is not None


@pytest.fixture
def runs(scheduler_database: Database, organization_id: UUID, clock: Clock) -> Runs:
    """Calls one operation of a worker in a unit of work of its own."""

    async def call(name: str, *arguments: Any, at: Clock | None = None) -> Any:
        organization = OrganizationId(organization_id)
        async with scheduler_database.command(organization) as db:
            return await getattr(SolveRuns(db, organization, at or clock), name)(*arguments)

    return call


def solvers_of(process: asyncio.subprocess.Process) -> list[int]:
    """The solvers that a worker has started; what compiles kernels beside them may outlive it by a little."""
    text = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text(encoding="ascii")
    return [int(child) for child in text.split() if b"solver.process" in Path(f"/proc/{child}/cmdline").read_bytes()]


def is_alive(pid: int) -> bool:
    status = Path(f"/proc/{pid}/stat")
    return status.exists() and status.read_text().rpartition(")")[2].split()[0] != "Z"


@pytest.mark.usefixtures("hard_week")
async def test_a_worker_killed_in_the_middle_is_followed_by_another_and_leaves_no_solver(
    scheduler: ClientFactory, clinic: Clinic, ask: Make, until: Until, worker_processes: Start
) -> None:
    first = await worker_processes()
    solve = await ask(clinic.site, time_limit_seconds=600)
    await until(solve, lambda found: is_running(found) and found["progress"] is not None)
    solvers = solvers_of(first)
    assert solvers

    first.send_signal(signal.SIGKILL)
    await first.wait()
    await worker_processes()

    again = await until(solve, lambda found: found["attempt"] == 2 and is_running(found))
    assert again["finished_at"] is None
    assert not any(is_alive(pid) for pid in solvers)
    await scheduler(Role.FRONT_DESK).post(f"/v1/solves/{solve['id']}:cancel")
    over = await until(solve, is_over)
    assert (over["status"], over["attempt"]) == ("cancelled", 2)


@pytest.mark.usefixtures("hard_week")
async def test_a_worker_that_is_asked_to_stop_gives_its_solve_back(
    clinic: Clinic, ask: Make, until: Until, worker_processes: Start, queue: Any
) -> None:
    worker = await worker_processes()
    solve = await ask(clinic.site, time_limit_seconds=600)
    await until(solve, is_running)

    worker.terminate()

    assert await worker.wait() == 0
    given_back = await until(solve, bool)
    assert (given_back["status"], given_back["finished_at"]) == ("queued", None)
    assert await queue.fetchval("select count(*) from pgqueuer where status = 'queued' and entrypoint = 'solve'") == 1


async def eventually_locked(queue: Any) -> None:
    async with asyncio.timeout(30):
        while not await queue.fetchval("select count(*) from pg_locks where locktype = 'advisory'"):
            pass


async def test_an_idle_worker_stops_at_once(worker_processes: Start, queue: Any) -> None:
    worker = await worker_processes()
    await eventually_locked(queue)

    worker.terminate()

    assert await worker.wait() == 0


async def test_a_dead_worker_s_job_is_found_by_its_free_lock_and_a_living_one_s_is_not(
    clinic: Clinic, ask: Make, databases: Mapping[str, DatabaseUrls], queue: Any
) -> None:
    solve = await ask(clinic.site)
    holder_connection = await asyncpg.connect(databases["scheduler"].app)
    holder = JobQueue(holder_connection, SOLVE)
    await holder.open()
    job = await holder.take()
    observer = JobQueue(queue, SOLVE)

    while_alive = [found async for found in observer.orphans()]
    process = holder_connection.get_server_pid()
    await holder_connection.close()
    async with asyncio.timeout(30):
        while await queue.fetchval("select count(*) from pg_stat_activity where pid = $1", process):
            pass
    after_death = [(found.id, dead) async for found, dead in observer.orphans()]

    assert job is not None
    assert solve["id"].encode() in (job.payload or b"")
    assert while_alive == []
    assert after_death == [(job.id, holder.worker_id)]


async def test_a_job_is_taken_by_one_worker_only(
    clinic: Clinic, ask: Make, databases: Mapping[str, DatabaseUrls], queue: Any
) -> None:
    await ask(clinic.site)
    other_connection = await asyncpg.connect(databases["scheduler"].app)
    queues = [JobQueue(queue, SOLVE), JobQueue(other_connection, SOLVE)]

    taken = await asyncio.gather(*(one.take() for one in queues))

    assert [job is not None for job in taken].count(True) == 1
    await other_connection.close()


async def test_after_three_lost_workers_the_solve_has_failed_and_says_so(
    clinic: Clinic, ask: Make, until: Until, runs: Runs, queue: Any
) -> None:
    del queue
    solve = await ask(clinic.site)
    solve_id = SolveId(UUID(solve["id"]))

    for number in range(MOST_ATTEMPTS):
        worker_id = uuid4()
        task = await runs("claim", solve_id, worker_id)
        assert task.attempt.number == number + 1
        await runs("recover", solve_id, worker_id)

    over = await until(solve, is_over)
    assert over["status"] == "failed"
    assert over["problem"]["type"] == "urn:eventide:problem:solve-failed"
    assert over["problem"]["code"] == "worker-lost"


async def test_a_late_writer_changes_nothing(clinic: Clinic, ask: Make, until: Until, runs: Runs, queue: Any) -> None:
    del queue
    solve = await ask(clinic.site)
    solve_id = SolveId(UUID(solve["id"]))
    first_worker = uuid4()
    late = (await runs("claim", solve_id, first_worker)).attempt
    await runs("recover", solve_id, first_worker)
    current = (await runs("claim", solve_id, uuid4())).attempt

    assert await runs("keep_progress", late, None) is None
    assert await runs("hold", late) is False
    assert await runs("finish", late, Ending(SolveStatus.SUCCEEDED)) is False
    assert (await until(solve, bool))["status"] == "running"
    assert await runs("finish", current, Ending(SolveStatus.SUCCEEDED)) is True


async def test_nobody_claims_what_is_running_until_its_lease_is_over(
    clinic: Clinic, ask: Make, runs: Runs, clock: Clock, queue: Any
) -> None:
    del queue
    solve_id = SolveId(UUID((await ask(clinic.site))["id"]))
    assert await runs("claim", solve_id, uuid4()) is not None
    later = Clock(clock.now() - Clock().now() + LEASE + timedelta(seconds=5))

    at_once = await runs("claim", solve_id, uuid4())
    after_the_lease = await runs("claim", solve_id, uuid4(), at=later)

    assert at_once is None
    assert after_the_lease.attempt.number == 2


async def test_a_worker_of_one_organization_s_solve_cannot_touch_another_s(
    clinic: Clinic, ask: Make, scheduler_database: Database, clock: Clock, queue: Any
) -> None:
    del queue
    solve_id = SolveId(UUID((await ask(clinic.site))["id"]))
    stranger = OrganizationId(uuid4())

    async with scheduler_database.command(stranger) as db:
        runs = SolveRuns(db, stranger, clock)
        claimed = await runs.claim(solve_id, uuid4())
        finished = await runs.finish(Attempt(stranger, solve_id, 0), Ending(SolveStatus.SUCCEEDED))

    assert (claimed, finished) == (None, False)


async def test_a_solver_that_answers_nothing_makes_the_solve_fail_and_the_worker_go_on(
    clinic: Clinic, ask: Make, until: Until, working: Working, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Stands in for a crash of the solver's process: a module that ends without a word.
    monkeypatch.setattr("services.scheduler.worker.solver._MODULE", "colorsys")

    async with working():
        over = await until(await ask(clinic.site), is_over)
        monkeypatch.undo()
        next_one = await until(await ask(clinic.site), is_over)

    assert (over["status"], over["problem"]["code"]) == ("failed", "solver-ended")
    assert next_one["status"] == "succeeded"


@pytest.fixture
def killed(monkeypatch: pytest.MonkeyPatch) -> list[SolverRun]:
    """The first solver, once it has sent a week: killed as the kernel kills what takes too much memory."""
    take, killed = SolverRun._take, list[SolverRun]()

    def die_after_a_week(run: SolverRun, event: Json) -> None:
        take(run, event)
        if event["event"] == "incumbent" and not killed:
            killed.append(run)
            run._process.kill()

    monkeypatch.setattr(SolverRun, "_take", die_after_a_week)
    return killed


@pytest.mark.usefixtures("hard_week")
async def test_the_best_week_of_a_solver_that_is_killed_is_proposed(
    clinic: Clinic, ask: Make, until: Until, working: Working, killed: list[SolverRun]
) -> None:
    async with working():
        over = await until(await ask(clinic.site, time_limit_seconds=600), is_over)

    assert killed[0].found is None
    assert (over["status"], over["outcome"]) == ("succeeded", "feasible")
    assert over["proposal_id"] is not None


@pytest.fixture
def cancelled_while_finishing(monkeypatch: pytest.MonkeyPatch, scheduler: ClientFactory) -> None:
    """Cancels a solve after its solver has died and before another run that finishes its week can listen."""
    finish = Attempts._finish_from

    async def cancel_and_finish(attempts: Attempts, task: Task, week: Json, *, is_cancelled: bool) -> Any:
        # The first look at what was asked for comes while the process still starts.
        monkeypatch.setattr("services.scheduler.worker.attempts._TICK_SECONDS", 0.0)
        answer = await scheduler(Role.FRONT_DESK).post(f"/v1/solves/{task.attempt.solve_id}:cancel")
        assert answer.status_code == 200, answer.text
        return await finish(attempts, task, week, is_cancelled=is_cancelled)

    monkeypatch.setattr(Attempts, "_finish_from", cancel_and_finish)


@pytest.mark.usefixtures("hard_week", "killed", "cancelled_while_finishing")
async def test_a_solve_that_is_cancelled_while_another_run_finishes_it_is_cancelled_with_its_week(
    clinic: Clinic, ask: Make, until: Until, working: Working
) -> None:
    async with working():
        over = await until(await ask(clinic.site, time_limit_seconds=600), is_over)

    assert over["status"] == "cancelled"
    assert over["proposal_id"] is not None


LATE_LISTENER = """
import os, signal, sys

sys.stdin.readline()
signal.signal(signal.SIGTERM, lambda *_: (os.write(1, b'{"event": "outcome", "timetable": {}}\\n'), sys.exit()))
os.write(1, b'{"event": "incumbent", "timetable": {}}\\n')
signal.pause()
"""


async def test_a_solver_that_is_cancelled_before_it_listens_still_says_what_it_has() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", LATE_LISTENER, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdin is not None
    run = SolverRun(process)

    run.cancel()
    process.stdin.write(b"\n")
    is_over = await run.wait(30)
    await run.kill()

    assert is_over
    assert run.found == {}


async def test_a_line_that_a_killed_solver_left_unfinished_is_passed_over() -> None:
    script = 'import sys; sys.stdout.write(\'{"event": "incumbent", "timetable": {}}\\n{"event": "incu\')'
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", script, stdout=asyncio.subprocess.PIPE)
    run = SolverRun(process)

    is_over = await run.wait(30)
    await run.kill()

    assert is_over
    assert run.incumbent == {}


@pytest.mark.usefixtures("four_patients")
async def test_a_timetable_that_the_checker_refuses_is_not_proposed(
    clinic: Clinic, ask: Make, until: Until, working: Working, monkeypatch: pytest.MonkeyPatch
) -> None:
    take = SolverRun._take

    def moved_to_sunday(run: SolverRun, event: Json) -> None:
        for group in event.get("timetable", {}).get("groups", []):
            group["day"] = 6
        take(run, event)

    monkeypatch.setattr(SolverRun, "_take", moved_to_sunday)

    async with working():
        over = await until(await ask(clinic.site), is_over)

    assert (over["status"], over["proposal_id"]) == ("failed", None)
    assert over["problem"]["type"] == "urn:eventide:problem:timetable-refused"
