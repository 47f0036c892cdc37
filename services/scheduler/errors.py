"""The scheduler's refusals, one class each."""

from collections.abc import Sequence
from datetime import date
from typing import Final

from services.chassis.errors import InvalidRequestError, ServiceError
from services.contracts.identifiers import SolveId
from services.contracts.problems import InvalidField, ProblemType
from services.contracts.scheduler.timetables import MovedWeek


class OpenedToBeReadError(ServiceError):
    """The caller broke a glass, which opens a patient's record to be read, and would change something of theirs."""

    problem = ProblemType.NOT_ALLOWED
    CODE: Final = "opened-to-be-read"

    def __init__(self) -> None:
        super().__init__(
            "An emergency access opens what is known of a patient to be read. Who leads the programme can enter you in "
            "the care team; then you may change it.",
            code=self.CODE,
        )


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


class SourceMovedError(ServiceError):
    """Somebody else has changed the source since the caller read it."""

    problem = ProblemType.STALE_VERSION

    def __init__(self, expected_revision: int, current_revision: int) -> None:
        super().__init__(
            f"The source is at revision {current_revision}, and not at {expected_revision}: read it again.",
            code="source-moved",
        )


class CalendarNotReadError(ServiceError):
    """The calendar could not be read where it is; nothing was kept."""

    problem = ProblemType.CALENDAR_REFUSED

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence, code=code.replace("_", "-"))


class TooManyRemotePreviewsError(ServiceError):
    """As many callers wait for strangers' servers as this process lets wait."""

    problem = ProblemType.OVERLOADED

    def __init__(self) -> None:
        super().__init__("Too many calendars are being previewed where they are: try again shortly.")


class SourceNotPolledError(ServiceError):
    """The source is a file, of which nothing is left to read."""

    problem = ProblemType.CONFLICT

    def __init__(self) -> None:
        super().__init__("The source is a file, which is read once: import it again.", code="source-not-polled")


class SourceDisabledError(ServiceError):
    """The source is set aside."""

    problem = ProblemType.CONFLICT

    def __init__(self) -> None:
        super().__init__("The source is disabled: enable it, and it is read.", code="source-disabled")


class SourceReadJustNowError(ServiceError):
    """The source was read a moment ago."""

    problem = ProblemType.TOO_MANY_REQUESTS

    def __init__(self) -> None:
        super().__init__("The source was read within the last minute; ask again later.", code="read-just-now")


class WeekRefusedError(ServiceError):
    """The week is not one that can be planned."""

    problem = ProblemType.WEEK_REFUSED

    def __init__(self, code: str, remedy: str, pointer: str = "/week") -> None:
        field = InvalidField(location="body", pointer=pointer, detail=remedy)
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


class TooManyStreamsError(ServiceError):
    """As many streams of events are open as this process can serve."""

    problem = ProblemType.OVERLOADED

    def __init__(self) -> None:
        super().__init__("Too many are following solves at the moment: read the solve itself, or try again shortly.")


class AlreadyPublishedError(ServiceError):
    """The proposal has been published before."""

    problem = ProblemType.CONFLICT

    def __init__(self) -> None:
        super().__init__("This proposal is published; solve the week again for another one.", code="already-published")


class WeekMovedError(ServiceError):
    """Another version is published than the caller has read."""

    problem = ProblemType.STALE_VERSION

    def __init__(
        self, week: date, *, expected_version: int, current_version: int, moved: MovedWeek | None = None
    ) -> None:
        sessions = "" if moved is None else f", which moved {moved.count} sessions of patients"
        super().__init__(
            f"Version {current_version} of the week of {week} is published, and not version {expected_version}"
            f"{sessions}: read it again.",
            code="timetable-moved",
            members=None if moved is None else {"moved": moved.model_dump(mode="json")},
        )
        self.week = week
        self.expected_version = expected_version
        self.current_version = current_version


class PastWeekError(ServiceError):
    """The week is over, so its timetable is history."""

    problem = ProblemType.WEEK_REFUSED

    def __init__(self) -> None:
        super().__init__("This week is over: what was published for it stays as it is.", code="week-in-the-past")


class ReasonRequiredError(InvalidRequestError):
    """People were told another week, so a reason is owed."""

    def __init__(self) -> None:
        super().__init__(
            "/reason", "is required where the week is published already: say why it changes", code="reason-required"
        )


class ChangeDoesNotFitError(ServiceError):
    """Decided on its own, the change leaves a week that breaks a rule."""

    problem = ProblemType.TIMETABLE_REFUSED

    def __init__(self, broken: Sequence[str], remedy: Sequence[int]) -> None:
        numbers = ", ".join(map(str, remedy))
        way_out = f"Send together_with: {numbers}." if remedy else "No other change decided along with it would help."
        super().__init__(
            f"The week would no longer hold together: {'; '.join(broken)}. {way_out}",
            code="change-does-not-fit",
            errors=(InvalidField(location="body", pointer="/together_with", detail=f"add {numbers}"),)
            if remedy
            else (),
        )


