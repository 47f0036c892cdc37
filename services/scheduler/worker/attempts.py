"""One attempt at one solve: claim it, watch the solver, store what it found."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any, Final
from uuid import UUID

import structlog

from services.chassis.clock import Clock
from services.chassis.database import Database, Read, driver_connection
from services.chassis.problems import problem_document
from services.chassis.telemetry import frames
from services.contracts.identifiers import OrganizationId, PatientId, SolveId
from services.contracts.problems import InvalidField, ProblemDetails, ProblemType
from services.contracts.scheduler.solves import SolveOutcome, SolveStatus
from services.scheduler.cohorts.logic import CohortMates
from services.scheduler.errors import TimetableRefusedError
from services.scheduler.proposals.logic import Proposing, SolvedWeek
from services.scheduler.sites.logic import SitesReader
from services.scheduler.solves.attempts import Ending, Task
from services.scheduler.solves.pins import contradictions_of
from services.scheduler.solves.runs import SolveRuns
from services.scheduler.worker.solver import SolverRun, Solvers

_MIB: Final = 1024 * 1024
_TICK_SECONDS: Final = 0.5
_OVERTIME_SECONDS: Final = 20.0
_CANCEL_SECONDS: Final = 10.0
_FINISHING_SECONDS: Final = 5.0
_MOST: Final = 20
_CONTRADICTORY: Final = (
    "What is pinned, or has begun, cannot stay as it is; errors says which pin breaks which rule. Ask again without "
    "that pin, or change what stands against it."
)
_WITH_TIMETABLE: Final = frozenset({SolveOutcome.OPTIMAL, SolveOutcome.FEASIBLE})


class AttemptLostError(Exception):
    """The solve was given to another worker, or ended by somebody else: nothing of this attempt counts."""


@dataclass(frozen=True, slots=True)
class SolverLimits:
    """What one solve may use: cores, and MiB of address space."""

    cores: int
    memory_mib: int


class Attempts:
    """Works on solves, one after the other."""

    def __init__(self, database: Database, clock: Clock, limits: SolverLimits, worker_id: UUID) -> None:
        self.solvers = Solvers()
        self._database = database
        self._clock = clock
        self._limits = limits
        self._worker_id = worker_id
        self._log = structlog.get_logger()

    async def work_on(self, organization_id: OrganizationId, solve_id: SolveId) -> None:
        """Work on a solve until it is over; one that needs no work is left alone."""
        # Shielded: a claim that is cancelled while it commits may have been made, and then has to be given back.
        claiming = asyncio.create_task(self._claim(organization_id, solve_id))
        try:
            task = await asyncio.shield(claiming)
            if task is not None:
                await self._work_on(task)
        except asyncio.CancelledError:
            await self._give_back(await claiming)
            raise

    async def _claim(self, organization_id: OrganizationId, solve_id: SolveId) -> Task | None:
        async with self._database.command(organization_id) as db:
            task = await SolveRuns(db, organization_id, self._clock).claim(solve_id, self._worker_id)
            if task is None:
                return None
            patients = [PatientId(UUID(patient["id"])) for patient in task.instance["patients"]]
            return replace(task, cohorts=await CohortMates(Read(await driver_connection(db))).among(patients))

    async def _work_on(self, task: Task) -> None:
        log = self._log_of(task)
        log.info("solve begins")
        try:
            status = await self._solve(task)
        except AttemptLostError:
            log.warning("solve lost")
        else:
            log.info("solve ends", outcome=status.value)

    async def _give_back(self, task: Task | None) -> None:
        if task is None:
            return
        async with self.runs_of(task.attempt.organization_id) as runs:
            await runs.give_back(task.attempt)
        self._log_of(task).info("solve given back")

    def _log_of(self, task: Task) -> Any:
        attempt = task.attempt
        return self._log.bind(solve_id=str(attempt.solve_id), attempt=attempt.number, worker=str(self._worker_id))

    @asynccontextmanager
    async def runs_of(self, organization_id: OrganizationId) -> AsyncIterator[SolveRuns]:
        """Open a unit of work on an organization's solves."""
        async with self._database.command(organization_id) as db:
            yield SolveRuns(db, organization_id, self._clock)

    async def _solve(self, task: Task) -> SolveStatus:
        try:
            async with self.solvers.running(self._request(task)) as run:
                is_cancelled = await self._watch(task, run)
            found = run.found
            if found is None and run.incumbent is not None:
                found, is_cancelled = await self._finish_from(task, run.incumbent, is_cancelled=is_cancelled)
            ending = await self._store(task, found, is_cancelled=is_cancelled)
        except AttemptLostError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, the solve must not stay running for ever
            self._log.error("solve broke", error_type=type(error).__name__, frames=frames(error))
            ending = _failed("The solver's worker met an error; ask again, or report it.", "worker-error")
            await self._finish(task, ending)
        return ending.status

    async def _finish_from(
        self, task: Task, week: dict[str, Any], *, is_cancelled: bool
    ) -> tuple[dict[str, Any] | None, bool]:
        """Have another run say of the best week of a solver that died what it would have said.

        Returns that, and whether the solve was cancelled by then.
        """
        self._log_of(task).warning("solver died")
        modest = {"start": week, "time_limit": _FINISHING_SECONDS, "workers": 1}
        async with self.solvers.running(self._request(task) | modest) as run:
            short = replace(task, time_limit_seconds=_FINISHING_SECONDS)
            is_cancelled = await self._watch(short, run, is_cancelled=is_cancelled)
        return run.found, is_cancelled

    def _request(self, task: Task) -> dict[str, Any]:
        return {
            "instance": task.instance,
            "time_limit": task.time_limit_seconds,
            "seed": task.seed,
            "workers": self._limits.cores,
            "cohorts": [[str(patient_id) for patient_id in cohort] for cohort in task.cohorts],
            "memory_bytes": self._limits.memory_mib * _MIB,
        }

    async def _watch(self, task: Task, run: SolverRun, *, is_cancelled: bool = False) -> bool:
        """Pass progress on and cancels in, but one that was heard before; says whether the solve was cancelled."""
        now = asyncio.get_running_loop().time
        deadline = now() + task.time_limit_seconds + _OVERTIME_SECONDS
        is_over = False
        while not is_over:
            is_over = await run.wait(_TICK_SECONDS)
            if await self._asks_to_cancel(task, run) and not is_cancelled:
                is_cancelled = True
                deadline = min(deadline, now() + _CANCEL_SECONDS)
                run.cancel()
            if not is_over and now() > deadline:
                await run.kill()
        return is_cancelled

    async def _asks_to_cancel(self, task: Task, run: SolverRun) -> bool:
        async with self.runs_of(task.attempt.organization_id) as runs:
            asked = await runs.keep_progress(task.attempt, run.progress)
        if asked is None:
            raise AttemptLostError
        return asked

    async def _store(self, task: Task, found: dict[str, Any] | None, *, is_cancelled: bool) -> Ending:
        outcome = None if found is None else SolveOutcome(found["status"])
        status = SolveStatus.CANCELLED if is_cancelled else SolveStatus.SUCCEEDED
        if found is None and not is_cancelled:
            ending = _failed("The solver ended without an answer; ask again, or report it.", "solver-ended")
        elif found is None or outcome not in _WITH_TIMETABLE:
            is_infeasible = outcome is SolveOutcome.INFEASIBLE
            ending = Ending(status, outcome, problem=_contradiction(task.instance) if is_infeasible else None)
        else:
            return await self._propose(task, found, Ending(status, outcome))
        await self._finish(task, ending)
        return ending

    async def _propose(self, task: Task, found: dict[str, Any], ending: Ending) -> Ending:
        organization_id = task.attempt.organization_id
        solved = SolvedWeek(task.attempt.solve_id, task.site_id, task.week, task.base_version, task.instance, found)
        try:
            async with self._database.command(organization_id) as db:
                runs = SolveRuns(db, organization_id, self._clock)
                if not await runs.hold(task.attempt):
                    raise AttemptLostError
                sites = SitesReader(Read(await driver_connection(db)))
                proposal_id = await Proposing(db, organization_id, sites, self._clock).propose(solved)
                ending = Ending(ending.status, ending.outcome, proposal_id)
                await runs.finish(task.attempt, ending, found)
        except TimetableRefusedError as refusal:
            problem = problem_document(refusal.problem, refusal.detail, code="checker")
            ending = Ending(SolveStatus.FAILED, ending.outcome, problem=problem)
            await self._finish(task, ending)
        return ending

    async def _finish(self, task: Task, ending: Ending) -> None:
        async with self.runs_of(task.attempt.organization_id) as runs:
            if not await runs.finish(task.attempt, ending):
                raise AttemptLostError


def _contradiction(instance: dict[str, Any]) -> ProblemDetails:
    """Say what of that which has to stay breaks which rule: that is why there is no week."""
    errors = tuple(
        InvalidField(location="body", pointer=pointer, detail=fact)
        for pointer, fact in contradictions_of(instance)[:_MOST]
    )
    return problem_document(ProblemType.WEEK_REFUSED, _CONTRADICTORY, code="contradictory", errors=errors)


def _failed(sentence: str, code: str) -> Ending:
    return Ending(SolveStatus.FAILED, problem=problem_document(ProblemType.SOLVE_FAILED, sentence, code=code))
