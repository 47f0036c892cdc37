"""Reassignments over HTTP."""

from datetime import date

from fastapi import APIRouter, Response

from services.chassis.idempotency import IdempotentRoute
from services.chassis.wiring import BearerToken, RequiredVersion, documented, entity_tag
from services.contracts.identifiers import AppointmentId, SiteId
from services.contracts.scheduler.republications import ReassignmentRequest, ReassignmentsRequest
from services.contracts.scheduler.timetables import Timetable
from services.scheduler.dependencies.reassignments import Reassignments
from services.scheduler.timetables.documenting import MOVED_WEEK
from services.scheduler.transport.documenting import NO_RIDE

router = APIRouter(route_class=IdempotentRoute, tags=["appointments"])


@router.post(
    "/v1/appointments/{appointment_id}:reassign",
    operation_id="reassign_appointment",
    responses=documented(404, 422, 428, 503) | MOVED_WEEK | NO_RIDE,
)
async def reassign_appointment(
    *,
    appointment_id: AppointmentId,
    request: ReassignmentRequest,
    reassignments: Reassignments,
    version: RequiredVersion,
    token: BearerToken,
    response: Response,
) -> Timetable:
    """Let somebody else hold a published session, or hold it in another room, as a new version of the week.

    If-Match names the version that is published. Every rule of a plan counts; a problem document names the one that
    forbids it.
    """
    timetable = await reassignments.reassign(appointment_id, request, expected_version=version, caller_token=token)
    response.headers["ETag"] = entity_tag(timetable.version)
    return timetable


@router.post(
    "/v1/sites/{site_id}/timetables/{week}:reassign",
    operation_id="reassign_appointments",
    responses=documented(404, 422, 428, 503) | MOVED_WEEK | NO_RIDE,
)
async def reassign_appointments(
    *,
    site_id: SiteId,
    week: date,
    request: ReassignmentsRequest,
    reassignments: Reassignments,
    version: RequiredVersion,
    token: BearerToken,
    response: Response,
) -> Timetable:
    """Let others hold several published sessions, all in one new version or none: so two exchange their sessions.

    If-Match names the version that is published. What forbids one of them alone, such as being in two places at once,
    does not where the others make room.
    """
    timetable = await reassignments.reassign_together(
        site_id, week, request, expected_version=version, caller_token=token
    )
    response.headers["ETag"] = entity_tag(timetable.version)
    return timetable
