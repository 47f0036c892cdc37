"""Routes of counselling notes: their author's, and nobody else's."""

from fastapi import APIRouter, Response, status

from services.chassis.idempotency import IdempotentRoute
from services.chassis.wiring import RequiredVersion, documented, entity_tag
from services.contracts.base import Page
from services.contracts.identifiers import CounsellingNoteId, PatientId
from services.contracts.records.counselling_notes import (
    CounsellingNote,
    CounsellingNoteHead,
    CounsellingNoteRequest,
)
from services.records.dependencies.counselling_notes import CounsellingNoteChanges, CounsellingNoteReading

router = APIRouter(prefix="/v1", tags=["counselling notes"], route_class=IdempotentRoute)

_OF_PATIENT = "/patients/{patient_id}/counselling_notes"


@router.post(
    _OF_PATIENT,
    operation_id="create_counselling_note",
    status_code=status.HTTP_201_CREATED,
    responses=documented(404, 422),
)
async def create_counselling_note(
    patient_id: PatientId, request: CounsellingNoteRequest, notes: CounsellingNoteChanges, response: Response
) -> CounsellingNoteHead:
    """Keep a note apart from the record (42 CFR 2.11); nobody but you reads it, and the answer does not repeat it."""
    head = await notes.create(patient_id, request)
    response.headers["location"] = f"/v1/counselling_notes/{head.id}"
    response.headers["etag"] = entity_tag(head.version)
    return head


@router.get(_OF_PATIENT, operation_id="list_own_counselling_notes", responses=documented(404, 422))
async def list_own_counselling_notes(patient_id: PatientId, notes: CounsellingNoteReading) -> Page[CounsellingNoteHead]:
    """List which notes you keep about the patient, without what they say, all of them on one page."""
    return await notes.own(patient_id)


@router.get("/counselling_notes/{note_id}", operation_id="read_counselling_note", responses=documented(404, 422))
async def read_counselling_note(
    note_id: CounsellingNoteId, notes: CounsellingNoteReading, response: Response
) -> CounsellingNote:
    """Read a note of your own."""
    note = await notes.one(note_id)
    response.headers["etag"] = entity_tag(note.version)
    return note


@router.put(
    "/counselling_notes/{note_id}", operation_id="put_counselling_note", responses=documented(404, 412, 422, 428)
)
async def put_counselling_note(
    note_id: CounsellingNoteId,
    request: CounsellingNoteRequest,
    version: RequiredVersion,
    notes: CounsellingNoteChanges,
    response: Response,
) -> CounsellingNoteHead:
    """Write another version of a note of your own; the earlier one is kept."""
    head = await notes.write(note_id, request, version)
    response.headers["etag"] = entity_tag(head.version)
    return head
