"""The weeks ahead over HTTP."""

from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Response

from services.chassis.wiring import BearerToken, documented
from services.contracts.base import Day
from services.contracts.identifiers import SiteId
from services.contracts.scheduler.horizon import Horizon
from services.scheduler.dependencies.reports import HorizonRead
from services.scheduler.horizon.picture import picture

router = APIRouter(tags=["reports"])

_SVG: Final = "image/svg+xml"
_PICTURE: Final[dict[int | str, dict[str, Any]]] = {
    HTTPStatus.OK: {
        "description": "Bars for people, seats and groups of each week.",
        "content": {_SVG: {"schema": {"type": "string"}}},
    }
}


@router.get("/v1/sites/{site_id}/horizon", operation_id="read_horizon", responses=documented(404, 422, 503))
async def read_horizon(
    site_id: SiteId,
    horizon: HorizonRead,
    token: BearerToken,
    first_week: Annotated[Day, Query(description="The Monday of the first week.")],
    weeks: Annotated[int, Query(ge=1, le=26, description="How many weeks.")] = 12,
) -> Horizon:
    """Look ahead: published weeks, then the usual week carried forward, with seats required, free and short."""
    return await horizon.ahead(site_id, first_week, weeks, token)


@router.get(
    "/v1/sites/{site_id}/horizon/picture",
    operation_id="draw_horizon",
    response_class=Response,
    responses=_PICTURE | documented(404, 422, 503),
)
async def draw_horizon(
    site_id: SiteId,
    horizon: HorizonRead,
    token: BearerToken,
    first_week: Annotated[Day, Query(description="The Monday of the first week.")],
    weeks: Annotated[int, Query(ge=1, le=26, description="How many weeks.")] = 12,
) -> Response:
    """Look ahead in one picture: people, seats and groups of each week as SVG, counted, with nobody's name in it."""
    return Response(picture(await horizon.ahead(site_id, first_week, weeks, token)), media_type=_SVG)
