"""Commitments over HTTP."""

from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import AfterValidator, AwareDatetime

from services.chassis.idempotency import IdempotentRoute
from services.chassis.paging import RequestedPage
from services.chassis.wiring import BearerToken, RequiredVersion, documented, entity_tag
from services.contracts.base import Page
from services.contracts.identifiers import CommitmentSourceId, PatientId, SiteId
from services.contracts.scheduler.commitments import (
    Commitment,
    CommitmentEntry,
    CommitmentPreview,
    CommitmentSource,
    ImportedSource,
    OpenCollision,
    SourceStatus,
    SubscriptionRequest,
)
from services.scheduler.dependencies.calendars import (
    Collisions,
    Commitments,
    CommitmentsRead,
    Previews,
    SubscriptionPreview,
    Subscriptions,
)
from services.scheduler.errors import NotACalendarTypeError

router = APIRouter(route_class=IdempotentRoute, tags=["commitments"])

_SOURCES: Final = "/v1/patients/{patient_id}/commitment_sources"
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


Document = Annotated[bytes, Depends(_calendar_document)]


def _describe(response: Response, source: CommitmentSource) -> None:
    response.headers["Location"] = f"/v1/patients/{source.patient_id}/commitment_sources/{source.id}"
    response.headers["ETag"] = entity_tag(source.revision)


@router.post(
    _SOURCES,
    operation_id="import_calendar",
    status_code=HTTPStatus.CREATED,
    responses={**documented(404, 413, 415, 422, 503), 200: {"model": ImportedSource}},
    openapi_extra=_CALENDAR_BODY,
)
async def import_calendar(
    patient_id: PatientId, document: Document, commitments: Commitments, token: BearerToken, response: Response
) -> ImportedSource:
    """Import a calendar: its busy times are kept, its titles never; the same document again answers 200."""
    source, is_new = await commitments.import_calendar(patient_id, document, token)
    response.status_code = HTTPStatus.CREATED if is_new else HTTPStatus.OK
    _describe(response, source)
    return source


@router.post(
    f"{_SOURCES}:preview",
    operation_id="preview_calendar",
    responses=documented(404, 413, 415, 422, 503),
    openapi_extra=_CALENDAR_BODY,
)
async def preview_calendar(
    patient_id: PatientId, document: Document, previews: Previews, token: BearerToken
) -> CommitmentPreview:
    """Tell what a calendar says, what of it was not understood and what it collides with; nothing is kept."""
    return await previews.calendar(patient_id, document, token)


@router.post(
    f"{_SOURCES}:enter",
    operation_id="enter_commitments",
    status_code=HTTPStatus.CREATED,
    responses=documented(404, 422, 503),
)
async def enter_commitments(
    patient_id: PatientId, entry: CommitmentEntry, commitments: Commitments, token: BearerToken, response: Response
) -> ImportedSource:
    """Enter a usual week and the days that differ, in wall time of the patient's site."""
    source = await commitments.enter(patient_id, entry, token)
    _describe(response, source)
    return source


@router.post(f"{_SOURCES}:preview_entry", operation_id="preview_entry", responses=documented(404, 422, 503))
async def preview_entry(
    patient_id: PatientId, entry: CommitmentEntry, previews: Previews, token: BearerToken
) -> CommitmentPreview:
    """Tell what an entry means and what it collides with; nothing is kept."""
    return await previews.entry(patient_id, entry, token)


@router.post(
    f"{_SOURCES}:subscribe",
    operation_id="subscribe_calendar",
    status_code=HTTPStatus.CREATED,
    responses=documented(404, 422, 503),
)
async def subscribe_calendar(
    patient_id: PatientId,
    request: SubscriptionRequest,
    subscriptions: Subscriptions,
    token: BearerToken,
    response: Response,
) -> CommitmentSource:
    """Subscribe to a calendar: it is read soon and then again and again; its address is never shown again."""
    source = await subscriptions.subscribe(patient_id, request, token)
    _describe(response, source)
    return source


@router.post(
    f"{_SOURCES}:preview_subscription", operation_id="preview_subscription", responses=documented(404, 422, 503)
)
async def preview_subscription(
    patient_id: PatientId, request: SubscriptionRequest, previews: SubscriptionPreview, token: BearerToken
) -> CommitmentPreview:
    """Read a calendar where it is, and tell what it says and what it collides with; nothing is kept."""
    return await previews.preview(patient_id, request, token)


