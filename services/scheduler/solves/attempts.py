"""What a worker is given and what it gives back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from services.contracts.identifiers import OrganizationId, PatientId, ProposalId, SiteId, SolveBatchId, SolveId
from services.contracts.problems import ProblemDetails
from services.contracts.scheduler.solves import SolveOutcome, SolveStatus


@dataclass(frozen=True, slots=True)
class Attempt:
    """One worker's turn at a solve; `number` is the fencing token of everything it writes."""

    organization_id: OrganizationId
    solve_id: SolveId
    number: int


@dataclass(frozen=True, slots=True)
class BatchPlace:
    """Where a solve stands among those of its batch; the first is number 0."""

    batch_id: SolveBatchId
    number: int


@dataclass(frozen=True, slots=True)
class Task:
    """What an attempt has to solve; `cohorts` are those of its patients who began together."""

    attempt: Attempt
    site_id: SiteId
    week: date
    base_version: int
    time_limit_seconds: float
    seed: int
    instance: dict[str, Any]
    cohorts: Sequence[Sequence[PatientId]] = ()


@dataclass(frozen=True, slots=True)
class Ending:
    """How a solve ends."""

    status: SolveStatus
    outcome: SolveOutcome | None = None
    proposal_id: ProposalId | None = None
    problem: ProblemDetails | None = None
