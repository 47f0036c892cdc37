"""Changes of modality over HTTP."""

from fastapi import APIRouter

from services.chassis.idempotency import IdempotentRoute
from services.chassis.wiring import BearerToken, documented
from services.contracts.identifiers import AppointmentId
from services.contracts.scheduler.modality_changes import (
    ModalityChange,
    ModalityChangePreview,
    ModalityChangeRequest,
)
from services.scheduler.dependencies.modality_changes import ModalityChanges

router = APIRouter(prefix="/v1/appointments", route_class=IdempotentRoute, tags=["modality-changes"])


@router.post(
    "/{appointment_id}:change_modality", operation_id="change_modality", responses=documented(404, 409, 422, 503)
)
async def change_modality(
    appointment_id: AppointmentId, request: ModalityChangeRequest, changes: ModalityChanges, token: BearerToken
) -> ModalityChange:
    """Let a session go on by telehealth, which frees its room, or come back into one."""
    return await changes.change(appointment_id, request, token)


@router.post(
    "/{appointment_id}:preview_modality", operation_id="preview_modality", responses=documented(404, 409, 422, 503)
)
async def preview_modality(
    appointment_id: AppointmentId, request: ModalityChangeRequest, changes: ModalityChanges, token: BearerToken
) -> ModalityChangePreview:
    """Show what is missing for a change, of whom, and what patients would be told; nothing is stored."""
    return await changes.preview(appointment_id, request, token)
