"""Fairness over a rolling window: who works the evenings and weekends, and who is asked to come at bad times."""

from datetime import date

from pydantic import Field

from services.contracts.base import ResourceModel
from services.contracts.identifiers import PatientId, PractitionerId, SiteId


class WorkShare(ResourceModel):
    """Minutes of one kind, and the fair part of the site's by contract hours and start date."""

    minutes: int
    fair_minutes: float
    balance: float = Field(description="Minutes beyond the fair part; below zero for less.")


class PractitionerFairness(ResourceModel):
    """One practitioner's part of the window; weeks before the start date count for nothing."""

    practitioner_id: PractitionerId
    weeks: int = Field(description="Published weeks of the window since the practitioner started.")
    contract_minutes: int = Field(description="Contract minutes of those weeks together, by the contract of each.")
    days: int = Field(description="Days of the window on which the practitioner leads or co-facilitates.")
    contact: WorkShare
    evening: WorkShare
    weekend: WorkShare


class PatientFairness(ResourceModel):
    """How much of a patient's time lay where the plan says it suits least; null where the plan names no such time."""

    patient_id: PatientId
    minutes: int
    days: int = Field(description="Days of the window on which the patient has a session.")
    days_a_week: float | None = Field(description="These a week that has any; null where none has.")
    least_preferred_minutes: int
    share: float | None
    unmet_minutes: int = Field(description="Required minutes that the published weeks of the window do not deliver.")
    weight: int = Field(
        description="How many times as much the plan's bad times count for this patient in a solve of the week after "
        "the window, by the share of minutes that were unmet or at the least preferred times: 1 up to a tenth above "
        "the average of the site, 2 up to three tenths, 3 beyond."
    )


class Fairness(ResourceModel):
    """A site's balance over the published weeks among `weeks` weeks that end with `last_week`."""

    site_id: SiteId
    last_week: date
    weeks: int
    published_weeks: int
    contact_spread: float | None = Field(
        description="Largest less smallest contact minutes a contract minute, among those who had any contract."
    )
    practitioners: list[PractitionerFairness]
    patients: list[PatientFairness]
