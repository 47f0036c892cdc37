"""The refusals of reassignments, one class each."""

from collections.abc import Sequence

from services.chassis.errors import ServiceError
from services.contracts.problems import InvalidField, ProblemType
from services.scheduler.reassignments.rules import BrokenRule


class ReassignmentRefusedError(ServiceError):
    """Rules forbid it; says which, and names nobody."""

    problem = ProblemType.RULES_BROKEN

    def __init__(self, broken: Sequence[BrokenRule]) -> None:
        super().__init__(
            "Nothing was changed; errors says which rules forbid it and what to do instead.",
            code=broken[0].code,
            errors=tuple(
                InvalidField(location="body", pointer=one.pointer, detail=f"{one.sentence}: {one.remedy}")
                for one in broken
            ),
        )


class NotOfTheVersionError(ServiceError):
    """The session is not of the published version: it was booked by hand, or has begun."""

    problem = ProblemType.CONFLICT

    def __init__(self) -> None:
        super().__init__(
            "The published version has no such session ahead. One that was booked by hand is released and booked anew "
            "with somebody else; one that has begun stays as it was.",
            code="not-of-the-version",
        )


class NothingReassignedError(ServiceError):
    """The session is held like that already."""

    problem = ProblemType.CONFLICT

    def __init__(self) -> None:
        super().__init__("The session is held like that already: nothing was changed.", code="nothing-reassigned")
