"""Routes of plans of care."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from services.chassis.idempotency import IdempotentRoute
from services.chassis.paging import RequestedPage
from services.chassis.wiring import ExpectedVersion, RequiredVersion, documented, entity_tag
from services.contracts.base import Day, Page
from services.contracts.identifiers import EpisodeId, SiteId
from services.contracts.records.due_plans import DuePlan
from services.contracts.records.plans_of_care import (
    PatientSignatureRequest,
    PlanOfCare,
    PlanOfCareAmendment,
    PlanOfCareRequest,
    PlanReviewRequest,
)
from services.records.dependencies.plans_of_care import DuePlanReading, PlanOfCareChanges, PlanOfCareReading

router = APIRouter(prefix="/v1", tags=["plans of care"], route_class=IdempotentRoute)
_PLAN = "/episodes/{episode_id}/plan_of_care"


@router.put(_PLAN, operation_id="put_plan_of_care", responses=documented(404, 409, 412, 422, 428))
async def put_plan_of_care(
    episode_id: EpisodeId,
    request: PlanOfCareRequest,
    plans: PlanOfCareChanges,
    version: ExpectedVersion,
    response: Response,
) -> PlanOfCare:
    """Write a version of the plan while nobody has signed; the first without If-Match, each later one with it."""
    return _tagged(await plans.put(episode_id, request, version), response)


@router.get(_PLAN, operation_id="read_plan_of_care", responses=documented(404, 422))
async def read_plan_of_care(episode_id: EpisodeId, plans: PlanOfCareReading, response: Response) -> PlanOfCare:
    """Read the newest version of the plan, with its signatures, reviews and certifications."""
    return _tagged(await plans.newest(episode_id), response)


@router.get(f"{_PLAN}/versions", operation_id="list_plan_of_care_versions", responses=documented(404, 422))
async def list_plan_of_care_versions(episode_id: EpisodeId, plans: PlanOfCareReading) -> Page[PlanOfCare]:
    """List every version of the plan, newest first, all of them on one page."""
    return await plans.versions(episode_id)


@router.post(f"{_PLAN}:amend", operation_id="amend_plan_of_care", responses=documented(404, 409, 412, 422, 428))
async def amend_plan_of_care(
    episode_id: EpisodeId,
    request: PlanOfCareAmendment,
    version: RequiredVersion,
    plans: PlanOfCareChanges,
    response: Response,
) -> PlanOfCare:
    """Write the version after one that is signed, with a reason; what was signed before stays beside it."""
    return _tagged(await plans.amend(episode_id, request, version), response)


@router.post(f"{_PLAN}:sign", operation_id="sign_plan_of_care", responses=documented(404, 409, 412, 422, 428))
async def sign_plan_of_care(
    episode_id: EpisodeId, version: RequiredVersion, plans: PlanOfCareChanges, response: Response
) -> PlanOfCare:
    """Sign the version that you read; from then on it is never changed, only amended."""
    return _tagged(await plans.sign(episode_id, version), response)


@router.post(f"{_PLAN}:cosign", operation_id="cosign_plan_of_care", responses=documented(404, 409, 412, 422, 428))
async def cosign_plan_of_care(
    episode_id: EpisodeId, version: RequiredVersion, plans: PlanOfCareChanges, response: Response
) -> PlanOfCare:
    """Sign beside a clinician whom you supervise, who signed the version that you read."""
    return _tagged(await plans.cosign(episode_id, version), response)


@router.post(f"{_PLAN}:attest", operation_id="attest_plan_of_care", responses=documented(404, 409, 412, 422, 428))
async def attest_plan_of_care(
    episode_id: EpisodeId,
    request: PatientSignatureRequest,
    version: RequiredVersion,
    plans: PlanOfCareChanges,
    response: Response,
) -> PlanOfCare:
    """Attest that the patient signed the version that you read, agreed by word of mouth, or declined, and when."""
    return _tagged(await plans.attest(episode_id, request, version), response)


@router.post(f"{_PLAN}:review", operation_id="review_plan_of_care", responses=documented(404, 409, 412, 422, 428))
async def review_plan_of_care(
    episode_id: EpisodeId,
    request: PlanReviewRequest,
    version: RequiredVersion,
    plans: PlanOfCareChanges,
    response: Response,
) -> PlanOfCare:
    """Record that the plan was reviewed, and what that came to."""
    return _tagged(await plans.review(episode_id, request, version), response)


@router.post(f"{_PLAN}:certify", operation_id="certify_plan_of_care", responses=documented(404, 409, 412, 422, 428))
async def certify_plan_of_care(
    episode_id: EpisodeId, version: RequiredVersion, plans: PlanOfCareChanges, response: Response
) -> PlanOfCare:
    """Certify, or certify again, that the patient needs what the plan says; a prescriber does."""
    return _tagged(await plans.certify(episode_id, version), response)


@router.get("/sites/{site_id}/due_plans_of_care", operation_id="list_due_plans_of_care", responses=documented(422))
async def list_due_plans_of_care(
    site_id: SiteId,
    plans: DuePlanReading,
    page: RequestedPage,
    day: Annotated[Day | None, Query(description="Today where the site is, if it is left out.")] = None,
    within_days: Annotated[int, Query(ge=0, le=90, description="How far ahead to look.")] = 14,
) -> Page[DuePlan]:
    """List what plans of care lack, of those at a site whom you treat: what, by when, and by which rule."""
    return await plans.at_site(site_id, day, within_days, page)


def _tagged(plan: PlanOfCare, response: Response) -> PlanOfCare:
    response.headers["etag"] = entity_tag(plan.version)
    return plan
