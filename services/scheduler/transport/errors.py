"""The refusals of transport."""

from collections.abc import Sequence

from services.chassis.errors import ServiceError
from services.contracts.problems import InvalidField, ProblemType
from services.contracts.scheduler.transport import MissingRide, RunDirection


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


def no_ride_sentence(missing: MissingRide) -> str:
    """Say which way has no seat, and when the runs of that day that have some set out."""
    way = "to the site" if missing.direction is RunDirection.TO_SITE else "home"
    free = ", ".join(f"{run.start:%H:%M} ({run.free})" for run in missing.others)
    elsewhere = f"; runs of that day with free seats set out at {free}" if free else ""
    return f"no run with a free seat goes {way} at {missing.at.isoformat()}{elsewhere}"


class NoRideError(ServiceError):
    """The patient's plan needs transport, and no run with a free seat serves the session."""

    problem = ProblemType.RULES_BROKEN

    def __init__(self, missing: Sequence[MissingRide], pointer: str) -> None:
        super().__init__(
            "The patient's plan needs transport, and no seat is free on the way: nothing was changed. Choose a session "
            "that a run with free seats serves, plan a run, or send no_ride_reason.",
            code="no-ride",
            errors=tuple(
                InvalidField(location="body", pointer=pointer, detail=no_ride_sentence(one)) for one in missing
            ),
            members={"missing_rides": [one.model_dump(mode="json") for one in missing]},
        )


class RidesMissingError(ServiceError):
    """People whose plans need transport would have no way to sessions of the week, and nobody said why that is right.

    Whoever may publish may read in the book who they are.
    """

    problem = ProblemType.RULES_BROKEN

    def __init__(self, missing: Sequence[MissingRide]) -> None:
        people = len({one.patient_id for one in missing})
        super().__init__(
            f"{people} of the patients whose plans need transport would be without a ride: nothing was published. "
            "missing_rides says who, when, and where seats are free. Plan runs, or send a reason for each of them.",
            code="rides-missing",
            errors=(
                InvalidField(
                    location="body",
                    pointer="/no_rides",
                    detail="must have a reason for each patient that missing_rides names",
                ),
            ),
            members={"missing_rides": [one.model_dump(mode="json") for one in missing]},
        )


class RunDoesNotServeError(ServiceError):
    """The run does not go with the session."""

    problem = ProblemType.CONFLICT

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(f"{sentence} Nothing was booked.", code=code)
