"""Routes of relapse-prevention plans."""

from fastapi import APIRouter, Response

from services.chassis.idempotency import IdempotentRoute
from services.chassis.wiring import ExpectedVersion, documented, entity_tag
from services.contracts.base import Page
from services.contracts.identifiers import PatientId
from services.contracts.records.recovery import RelapsePreventionPlan, RelapsePreventionRequest
from services.records.dependencies.recovery import RelapsePlanChanges, RelapsePlanReading

router = APIRouter(prefix="/v1", tags=["recovery support"], route_class=IdempotentRoute)
_PLAN = "/patients/{patient_id}/relapse_prevention_plan"


@router.put(_PLAN, operation_id="put_relapse_prevention_plan", responses=documented(404, 412, 422, 428))
async def put_relapse_prevention_plan(
    patient_id: PatientId,
    request: RelapsePreventionRequest,
    plans: RelapsePlanChanges,
    version: ExpectedVersion,
    response: Response,
) -> RelapsePreventionPlan:
    """Write a version of the patient's plan; If-Match names the one that was read, the first needs none."""
    plan = await plans.put(patient_id, request, version)
    response.headers["etag"] = entity_tag(plan.version)
    return plan


@router.get(_PLAN, operation_id="read_relapse_prevention_plan", responses=documented(404, 422))
async def read_relapse_prevention_plan(
    patient_id: PatientId, plans: RelapsePlanReading, response: Response
) -> RelapsePreventionPlan:
    """Read the newest version of the patient's plan."""
    plan = await plans.newest(patient_id)
    response.headers["etag"] = entity_tag(plan.version)
    return plan


@router.get(f"{_PLAN}/versions", operation_id="list_relapse_prevention_plan_versions", responses=documented(404, 422))
async def list_relapse_prevention_plan_versions(
    patient_id: PatientId, plans: RelapsePlanReading
) -> Page[RelapsePreventionPlan]:
    """List every version of the patient's plan, newest first, all of them on one page."""
    return await plans.versions(patient_id)
