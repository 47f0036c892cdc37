"""The refusals of changes of modality."""

from collections.abc import Sequence

from services.chassis.errors import ServiceError
from services.contracts.problems import InvalidField, ProblemType
from services.contracts.scheduler.modality_changes import ModalityObstacle


class ModalityChangeRefusedError(ServiceError):
    """Something is missing for it; the answer says what, and of how many patients, and names nobody."""

    problem = ProblemType.RULES_BROKEN

    def __init__(self, obstacles: Sequence[ModalityObstacle]) -> None:
        sentences = dict.fromkeys(obstacle.sentence for obstacle in obstacles)
        super().__init__(
            "Nothing was changed; errors says what is missing, and a preview of the change says of whom.",
            code=obstacles[0].code,
            errors=tuple(InvalidField(location="body", pointer="/modality", detail=one) for one in sentences),
        )


class ModalityUnchangedError(ServiceError):
    """The session takes place like that already."""

    problem = ProblemType.CONFLICT

    def __init__(self) -> None:
        super().__init__("The session takes place like that already: nothing was changed.", code="modality-unchanged")


class RoomTakenError(ServiceError):
    """Another session is in the room at that time."""

    problem = ProblemType.DOUBLE_BOOKING

    def __init__(self) -> None:
        super().__init__("Another session is in that room at that time: choose another room.", code="room-booked")
