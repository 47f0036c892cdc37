"""Measurement-based care: how often an instrument is to be answered, and whose turn it is this week."""

from datetime import date

from pydantic import Field

from services.contracts.base import ResourceModel
from services.contracts.identifiers import PatientId
from services.contracts.rule_packs import RuleMark


class MeasurementCadence(ResourceModel):
    """How often an instrument is answered at some levels of care, as dated data."""

    instrument_id: str
    every_days: int
    levels: list[str] = Field(description="The levels of care at which it is, by the names of the criteria in force.")
    citation: str
    mark: RuleMark
    effective_from: date


class DueAssessment(ResourceModel):
    """A patient who is to answer an instrument by the end of this week."""

    patient_id: PatientId
    instrument_id: str
    last_on: date | None = Field(description="When it was answered last since the admission; null where it never was.")
    due_on: date
    is_overdue: bool = Field(description="The due day still counts.")


class DueAssessments(ResourceModel):
    """Whose turn it is at a site in this week, Monday to Sunday, the longest overdue first."""

    today: date = Field(description="By the site's zone.")
    until: date = Field(description="The Sunday of this week.")
    due: int
    overdue: int
    cadences: list[MeasurementCadence] = Field(description="What is in force today.")
    items: list[DueAssessment]
