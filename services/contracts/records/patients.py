"""Patients: people in treatment."""

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import Field

from services.contracts.base import Name, RequestModel, ResourceModel
from services.contracts.disclosure import Information
from services.contracts.identifiers import PatientId, SiteId


class PatientRequest(RequestModel):
    """A person admitted to the programme at one site."""

    given_name: Name
    family_name: Name
    birth_date: date
    site_id: SiteId


class Patient(ResourceModel):
    """A person in treatment; that this resource exists is itself protected (42 CFR 2.13(c))."""

    id: PatientId
    given_name: str
    family_name: str
    birth_date: date
    site_id: SiteId
    version: int
    created_at: datetime


class PatientPresence(ResourceModel):
    """That a patient exists at a site, and nothing else: what the scheduler may know."""

    id: PatientId
    site_id: SiteId


SharedInformation = Literal[
    Information.SCHEDULING, Information.ATTENDANCE, Information.DEMOGRAPHICS, Information.TREATMENT_PLAN
]
"""What the scheduler keeps of patients, in the words of the record."""


class ReachRequest(RequestModel):
    """Asks of which of these patients the caller may see this."""

    information: SharedInformation
    patient_ids: Annotated[list[PatientId], Field(min_length=1, max_length=1000)]


class PatientsInReach(ResourceModel):
    """Those of the patients asked about of whom the caller may see it; of the others nothing is said."""

    patient_ids: list[PatientId]
