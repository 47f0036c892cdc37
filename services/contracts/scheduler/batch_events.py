"""What a stream of events says of a batch of solves, besides the solves themselves."""

from datetime import date

from services.contracts.identifiers import SolveId
from services.contracts.scheduler.solves import SolveProgress


class SolveBatchProgress(SolveProgress):
    """What is known while one week of a batch runs."""

    solve_id: SolveId
    week: date
