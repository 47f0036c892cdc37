"""What is refused of notices of privacy practices."""

from services.chassis.errors import ServiceError
from services.contracts.problems import InvalidField, ProblemType


class NoticeIncompleteError(ServiceError):
    """The notice lacks what the law asks for, so it cannot become active."""

    problem = ProblemType.INVALID_REQUEST

    def __init__(self, fields: tuple[InvalidField, ...]) -> None:
        super().__init__(
            "The notice cannot become active; errors names each element that is missing.",
            code="notice-incomplete",
            errors=fields,
        )


class NoticeActiveError(ServiceError):
    """The notice is active, and never changed from then on."""

    problem = ProblemType.CONFLICT

    def __init__(self) -> None:
        super().__init__("An active notice is never changed: draft another, effective later.", code="notice-active")


class NoticeDayTakenError(ServiceError):
    """Another notice of this language holds from that day on."""

    problem = ProblemType.ALREADY_EXISTS

    def __init__(self) -> None:
        super().__init__("Another notice in this language is effective from that day on: choose another day.")


class NoticeNotInForceError(ServiceError):
    """The notice was not in force when it is said to have been given."""

    problem = ProblemType.INVALID_REQUEST

    def __init__(self) -> None:
        super().__init__(
            "A patient is given the notice that is in force; errors says where.",
            code="notice-not-in-force",
            errors=(
                InvalidField(location="body", pointer="/notice_id", detail="must be a notice in force at given_at"),
            ),
        )
