"""The chart: what whoever treats a patient opens first, in one answer."""

from enum import StrEnum

from pydantic import Field

from services.contracts.base import ResourceModel
from services.contracts.records.assessments import LatestScore, SafetyTask
from services.contracts.records.consents import Consent
from services.contracts.records.drug_tests import DrugTest
from services.contracts.records.episodes import Episode
from services.contracts.records.medications import Medication
from services.contracts.records.notes import OpenNote
from services.contracts.records.patients import Patient
from services.contracts.records.plans_of_care import PlanOfCare
from services.contracts.records.recovery import AftercareContact
from services.contracts.records.treatment_plans import TreatmentPlan
from services.contracts.security_labels import LabelledParts


class ChartPart(StrEnum):
    """The parts of a chart that may be withheld, by their names in it."""

    EPISODES = "episodes"
    CONSENTS = "consents"
    TREATMENT_PLAN = "treatment_plan"
    PLANS_OF_CARE = "plans_of_care"
    MEDICATIONS = "medications"
    SCORES = "scores"
    SAFETY_TASKS = "safety_tasks"
    OPEN_NOTES = "open_notes"
    TESTS_TO_REVIEW = "tests_to_review"
    CONTACTS_DUE = "contacts_due"


class WithheldPart(ResourceModel):
    """A part that is not for the caller: by which rule and clause, and how that could be satisfied."""

    part: ChartPart
    rule: str
    clause: str
    remedy: str


class PatientChart(ResourceModel):
    """A patient's chart as it stands now; a part that `withheld` names is null, whether or not there is anything in it.

    This week's appointments are the scheduler's, and SUD counselling notes are their author's: neither is here.
    """

    patient: Patient
    episodes: list[Episode] | None = Field(description="The open ones, or the last one where none is open.")
    consents: list[Consent] | None = Field(description="Those in force.")
    treatment_plan: TreatmentPlan | None = Field(description="The newest version: what a week requires; or none.")
    plans_of_care: list[PlanOfCare] | None = Field(description="The newest version for each episode that has one.")
    medications: list[Medication] | None = Field(description="What is taken today.")
    scores: list[LatestScore] | None
    safety_tasks: list[SafetyTask] | None = Field(
        description="Those that nobody has answered, the one due first ahead."
    )
    open_notes: list[OpenNote] | None = Field(description="Attended sessions without a signed note, oldest first.")
    tests_to_review: list[DrugTest] | None = Field(description="Drug tests that can be reviewed now, oldest day first.")
    contacts_due: list[AftercareContact] | None = Field(description="Due or overdue today, the longest overdue first.")
    withheld: list[WithheldPart]
    labels: list[LabelledParts] = Field(description="Of the parts that are shown.")
