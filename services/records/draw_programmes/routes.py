"""Routes of draw programmes and of the evidence that verifies them."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Response, status

from services.chassis.idempotency import IdempotentRoute
from services.chassis.wiring import RequiredVersion, authorized_caller, documented, entity_tag
from services.contracts.base import Page
from services.contracts.identifiers import DrawProgrammeId, PatientId
from services.contracts.records.draw_programmes import (
    DrawEvidence,
    DrawPreview,
    DrawProgramme,
    DrawProgrammeEnd,
    DrawTerms,
)
from services.records.dependencies.drug_tests import DrawProgrammeChanges, DrawProgrammeReading
from services.records.draw_programmes.logic import preview

router = APIRouter(prefix="/v1", tags=["draw programmes"], route_class=IdempotentRoute)
_CREATED = status.HTTP_201_CREATED
_OF_PATIENT = "/patients/{patient_id}/draw_programmes"


@router.post(
    _OF_PATIENT, operation_id="create_draw_programme", status_code=_CREATED, responses=documented(404, 409, 422)
)
async def create_draw_programme(
    patient_id: PatientId, request: DrawTerms, programmes: DrawProgrammeChanges, response: Response
) -> DrawProgramme:
    """Begin to draw test days; hand the document and its commitment to the patient before the first day."""
    return _tagged(await programmes.create(patient_id, request), response)


@router.get(_OF_PATIENT, operation_id="list_draw_programmes", responses=documented(404, 422))
async def list_draw_programmes(patient_id: PatientId, programmes: DrawProgrammeReading) -> Page[DrawProgramme]:
    """List every version of the patient's programmes, oldest first, all of them on one page."""
    return await programmes.of_patient(patient_id)


@router.post(
    "/draw_programmes:preview",
    operation_id="preview_draw_programme",
    responses=documented(422),
    dependencies=[Depends(authorized_caller)],
)
async def preview_draw_programme(request: DrawTerms) -> DrawPreview:
    """Tell how predictable a programme would be and which standards it would keep; nothing of it is kept."""
    return preview(request)


@router.put(
    "/draw_programmes/{programme_id}",
    operation_id="put_draw_programme",
    responses=documented(404, 409, 412, 422, 428),
)
async def put_draw_programme(
    programme_id: DrawProgrammeId,
    request: DrawTerms,
    version: RequiredVersion,
    programmes: DrawProgrammeChanges,
    response: Response,
) -> DrawProgramme:
    """Go on with other terms from a day on, under a key and a commitment of their own."""
    return _tagged(await programmes.change(programme_id, request, version), response)


@router.post(
    "/draw_programmes/{programme_id}:end", operation_id="end_draw_programme", responses=documented(404, 409, 422)
)
async def end_draw_programme(
    programme_id: DrawProgrammeId, request: DrawProgrammeEnd, programmes: DrawProgrammeChanges, response: Response
) -> DrawProgramme:
    """End a programme after a day that is not over yet."""
    return _tagged(await programmes.end(programme_id, request), response)


@router.get(
    "/draw_programmes/{programme_id}/versions/{version}/evidence",
    operation_id="read_draw_evidence",
    responses=documented(404, 422),
)
async def read_draw_evidence(
    programme_id: DrawProgrammeId, version: Annotated[int, Path(ge=1, le=9999)], programmes: DrawProgrammeReading
) -> DrawEvidence:
    """Read what anyone needs to verify every draw that has been released (docs/draws.md)."""
    return await programmes.evidence(programme_id, version)


def _tagged(programme: DrawProgramme, response: Response) -> DrawProgramme:
    response.headers["etag"] = entity_tag(programme.version)
    return programme
