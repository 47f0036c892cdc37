"""Commitments over HTTP."""

from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import AfterValidator, AwareDatetime

from services.chassis.idempotency import IdempotentRoute
from services.chassis.paging import RequestedPage
from services.chassis.wiring import BearerToken, documented
from services.contracts.base import Page
from services.contracts.identifiers import CommitmentSourceId, PatientId
from services.contracts.scheduler.commitments import Commitment, CommitmentSource
from services.scheduler.dependencies import Commitments, CommitmentsRead
from services.scheduler.errors import NotACalendarTypeError

router = APIRouter(route_class=IdempotentRoute, tags=["commitments"])

_FIRST_YEAR: Final = 1970
_LAST_YEAR: Final = 2200
_CALENDAR_BODY: Final = {
    "requestBody": {
        "required": True,
        "description": "An iCalendar document (RFC 5545), at most 5 MiB.",
        "content": {"text/calendar": {"schema": {"type": "string"}}},
    }
}


def _within_reach(instant: datetime) -> datetime:
    # Beyond these years an offset can lead out of what a timestamp holds.
    if not _FIRST_YEAR <= instant.year <= _LAST_YEAR:
        raise ValueError(f"must lie in the years {_FIRST_YEAR} to {_LAST_YEAR}")
    return instant


Instant = Annotated[AwareDatetime, AfterValidator(_within_reach)]


async def _calendar_document(request: Request) -> bytes:
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "text/calendar":
        raise NotACalendarTypeError
    return await request.body()


@router.post(
    "/v1/patients/{patient_id}/commitment_sources",
    operation_id="import_calendar",
    status_code=HTTPStatus.CREATED,
    responses={**documented(404, 413, 415, 422, 503), 200: {"model": CommitmentSource}},
    openapi_extra=_CALENDAR_BODY,
)
async def import_calendar(
    patient_id: PatientId,
    document: Annotated[bytes, Depends(_calendar_document)],
    commitments: Commitments,
    token: BearerToken,
    response: Response,
) -> CommitmentSource:
    """Import a calendar: its busy times are kept, its titles never; the same document again answers 200."""
    source, is_new = await commitments.import_calendar(patient_id, document, token)
    response.status_code = HTTPStatus.CREATED if is_new else HTTPStatus.OK
    response.headers["Location"] = f"/v1/patients/{patient_id}/commitment_sources/{source.id}"
    return source


@router.get(
    "/v1/patients/{patient_id}/commitment_sources", operation_id="list_commitment_sources", responses=documented(422)
)
async def list_commitment_sources(
    patient_id: PatientId, commitments: CommitmentsRead, page: RequestedPage
) -> Page[CommitmentSource]:
    """List the calendars imported for a patient."""
    return await commitments.page_of_sources(patient_id, page)


@router.delete(
    "/v1/patients/{patient_id}/commitment_sources/{source_id}",
    operation_id="delete_commitment_source",
    status_code=HTTPStatus.NO_CONTENT,
    responses=documented(404, 422),
)
async def delete_commitment_source(
    patient_id: PatientId, source_id: CommitmentSourceId, commitments: Commitments
) -> None:
    """Forget a calendar and the busy times that came with it."""
    await commitments.delete_source(patient_id, source_id)


@router.get("/v1/patients/{patient_id}/commitments", operation_id="list_commitments", responses=documented(422))
async def list_commitments(
    patient_id: PatientId,
    commitments: CommitmentsRead,
    page: RequestedPage,
    start: Annotated[Instant, Query(description="First instant, RFC 3339 with an offset.")],
    end: Annotated[Instant, Query(description="The instant after the last.")],
) -> Page[Commitment]:
    """List when a patient is busy between two instants."""
    return await commitments.page(patient_id, start, end, page)
