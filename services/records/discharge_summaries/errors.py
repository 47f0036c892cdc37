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


class SupervisorSignsError(ServiceError):
    """Who is supervised does not answer for a summary alone."""

    problem = ProblemType.CONFLICT

    def __init__(self) -> None:
        super().__init__(
            "You are supervised, and a summary is signed once: have who supervises you sign what you have prepared.",
            code="supervisor-signs",
        )
