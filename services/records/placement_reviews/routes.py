"""Routes of placement reviews and of the editions they are made by."""

from typing import Annotated

from fastapi import APIRouter, Query, status

from services.chassis.idempotency import IdempotentRoute
from services.chassis.wiring import documented
from services.contracts.base import Page
from services.contracts.identifiers import PatientId, SiteId
from services.contracts.records.placement_reviews import (
    CriteriaEdition,
    PlacementReview,
    PlacementReviewRequest,
    SiteCriteriaEdition,
    SiteCriteriaEditionRequest,
)
from services.records.dependencies.intake import (
    KnowsEditions,
    PlacementReviewChanges,
    PlacementReviewReading,
    SiteEditionChanges,
    SiteEditionReading,
)

router = APIRouter(prefix="/v1", tags=["placement reviews"], route_class=IdempotentRoute)
_REVIEWS = "/patients/{patient_id}/placement_reviews"


@router.get("/criteria_editions", operation_id="list_criteria_editions")
async def list_criteria_editions(editions: KnowsEditions) -> Page[CriteriaEdition]:
    """List the editions of criteria with the names of their dimensions and the numbers of their levels."""
    return Page(
        items=[CriteriaEdition.model_validate(edition.model_dump()) for edition in editions], next_page_token=None
    )


@router.post(
    "/site_criteria_editions",
    operation_id="create_site_criteria_edition",
    status_code=status.HTTP_201_CREATED,
    responses=documented(422),
)
async def create_site_criteria_edition(
    request: SiteCriteriaEditionRequest, editions: SiteEditionChanges
) -> SiteCriteriaEdition:
    """Hold a site to an edition from a day on: reviews and decisions of that day or later by another are refused."""
    return await editions.add(request)


@router.get("/site_criteria_editions", operation_id="list_site_criteria_editions", responses=documented(422))
async def list_site_criteria_editions(
    site_id: Annotated[SiteId, Query()], editions: SiteEditionReading
) -> Page[SiteCriteriaEdition]:
    """List which edition is in force at a site from which day on, the earliest first, all of them on one page."""
    return await editions.of_site(site_id)


@router.post(
    _REVIEWS,
    operation_id="create_placement_review",
    status_code=status.HTTP_201_CREATED,
    responses=documented(404, 422),
)
async def create_placement_review(
    patient_id: PatientId, request: PlacementReviewRequest, reviews: PlacementReviewChanges
) -> PlacementReview:
    """Write down what you found in each dimension and which level you recommend; no rule here decides it."""
    return await reviews.create(patient_id, request)


@router.get(_REVIEWS, operation_id="list_placement_reviews", responses=documented(404, 422))
async def list_placement_reviews(patient_id: PatientId, reviews: PlacementReviewReading) -> Page[PlacementReview]:
    """List the patient's placement reviews, newest first, all of them on one page."""
    return await reviews.of_patient(patient_id)
