"""Cohorts over HTTP."""

from http import HTTPStatus

from fastapi import APIRouter

from services.chassis.idempotency import IdempotentRoute
from services.chassis.paging import RequestedPage
from services.chassis.wiring import documented
from services.contracts.base import Page
from services.contracts.identifiers import CohortId, SiteId
from services.contracts.scheduler.cohorts import Cohort, CohortMemberRequest, CohortMembers, CohortRequest
from services.scheduler.dependencies.base import Reach
from services.scheduler.dependencies.cohorts import Cohorts, CohortsRead

router = APIRouter(route_class=IdempotentRoute, tags=["cohorts"])


@router.post(
    "/v1/sites/{site_id}/cohorts",
    operation_id="create_cohort",
    status_code=HTTPStatus.CREATED,
    responses=documented(404, 409, 422, 503),
)
async def create_cohort(site_id: SiteId, request: CohortRequest, cohorts: Cohorts, reach: Reach) -> Cohort:
    """Make a cohort of people who begin together, and are to meet in groups as far as that can be."""
    return await cohorts.create(site_id, request, reach)


@router.get("/v1/sites/{site_id}/cohorts", operation_id="list_cohorts", responses=documented(404, 422))
async def list_cohorts(site_id: SiteId, cohorts: CohortsRead, page: RequestedPage) -> Page[Cohort]:
    """List a site's cohorts."""
    return await cohorts.page(site_id, page)


@router.get("/v1/cohorts/{cohort_id}/members", operation_id="list_cohort_members", responses=documented(404, 422, 503))
async def list_cohort_members(cohort_id: CohortId, cohorts: CohortsRead, reach: Reach) -> CohortMembers:
    """List who is in a cohort, of those whom the caller treats."""
    return await cohorts.members(cohort_id, reach)


@router.post("/v1/cohorts/{cohort_id}:admit", operation_id="admit_to_cohort", responses=documented(404, 409, 422, 503))
async def admit_to_cohort(cohort_id: CohortId, request: CohortMemberRequest, cohorts: Cohorts, reach: Reach) -> Cohort:
    """Let somebody come into a cohort."""
    return await cohorts.admit(cohort_id, request.patient_id, reach)


@router.post("/v1/cohorts/{cohort_id}:dismiss", operation_id="dismiss_from_cohort", responses=documented(404, 422, 503))
async def dismiss_from_cohort(
    cohort_id: CohortId, request: CohortMemberRequest, cohorts: Cohorts, reach: Reach
) -> Cohort:
    """Let somebody leave a cohort; what they have in the book stays."""
    return await cohorts.dismiss(cohort_id, request.patient_id, reach)
