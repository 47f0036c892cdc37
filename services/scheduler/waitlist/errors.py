"""The waitlist's refusals, one class each."""

from services.chassis.errors import ServiceError, StaleVersionError
from services.contracts.problems import ProblemType


class AlreadyWaitingError(ServiceError):
    """The patient waits for the same at the same site."""

    problem = ProblemType.ALREADY_EXISTS

    def __init__(self) -> None:
        super().__init__(
            "The patient waits for this at this site already; read the waitlist and change that entry instead.",
            code="already-waiting",
        )


class EntryClosedError(ServiceError):
    """The person waits no longer."""

    problem = ProblemType.CONFLICT

    def __init__(self) -> None:
        super().__init__(
            "This entry is closed: the person was placed or taken off the waitlist. Make a new entry where they wait"
            " again.",
            code="entry-closed",
        )


class EntryMovedError(StaleVersionError):
    """Somebody changed the entry since the caller read it."""

    def __init__(self) -> None:
        super().__init__(
            "The entry has changed since you read it; read it again and send its ETag.", code="entry-moved"
        )
