"""Wiring of counselling notes."""

from typing import Annotated

from fastapi import Depends

from services.chassis.wiring import Caller, Db, Reading, organization_of
from services.records.counselling_notes.logic import CounsellingNoteCommands, CounsellingNoteReads
from services.records.counselling_notes.storage import CounsellingNoteQueries, CounsellingNoteRows
from services.records.dependencies import PatientChanges, PatientReading, TheGate, TheRootKeys


async def _counselling_note_changes(
    db: Db, principal: Caller, patients: PatientChanges, gate: TheGate, root: TheRootKeys
) -> CounsellingNoteCommands:
    return CounsellingNoteCommands(CounsellingNoteRows(db, root, organization_of(principal)), patients, gate)


async def _counselling_note_reading(
    read: Reading, patients: PatientReading, gate: TheGate, root: TheRootKeys
) -> CounsellingNoteReads:
    return CounsellingNoteReads(CounsellingNoteQueries(read, root), patients, gate)


CounsellingNoteChanges = Annotated[CounsellingNoteCommands, Depends(_counselling_note_changes)]
CounsellingNoteReading = Annotated[CounsellingNoteReads, Depends(_counselling_note_reading)]
