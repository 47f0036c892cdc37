"""Routes of treatment plans, and of what the scheduler reads of them."""

from typing import Annotated

from fastapi import APIRouter, Query, Response, status

from services.chassis.idempotency import IdempotentRoute
from services.chassis.wiring import ExpectedVersion, documented, entity_tag
from services.contracts.base import Day, Page
from services.contracts.identifiers import PatientId, SiteId
from services.contracts.records.level_findings import LevelFindings
from services.contracts.records.treatment_plans import (
    HorizonRequirements,
    NoContact,
    NoContactRequest,
    PatientRequirement,
    PatientSeating,
    TreatmentPlan,
    TreatmentPlanRequest,
    TreatmentPlanVersion,
    WeekRequirements,
)
from services.contracts.scheduler.sites import ZoneName
from services.records.dependencies import NoContactChanges, TreatmentPlanChanges, TreatmentPlanReading
from services.records.dependencies.intake import LevelFindingReading

router = APIRouter(prefix="/v1", tags=["treatment plans"], route_class=IdempotentRoute)

_PLAN = "/patients/{patient_id}/treatment_plan"


@router.put(
    _PLAN,
    operation_id="put_treatment_plan",
    responses={
        status.HTTP_201_CREATED: {"model": TreatmentPlan, "description": "The patient's first plan."},
        **documented(404, 412, 422, 428),
    },
)
async def put_treatment_plan(
    patient_id: PatientId,
    request: TreatmentPlanRequest,
    version: ExpectedVersion,
    plans: TreatmentPlanChanges,
    response: Response,
) -> TreatmentPlan:
    """Write the patient's plan: the first without If-Match, each later version with the ETag of the one before."""
    plan = await plans.put(patient_id, request, version)
    response.status_code = status.HTTP_201_CREATED if version is None else status.HTTP_200_OK
    response.headers["location"] = f"/v1/patients/{patient_id}/treatment_plan"
    response.headers["etag"] = entity_tag(plan.version)
    return plan


@router.get(_PLAN, operation_id="read_treatment_plan", responses=documented(404, 422))
async def read_treatment_plan(patient_id: PatientId, plans: TreatmentPlanReading, response: Response) -> TreatmentPlan:
    """Read the newest version of the patient's plan, which may take effect only later."""
    plan = await plans.newest(patient_id)
    response.headers["etag"] = entity_tag(plan.version)
    return plan


@router.get(f"{_PLAN}/versions", operation_id="list_treatment_plan_versions", responses=documented(404, 422))
async def list_treatment_plan_versions(
    patient_id: PatientId, plans: TreatmentPlanReading
) -> Page[TreatmentPlanVersion]:
    """List every version of the patient's plan with who wrote it, newest first, all of them on one page."""
    return await plans.versions(patient_id)


@router.post(
    "/no_contacts",
    operation_id="create_no_contact",
    status_code=status.HTTP_201_CREATED,
    responses=documented(409, 422),
)
async def create_no_contact(request: NoContactRequest, pairs: NoContactChanges) -> NoContact:
    """Keep two patients out of each other's groups; neither is ever told (42 CFR 2.13(c))."""
    return await pairs.create(request)


@router.get("/sites/{site_id}/level_findings", operation_id="list_level_findings", responses=documented(422))
async def list_level_findings(
    site_id: SiteId,
    findings: LevelFindingReading,
    zone: Annotated[ZoneName, Query(description="Of the site, by which its days are counted; another is refused.")],
) -> LevelFindings:
    """List whose plan asks this week for other hours than those of the level of care that holds: a warning."""
    return await findings.at_site(site_id, zone)


@router.get("/patients/{patient_id}/seating", operation_id="read_patient_seating", responses=documented(404, 422))
async def read_patient_seating(patient_id: PatientId, plans: TreatmentPlanReading) -> PatientSeating:
    """Tell the scheduler beside whom a patient may not sit, never why, and how long their way is."""
    return await plans.seating(patient_id)


@router.get(
    "/patients/{patient_id}/week_requirement",
    operation_id="read_patient_requirement",
    responses=documented(404, 422),
)
async def read_patient_requirement(
    patient_id: PatientId,
    week: Annotated[Day, Query(description="The Monday of the week.")],
    plans: TreatmentPlanReading,
) -> PatientRequirement:
    """Tell the scheduler what one patient's plan requires of one week, for the ledger of its hours."""
    return await plans.required(patient_id, week)


@router.get(
    "/week_requirements",
    operation_id="read_week_requirements",
    response_model=WeekRequirements,
    responses=documented(422),
)
async def read_week_requirements(
    site_id: SiteId,
    week: Annotated[Day, Query(description="The Monday of the week.")],
    plans: TreatmentPlanReading,
) -> Response:
    """Tell the scheduler what the plans of a site require of one week: no name, no birth date, no reason."""
    return Response((await plans.week(site_id, week)).document(), media_type="application/json")


@router.get("/horizon_requirements", operation_id="read_horizon_requirements", responses=documented(422))
async def read_horizon_requirements(
    site_id: SiteId,
    week: Annotated[Day, Query(description="The Monday of the first week.")],
    plans: TreatmentPlanReading,
    weeks: Annotated[int, Query(ge=1, le=26)] = 12,
) -> HorizonRequirements:
    """Tell the scheduler what the plans of a site require of several weeks, with who comes and who goes in each."""
    return await plans.horizon(site_id, week, weeks)
