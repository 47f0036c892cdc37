"""The refusals of swaps."""

from collections.abc import Sequence

from services.chassis.errors import ServiceError
from services.contracts.problems import InvalidField, ProblemType
from services.contracts.scheduler.swaps import SwapRefusal


class SwapRefusedError(ServiceError):
    """A new seat would break a rule; the answer says which one, for which side, and names nobody."""

    problem = ProblemType.RULES_BROKEN

    def __init__(self, broken: Sequence[SwapRefusal]) -> None:
        super().__init__(
            "Nothing was exchanged; errors says what speaks against it. Choose another seat, or change the plan first.",
            code=broken[0].code,
            errors=tuple(
                InvalidField(location="body", pointer=f"/{refusal.side}", detail=refusal.sentence) for refusal in broken
            ),
        )


class CheckedInError(ServiceError):
    """Somebody has checked in where they would leave."""

    problem = ProblemType.CONFLICT

    def __init__(self) -> None:
        super().__init__(
            "Somebody has checked in already for the session that they would leave: amend that record first.",
            code="attendance-recorded",
        )