class TimetableRefusedError(ServiceError):
    """The independent checker refuses the timetable as things stand."""

    problem = ProblemType.TIMETABLE_REFUSED

    def __init__(self, broken_rules: int) -> None:
        super().__init__(
            f"The timetable breaks {broken_rules} hard rules with the commitments, absences and closures known by now: "
            "solve the week again.",
        )


class DoubleBookingError(ServiceError):
    """Somebody or some room is booked elsewhere at that time."""

    problem = ProblemType.DOUBLE_BOOKING

    def __init__(self, what: str) -> None:
        super().__init__(
            f"A {what} of this timetable is booked elsewhere at the same time; nothing was changed.",
            code=f"{what}-booked",
        )


class PatientBookedError(ServiceError):
    """The patient has a seat at that time, in this session or in another."""

    problem = ProblemType.DOUBLE_BOOKING

    def __init__(self) -> None:
        super().__init__(
            "The patient has a seat at that time already; nothing was changed. Release that one first.",
            code="patient-booked",
        )


class CommitmentCollidesError(ServiceError):
    """The patient is at work, at school or on the way at that time."""

    problem = ProblemType.DOUBLE_BOOKING

    def __init__(self) -> None:
        super().__init__(
            "The session collides with a commitment of the patient, the way included; nothing was changed.",
            code="commitment-collides",
        )


class NoSeatError(ServiceError):
    """Every seat is taken, or sits beside somebody the patient is kept apart from: the same words for both."""

    problem = ProblemType.NO_SEAT

    def __init__(self) -> None:
        super().__init__("There is no seat for this patient in this session; nothing was changed. Try another one.")


class AppointmentCancelledError(ServiceError):
    """The session is no longer in the published week."""

    problem = ProblemType.CONFLICT

    def __init__(self) -> None:
        super().__init__(
            "The week was published anew without this session: read its appointments again.",
            code="appointment-cancelled",
        )


class AppointmentOverError(ServiceError):
    """The session has ended, so its seats are history."""

    problem = ProblemType.CONFLICT

    def __init__(self) -> None:
        super().__init__("The session is over; its seats can no longer change.", code="appointment-over")


class ClosureOverlapsError(ServiceError):
    """The site is closed in some of these hours already."""

    problem = ProblemType.CONFLICT

    def __init__(self) -> None:
        super().__init__(
            "The site is closed in some of these hours already: reopen that closure, or close other hours.",
            code="closure-overlaps",
        )


class ClosureReopenedError(ServiceError):
    """The closure is not in force any more."""

    problem = ProblemType.CONFLICT

    def __init__(self) -> None:
        super().__init__("The site has been opened again before.", code="closure-reopened")


class SiteClosedError(ServiceError):
    """The version has sessions in hours in which the site is closed."""

    problem = ProblemType.TIMETABLE_REFUSED

    def __init__(self, sessions: int) -> None:
        super().__init__(
            f"{sessions} sessions would lie in hours in which the site is closed: solve the week again.",
            code="site-closed",
        )


class ReceiptRefusedError(ServiceError):
    """The report is not signed by the organization's provider; whether there is one is not said."""

    problem = ProblemType.CREDENTIALS_REFUSED

    def __init__(self) -> None:
        super().__init__("Sign the report with the secret that you share with the organization (Standard Webhooks).")


class NoticeNotSentError(ServiceError):
    """The notice has not been handed over, so nobody can know what became of it."""

    problem = ProblemType.CONFLICT

    def __init__(self) -> None:
        super().__init__("This notice was never handed over.", code="notice-not-sent")


class NoticeNotFailedError(ServiceError):
    """Only what has failed is sent again by hand."""

    problem = ProblemType.CONFLICT

    def __init__(self) -> None:
        super().__init__("This notice has not failed, so there is nothing to try again.", code="notice-not-failed")


class NoticeGoneError(ServiceError):
    """The notice has left the house, or will not leave it any more."""

    problem = ProblemType.CONFLICT

    def __init__(self) -> None:
        super().__init__("This notice can no longer be stopped: read where it stands.", code="notice-gone")


class BookedByHandError(ServiceError):
    """Seats that were taken or held by hand since the week was published have no place in the new version."""

    problem = ProblemType.CONFLICT

    def __init__(self, sessions: int) -> None:
        super().__init__(
            f"In {sessions} sessions somebody was given a seat by hand that the new version has no place for, so they "
            "would lose it. Look at the week's appointments; send replace_bookings: true where that is meant.",
            code="booked-by-hand",
        )


class PlacementRefusedError(ServiceError):
    """What was to be taken does not go together, or no longer goes with the week as it is booked."""

    problem = ProblemType.TIMETABLE_REFUSED

    def __init__(self, broken: Sequence[str]) -> None:
        super().__init__(
            f"The patient's week would break a rule: {'; '.join(broken)}. Ask for recommendations again.",
            code="placement-does-not-fit",
        )
