"""Routes of costs."""

from fastapi import APIRouter

from services.chassis.json_body import StrictJsonRoute
from services.chassis.wiring import documented
from services.contracts.records.cost import CostComparison, CostComparisonRequest, CostFigures
from services.records.cost.logic import compare, published

router = APIRouter(prefix="/v1", tags=["cost"], route_class=StrictJsonRoute)


@router.get("/cost_figures", operation_id="list_cost_figures")
async def list_cost_figures() -> CostFigures:
    """List published prices, each with its year's dollars and where it was read."""
    return published()


@router.post("/cost_figures:compare", operation_id="compare_costs", responses=documented(422, 429))
async def compare_costs(request: CostComparisonRequest) -> CostComparison:
    """Compare kinds of treatment in ranges, with your own time and way; every number may be yours, none is stored."""
    return compare(request)
