"""Commitments: when a patient is busy, and nothing about why."""

from datetime import date, datetime, time
from enum import StrEnum
from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, StringConstraints, model_validator

from services.contracts.base import RequestModel, ResourceModel
from services.contracts.identifiers import AppointmentId, CommitmentId, CommitmentSourceId, PatientId, SiteId
from services.contracts.scheduler.disruptions import DisruptionKind, DisruptionReason
from services.contracts.vocabulary import Modality, ServiceKind, Weekday


class SourceKind(StrEnum):
    """Where commitments come from."""

    FILE = "file"
    MANUAL = "manual"
    URL = "url"
    CALDAV = "caldav"


class SourceStatus(StrEnum):
    """Whether a source counts; a disabled one keeps what was read and is not read again."""

    ACTIVE = "active"
    DISABLED = "disabled"


class CalendarWarning(ResourceModel):
    """Something in a calendar that was not understood as written; what was done instead is said."""

    code: str
    line: int | None
    message: str


class PollOutcome(StrEnum):
    """What came of reading a source again; all but the first two are failures, which leave what was read before."""

    READ = "read"
    UNCHANGED = "unchanged"
    ADDRESS_REFUSED = "address_refused"
    UNREACHABLE = "unreachable"
    TIMED_OUT = "timed_out"
    CERTIFICATE_REFUSED = "certificate_refused"
    ACCESS_REFUSED = "access_refused"
    GONE = "gone"
    SERVER_FAILED = "server_failed"
    TOO_LARGE = "too_large"
    TOO_MANY_REDIRECTS = "too_many_redirects"
    NOT_UNDERSTOOD = "not_understood"
    CALENDAR_REFUSED = "calendar_refused"

    @property
    def is_failure(self) -> bool:
        """Whether nothing could be read."""
        return self not in {self.READ, self.UNCHANGED}


class Polling(ResourceModel):
    """How a source is read again by itself."""

    attempted_at: datetime | None
    outcome: PollOutcome | None
    detail: str | None = Field(description="The outcome as a sentence, with what to do where it is a failure.")
    failures: int = Field(description="How many attempts have failed since the last that did not.")
    next_attempt_at: datetime | None = Field(description="Null while the source is disabled.")


class CommitmentSource(ResourceModel):
    """One source of a patient's commitments: counts, version and warnings; titles are never kept."""

    id: CommitmentSourceId
    patient_id: PatientId
    kind: SourceKind
    status: SourceStatus
    revision: int = Field(description="Counts the changes that people made to the source; its ETag.")
    version: str | None = Field(description="SHA-256 of what was read, hexadecimal; null before the first reading.")
    events_read: int
    busy_intervals: int
    warnings: list[CalendarWarning]
    imported_at: datetime | None = Field(description="When it was last read well; null before the first reading.")
    polling: Polling | None = Field(description="Null for a file, which is read once.")


class Commitment(ResourceModel):
    """A half-open busy interval of a patient."""

    id: CommitmentId
    patient_id: PatientId
    source_id: CommitmentSourceId
    source_version: str
    start: datetime
    end: datetime


class DayWindow(RequestModel):
    """A half-open window in wall time of the site's zone; one that ends before it starts ends the day after."""

    start: time = Field(description="HH:MM.")
    end: time = Field(description="HH:MM; 00:00 is the midnight that ends the day.")

    @model_validator(mode="after")
    def _is_wall_time(self) -> Self:
        if self.start.tzinfo is not None or self.end.tzinfo is not None:
            raise ValueError("times are wall time of the site's zone: send HH:MM without an offset")
        if any(at.second or at.microsecond for at in (self.start, self.end)):
            raise ValueError("times are whole minutes: send HH:MM")
        if self.start == self.end:
            raise ValueError("end must differ from start; for a whole day send 00:00 to 23:59")
        return self


class WeeklyCommitment(DayWindow):
    """A window of every week."""

    weekday: Weekday


class CommitmentException(RequestModel):
    """Days on which other windows hold than in every week; none at all where the days are free."""

    first_day: date
    last_day: date | None = Field(default=None, description="Last of several days; left out for one day.")
    windows: Annotated[list[DayWindow], Field(max_length=24)] = Field(default_factory=list)

    @model_validator(mode="after")
    def _ends_after_it_starts(self) -> Self:
        if self.last_day is not None and self.last_day < self.first_day:
            raise ValueError("last_day must not be before first_day")
        return self

    @property
    def days(self) -> tuple[date, date]:
        """The first and the last day."""
        return self.first_day, self.last_day or self.first_day


