"""The refusals of assessments."""

from services.chassis.errors import ServiceError
from services.contracts.problems import InvalidField, ProblemType


class AnswersRefusedError(ServiceError):
    """The answers are not those of the instrument."""

    problem = ProblemType.INVALID_REQUEST

    def __init__(self, fields: tuple[InvalidField, ...]) -> None:
        super().__init__("The answers do not fit the instrument; errors says where.", code="answers", errors=fields)


class SafetyTaskOpenError(ServiceError):
    """A dangerous answer is still without an answer of ours, so the assessment stays open."""

    problem = ProblemType.CONFLICT

    def __init__(self) -> None:
        super().__init__(
            "An answer sets a safety task going that is still open: answer it first (answer_safety_task), and say who"
            " was told, when, and what was done.",
            code="safety-task-open",
        )


class AssessmentSettledError(ServiceError):
    """The assessment is not in a status that this takes."""

    problem = ProblemType.CONFLICT

    def __init__(self, status: str) -> None:
        super().__init__(f"This assessment is {status}; nothing was changed.", code=f"assessment-{status}")
