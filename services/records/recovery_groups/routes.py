"""Routes of wishes to be in peer and alumni groups."""

from typing import Annotated

from fastapi import APIRouter, Query, status

from services.chassis.idempotency import IdempotentRoute
from services.chassis.wiring import documented
from services.contracts.identifiers import PatientId, SiteId
from services.contracts.records.recovery_groups import (
    RecoveryGroup,
    RecoveryGroupChoice,
    RecoveryGroupChoiceRequest,
    RecoveryGroupChoices,
    RecoveryGroupMembers,
)
from services.records.dependencies.recovery import RecoveryGroupChanges, RecoveryGroupReading

router = APIRouter(prefix="/v1", tags=["recovery support"], route_class=IdempotentRoute)
_OF_PATIENT = "/patients/{patient_id}/recovery_group_choices"


@router.post(
    _OF_PATIENT,
    operation_id="create_recovery_group_choice",
    status_code=status.HTTP_201_CREATED,
    responses=documented(404, 409, 422),
)
async def create_recovery_group_choice(
    patient_id: PatientId, request: RecoveryGroupChoiceRequest, groups: RecoveryGroupChanges
) -> RecoveryGroupChoice:
    """Write down that the patient wishes to be in a peer or alumni group, or no longer; nothing else depends on it."""
    return await groups.choose(patient_id, request)


@router.get(_OF_PATIENT, operation_id="list_recovery_group_choices", responses=documented(404, 422))
async def list_recovery_group_choices(patient_id: PatientId, groups: RecoveryGroupReading) -> RecoveryGroupChoices:
    """Read which groups the patient wishes to be in, and every choice before; all of it on one page."""
    return await groups.of_patient(patient_id)


@router.get(
    "/sites/{site_id}/recovery_group_members", operation_id="list_recovery_group_members", responses=documented(422)
)
async def list_recovery_group_members(
    site_id: SiteId, groups: RecoveryGroupReading, group: Annotated[RecoveryGroup, Query()]
) -> RecoveryGroupMembers:
    """List who of a site has opted in to a group and not out again, in treatment or after it."""
    return await groups.members(site_id, group)