@router.post(
    f"{_SOURCES}/{{source_id}}:sync",
    operation_id="sync_commitment_source",
    status_code=HTTPStatus.ACCEPTED,
    responses=documented(404, 409, 422, 429),
)
async def sync_commitment_source(
    patient_id: PatientId, source_id: CommitmentSourceId, subscriptions: Subscriptions
) -> CommitmentSource:
    """Have a source read at once; `polling` says when it was."""
    return await subscriptions.sync(patient_id, source_id)


@router.get(_SOURCES, operation_id="list_commitment_sources", responses=documented(422))
async def list_commitment_sources(
    patient_id: PatientId, commitments: CommitmentsRead, page: RequestedPage
) -> Page[CommitmentSource]:
    """List the sources of a patient's commitments."""
    return await commitments.page_of_sources(patient_id, page)


@router.get(f"{_SOURCES}/{{source_id}}", operation_id="read_commitment_source", responses=documented(404, 422))
async def read_commitment_source(
    patient_id: PatientId, source_id: CommitmentSourceId, commitments: CommitmentsRead, response: Response
) -> CommitmentSource:
    """Read a source: when it was last read, and what was not understood."""
    source = await commitments.source(patient_id, source_id)
    _describe(response, source)
    return source


@router.delete(
    f"{_SOURCES}/{{source_id}}",
    operation_id="delete_commitment_source",
    status_code=HTTPStatus.NO_CONTENT,
    responses=documented(404, 422),
)
async def delete_commitment_source(
    patient_id: PatientId, source_id: CommitmentSourceId, commitments: Commitments
) -> None:
    """Forget a source and the busy times that came with it."""
    await commitments.delete_source(patient_id, source_id)


@router.post(
    f"{_SOURCES}/{{source_id}}:disable", operation_id="disable_commitment_source", responses=documented(404, 422)
)
async def disable_commitment_source(
    patient_id: PatientId, source_id: CommitmentSourceId, commitments: Commitments
) -> CommitmentSource:
    """Set a source aside: its busy times do not count until it is enabled again."""
    return await commitments.set_status(patient_id, source_id, SourceStatus.DISABLED)


@router.post(
    f"{_SOURCES}/{{source_id}}:enable", operation_id="enable_commitment_source", responses=documented(404, 422)
)
async def enable_commitment_source(
    patient_id: PatientId, source_id: CommitmentSourceId, commitments: Commitments
) -> CommitmentSource:
    """Let the busy times of a source count again."""
    return await commitments.set_status(patient_id, source_id, SourceStatus.ACTIVE)


@router.get(f"{_SOURCES}/{{source_id}}/entry", operation_id="read_commitment_entry", responses=documented(404, 422))
async def read_commitment_entry(
    patient_id: PatientId, source_id: CommitmentSourceId, commitments: CommitmentsRead, response: Response
) -> CommitmentEntry:
    """Read what was entered by hand; its ETag is the source's."""
    revision, entry = await commitments.entry(patient_id, source_id)
    response.headers["ETag"] = entity_tag(revision)
    return entry


@router.put(
    f"{_SOURCES}/{{source_id}}/entry",
    operation_id="replace_commitment_entry",
    responses=documented(404, 412, 422, 428, 503),
)
async def replace_commitment_entry(
    patient_id: PatientId,
    source_id: CommitmentSourceId,
    entry: CommitmentEntry,
    *,
    version: RequiredVersion,
    commitments: Commitments,
    token: BearerToken,
    response: Response,
) -> ImportedSource:
    """Replace what was entered by hand, on the revision that If-Match names."""
    source = await commitments.replace_entry(patient_id, source_id, entry, token, expected_revision=version)
    _describe(response, source)
    return source


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


@router.get("/v1/patients/{patient_id}/collisions", operation_id="list_patient_collisions", responses=documented(422))
async def list_patient_collisions(
    patient_id: PatientId, collisions: Collisions, page: RequestedPage
) -> Page[OpenCollision]:
    """List the commitments of a patient that lie over published sessions of the same patient."""
    return await collisions.page_of_patient(patient_id, page)


@router.get("/v1/sites/{site_id}/collisions", operation_id="list_site_collisions", responses=documented(404, 422))
async def list_site_collisions(site_id: SiteId, collisions: Collisions, page: RequestedPage) -> Page[OpenCollision]:
    """List the commitments that lie over published sessions of a site, until the week or the commitment is another."""
    return await collisions.page_of_site(site_id, page)
