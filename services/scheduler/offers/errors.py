"""The refusals of offers, one class each."""

from services.chassis.errors import ServiceError
from services.contracts.problems import ProblemType


class NobodyToAskError(ServiceError):
    """No one on the waitlist could take the seat, or all who could are being asked."""

    problem = ProblemType.CONFLICT

    def __init__(self) -> None:
        super().__init__(
            "Nobody on the waitlist could take this seat, or all who could are being asked; nothing was offered.",
            code="nobody-to-ask",
        )


class NotWaitingError(ServiceError):
    """Somebody who was named does not wait at the session's site, or is being asked already."""

    problem = ProblemType.CONFLICT

    def __init__(self) -> None:
        super().__init__(
            "entry_ids names an entry that does not wait for this at the session's site, or whose person is being asked"
            " already; nothing was offered. Read the waitlist again.",
            code="not-waiting",
        )


class SeatsTakenError(ServiceError):
    """Fewer seats are free than are to be offered."""

    problem = ProblemType.NO_SEAT

    def __init__(self) -> None:
        super().__init__(
            "Fewer seats of this session are free than you offer; nothing was offered.", code="seats-taken"
        )


class OfferOverError(ServiceError):
    """The offer cannot be answered any more."""

    problem = ProblemType.CONFLICT

    def __init__(self, status: str) -> None:
        super().__init__(
            f"The offer is {status}: its answer no longer counts, and nothing was changed.", code=f"offer-{status}"
        )


class BatchOverError(ServiceError):
    """The batch is not open any more."""

    problem = ProblemType.CONFLICT

    def __init__(self, status: str) -> None:
        super().__init__(f"These offers are {status} already; nothing was changed.", code=f"offers-{status}")


class TimeGoneError(ServiceError):
    """What the holder of a secret hears when the seat cannot be theirs, whatever the reason."""

    problem = ProblemType.CONFLICT

    def __init__(self) -> None:
        super().__init__("This time is no longer free. Nothing was changed.", code="time-gone")
