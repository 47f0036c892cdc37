"""Routes of placement reviews and of the editions they are made by."""

from fastapi import APIRouter

from services.chassis.idempotency import IdempotentRoute
from services.contracts.base import Page
from services.contracts.records.placement_reviews import CriteriaEdition
from services.records.dependencies.intake import KnowsEditions

router = APIRouter(prefix="/v1", tags=["placement reviews"], route_class=IdempotentRoute)


@router.get("/criteria_editions", operation_id="list_criteria_editions")
async def list_criteria_editions(editions: KnowsEditions) -> Page[CriteriaEdition]:
    """List the editions of criteria with the names of their dimensions and the numbers of their levels."""
    return Page(
        items=[CriteriaEdition.model_validate(edition.model_dump()) for edition in editions], next_page_token=None
    )
