"""Wiring of draw programmes and drug tests."""

from typing import Annotated

from fastapi import Depends

from services.chassis.wiring import Caller, Db, Reading, organization_of
from services.records.dependencies import PatientChanges, PatientReading, TheGate
from services.records.draw_programmes.logic import DrawProgrammeCommands, DrawProgrammeReads
from services.records.draw_programmes.storage import DrawProgrammeQueries, DrawProgrammeRows


async def _draw_programme_changes(
    db: Db, principal: Caller, gate: TheGate, patients: PatientChanges
) -> DrawProgrammeCommands:
    return DrawProgrammeCommands(DrawProgrammeRows(db, organization_of(principal)), patients, gate)


DrawProgrammeChanges = Annotated[DrawProgrammeCommands, Depends(_draw_programme_changes)]


async def _draw_programme_reading(read: Reading, gate: TheGate, patients: PatientReading) -> DrawProgrammeReads:
    return DrawProgrammeReads(DrawProgrammeQueries(read), patients, gate)


DrawProgrammeReading = Annotated[DrawProgrammeReads, Depends(_draw_programme_reading)]
