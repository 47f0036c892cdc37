"""What is refused of incidents."""

from services.chassis.errors import ServiceError
from services.contracts.problems import ProblemType


class AssessmentMissingError(ServiceError):
    """What was decided rests on an assessment, and there is none."""

    problem = ProblemType.CONFLICT

    def __init__(self) -> None:
        super().__init__(
            "This outcome rests on an assessment of the four factors (45 CFR 164.402): assess the incident first.",
            code="assessment-missing",
        )


class UndecidedError(ServiceError):
    """Nobody has decided whether it was a breach."""

    problem = ProblemType.CONFLICT

    def __init__(self) -> None:
        super().__init__("Decide first whether it was a breach: until then one is presumed.", code="undecided")


class NoticesDueError(ServiceError):
    """Somebody must still be told."""

    problem = ProblemType.CONFLICT

    def __init__(self) -> None:
        super().__init__("Somebody must still be told: deadlines says who and by when.", code="notices-due")
