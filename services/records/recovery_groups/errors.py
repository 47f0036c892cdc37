"""The refusals of wishes to be in a group."""

from services.chassis.errors import ServiceError
from services.contracts.problems import ProblemType


class OptedOutError(ServiceError):
    """The patient opted out themselves, and only they opt in again."""

    problem = ProblemType.CONFLICT

    def __init__(self) -> None:
        super().__init__(
            "The patient opted out of this group by their own account; nothing was changed. They opt in again by it"
            " (create_own_recovery_group_choice); without it, agree on aftercare that leaves this group out.",
            code="opted-out",
        )
