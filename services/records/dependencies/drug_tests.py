"""Wiring of draw programmes and drug tests."""

from typing import Annotated

from fastapi import Depends

from services.chassis.wiring import Caller, Db, Reading, organization_of
from services.records.dependencies import PatientChanges, PatientReading, TheGate
from services.records.dependencies.encounters import SiteZoneReading
from services.records.draw_programmes.logic import DrawProgrammeCommands, DrawProgrammeReads
from services.records.draw_programmes.storage import DrawProgrammeQueries, DrawProgrammeRows
from services.records.drug_tests.at_site import Beside, SiteTestReads
from services.records.drug_tests.logic import DrugTestCommands, DrugTestReads
from services.records.drug_tests.storage import DrugTestQueries, DrugTestRows
from services.records.episodes.logic import StaysToPlan
from services.records.episodes.storage import EpisodeQueries
from services.records.medications.logic import Prescriptions
from services.records.medications.storage import MedicationRows


async def _draw_programme_changes(
    db: Db, principal: Caller, gate: TheGate, patients: PatientChanges
) -> DrawProgrammeCommands:
    return DrawProgrammeCommands(DrawProgrammeRows(db, organization_of(principal)), patients, gate)


DrawProgrammeChanges = Annotated[DrawProgrammeCommands, Depends(_draw_programme_changes)]


async def _draw_programme_reading(read: Reading, gate: TheGate, patients: PatientReading) -> DrawProgrammeReads:
    return DrawProgrammeReads(DrawProgrammeQueries(read), StaysToPlan(EpisodeQueries(read)), patients, gate)


DrawProgrammeReading = Annotated[DrawProgrammeReads, Depends(_draw_programme_reading)]


async def _drug_test_changes(
    db: Db, principal: Caller, gate: TheGate, programmes: DrawProgrammeChanges, patients: PatientChanges
) -> DrugTestCommands:
    organization_id = organization_of(principal)
    beside = programmes, Prescriptions(MedicationRows(db, organization_id))
    return DrugTestCommands(DrugTestRows(db, organization_id), beside, patients, gate)


DrugTestChanges = Annotated[DrugTestCommands, Depends(_drug_test_changes)]


async def _drug_test_reading(read: Reading, gate: TheGate, patients: PatientReading) -> DrugTestReads:
    return DrugTestReads(DrugTestQueries(read), patients, gate)


DrugTestReading = Annotated[DrugTestReads, Depends(_drug_test_reading)]


async def _site_test_reading(
    read: Reading, gate: TheGate, patients: PatientReading, programmes: DrawProgrammeReading, zones: SiteZoneReading
) -> SiteTestReads:
    return SiteTestReads(DrugTestQueries(read), Beside(programmes, zones), patients, gate)


SiteTestReading = Annotated[SiteTestReads, Depends(_site_test_reading)]
