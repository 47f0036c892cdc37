"""The refusals of documentation standards."""

from services.chassis.errors import ServiceError
from services.contracts.problems import ProblemType


class StandardExistsError(ServiceError):
    """The site has a standard from that day on."""

    problem = ProblemType.ALREADY_EXISTS

    def __init__(self) -> None:
        super().__init__("The site has a standard from this day on; what it was held to stays: name another day.")
