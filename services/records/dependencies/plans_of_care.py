"""The wiring of plans of care."""

from typing import Annotated

from fastapi import Depends

from services.chassis.wiring import Db, Reading, organization_of
from services.records.dependencies import PatientChanges, PatientReading, TheGate
from services.records.dependencies.intake import EpisodeChanges, EpisodeReading
from services.records.documentation.logic import Standards
from services.records.documentation.storage import DocumentationQueries
from services.records.encounters.logic import AttendedReads, Sessions
from services.records.encounters.storage import EncounterQueries, EncounterRows
from services.records.plans_of_care.due import DueBeside, DuePlanReads
from services.records.plans_of_care.logic import Beside, PlanOfCareCommands, PlanOfCareReads
from services.records.plans_of_care.storage import PlanOfCareQueries, PlanOfCareRows
from services.records.supervisions.logic import Supervisors
from services.records.supervisions.storage import SupervisionRows
from services.records.treatment_plans.storage import TreatmentPlanRows


async def _plan_of_care_changes(
    db: Db, episodes: EpisodeChanges, patients: PatientChanges, gate: TheGate
) -> PlanOfCareCommands:
    organization_id = organization_of(gate.caller)
    supervisors = Supervisors(SupervisionRows(db, organization_id))
    beside = Beside(
        episodes, supervisors, Sessions(EncounterRows(db, organization_id)), TreatmentPlanRows(db, organization_id)
    )
    return PlanOfCareCommands(PlanOfCareRows(db, organization_id), beside, patients, gate)


async def _plan_of_care_reading(read: Reading, episodes: EpisodeReading, patients: PatientReading) -> PlanOfCareReads:
    return PlanOfCareReads(PlanOfCareQueries(read), episodes, patients)


async def _due_plan_reading(
    read: Reading, episodes: EpisodeReading, patients: PatientReading, gate: TheGate
) -> DuePlanReads:
    return DuePlanReads(
        PlanOfCareQueries(read),
        DueBeside(episodes, AttendedReads(EncounterQueries(read)), Standards(DocumentationQueries(read))),
        patients,
        gate,
    )


PlanOfCareChanges = Annotated[PlanOfCareCommands, Depends(_plan_of_care_changes)]
PlanOfCareReading = Annotated[PlanOfCareReads, Depends(_plan_of_care_reading)]
DuePlanReading = Annotated[DuePlanReads, Depends(_due_plan_reading)]
