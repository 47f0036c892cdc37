"""The refusals of disruptions, one class each."""

from datetime import date
from typing import Final

from services.chassis.errors import ServiceError
from services.contracts.problems import ProblemType
from services.contracts.scheduler.disruptions import DisruptionKind

_MISSING: Final = {
    DisruptionKind.SITE_CLOSED: "The site is closed",
    DisruptionKind.ROOM_LOST: "The room cannot be used",
    DisruptionKind.PRACTITIONER_OUT: "The practitioner is out",
}


class SessionDisruptedError(ServiceError):
    """The session will not take place as it is published; the code says why."""

    problem = ProblemType.CONFLICT

    def __init__(self, missing: DisruptionKind) -> None:
        super().__init__(
            f"{_MISSING[missing]} at the time of this session: have the week repaired, or choose another session.",
            code=missing.value.replace("_", "-"),
        )


class DisruptionWithdrawnError(ServiceError):
    """The disruption is withdrawn already."""

    problem = ProblemType.CONFLICT

    def __init__(self) -> None:
        super().__init__(
            "This disruption is withdrawn; write it down again where it happens after all.", code="disruption-withdrawn"
        )


class HoursChangedError(ServiceError):
    """The practitioner's hours of that week are changed by another disruption."""

    problem = ProblemType.ALREADY_EXISTS

    def __init__(self) -> None:
        super().__init__(
            "This practitioner's hours of this week are changed already: withdraw that disruption, then send the hours"
            " that hold.",
            code="hours-changed",
        )


class NothingPublishedError(ServiceError):
    """The week is not published, so there is nothing to repair."""

    problem = ProblemType.CONFLICT

    def __init__(self) -> None:
        super().__init__(
            "Nothing is published for this week yet: solve it, and the disruption is taken into account.",
            code="nothing-published",
        )


class WeekNotRepairedError(ServiceError):
    """One of several weeks cannot be repaired, so nothing of them was written down; the code is that week's reason."""

    problem = ProblemType.CONFLICT

    def __init__(self, week: date, reason: ServiceError) -> None:
        super().__init__(
            f"Nothing was written down, because of the week of {week}: {reason.detail}",
            code=reason.code,
            errors=reason.errors,
        )
