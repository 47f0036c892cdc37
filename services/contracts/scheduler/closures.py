"""Closures: hours in which a site is closed, and what becomes of its sessions."""

from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final, Self

from pydantic import AwareDatetime, Field, model_validator

from services.contracts.base import RequestModel, ResourceModel
from services.contracts.identifiers import AccountId, AppointmentId, ClosureId, PatientId, SiteId, SolveId
from services.contracts.scheduler.notices import NoticePreviews
from services.contracts.vocabulary import ServiceKind

_LONGEST: Final = timedelta(days=31)


class ClosurePolicy(StrEnum):
    """What becomes of sessions: held by video for whom that may be; cancelled and planned anew; cancelled.

    By video, a patient's plan allows it, consent by that day is in the plan, and whoever leads the session is licensed
    for where the patient is then. Who lacks one of these loses the session; where nobody leads it, everybody does.
    With `telehealth` only the building is closed; with the others nobody works there.
    """

    TELEHEALTH = "telehealth"
    RESCHEDULE = "reschedule"
    CANCEL = "cancel"


class ClosureReason(StrEnum):
    """Why a site is closed; no patient is told."""

    WEATHER = "weather"
    BUILDING = "building"
    STAFFING = "staffing"
    PUBLIC_HEALTH = "public_health"
    SAFETY = "safety"
    HOLIDAY = "holiday"


class ClosureRequest(RequestModel):
    """Closes a site for some hours."""

    start: AwareDatetime
    end: AwareDatetime
    policy: ClosurePolicy
    reason: ClosureReason
    notify: bool = Field(default=False, description="Whether to tell the patients concerned; preview shows what.")

    @model_validator(mode="after")
    def _ends_after_it_starts(self) -> Self:
        if not timedelta() < self.end - self.start <= _LONGEST:
            raise ValueError("end must be after start, and at most 31 days after it")
        return self


class ClosureStatus(StrEnum):
    """Whether the site is closed for these hours, or open again."""

    CLOSED = "closed"
    REOPENED = "reopened"


class SessionOutcome(StrEnum):
    """What a closure makes of a session."""

    CANCELLED = "cancelled"
    TELEHEALTH = "telehealth"


class ClosedSession(ResourceModel):
    """A session that a closure concerns."""

    appointment_id: AppointmentId
    service: ServiceKind
    start: datetime
    end: datetime
    outcome: SessionOutcome
    kept_patient_ids: list[PatientId] = Field(description="Who goes on in it, by video.")
    lost_patient_ids: list[PatientId] = Field(description="Who loses it: it is off, or they may not be seen by video.")


class ClosedSessions(ResourceModel):
    """The sessions that a closure concerns, in order of time."""

    items: list[ClosedSession]


class ClosureShortfall(ResourceModel):
    """What a week comes to for a patient who loses sessions to a closure."""

    patient_id: PatientId
    week: date = Field(description="The Monday of the week.")
    required_minutes: int = Field(description="What the plan requires of the week; 0 without a plan.")
    minutes_before: int
    minutes_after: int
    shortfall_minutes: int = Field(description="What is missing then, never below zero.")


class ClosurePreview(ResourceModel):
    """What a closure would do; nothing of it is stored."""

    sessions: list[ClosedSession]
    shortfalls: list[ClosureShortfall]
    notices: NoticePreviews = Field(description="What patients would be told, with notify.")


class Closure(ResourceModel):
    """Hours in which a site is closed, or was until it was opened again."""

    id: ClosureId
    site_id: SiteId
    start: datetime
    end: datetime
    policy: ClosurePolicy
    reason: ClosureReason
    status: ClosureStatus
    solve_ids: list[SolveId] = Field(description="The repairs of its weeks, with policy reschedule or :repair.")
    created_by: AccountId
    created_at: datetime
    reopened_by: AccountId | None
    reopened_at: datetime | None
