"""Disruptions: what falls out of a published week, and the repair that is proposed for it."""

from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Final, Self

from pydantic import AwareDatetime, Field, model_validator

from services.contracts.base import RequestModel, ResourceModel
from services.contracts.identifiers import (
    AccountId,
    DisruptionBatchId,
    DisruptionId,
    PatientId,
    PractitionerId,
    ProposalId,
    RoomId,
    SiteId,
    SolveBatchId,
    SolveId,
)
from services.contracts.problems import ProblemDetails
from services.contracts.scheduler.solves import SolveOutcome, SolveStatus
from services.contracts.vocabulary import WeeklyWindow


class DisruptionKind(StrEnum):
    """What happened; of `commitment_changed` and `setup_changed` only the repair is new."""

    PRACTITIONER_OUT = "practitioner_out"
    ROOM_LOST = "room_lost"
    SITE_CLOSED = "site_closed"
    SHIFT_CHANGED = "shift_changed"
    COMMITMENT_CHANGED = "commitment_changed"
    SETUP_CHANGED = "setup_changed"


class DisruptionReason(StrEnum):
    """Why it happened, in words that say nothing of anybody's health."""

    ABSENCE = "absence"
    LEAVE = "leave"
    TRAINING = "training"
    MAINTENANCE = "maintenance"
    WEATHER = "weather"
    EMERGENCY = "emergency"
    CALENDAR = "calendar"
    OTHER = "other"


class DisruptionStatus(StrEnum):
    """Whether it still keeps somebody or something from the week's sessions."""

    OPEN = "open"
    WITHDRAWN = "withdrawn"


_INTERVAL = frozenset({"start", "end"})
_MEMBERS = {
    DisruptionKind.PRACTITIONER_OUT: _INTERVAL | {"practitioner_id"},
    DisruptionKind.ROOM_LOST: _INTERVAL | {"room_id"},
    DisruptionKind.SITE_CLOSED: _INTERVAL,
    DisruptionKind.SHIFT_CHANGED: frozenset({"practitioner_id", "shifts"}),
    DisruptionKind.COMMITMENT_CHANGED: frozenset({"patient_id"}),
    DisruptionKind.SETUP_CHANGED: frozenset(),
}
_OPTIONAL = frozenset({"practitioner_id", "room_id", "patient_id", "start", "end", "shifts"})
_LONGEST: Final = timedelta(days=31)
_Windows = Annotated[list[WeeklyWindow], Field(max_length=64)]


class DisruptionRequest(RequestModel):
    """Says what fell out of a week; each kind has its own members, and no others.

    `practitioner_out` has practitioner_id, start and end; `room_lost` room_id, start and end; `site_closed` start and
    end; `shift_changed` practitioner_id, shifts and breaks; `commitment_changed` patient_id; `setup_changed`
    has none.
    """

    site_id: SiteId
    week: date = Field(description="The Monday of the week.")
    kind: DisruptionKind
    reason: DisruptionReason
    practitioner_id: PractitionerId | None = None
    room_id: RoomId | None = None
    patient_id: PatientId | None = None
    start: AwareDatetime | None = None
    end: AwareDatetime | None = None
    shifts: _Windows | None = Field(default=None, description="All hours of this week, instead of the usual ones.")
    breaks: _Windows = Field(default_factory=list)

    @model_validator(mode="after")
    def _has_what_its_kind_needs(self) -> Self:
        needed = _MEMBERS[self.kind]
        given = {member for member in _OPTIONAL if getattr(self, member) is not None}
        if given != needed:
            raise ValueError(
                f"a {self.kind.value} has exactly these members besides: {', '.join(sorted(needed)) or 'none'}"
            )
        if self.breaks and self.kind is not DisruptionKind.SHIFT_CHANGED:
            raise ValueError("only a shift_changed has breaks")
        if self.start is not None and self.end is not None and not timedelta() < self.end - self.start <= _LONGEST:
            raise ValueError("end must be after start, and at most 31 days after it")
        return self


class RepairSummary(ResourceModel):
    """What the proposed repair does to people.

    A person is touched when a session of theirs changes its time, length or modality, is lost or is added; another
    practitioner or room alone touches nobody and counts as reassigned. `people_touched_bound` is a proven lower bound:
    no timetable that loses as few minutes touches fewer people. `minutes_lost_bound` holds for every timetable.
    """

    outcome: SolveOutcome
    people_touched: int
    people_touched_bound: int
    minutes_lost: int
    minutes_lost_bound: int
    sessions_changed: int
    sessions_reassigned: int


