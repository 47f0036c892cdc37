"""The refusals of proposals and of going back."""

from datetime import date

from services.chassis.errors import ServiceError
from services.contracts.problems import ProblemType
from services.contracts.scheduler.timetables import MovedWeek


class TimetableMovedError(ServiceError):
    """The week was published anew since the proposal was made, or If-Match names no version that matters here."""

    problem = ProblemType.STALE_VERSION

    def __init__(self, week: date, moved: MovedWeek) -> None:
        base, current = moved.base_version, moved.current_version
        based = f"The proposal is based on version {base} of the week of {week}"
        super().__init__(
            f"{based}, which is published, and If-Match names another one: send that."
            if base == current
            else f"{based}, and version {current} is published, which moved {moved.count} sessions of patients: solve "
            "the week again.",
            code="timetable-moved",
            members={"moved": moved.model_dump(mode="json")},
        )


class RevertRefusedError(ServiceError):
    """The earlier version does not fit the week as it stands today."""

    problem = ProblemType.TIMETABLE_REFUSED

    def __init__(self, version: int, *, collisions: int, broken_rules: int) -> None:
        super().__init__(
            f"Version {version} no longer fits: {collisions} of its sessions meet commitments known by now, and "
            f"{broken_rules} other rules are broken. Solve the week again.",
            code="revert-refused",
        )
