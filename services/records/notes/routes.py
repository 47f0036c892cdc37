"""Routes of progress notes, of group notes, and of what is not documented yet."""

from typing import Annotated

from fastapi import APIRouter, Query, Response, status

from services.chassis.idempotency import IdempotentRoute
from services.chassis.paging import RequestedPage
from services.chassis.wiring import RequiredVersion, documented, entity_tag
from services.contracts.base import Day, Page
from services.contracts.identifiers import EncounterId, NoteId, PatientId, SiteId
from services.contracts.records.notes import (
    DeliveredService,
    GroupNote,
    GroupNoteRequest,
    Note,
    NoteAmendment,
    NoteText,
    OpenNote,
)
from services.records.dependencies.notes import GroupNoteChanges, NoteChanges, NoteReading, ServiceReading

router = APIRouter(prefix="/v1", tags=["notes"], route_class=IdempotentRoute)


@router.post(
    "/encounters/{encounter_id}/notes",
    operation_id="create_note",
    status_code=status.HTTP_201_CREATED,
    responses=documented(404, 409, 422),
)
async def create_note(encounter_id: EncounterId, request: NoteText, notes: NoteChanges, response: Response) -> Note:
    """Draft your note of a session; until you sign it nobody else sees it."""
    note = await notes.create(encounter_id, request)
    response.headers["location"] = f"/v1/notes/{note.id}"
    return _tagged(note, response)


@router.post(
    "/group_notes",
    operation_id="create_group_note",
    status_code=status.HTTP_201_CREATED,
    responses=documented(404, 409, 422),
)
async def create_group_note(request: GroupNoteRequest, notes: GroupNoteChanges) -> GroupNote:
    """Draft one note for each member of a group session, with the group's part and their own, and nobody else in it."""
    return await notes.create(request)


@router.put("/notes/{note_id}", operation_id="put_note_draft", responses=documented(404, 409, 412, 422, 428))
async def put_note_draft(
    note_id: NoteId, request: NoteText, version: RequiredVersion, notes: NoteChanges, response: Response
) -> Note:
    """Write your draft anew."""
    return _tagged(await notes.redraft(note_id, request, version), response)


@router.post("/notes/{note_id}:sign", operation_id="sign_note", responses=documented(404, 409, 412, 422, 428))
async def sign_note(note_id: NoteId, version: RequiredVersion, notes: NoteChanges, response: Response) -> Note:
    """Sign the draft that you read; from then on it is never changed, only amended."""
    return _tagged(await notes.sign(note_id, version), response)


@router.post("/notes/{note_id}:cosign", operation_id="cosign_note", responses=documented(404, 409, 412, 422, 428))
async def cosign_note(note_id: NoteId, version: RequiredVersion, notes: NoteChanges, response: Response) -> Note:
    """Answer for a supervisee's signed note, in the version that you read."""
    return _tagged(await notes.cosign(note_id, version), response)


@router.post("/notes/{note_id}:amend", operation_id="amend_note", responses=documented(404, 409, 412, 422, 428))
async def amend_note(
    note_id: NoteId, request: NoteAmendment, version: RequiredVersion, notes: NoteChanges, response: Response
) -> Note:
    """Sign another version of your note, with a reason; what was signed before stays beside it."""
    return _tagged(await notes.amend(note_id, request, version), response)


@router.get("/notes/{note_id}", operation_id="read_note", responses=documented(404, 422))
async def read_note(note_id: NoteId, notes: NoteReading, response: Response) -> Note:
    """Read a note in the newest version that was signed, or your draft."""
    return _tagged(await notes.one(note_id), response)


@router.get("/notes/{note_id}/versions", operation_id="list_note_versions", responses=documented(404, 422))
async def list_note_versions(note_id: NoteId, notes: NoteReading) -> Page[Note]:
    """List every version that was signed, newest first, all of them on one page."""
    return await notes.versions(note_id)


@router.get("/patients/{patient_id}/notes", operation_id="list_notes", responses=documented(404, 422))
async def list_notes(patient_id: PatientId, notes: NoteReading, page: RequestedPage) -> Page[Note]:
    """List the patient's signed notes, and your own drafts, oldest first."""
    return await notes.page(patient_id, page)


@router.get("/sites/{site_id}/undocumented_sessions", operation_id="list_undocumented", responses=documented(422))
async def list_undocumented(site_id: SiteId, services: ServiceReading, page: RequestedPage) -> Page[OpenNote]:
    """List the attended sessions that lack a signature, of those at a site whom you treat, with their deadlines."""
    return await services.undocumented(site_id, page)


@router.get(
    "/patients/{patient_id}/delivered_services", operation_id="list_delivered_services", responses=documented(404, 422)
)
async def list_delivered_services(
    patient_id: PatientId,
    services: ServiceReading,
    week: Annotated[Day, Query(description="The Monday of the week.")],
) -> Page[DeliveredService]:
    """List what the patient attended in a week, and what of it is a completed service: unsigned is not."""
    return await services.delivered(patient_id, week)


def _tagged(note: Note, response: Response) -> Note:
    response.headers["etag"] = entity_tag(note.version)
    return note
