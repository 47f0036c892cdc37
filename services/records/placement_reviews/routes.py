"""Routes of placement reviews and of the editions they are made by."""

from fastapi import APIRouter, status

from services.chassis.idempotency import IdempotentRoute
from services.chassis.wiring import documented
from services.contracts.base import Page
from services.contracts.identifiers import PatientId
from services.contracts.records.placement_reviews import (
    CriteriaEdition,
    PlacementReview,
    PlacementReviewRequest,
)
from services.records.dependencies.intake import KnowsEditions, PlacementReviewChanges, PlacementReviewReading

router = APIRouter(prefix="/v1", tags=["placement reviews"], route_class=IdempotentRoute)
_REVIEWS = "/patients/{patient_id}/placement_reviews"


@router.get("/criteria_editions", operation_id="list_criteria_editions")
async def list_criteria_editions(editions: KnowsEditions) -> Page[CriteriaEdition]:
    """List the editions of criteria with the names of their dimensions and the numbers of their levels."""
    return Page(
        items=[CriteriaEdition.model_validate(edition.model_dump()) for edition in editions], next_page_token=None
    )


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
