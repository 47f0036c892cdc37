"""Wiring of medication."""

from typing import Annotated

from fastapi import Depends

from services.chassis.wiring import Caller, Db, Reading, organization_of
from services.records.dependencies import PatientChanges, PatientReading, TheGate
from services.records.dependencies.encounters import SiteZoneReading
from services.records.encounters.logic import AttendedReads
from services.records.encounters.storage import EncounterQueries
from services.records.episodes.logic import StaysToPlan
from services.records.episodes.storage import EpisodeQueries
from services.records.medications.due import DueBeside, DueReads
from services.records.medications.logic import MedicationCommands, MedicationReads
from services.records.medications.storage import MedicationQueries, MedicationRows
from services.records.site_zones.logic import KnownSites
from services.records.site_zones.storage import SiteZoneRows


async def _medication_changes(db: Db, principal: Caller, gate: TheGate, patients: PatientChanges) -> MedicationCommands:
    organization_id = organization_of(principal)
    sites = KnownSites(SiteZoneRows(db, organization_id))
    return MedicationCommands(MedicationRows(db, organization_id), patients, sites, gate)


MedicationChanges = Annotated[MedicationCommands, Depends(_medication_changes)]


async def _medication_reading(
    read: Reading, gate: TheGate, patients: PatientReading, zones: SiteZoneReading
) -> MedicationReads:
    return MedicationReads(MedicationQueries(read), patients, zones, gate)


MedicationReading = Annotated[MedicationReads, Depends(_medication_reading)]


async def _due_reading(read: Reading, gate: TheGate, patients: PatientReading, zones: SiteZoneReading) -> DueReads:
    beside = DueBeside(zones, AttendedReads(EncounterQueries(read)), StaysToPlan(EpisodeQueries(read)))
    return DueReads(MedicationQueries(read), beside, patients, gate)


DueReading = Annotated[DueReads, Depends(_due_reading)]
