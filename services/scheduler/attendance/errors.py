"""The refusals of attendance."""

from services.chassis.errors import ServiceError
from services.contracts.problems import ProblemType


class AttendanceRecordedError(ServiceError):
    """Something else was recorded of the patient in this session."""

    problem = ProblemType.CONFLICT

    def __init__(self, status: str) -> None:
        super().__init__(
            f"The attendance is recorded already, as {status}: amend that record where it is wrong.",
            code="attendance-recorded",
        )


class AttendanceTimeError(ServiceError):
    """It is too early or too late for what was to be recorded."""

    problem = ProblemType.CONFLICT

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(f"{sentence} Nothing was recorded.", code=code)


class AttendanceNotParkedError(ServiceError):
    """Records has been told, or still is."""

    problem = ProblemType.CONFLICT

    def __init__(self) -> None:
        super().__init__(
            "The clinical record has this, or is still being told; there is nothing to repeat.", code="not-parked"
        )
