"""The refusals of cohorts."""

from services.chassis.errors import ServiceError
from services.contracts.problems import ProblemType


class CohortMemberError(ServiceError):
    """Somebody is in a cohort already."""

    problem = ProblemType.CONFLICT

    def __init__(self) -> None:
        super().__init__(
            "Somebody named is in a cohort already, and nobody is in two: dismiss them there first.", code="in-a-cohort"
        )
