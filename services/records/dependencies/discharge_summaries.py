"""The wiring of discharge summaries."""

from typing import Annotated

from fastapi import Depends

from services.chassis.wiring import Db, Reading, organization_of
from services.records.dependencies import PatientChanges, PatientReading, TheGate
from services.records.dependencies.encounters import SiteZoneReading
from services.records.dependencies.intake import EpisodeChanges, EpisodeReading
from services.records.discharge_summaries.logic import DischargeSummaryCommands, DischargeSummaryReads
from services.records.discharge_summaries.storage import DischargeSummaryQueries, DischargeSummaryRows
from services.records.encounters.logic import Sessions
from services.records.encounters.storage import EncounterRows
from services.records.supervisions.logic import Supervisors
from services.records.supervisions.storage import SupervisionRows


async def _discharge_summary_changes(
    db: Db, episodes: EpisodeChanges, patients: PatientChanges, gate: TheGate
) -> DischargeSummaryCommands:
    organization_id = organization_of(gate.caller)
    supervisors = Supervisors(SupervisionRows(db, organization_id))
    beside = episodes, supervisors, Sessions(EncounterRows(db, organization_id))
    return DischargeSummaryCommands(DischargeSummaryRows(db, organization_id), beside, patients, gate)


async def _discharge_summary_reading(
    *, read: Reading, episodes: EpisodeReading, zones: SiteZoneReading, patients: PatientReading, gate: TheGate
) -> DischargeSummaryReads:
    return DischargeSummaryReads(DischargeSummaryQueries(read), (episodes, zones), patients, gate)


DischargeSummaryChanges = Annotated[DischargeSummaryCommands, Depends(_discharge_summary_changes)]
DischargeSummaryReading = Annotated[DischargeSummaryReads, Depends(_discharge_summary_reading)]
