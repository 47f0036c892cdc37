"""The wiring of recovery support."""

from typing import Annotated

from fastapi import Depends

from services.chassis.wiring import Db, Reading, organization_of
from services.records.aftercare.logic import AftercareCommands, AftercareReads
from services.records.aftercare.storage import AftercareQueries, AftercareRows
from services.records.dependencies import PatientChanges, PatientReading, TheGate
from services.records.dependencies.intake import EpisodeChanges
from services.records.relapse_prevention.logic import RelapsePlanCommands, RelapsePlanReads
from services.records.relapse_prevention.storage import RelapsePlanQueries, RelapsePlanRows


async def _aftercare_changes(
    db: Db, episodes: EpisodeChanges, patients: PatientChanges, gate: TheGate
) -> AftercareCommands:
    return AftercareCommands(AftercareRows(db, organization_of(gate.caller)), episodes, patients, gate)


async def _aftercare_reading(read: Reading, patients: PatientReading, gate: TheGate) -> AftercareReads:
    return AftercareReads(AftercareQueries(read), patients, gate)


async def _relapse_plan_changes(db: Db, patients: PatientChanges, gate: TheGate) -> RelapsePlanCommands:
    return RelapsePlanCommands(RelapsePlanRows(db, organization_of(gate.caller)), patients, gate)


async def _relapse_plan_reading(read: Reading, patients: PatientReading) -> RelapsePlanReads:
    return RelapsePlanReads(RelapsePlanQueries(read), patients)


AftercareChanges = Annotated[AftercareCommands, Depends(_aftercare_changes)]
AftercareReading = Annotated[AftercareReads, Depends(_aftercare_reading)]
RelapsePlanChanges = Annotated[RelapsePlanCommands, Depends(_relapse_plan_changes)]
RelapsePlanReading = Annotated[RelapsePlanReads, Depends(_relapse_plan_reading)]
