"""The refusals of transport."""

from services.chassis.errors import ServiceError
from services.contracts.problems import ProblemType


class VehicleBusyError(ServiceError):
    """The vehicle makes another run at that time."""

    problem = ProblemType.DOUBLE_BOOKING

    def __init__(self) -> None:
        super().__init__("The vehicle makes another run at that time: choose another vehicle.", code="vehicle-booked")


class RunFullError(ServiceError):
    """Every seat of the run is taken."""

    problem = ProblemType.NO_SEAT

    def __init__(self) -> None:
        super().__init__("Every seat of this run is taken: choose another run.", code="run-full")


class RideBookedError(ServiceError):
    """The patient has a seat on this run."""

    problem = ProblemType.DOUBLE_BOOKING

    def __init__(self) -> None:
        super().__init__("The patient has a seat on this run already.", code="ride-booked")


class RunDoesNotServeError(ServiceError):
    """The run does not go with the session."""

    problem = ProblemType.CONFLICT

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(f"{sentence} Nothing was booked.", code=code)
