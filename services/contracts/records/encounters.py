"""Encounters: what became of a patient's appointment, told by the scheduler, and the hours of a week."""

from datetime import date, datetime
from typing import Annotated

from pydantic import AwareDatetime, Field

from services.contracts.base import RequestModel, ResourceModel
from services.contracts.identifiers import (
    AccountId,
    AppointmentId,
    AttendanceId,
    EncounterId,
    PatientId,
    SiteId,
)
from services.contracts.rule_packs import RuleMark
from services.contracts.scheduler.attendance import AttendanceStatus
from services.contracts.scheduler.sites import ZoneName
from services.contracts.vocabulary import Modality, ServiceKind

_Minutes = Annotated[int, Field(ge=0, le=1440)]


class AttendanceEvent(RequestModel):
    """One revision of what was recorded of a patient in a session; its id is the revision's."""

    id: AttendanceId
    appointment_id: AppointmentId
    patient_id: PatientId
    site_id: SiteId
    zone: ZoneName | None = Field(default=None, description="The site's; null in what was told before it was told.")
    week: date = Field(description="The Monday of the week.")
    service: ServiceKind
    modality: Modality
    start: AwareDatetime
    end: AwareDatetime
    revision: Annotated[int, Field(ge=1)]
    status: AttendanceStatus
    excused: bool | None
    minutes_late: _Minutes
    minutes_left_early: _Minutes
    recorded_by: AccountId
    recorded_at: AwareDatetime


class AttendanceReceipt(ResourceModel):
    """What an event became."""

    encounter_id: EncounterId
    revision: int = Field(description="The revision that the encounter stands at, which may be a later one.")


class Encounter(ResourceModel):
    """A session of one patient, and what became of it; start and end are in UTC."""

    id: EncounterId
    patient_id: PatientId
    appointment_id: AppointmentId
    site_id: SiteId
    week: date
    service: ServiceKind
    modality: Modality
    start: datetime
    end: datetime
    status: AttendanceStatus
    excused: bool | None = Field(description="Of a call-out; null for what is none.")
    minutes_late: int
    minutes_left_early: int
    attended_minutes: int
    revision: int
    recorded_by: AccountId
    recorded_at: datetime


class HoursLine(ResourceModel):
    """Minutes of one service in a patient's week."""

    service: ServiceKind
    required_minutes: int
    attended_minutes: int
    excused_minutes: int = Field(description="Of sessions that the patient called out of, excused.")
    missed_minutes: int = Field(description="Of sessions that the patient missed without an excuse.")
    missing_minutes: int = Field(description="Required and not attended so far, whatever the reason.")


class HoursLedger(ResourceModel):
    """What a patient's plan requires of a week, and what has been delivered of it so far."""

    patient_id: PatientId
    week: date = Field(description="The Monday of the week.")
    due: date = Field(description="The Sunday by which what is missing is to be made up for.")
    plan_version: int | None = Field(description="Null where no plan asks for anything in this week.")
    services: list[HoursLine]
    required_minutes: int
    attended_minutes: int
    missing_minutes: int


class MissesRule(ResourceModel):
    """From how many sessions missed in a row on somebody looks at it with the patient; nobody is discharged by it."""

    applies_from: date
    fewest: int
    citation: str
    mark: RuleMark


class MissedInARow(ResourceModel):
    """A patient who missed so many sessions since the last they came to; excused ones neither count nor end it."""

    patient_id: PatientId
    sessions: int
    first_missed_at: datetime
    last_missed_at: datetime


class MissedInARowList(ResourceModel):
    """Whom to reach out to, who has been away longest first."""

    rule: MissesRule
    items: list[MissedInARow]
