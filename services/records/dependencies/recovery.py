"""The wiring of recovery support."""

from typing import Annotated

from fastapi import Depends

from services.chassis.database import Read, driver_connection
from services.chassis.wiring import Db, Reading, organization_of
from services.records.aftercare.logic import AftercareCommands, AftercareReads
from services.records.aftercare.storage import AftercareQueries, AftercareRows
from services.records.dependencies import PatientChanges, PatientReading, TheGate
from services.records.dependencies.encounters import SiteZoneReading
from services.records.dependencies.intake import EpisodeChanges
from services.records.recovery_groups.logic import RecoveryGroupCommands, RecoveryGroupReads
from services.records.recovery_groups.storage import RecoveryGroupQueries, RecoveryGroupRows
from services.records.relapse_prevention.logic import RelapsePlanCommands, RelapsePlanReads
from services.records.relapse_prevention.storage import RelapsePlanQueries, RelapsePlanRows
from services.records.site_zones.logic import SiteZoneReads
from services.records.site_zones.storage import SiteZoneQueries


async def _aftercare_changes(
    db: Db, episodes: EpisodeChanges, patients: PatientChanges, gate: TheGate
) -> AftercareCommands:
    organization_id = organization_of(gate.caller)
    groups = RecoveryGroupCommands(RecoveryGroupRows(db, organization_id), patients, gate)
    zones = SiteZoneReads(SiteZoneQueries(Read(await driver_connection(db))))
    return AftercareCommands(AftercareRows(db, organization_id), (episodes, groups, zones), patients, gate)


async def _aftercare_reading(
    read: Reading, patients: PatientReading, zones: SiteZoneReading, gate: TheGate
) -> AftercareReads:
    return AftercareReads(AftercareQueries(read), patients, zones, gate)


async def _relapse_plan_changes(db: Db, patients: PatientChanges, gate: TheGate) -> RelapsePlanCommands:
    return RelapsePlanCommands(RelapsePlanRows(db, organization_of(gate.caller)), patients, gate)


async def _relapse_plan_reading(read: Reading, patients: PatientReading) -> RelapsePlanReads:
    return RelapsePlanReads(RelapsePlanQueries(read), patients)


async def _recovery_group_changes(db: Db, patients: PatientChanges, gate: TheGate) -> RecoveryGroupCommands:
    return RecoveryGroupCommands(RecoveryGroupRows(db, organization_of(gate.caller)), patients, gate)


async def _recovery_group_reading(read: Reading, patients: PatientReading) -> RecoveryGroupReads:
    return RecoveryGroupReads(RecoveryGroupQueries(read), patients)


RecoveryGroupChanges = Annotated[RecoveryGroupCommands, Depends(_recovery_group_changes)]
RecoveryGroupReading = Annotated[RecoveryGroupReads, Depends(_recovery_group_reading)]
AftercareChanges = Annotated[AftercareCommands, Depends(_aftercare_changes)]
AftercareReading = Annotated[AftercareReads, Depends(_aftercare_reading)]
RelapsePlanChanges = Annotated[RelapsePlanCommands, Depends(_relapse_plan_changes)]
RelapsePlanReading = Annotated[RelapsePlanReads, Depends(_relapse_plan_reading)]
