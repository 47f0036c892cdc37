"""Commitments: when a patient is busy, and nothing about why."""

from datetime import datetime

from services.contracts.base import ResourceModel
from services.contracts.identifiers import CommitmentId, CommitmentSourceId, PatientId


class CalendarWarning(ResourceModel):
    """Something in a calendar that was not understood as written; what was done instead is said."""

    code: str
    line: int | None
    message: str


class CommitmentSource(ResourceModel):
    """One imported calendar: counts, version and warnings; titles are never kept."""

    id: CommitmentSourceId
    patient_id: PatientId
    version: str
    """SHA-256 of the document, hexadecimal: the same file is the same version."""
    events_read: int
    busy_intervals: int
    warnings: list[CalendarWarning]
    imported_at: datetime


class Commitment(ResourceModel):
    """A half-open busy interval of a patient."""

    id: CommitmentId
    patient_id: PatientId
    source_id: CommitmentSourceId
    start: datetime
    end: datetime
