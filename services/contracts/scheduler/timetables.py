"""The proposals that solves make, and published timetables."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from services.contracts.base import RequestModel, ResourceModel
from services.contracts.identifiers import (
    AccountId,
    AppointmentId,
    PatientId,
    PractitionerId,
    ProposalChangeId,
    ProposalId,
    RoomId,
    SiteId,
    SolveId,
    TimetableId,
)
from services.contracts.problems import ProblemDetails
from services.contracts.scheduler.solves import SolveOutcome
from services.contracts.scheduler.transport import NoRides
from services.contracts.vocabulary import Modality, ServiceKind


class Session(ResourceModel):
    """One planned session of a timetable; start and end carry the site's offset."""

    service: ServiceKind
    modality: Modality
    start: datetime
    end: datetime
    room_id: RoomId | None
    practitioner_id: PractitionerId | None
    co_facilitator_id: PractitionerId | None
    track: str | None
    language: str | None
    capacity: int
    patient_ids: list[PatientId]


class UnmetReason(ResourceModel):
    """Why a required service has no place, in a code for programs and a sentence for people."""

    code: str
    sentence: str


class UnmetRequirement(ResourceModel):
    """Required minutes that the timetable does not deliver."""

    patient_id: PatientId
    service: ServiceKind
    minutes: int
    reasons: list[UnmetReason]


class CheckerVerdict(ResourceModel):
    """What the independent checker says of a timetable before anything is booked."""

    ok: bool
    objective: float | None
    errors: list[str]


class ProposalStatus(StrEnum):
    """Where a proposal stands."""

    PROPOSED = "proposed"
    PUBLISHED = "published"


class ProposalDiff(ResourceModel):
    """How a proposal differs from the version it is based on, in sessions of patients."""

    added: int
    removed: int
    kept: int


class Proposal(ResourceModel):
    """A timetable that nobody has agreed to yet."""

    id: ProposalId
    solve_id: SolveId
    site_id: SiteId
    week: date
    base_version: int
    status: ProposalStatus
    outcome: SolveOutcome
    objective: float
    bound: float | None
    gap: float | None
    goals: dict[str, float]
    fully_served: int
    patients: int
    required_minutes: int
    unmet: list[UnmetRequirement]
    checker: CheckerVerdict
    diff: ProposalDiff
    sessions: list[Session]
    created_at: datetime


class ChangeKind(StrEnum):
    """What becomes of a patient's session; `reassigned` keeps its time, with another practitioner, room or modality."""

    ADDED = "added"
    REMOVED = "removed"
    MOVED = "moved"
    REASSIGNED = "reassigned"


class ChangeStatus(StrEnum):
    """What was decided about a change; publishing accepts what is pending."""

    PENDING = "pending"
    ACCEPTED = "accepted"
    REJECTED = "rejected"


class RejectionReason(StrEnum):
    """Why a change is not wanted."""

    PATIENT_DECLINES = "patient_declines"
    CLINICAL = "clinical"
    CONTINUITY = "continuity"
    STAFFING = "staffing"
    SHORT_NOTICE = "short_notice"
    ENTERED_IN_ERROR = "entered_in_error"


class TimetableChangeReason(StrEnum):
    """Why a week that people were told is changed."""

    PATIENT_REQUEST = "patient_request"
    CLINICAL = "clinical"
    COMMITMENT_CHANGED = "commitment_changed"
    ADMISSION = "admission"
    DISCHARGE = "discharge"
    PLAN_CHANGED = "plan_changed"
    STAFF_ABSENCE = "staff_absence"
    ROOM_UNAVAILABLE = "room_unavailable"
    CLOSURE = "closure"
    BETTER_WEEK = "better_week"
    ENTERED_IN_ERROR = "entered_in_error"


class ChangedSession(ResourceModel):
    """A patient's session on one side of a change; start and end carry the site's offset."""

    start: datetime
    end: datetime
    modality: Modality
    room_id: RoomId | None
    practitioner_id: PractitionerId | None
    co_facilitator_id: PractitionerId | None


class MovedSession(ResourceModel):
    """What became different for one patient since a version; `before` or `after` is null where there is none."""

    kind: ChangeKind
    patient_id: PatientId
    service: ServiceKind
    before: ChangedSession | None
    after: ChangedSession | None
    version: int = Field(description="The newest version that changed this patient's sessions of the service.")
    reason: TimetableChangeReason | None = Field(description="Why that version was published.")


