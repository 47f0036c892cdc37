"""The refusals of corrections of patients."""

from services.chassis.errors import ServiceError
from services.contracts.problems import ProblemType


class PatientInEpisodeError(ServiceError):
    """The patient is treated where they are."""

    problem = ProblemType.CONFLICT

    def __init__(self) -> None:
        super().__init__(
            "The patient is in an episode of care, which is of the site: discharge them there, then correct the site"
            " and admit them.",
            code="patient-in-episode",
        )
