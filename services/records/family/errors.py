"""The refusals of family."""

from services.chassis.errors import ServiceError
from services.contracts.problems import InvalidField, ProblemType
from services.policy.decisions.answer import Denial


class ParticipationDeniedError(ServiceError):
    """Who sits with a patient learns that they attend, and no consent lets this person learn it."""

    problem = ProblemType.DISCLOSURE_DENIED

    def __init__(self, denial: Denial) -> None:
        super().__init__(
            f"This person may not learn that the patient attends ({denial.clause}). To let them take part,"
            f" {denial.remedy}.",
            code=denial.rule,
            errors=(InvalidField(location="body", pointer="/kind", detail=denial.remedy),),
        )


class ParticipationKnownError(ServiceError):
    """The person takes part in this already."""

    problem = ProblemType.ALREADY_EXISTS

    def __init__(self) -> None:
        super().__init__("This person takes part in this already; nothing was changed.")
