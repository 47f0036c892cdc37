"""Published timetables over HTTP."""

from datetime import date

from fastapi import APIRouter, Response

from services.chassis.wiring import documented, entity_tag
from services.contracts.identifiers import SiteId
from services.contracts.scheduler.timetables import Timetable
from services.scheduler.dependencies import TimetablesRead

router = APIRouter(tags=["timetables"])


@router.get("/v1/sites/{site_id}/timetables/{week}", operation_id="read_timetable", responses=documented(404, 422))
async def read_timetable(site_id: SiteId, week: date, timetables: TimetablesRead, response: Response) -> Timetable:
    """Read the published version of the week that begins on a Monday; its version is the ETag."""
    timetable = await timetables.current(site_id, week)
    response.headers["ETag"] = entity_tag(timetable.version)
    return timetable
