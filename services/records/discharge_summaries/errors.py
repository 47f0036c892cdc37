"""The refusals of discharge summaries."""

from services.chassis.errors import ServiceError
from services.contracts.problems import ProblemType


class EpisodeOpenError(ServiceError):
    """A summary is of an episode that has ended."""

    problem = ProblemType.CONFLICT

    def __init__(self) -> None:
        super().__init__("The episode is open: discharge the patient first (discharge_episode).", code="episode-open")


class SummarySignedError(ServiceError):
    """The episode has a summary, which is amended and not written anew."""

    problem = ProblemType.CONFLICT

    def __init__(self) -> None:
        super().__init__("This episode has a signed summary: amend it.", code="summary-signed")


class SummaryCosignatureNotYoursError(ServiceError):
    """The caller does not supervise who signed, or no co-signature is awaited."""

    problem = ProblemType.CONFLICT

    def __init__(self) -> None:
        super().__init__(
            "No co-signature of yours is awaited: somebody who supervises who signed this version gives it, once.",
            code="cosignature-not-awaited",
        )
