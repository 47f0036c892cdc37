"""Routes of closings."""

from typing import Final

from fastapi import APIRouter, status

from services.chassis.idempotency import IdempotentRoute
from services.chassis.paging import RequestedPage
from services.chassis.wiring import documented
from services.contracts.base import Page
from services.contracts.identifiers import ProgrammeClosingId
from services.contracts.records.programme_closings import (
    Disposition,
    DispositionRequest,
    ProgrammeClosing,
    ProgrammeClosingRequest,
)
from services.records.dependencies.programme_closings import Closings

router = APIRouter(prefix="/v1/programme_closings", tags=["programme_closings"], route_class=IdempotentRoute)
_ONE: Final = "/{programme_closing_id}"


@router.post(
    "",
    operation_id="create_programme_closing",
    status_code=status.HTTP_201_CREATED,
    responses=documented(409, 422),
)
async def create_programme_closing(request: ProgrammeClosingRequest, closings: Closings) -> ProgrammeClosing:
    """Say that the programme ends or is acquired, and who answers for its records; nothing else changes yet."""
    return await closings.open(request)


@router.get("", operation_id="list_programme_closings", responses=documented(422))
async def list_programme_closings(closings: Closings) -> Page[ProgrammeClosing]:
    """List the organization's closings, oldest first, all of them on one page."""
    return await closings.all()


@router.get(_ONE, operation_id="read_programme_closing", responses=documented(404, 422))
async def read_programme_closing(programme_closing_id: ProgrammeClosingId, closings: Closings) -> ProgrammeClosing:
    """Read where a closing stands, of how many records what is decided, and the label of what is kept."""
    return await closings.one(programme_closing_id)


@router.get(f"{_ONE}/dispositions", operation_id="list_dispositions", responses=documented(404, 422))
async def list_dispositions(
    programme_closing_id: ProgrammeClosingId, closings: Closings, page: RequestedPage
) -> Page[Disposition]:
    """List what is decided of each record, and from which day on it is to be destroyed (`eventide keys shred`)."""
    return await closings.dispositions(programme_closing_id, page)


@router.post(f"{_ONE}/dispositions", operation_id="create_dispositions", responses=documented(404, 409, 422))
async def create_dispositions(
    programme_closing_id: ProgrammeClosingId, request: DispositionRequest, closings: Closings
) -> ProgrammeClosing:
    """Decide what becomes of records: transferred by the patient's consent, kept as the law requires, or destroyed."""
    return await closings.dispose(programme_closing_id, request)


@router.post(f"{_ONE}:cancel", operation_id="cancel_programme_closing", responses=documented(404, 409, 422))
async def cancel_programme_closing(programme_closing_id: ProgrammeClosingId, closings: Closings) -> ProgrammeClosing:
    """Say that the programme goes on."""
    return await closings.cancel(programme_closing_id)


@router.post(f"{_ONE}:seal", operation_id="seal_programme_closing", responses=documented(404, 409, 422))
async def seal_programme_closing(programme_closing_id: ProgrammeClosingId, closings: Closings) -> ProgrammeClosing:
    """Seal the records once the last day is over: nobody reads or discloses any from now on, and nothing undoes it."""
    return await closings.seal(programme_closing_id)