class CommitmentEntry(RequestModel):
    """Commitments as a person tells them: a usual week, from when until when it holds, and the days that differ."""

    weekly: Annotated[list[WeeklyCommitment], Field(max_length=100)] = Field(default_factory=list)
    exceptions: Annotated[list[CommitmentException], Field(max_length=200)] = Field(default_factory=list)
    effective_from: date | None = Field(default=None, description="First day of the usual week.")
    effective_until: date | None = Field(default=None, description="Last day of the usual week.")

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        if not self.weekly and not self.exceptions:
            raise ValueError("name at least one window in weekly or one day in exceptions")
        if self.effective_from and self.effective_until and self.effective_until < self.effective_from:
            raise ValueError("effective_until must not be before effective_from")
        days = sorted(exception.days for exception in self.exceptions)
        if any(later[0] <= earlier[1] for earlier, later in pairwise(days)):
            raise ValueError("a day may be named by one exception only: put all its windows there")
        return self


class SubscriptionRequest(RequestModel):
    """A calendar that stays where it is and is read again by itself; what is sent is kept sealed and never shown."""

    kind: Literal[SourceKind.URL, SourceKind.CALDAV] = Field(
        default=SourceKind.URL,
        description="url for an iCalendar document at an address, caldav for a collection of a CalDAV server.",
    )
    url: Annotated[SecretStr, Field(min_length=1, max_length=2048)] = Field(
        description="https: or webcal:, without user, password or fragment; for caldav that of the collection itself, "
        "or of a scheduling inbox, whose calendar-availability (RFC 7953) tells when the person is to be had."
    )
    user_name: Annotated[str, StringConstraints(pattern=r"^[^:\x00-\x1f\x7f]+$", max_length=255)] | None = None
    password: Annotated[SecretStr, Field(min_length=1, max_length=1024)] | None = Field(
        default=None, description="Best one that the server gives out for this purpose only."
    )

    @model_validator(mode="after")
    def _comes_together(self) -> Self:
        if (self.user_name is None) != (self.password is None):
            raise ValueError("user_name and password come together or not at all")
        return self


class CollisionCode(StrEnum):
    """How a busy time is in the way of a session."""

    OVERLAP = "commitment-overlaps"
    TRAVEL = "travel-too-short"


class CollidingAppointment(ResourceModel):
    """A published session that the patient cannot attend; start and end carry the site's offset."""

    code: CollisionCode = Field(
        description="travel-too-short: what is left beside an on-site session is less than the patient's way, as the "
        "newest plan has it. Only who sends or previews a calendar is told of that; lists of open collisions are not."
    )
    appointment_id: AppointmentId
    site_id: SiteId
    week: date
    timetable_version: int
    published_version: int | None = Field(description="The week's version by now; null where it was never published.")
    service: ServiceKind
    modality: Modality
    start: datetime
    end: datetime


class CollidingInterval(ResourceModel):
    """The busy time that is in the way, with the site's offset."""

    start: datetime
    end: datetime


class RepairBody(ResourceModel):
    """The body to send; it is a DisruptionRequest."""

    site_id: SiteId
    week: date
    kind: DisruptionKind
    reason: DisruptionReason
    patient_id: PatientId


class RepairOffer(ResourceModel):
    """What to ask for so that a week is mended around what collides, with the fewest people touched."""

    operation_id: str
    path: str
    body: RepairBody
    base_version: int = Field(description="The published version that is mended: what If-Match names to publish it.")


class Collision(ResourceModel):
    """A busy time that is in the way of published sessions of the same patient, and how to repair their weeks."""

    busy: CollidingInterval
    appointments: list[CollidingAppointment]
    repairs: list[RepairOffer] = Field(description="One for each published week that it meets.")


class OpenCollision(Collision):
    """A collision as things stand: it is gone once the week, or the commitment, is another."""

    id: CommitmentId
    patient_id: PatientId
    source_id: CommitmentSourceId


class ImportedSource(CommitmentSource):
    """A source as it was just read, with what it collides with in the published weeks."""

    collisions: list[Collision] = Field(description="The first 100, in order of time.")


class PreviewedInterval(ResourceModel):
    """A busy time as it would be kept, with the site's offset."""

    start: datetime
    end: datetime
    tentative: bool
    line: int | None


class CommitmentPreview(ResourceModel):
    """What a source says, of which nothing was kept."""

    version: str
    zone: str = Field(description="The site's IANA zone: that of the horizon and of times without a zone.")
    first_day: date = Field(description="First day that is kept.")
    last_day: date = Field(description="Last day that is kept.")
    events_read: int
    series: int = Field(description="Events that repeat.")
    occurrences: int
    busy_intervals: int
    busy: list[PreviewedInterval] = Field(description="The first 1,000, merged, in order of time.")
    warnings: list[CalendarWarning]
    collisions: list[Collision] = Field(description="The first 100, in order of time.")
