"""Wiring of notes, and of the supervision and the documentation standards that they depend on."""

from typing import Annotated

from fastapi import Depends

from services.chassis.database import Read, driver_connection
from services.chassis.wiring import Caller, Db, Reading, organization_of
from services.records.dependencies import PatientChanges, PatientReading, TheGate
from services.records.documentation.logic import DocumentationCommands, DocumentationReads, Standards
from services.records.documentation.storage import DocumentationQueries, DocumentationRows
from services.records.encounters.logic import Sessions
from services.records.encounters.storage import EncounterRows
from services.records.notes.group import GroupNoteCommands
from services.records.notes.logic import Around, NoteCommands
from services.records.notes.reading import NoteReads, ServiceReads
from services.records.notes.service_storage import ServiceQueries
from services.records.notes.storage import NoteQueries, NoteRows
from services.records.supervisions.logic import SupervisionCommands, SupervisionReads, Supervisors
from services.records.supervisions.storage import SupervisionQueries, SupervisionRows


async def _documentation_changes(db: Db, principal: Caller, gate: TheGate) -> DocumentationCommands:
    return DocumentationCommands(DocumentationRows(db, organization_of(principal)), gate)


async def _documentation_reading(read: Reading, gate: TheGate) -> DocumentationReads:
    return DocumentationReads(DocumentationQueries(read), gate)


async def _supervision_changes(db: Db, principal: Caller, gate: TheGate) -> SupervisionCommands:
    return SupervisionCommands(SupervisionRows(db, organization_of(principal)), gate)


async def _supervision_reading(read: Reading, gate: TheGate) -> SupervisionReads:
    return SupervisionReads(SupervisionQueries(read), gate)


async def _around(db: Db, principal: Caller) -> Around:
    organization_id = organization_of(principal)
    return Around(
        Sessions(EncounterRows(db, organization_id)),
        Supervisors(SupervisionRows(db, organization_id)),
        Standards(DocumentationQueries(Read(await driver_connection(db)))),
    )


TheAround = Annotated[Around, Depends(_around)]


async def _note_changes(
    db: Db, principal: Caller, patients: PatientChanges, around: TheAround, gate: TheGate
) -> NoteCommands:
    return NoteCommands(NoteRows(db, organization_of(principal)), patients, around, gate)


NoteChanges = Annotated[NoteCommands, Depends(_note_changes)]


async def _group_note_changes(
    notes: NoteChanges, patients: PatientChanges, around: TheAround, gate: TheGate
) -> GroupNoteCommands:
    return GroupNoteCommands(notes, patients, around.sessions, gate)


async def _note_reading(read: Reading, patients: PatientReading, gate: TheGate) -> NoteReads:
    return NoteReads(NoteQueries(read), patients, gate)


async def _service_reading(read: Reading, patients: PatientReading, gate: TheGate) -> ServiceReads:
    return ServiceReads(ServiceQueries(read), patients, Standards(DocumentationQueries(read)), gate)


DocumentationChanges = Annotated[DocumentationCommands, Depends(_documentation_changes)]
DocumentationReading = Annotated[DocumentationReads, Depends(_documentation_reading)]
SupervisionChanges = Annotated[SupervisionCommands, Depends(_supervision_changes)]
SupervisionReading = Annotated[SupervisionReads, Depends(_supervision_reading)]
GroupNoteChanges = Annotated[GroupNoteCommands, Depends(_group_note_changes)]
NoteReading = Annotated[NoteReads, Depends(_note_reading)]
ServiceReading = Annotated[ServiceReads, Depends(_service_reading)]
