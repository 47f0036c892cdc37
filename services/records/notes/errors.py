"""The refusals of progress notes."""

from services.chassis.errors import ServiceError
from services.contracts.problems import InvalidField, ProblemType


class NoteExistsError(ServiceError):
    """The caller has a note of this session."""

    problem = ProblemType.ALREADY_EXISTS

    def __init__(self) -> None:
        super().__init__("You have a note of this session already: change its draft, or amend what you signed.")


class NoteSignedError(ServiceError):
    """What was signed is not changed."""

    problem = ProblemType.CONFLICT

    def __init__(self) -> None:
        super().__init__("This note is signed and stays as it is: amend it.", code="note-signed")


class NoteUnsignedError(ServiceError):
    """What is a draft is neither amended nor co-signed."""

    problem = ProblemType.CONFLICT

    def __init__(self) -> None:
        super().__init__("This note is a draft: sign it first.", code="note-unsigned")


class SessionOpenError(ServiceError):
    """What became of the session is not known yet."""

    problem = ProblemType.CONFLICT

    def __init__(self) -> None:
        super().__init__(
            "What became of this session is not recorded yet: record the attendance, then sign.", code="session-open"
        )


class CosignatureNotYoursError(ServiceError):
    """The caller does not supervise the author, or no co-signature is awaited."""

    problem = ProblemType.CONFLICT

    def __init__(self) -> None:
        super().__init__(
            "No co-signature of yours is awaited: somebody who supervises the author gives it, once.",
            code="cosignature-not-awaited",
        )


class OthersNamedError(ServiceError):
    """The text holds the name of another patient (42 CFR 2.13), and it is not said whose."""

    problem = ProblemType.INVALID_REQUEST

    def __init__(self, pointers: list[str]) -> None:
        super().__init__(
            "What is written of a patient names nobody who sat beside them in a session; errors says which text does.",
            code="others-named",
            errors=tuple(
                InvalidField(location="body", pointer=one, detail="must not name another patient") for one in pointers
            ),
        )


class NotInSessionError(ServiceError):
    """Parts for people who have no seat in the session, or did not attend."""

    problem = ProblemType.INVALID_REQUEST

    def __init__(self, pointers: list[str]) -> None:
        super().__init__(
            "A group note has parts for those who attended; errors says which are of others.",
            code="not-in-session",
            errors=tuple(
                InvalidField(location="body", pointer=one, detail="must be somebody who attended the session")
                for one in pointers
            ),
        )