class Disruption(ResourceModel):
    """Something that fell out of a week; while it is open, no solve, placement or publication uses what is missing."""

    id: DisruptionId
    site_id: SiteId
    week: date
    kind: DisruptionKind
    reason: DisruptionReason
    practitioner_id: PractitionerId | None
    room_id: RoomId | None
    patient_id: PatientId | None
    start: datetime | None
    end: datetime | None
    shifts: list[WeeklyWindow] | None
    breaks: list[WeeklyWindow]
    batch_id: DisruptionBatchId | None = Field(description="What it was written down with; null where alone.")
    status: DisruptionStatus
    solve_id: SolveId | None = Field(description="The repair as a job; null where the week is not published yet.")
    solve_status: SolveStatus | None
    proposal_id: ProposalId | None
    repair: RepairSummary | None
    created_at: datetime
    created_by: AccountId
    withdrawn_at: datetime | None


_BATCH_MEMBERS = {
    DisruptionKind.PRACTITIONER_OUT: _INTERVAL | {"practitioner_id"},
    DisruptionKind.ROOM_LOST: _INTERVAL | {"room_id"},
    DisruptionKind.SITE_CLOSED: _INTERVAL,
    DisruptionKind.SHIFT_CHANGED: frozenset({"practitioner_id", "shifts", "first_day", "last_day"}),
}
_BATCH_OPTIONAL = frozenset({"practitioner_id", "room_id", "start", "end", "shifts", "first_day", "last_day"})
LONGEST_BATCH: Final = timedelta(weeks=12)
_YEARS: Final = range(2000, 2200)
"""Outside of these no zone is asked what day it is: at the ends of the calendar there is no answer."""


class DisruptionBatchRequest(RequestModel):
    """Says what fell out of several weeks; each kind has its own members, and no others.

    `practitioner_out` has practitioner_id, start and end; `room_lost` room_id, start and end; `site_closed` start and
    end; `shift_changed` practitioner_id, shifts, breaks, first_day and last_day, both included, outside of which the
    usual hours hold. All of it lies within twelve weeks.
    """

    site_id: SiteId
    kind: DisruptionKind
    reason: DisruptionReason
    practitioner_id: PractitionerId | None = None
    room_id: RoomId | None = None
    start: AwareDatetime | None = None
    end: AwareDatetime | None = None
    first_day: date | None = None
    last_day: date | None = None
    shifts: _Windows | None = Field(default=None, description="All hours of each week, instead of the usual ones.")
    breaks: _Windows = Field(default_factory=list)

    @model_validator(mode="after")
    def _has_what_its_kind_needs(self) -> Self:
        needed = _BATCH_MEMBERS.get(self.kind)
        if needed is None:
            raise ValueError(f"a {self.kind.value} is written down for one week: use create_disruption")
        given = {member for member in _BATCH_OPTIONAL if getattr(self, member) is not None}
        if given != needed:
            raise ValueError(f"a {self.kind.value} has exactly these members besides: {', '.join(sorted(needed))}")
        if self.breaks and self.kind is not DisruptionKind.SHIFT_CHANGED:
            raise ValueError("only a shift_changed has breaks")
        return self

    @model_validator(mode="after")
    def _lies_in_the_calendar(self) -> Self:
        days = (self.start, self.end, self.first_day, self.last_day)
        if any(day is not None and day.year not in _YEARS for day in days):
            raise ValueError(f"all days must lie in the years {_YEARS[0]} to {_YEARS[-1]}")
        return self

    @model_validator(mode="after")
    def _ends_after_it_starts(self) -> Self:
        if self.start is not None and self.end is not None and not timedelta() < self.end - self.start <= LONGEST_BATCH:
            raise ValueError("end must be after start, and at most 12 weeks after it")
        days = self.first_day, self.last_day
        if days[0] is not None and days[1] is not None and not timedelta() <= days[1] - days[0] < LONGEST_BATCH:
            raise ValueError("last_day must not lie before first_day, nor 12 weeks or more after it")
        return self


class DisruptedWeek(ResourceModel):
    """One week of what fell out, and where its repair stands.

    The repair is published by itself: `publish_proposal` with `base_version` in If-Match.
    """

    week: date
    base_version: int | None = Field(description="The published version that is repaired; null where there is none.")
    problem: ProblemDetails | None = Field(description="Why the solver has no repair; null where nothing failed.")
    disruption: Disruption


class DisruptionBatch(ResourceModel):
    """What fell out of several weeks, written down as a whole and repaired a week at a time."""

    id: DisruptionBatchId
    site_id: SiteId
    solve_batch_id: SolveBatchId | None = Field(
        description="The repairs as one batch of solves, to be followed by its events; null where nothing is published."
    )
    weeks: list[DisruptedWeek] = Field(
        description="In order; a week that is not published yet has no repair, and is planned without what is missing."
    )
