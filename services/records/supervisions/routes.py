"""Routes of supervision."""

from fastapi import APIRouter, status

from services.chassis.idempotency import IdempotentRoute
from services.chassis.paging import RequestedPage
from services.chassis.wiring import documented
from services.contracts.base import Page
from services.contracts.identifiers import SupervisionId
from services.contracts.records.supervisions import Supervision, SupervisionRequest
from services.records.dependencies.notes import SupervisionChanges, SupervisionReading

router = APIRouter(prefix="/v1", tags=["notes"], route_class=IdempotentRoute)


@router.post(
    "/supervisions",
    operation_id="create_supervision",
    status_code=status.HTTP_201_CREATED,
    responses=documented(409, 422),
)
async def create_supervision(request: SupervisionRequest, supervisions: SupervisionChanges) -> Supervision:
    """Let the notes of a trainee or associate need their supervisor's co-signature from now on."""
    return await supervisions.create(request)


@router.get("/supervisions", operation_id="list_supervisions", responses=documented(422))
async def list_supervisions(supervisions: SupervisionReading, page: RequestedPage) -> Page[Supervision]:
    """List who supervises and supervised whom, oldest first."""
    return await supervisions.page(page)


@router.post("/supervisions/{supervision_id}:end", operation_id="end_supervision", responses=documented(404, 409, 422))
async def end_supervision(supervision_id: SupervisionId, supervisions: SupervisionChanges) -> Supervision:
    """End a supervision; notes that were signed under it still need their co-signature."""
    return await supervisions.end(supervision_id)
