"""Cohorts: people who begin together, and are to go on together."""

from datetime import date
from typing import Annotated

from pydantic import Field

from services.contracts.base import Day, Name, RequestModel, ResourceModel
from services.contracts.identifiers import CohortId, PatientId, SiteId


class CohortRequest(RequestModel):
    """Makes a cohort of people who begin together at a site."""

    name: Name = Field(description="For the staff: it names nobody, and no reason.")
    starts_on: Day
    patient_ids: Annotated[list[PatientId], Field(max_length=60)] = Field(default_factory=list)


class CohortMemberRequest(RequestModel):
    """Names who comes into a cohort, or goes."""

    patient_id: PatientId


class Cohort(ResourceModel):
    """A cohort of a site."""

    id: CohortId
    site_id: SiteId
    name: str
    starts_on: date
    members: int


class CohortMembers(ResourceModel):
    """Who is in a cohort, of those whom the caller treats."""

    patient_ids: list[PatientId]
