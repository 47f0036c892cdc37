"""The wiring of charges."""

from typing import Annotated

from fastapi import Depends

from services.chassis.wiring import Caller, Db, Reading, organization_of
from services.contracts.records.claims import ChargeCodes
from services.records.claims.charging import Evidence
from services.records.claims.codes import charge_codes
from services.records.claims.logic import ClaimCommands, ClaimReads, Documented
from services.records.claims.storage import ClaimQueries, ClaimRows
from services.records.consents.beside import RestrictionsInForce
from services.records.consents.storage import ConsentQueries
from services.records.dependencies import PatientChanges, PatientReading, TheGate
from services.records.dependencies.encounters import EncounterReading, SiteZoneReading
from services.records.dependencies.intake import EpisodeReading
from services.records.dependencies.notes import ServiceReading
from services.records.plans_of_care.planned import PlannedReads
from services.records.plans_of_care.storage import PlanOfCareQueries


async def _claim_changes(db: Db, principal: Caller, patients: PatientChanges, gate: TheGate) -> ClaimCommands:
    return ClaimCommands(ClaimRows(db, organization_of(principal)), patients, gate)


async def _evidence(read: Reading, encounters: EncounterReading, notes: ServiceReading) -> Evidence:
    return Evidence(encounters, notes, PlannedReads(PlanOfCareQueries(read)), RestrictionsInForce(ConsentQueries(read)))


async def _documented(
    evidence: Annotated[Evidence, Depends(_evidence)], episodes: EpisodeReading, zones: SiteZoneReading
) -> Documented:
    return Documented(evidence, episodes, zones)


async def _claim_reading(
    read: Reading, record: Annotated[Documented, Depends(_documented)], patients: PatientReading, gate: TheGate
) -> ClaimReads:
    return ClaimReads(ClaimQueries(read), record, patients, gate)


async def _knows_codes(_principal: Caller) -> ChargeCodes:
    return charge_codes()


ClaimChanges = Annotated[ClaimCommands, Depends(_claim_changes)]
ClaimReading = Annotated[ClaimReads, Depends(_claim_reading)]
KnowsCodes = Annotated[ChargeCodes, Depends(_knows_codes)]
