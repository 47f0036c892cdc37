"""The refusals of make-ups."""

from services.chassis.errors import ServiceError
from services.contracts.problems import ProblemType


class MakeUpClosedError(ServiceError):
    """The make-up is booked already, or nothing is owed any more."""

    problem = ProblemType.CONFLICT

    def __init__(self, status: str) -> None:
        super().__init__(f"This make-up is {status}: nothing was changed.", code=f"make-up-{status}")
