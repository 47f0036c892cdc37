"""The refusals of licences."""

from services.chassis.errors import ServiceError
from services.contracts.problems import ProblemType


class LicenceOverlapsError(ServiceError):
    """The practitioner has a licence of that jurisdiction on some of these days already."""

    problem = ProblemType.CONFLICT

    def __init__(self) -> None:
        super().__init__(
            "The practitioner has a licence of this jurisdiction on some of these days: end that one first.",
            code="licence-overlaps",
        )
