"""Routes of the public placement helper."""

from fastapi import APIRouter

from services.chassis.json_body import StrictJsonRoute
from services.chassis.wiring import documented
from services.contracts.records.placement_helper import PlacementAnswers, PlacementHelper, PlacementPicture
from services.records.placement_helper.logic import assess, published

router = APIRouter(prefix="/v1", tags=["placement helper"], route_class=StrictJsonRoute)


@router.get("/placement_helper", operation_id="read_placement_helper")
async def read_placement_helper() -> PlacementHelper:
    """Read every question and every rule of the helper; it asks for no login and says nothing of anybody."""
    return published()


@router.post("/placement_helper:assess", operation_id="assess_placement", responses=documented(422, 429))
async def assess_placement(request: PlacementAnswers) -> PlacementPicture:
    """Say what answers point to and because of which; what must not wait comes first, and nothing is stored."""
    return assess(request)
