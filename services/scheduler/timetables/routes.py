"""Published timetables over HTTP."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from services.chassis.idempotency import IdempotentRoute
from services.chassis.paging import RequestedPage
from services.chassis.wiring import BearerToken, RequiredVersion, documented, entity_tag
from services.contracts.base import Page
from services.contracts.identifiers import SiteId
from services.contracts.scheduler.republications import RevertRequest
from services.contracts.scheduler.timetables import ChangeNumber, MovedWeek, Timetable, TimetableVersion, VersionedWeek
from services.scheduler.dependencies import Reverts, TimetablesRead, Versions
from services.scheduler.timetables.documenting import MOVED_WEEK
from services.scheduler.transport.documenting import NO_RIDE

_Version = Annotated[ChangeNumber, Path(description="The number of the version.")]

router = APIRouter(route_class=IdempotentRoute, tags=["timetables"])


@router.get("/v1/sites/{site_id}/timetables/{week}", operation_id="read_timetable", responses=documented(404, 422))
async def read_timetable(site_id: SiteId, week: date, timetables: TimetablesRead, response: Response) -> Timetable:
    """Read the published version of the week that begins on a Monday; its version is the ETag."""
    timetable = await timetables.current(site_id, week)
    response.headers["ETag"] = entity_tag(timetable.version)
    return timetable


@router.get(
    "/v1/sites/{site_id}/timetables/{week}/versions",
    operation_id="list_timetable_versions",
    responses=documented(422),
)
async def list_timetable_versions(
    site_id: SiteId, week: date, timetables: TimetablesRead, page: RequestedPage
) -> Page[TimetableVersion]:
    """List what was published for a week, the first version first: when, by whom, why, and from what."""
    return await timetables.history(site_id, week, page)


@router.get(
    "/v1/sites/{site_id}/timetables/{week}/versions/{version}",
    operation_id="read_timetable_version",
    responses=documented(404, 422),
)
async def read_timetable_version(site_id: SiteId, week: date, version: _Version, versions: Versions) -> VersionedWeek:
    """Read the sessions of one version of a week, as people were told of them."""
    return await versions.get(site_id, week, version)


@router.get(
    "/v1/sites/{site_id}/timetables/{week}/versions/{version}/difference",
    operation_id="read_timetable_difference",
    responses=documented(404, 422),
)
async def read_timetable_difference(
    site_id: SiteId,
    week: date,
    version: _Version,
    versions: Versions,
    base_version: Annotated[ChangeNumber, Query(description="The earlier version that it is compared with.")],
) -> MovedWeek:
    """Say what is different in a version from an earlier one: every session of a patient, and since when, and why."""
    return await versions.difference(site_id, week, base_version, version)


@router.post(
    "/v1/sites/{site_id}/timetables/{week}:revert",
    operation_id="revert_timetable",
    responses=documented(404, 422, 428, 503) | MOVED_WEEK | NO_RIDE,
)
async def revert_timetable(
    *,
    site_id: SiteId,
    week: date,
    request: RevertRequest,
    reverts: Reverts,
    version: RequiredVersion,
    token: BearerToken,
    response: Response,
) -> Timetable:
    """Publish the sessions of an earlier version as a new one; If-Match names the version that is published.

    Where another version is published, `moved` in the problem document names what is different in it.
    """
    timetable = await reverts.revert(site_id, week, request, expected_version=version, caller_token=token)
    response.headers["ETag"] = entity_tag(timetable.version)
    return timetable
