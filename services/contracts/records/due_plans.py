"""What plans of care lack: what is due and overdue of each, with the rule that says by when."""

from datetime import date
from enum import StrEnum

from pydantic import Field

from services.contracts.base import ResourceModel
from services.contracts.identifiers import EpisodeId, PatientId, SiteId
from services.contracts.records.documentation import PlanRule
from services.contracts.records.plans_of_care import PlanOfCareStatus


class PlanDutyKind(StrEnum):
    """What may be due of a plan of care."""

    LEVEL_OF_CARE = "level_of_care"
    """The patient was admitted, and no clinician has decided on the level."""
    FIRST_PLAN = "first_plan"
    """The patient has come, and nothing is written."""
    CLINICIAN_SIGNATURE = "clinician_signature"
    """A version is written, and no clinician has signed it."""
    COSIGNATURE = "cosignature"
    """Nobody who supervises the clinician has signed beside them."""
    PATIENT_SIGNATURE = "patient_signature"
    """The patient has neither signed nor declined."""
    CERTIFICATION = "certification"
    """No prescriber has ever certified the plan, at a site that is held to it."""
    RECERTIFICATION = "recertification"
    REVIEW = "review"
    SERVICES = "services"
    """The weeks ask for other services than the newest version says, which is signed: it is to be amended."""


class PlanDuty(ResourceModel):
    """One thing that is due of a plan; the due day still counts."""

    kind: PlanDutyKind
    due_on: date | None = Field(description="In the site's zone; null where no rule says by when.")
    is_overdue: bool
    rule: PlanRule | None = Field(description="The rule that says by when, with its citation; null where none does.")


class DuePlan(ResourceModel):
    """An episode whose plan of care lacks something; it tells nothing of what the plan says."""

    id: EpisodeId = Field(description="The episode whose plan it is.")
    patient_id: PatientId
    site_id: SiteId
    programme: str
    began_on: date | None = Field(description="The day of the first session that was attended.")
    plan_version: int | None = Field(description="The newest version; null where nothing is written.")
    plan_status: PlanOfCareStatus | None
    duties: list[PlanDuty] = Field(description="The most urgent first; what no rule gives a day comes last.")
