"""Solves: what is asked of the solver, and where the asking stands."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from services.contracts.base import RequestModel, ResourceModel
from services.contracts.identifiers import AppointmentId, ProposalId, SiteId, SolveBatchId, SolveId
from services.contracts.problems import ProblemDetails


class SolveStatus(StrEnum):
    """Where a solve stands."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


class SolveOutcome(StrEnum):
    """The solver's four answers; none of them is an error."""

    OPTIMAL = "optimal"
    FEASIBLE = "feasible"
    INFEASIBLE = "infeasible"
    UNKNOWN = "unknown"


class SolveRequest(RequestModel):
    """Asks for a week of one site."""

    site_id: SiteId
    week: date = Field(description="The Monday of the week.")
    time_limit_seconds: Annotated[float, Field(ge=1, le=3600)] = 60.0
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0
    pins: list[AppointmentId] = Field(
        max_length=1000,
        default_factory=list,
        description=(
            "Booked sessions of the week that stay as they are, whatever it costs: day, time, who leads, and everybody "
            "in them; others may join a group. Where they break a rule the outcome is infeasible, and problem says "
            "which of them breaks which."
        ),
    )


class SolveProgress(ResourceModel):
    """What is known while the solver runs."""

    objective: float | None
    bound: float | None
    gap: float | None
    unmet_minutes: int | None
    seconds: float


class Solve(ResourceModel):
    """One run of the solver; the row is the truth, whatever became of the process."""

    id: SolveId
    site_id: SiteId
    week: date
    status: SolveStatus
    outcome: SolveOutcome | None
    progress: SolveProgress | None
    attempt: int
    base_version: int
    proposal_id: ProposalId | None
    warnings: list[str]
    problem: ProblemDetails | None
    created_at: datetime
    finished_at: datetime | None


class SolveBatchRequest(RequestModel):
    """Asks for several weeks of one site, one after the other, each with the one before as its usual week."""

    site_id: SiteId
    first_week: date = Field(description="The Monday of the first week.")
    weeks: Annotated[int, Field(ge=2, le=12)]
    time_limit_seconds: Annotated[float, Field(ge=1, le=3600, description="For each week.")] = 60.0
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0


class SolveBatch(ResourceModel):
    """Solves of weeks that follow one another; a proposal of each waits for somebody to accept it."""

    id: SolveBatchId
    site_id: SiteId
    first_week: date
    status: SolveStatus = Field(
        description="Queued and running until the last week is over; then succeeded only if every week did."
    )
    solves: list[Solve] = Field(description="In the order of the weeks, each with its progress.")
