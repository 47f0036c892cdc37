"""The refusals that only seats know."""

from collections.abc import Sequence
from datetime import datetime

from services.chassis.errors import ServiceError
from services.contracts.problems import InvalidField, ProblemType


class SeatRulesBrokenError(ServiceError):
    """The patient's plan, or what the patient has on that day already, speaks against the session."""

    problem = ProblemType.RULES_BROKEN

    def __init__(self, broken: Sequence[tuple[str, str]]) -> None:
        sentences = [sentence for _, sentence in broken]
        super().__init__(
            f"Nothing was changed: {'; '.join(sentences)}. Choose another session, or change the plan first.",
            code=broken[0][0],
            errors=tuple(InvalidField(location="path", pointer="appointment_id", detail=one) for one in sentences),
        )


class SeatsHeldBackError(ServiceError):
    """What is free of the session is kept for people who can come at few other times."""

    problem = ProblemType.NO_SEAT

    def __init__(self, released_at: datetime) -> None:
        super().__init__(
            "The free seats of this session are kept for people who can come at few other times, until "
            f"{released_at.isoformat()}. Try another session, ask again then, or have a supervisor decide.",
            code="seats-held-back",
        )