class MovedWeek(ResourceModel):
    """What moved in a week between the version that somebody worked from and the published one."""

    base_version: int
    current_version: int
    count: int = Field(description="How many sessions of patients moved; `sessions` lists the first of them.")
    sessions: list[MovedSession]


class MovedWeekProblem(ProblemDetails):
    """The problem document of whoever works from another version of a week than the published one."""

    moved: MovedWeek | None = Field(
        default=None, description="Left out where If-Match names no version, or none that was published yet."
    )


class ProposalChange(ResourceModel):
    """One difference of a proposal from the version it is based on; `before` or `after` is null where there is none."""

    id: ProposalChangeId
    number: int
    kind: ChangeKind
    patient_id: PatientId
    service: ServiceKind
    before: ChangedSession | None
    after: ChangedSession | None
    status: ChangeStatus
    reason: RejectionReason | None
    decided_by: AccountId | None
    decided_at: datetime | None


ChangeNumber = Annotated[int, Field(ge=1, le=2**31 - 1)]
_TogetherWith = Annotated[
    list[ChangeNumber],
    Field(
        max_length=5000,
        description="Numbers of other changes that the same is decided about, where one alone breaks the week.",
    ),
]


class ChangeAcceptance(RequestModel):
    """Accepts a change."""

    together_with: _TogetherWith = Field(default_factory=list)


class ChangeRejection(RequestModel):
    """Rejects a change: the patient keeps the session of the published version, or gets no new one."""

    reason: RejectionReason
    together_with: _TogetherWith = Field(default_factory=list)


class PublicationRequest(RequestModel):
    """Says why a week that is published already is published anew, and whether seats booked by hand may go.

    What was booked or given back by hand stays where the new version leaves it its place; `replace_bookings` gives up
    the rest.
    """

    reason: TimetableChangeReason | None = None
    replace_bookings: bool = False
    notify: bool = Field(
        default=False, description="Whether to tell patients whose sessions change; preview_notices shows what."
    )
    no_rides: NoRides = Field(default_factory=list)


class Timetable(ResourceModel):
    """The published week of a site; a change is a new version."""

    id: TimetableId
    site_id: SiteId
    week: date
    version: int
    proposal_id: ProposalId
    reverted_to: int | None
    reason: TimetableChangeReason | None
    objective: float
    bound: float | None
    gap: float | None
    fully_served: int
    patients: int
    required_minutes: int
    unmet: list[UnmetRequirement]
    checker: CheckerVerdict
    published_at: datetime
    published_by: AccountId | None


class VersionedWeek(ResourceModel):
    """A version of a week, as it was told to people; the published one as well as any before it."""

    timetable: Timetable
    sessions: list[Session] = Field(description="In order of time; what was booked by hand is not among them.")


class TimetableVersion(ResourceModel):
    """One version in the history of a week; `reverted_to` names the version whose sessions it has again."""

    id: TimetableId
    version: int
    proposal_id: ProposalId
    reverted_to: int | None
    reason: TimetableChangeReason | None
    fully_served: int
    patients: int
    published_at: datetime
    published_by: AccountId | None


class AppointmentStatus(StrEnum):
    """Statuses of FHIR R4 Appointment that a planned session can have here."""

    BOOKED = "booked"
    CANCELLED = "cancelled"


class Appointment(ResourceModel):
    """A planned session in the book: what the front desk sees of it."""

    id: AppointmentId = Field(description="The same in every version of the week that has this session.")
    site_id: SiteId
    timetable_version: int = Field(description="The newest version of the week that has, or had, this session.")
    sequence: int = Field(
        description="Goes up when time, place or practitioner change, or it is cancelled (RFC 5545, 3.8.7.4)."
    )
    changed_at: datetime = Field(description="When it was booked, or when its sequence last went up.")
    status: AppointmentStatus
    service: ServiceKind
    modality: Modality
    start: datetime
    end: datetime
    room_id: RoomId | None
    practitioner_id: PractitionerId | None
    co_facilitator_id: PractitionerId | None
    track: str | None
    language: str | None
    capacity: int
    taken: int
    patient_ids: list[PatientId]
