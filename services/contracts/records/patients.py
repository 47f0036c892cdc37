"""Patients: people in treatment."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from services.contracts.base import Day, Name, RequestModel, ResourceModel
from services.contracts.disclosure import Information
from services.contracts.identifiers import AccountId, PatientId, SiteId


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


class CorrectionReason(StrEnum):
    """Why what is written of who somebody is is changed."""

    ENTERED_WRONGLY = "entered_wrongly"
    NAME_CHANGED = "name_changed"
    IDENTITY_VERIFIED = "identity_verified"
    OTHER_SITE = "other_site"


class PatientCorrectionRequest(RequestModel):
    """Corrects who a patient is, or where; what is null stays as it is, and what was before is kept."""

    given_name: Name | None = None
    family_name: Name | None = None
    birth_date: Day | None = None
    site_id: SiteId | None = Field(default=None, description="Only while the patient is in no episode of care.")
    reason: CorrectionReason

    @model_validator(mode="after")
    def _corrects_something(self) -> Self:
        if not self.model_dump(exclude={"reason"}, exclude_none=True):
            raise ValueError("name at least one of given_name, family_name, birth_date and site_id")
        return self


class PatientVersion(ResourceModel):
    """What was written of who a patient is until it was corrected, and by whom and why it was."""

    version: int
    given_name: str
    family_name: str
    birth_date: date
    site_id: SiteId
    reason: CorrectionReason
    corrected_by: AccountId
    corrected_at: datetime


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
