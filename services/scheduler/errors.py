"""The scheduler's refusals, one class each."""

from collections.abc import Sequence
from datetime import date

from services.chassis.errors import ServiceError
from services.contracts.identifiers import SolveId
from services.contracts.problems import InvalidField, ProblemType


class NotACalendarTypeError(ServiceError):
    """The body is not announced as iCalendar."""

    problem = ProblemType.UNSUPPORTED_MEDIA_TYPE

    def __init__(self) -> None:
        super().__init__("Send the calendar itself with Content-Type: text/calendar (RFC 5545).")


class CalendarUnreadableError(ServiceError):
    """The document cannot be read as a calendar; nothing of it was kept."""

    problem = ProblemType.CALENDAR_REFUSED

    def __init__(self, code: str, sentence: str, line: int | None) -> None:
        where = "" if line is None else f" Line {line} shows it."
        super().__init__(f"{sentence}{where} Nothing was imported.", code=code)


class WeekRefusedError(ServiceError):
    """The week is not one that can be planned."""

    problem = ProblemType.WEEK_REFUSED

    def __init__(self, code: str, remedy: str) -> None:
        field = InvalidField(location="body", pointer="/week", detail=remedy)
        super().__init__("This week cannot be planned; errors says why.", code=code, errors=(field,))


class SiteNotReadyError(ServiceError):
    """Something that every week needs is missing at the site."""

    problem = ProblemType.SITE_NOT_READY

    def __init__(self, missing: Sequence[str]) -> None:
        super().__init__(
            f"The site has no {' and no '.join(missing)} yet: add what is missing, then ask again.",
            code=f"no-{missing[0].replace(' ', '-')}",
        )


class SolveInProgressError(ServiceError):
    """The week is being solved already."""

    problem = ProblemType.CONFLICT

    def __init__(self, solve_id: SolveId) -> None:
        super().__init__(
            f"Solve {solve_id} is working on this week: wait for it, or cancel it first.", code="solve-in-progress"
        )


class SolveFinishedError(ServiceError):
    """The solve is over, so there is nothing to cancel."""

    problem = ProblemType.SOLVE_FINISHED

    def __init__(self) -> None:
        super().__init__("This solve is over; there is nothing left to cancel.")


class AlreadyPublishedError(ServiceError):
    """The proposal has been published before."""

    problem = ProblemType.CONFLICT

    def __init__(self) -> None:
        super().__init__("This proposal is published; solve the week again for another one.", code="already-published")


class TimetableMovedError(ServiceError):
    """The week was published anew since the proposal was made."""

    problem = ProblemType.STALE_VERSION

    def __init__(self, week: date, *, base_version: int, current_version: int) -> None:
        super().__init__(
            f"The proposal is based on version {base_version} of the week of {week}, and version {current_version} "
            "is published: solve the week again.",
            code="timetable-moved",
        )


class TimetableRefusedError(ServiceError):
    """The independent checker refuses the timetable as things stand."""

    problem = ProblemType.TIMETABLE_REFUSED

    def __init__(self, broken_rules: int) -> None:
        super().__init__(
            f"The timetable breaks {broken_rules} hard rules with the commitments known by now: solve the week again.",
        )


class DoubleBookingError(ServiceError):
    """Somebody or some room is booked elsewhere at that time."""

    problem = ProblemType.DOUBLE_BOOKING

    def __init__(self, what: str) -> None:
        super().__init__(
            f"A {what} of this timetable is booked elsewhere at the same time; nothing was changed.",
            code=f"{what}-booked",
        )
