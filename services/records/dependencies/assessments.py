"""The wiring of assessments."""

from typing import Annotated

from fastapi import Depends

from services.chassis.wiring import Caller, Db, Reading, organization_of
from services.records.assessments.due import DueAssessmentReads
from services.records.assessments.logic import AssessmentCommands
from services.records.assessments.reading import AssessmentReads
from services.records.assessments.storage import AssessmentQueries, AssessmentRows
from services.records.dependencies import PatientChanges, PatientReading, TheGate
from services.records.dependencies.encounters import SiteZoneReading
from services.records.dependencies.intake import EpisodeReading
from services.records.encounters.logic import AttendedReads
from services.records.encounters.storage import EncounterQueries


async def _assessment_changes(db: Db, principal: Caller, patients: PatientChanges, gate: TheGate) -> AssessmentCommands:
    return AssessmentCommands(AssessmentRows(db, organization_of(principal)), patients, gate)


async def _assessment_reading(read: Reading, patients: PatientReading, gate: TheGate) -> AssessmentReads:
    return AssessmentReads(AssessmentQueries(read), patients, gate)


async def _due_assessment_reading(
    *, read: Reading, episodes: EpisodeReading, zones: SiteZoneReading, patients: PatientReading, gate: TheGate
) -> DueAssessmentReads:
    beside = episodes, AttendedReads(EncounterQueries(read)), zones
    return DueAssessmentReads(AssessmentQueries(read), beside, patients, gate)


AssessmentChanges = Annotated[AssessmentCommands, Depends(_assessment_changes)]
AssessmentReading = Annotated[AssessmentReads, Depends(_assessment_reading)]
DueAssessmentReading = Annotated[DueAssessmentReads, Depends(_due_assessment_reading)]
