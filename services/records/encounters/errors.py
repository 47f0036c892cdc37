"""The refusals of encounters."""

from services.chassis.errors import ServiceError
from services.contracts.problems import ProblemType


class EventRefusedError(ServiceError):
    """The event is not signed by the scheduler, or not lately."""

    problem = ProblemType.CREDENTIALS_REFUSED

    def __init__(self) -> None:
        super().__init__("Only the scheduler tells of attendance, and signs it (Standard Webhooks).")
