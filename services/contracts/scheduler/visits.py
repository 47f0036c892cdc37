"""Visits outside groups: when one more of a kind could be held for a patient, and by whom."""

from datetime import date, datetime
from typing import Annotated, Self

from pydantic import Field, model_validator

from services.contracts.base import RequestModel, ResourceModel
from services.contracts.identifiers import PatientId, PractitionerId, SiteId
from services.contracts.scheduler.placements import PlacementReason
from services.contracts.vocabulary import Modality, ServiceKind


class VisitQuery(RequestModel):
    """Asks when a patient could have one visit more in a published week, be it to make up for one that was missed."""

    patient_id: PatientId
    site_id: SiteId
    week: date = Field(description="The Monday of the week.")
    service: ServiceKind
    practitioner_id: PractitionerId | None = Field(
        default=None, description="With whom rather than with others; null for the patient's primary practitioner."
    )
    limit: Annotated[int, Field(ge=1, le=20)] = 5

    @model_validator(mode="after")
    def _is_a_visit(self) -> Self:
        if self.service.is_group:
            raise ValueError("service must be one that takes place outside groups; seats of groups are in placements")
        return self


class RecommendedVisit(ResourceModel):
    """One way to have the visit, as a placement takes it, with what speaks for it."""

    service: ServiceKind
    modality: Modality
    start: datetime
    end: datetime
    practitioner_id: PractitionerId | None = Field(description="Null where whoever of a role is on duty holds it.")
    reasons: list[PlacementReason]


class VisitRecommendation(ResourceModel):
    """The best ways, the best one first, no two on one day with the same person; none where nothing fits."""

    patient_id: PatientId
    site_id: SiteId
    week: date
    timetable_version: int
    visits: list[RecommendedVisit]
