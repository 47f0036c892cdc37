"""Notice preferences over HTTP."""

from fastapi import APIRouter, Response

from services.chassis.idempotency import IdempotentRoute
from services.chassis.wiring import ExpectedVersion, documented, entity_tag
from services.contracts.identifiers import PatientId
from services.contracts.scheduler.notices import NoticePreference, NoticePreferenceRequest
from services.scheduler.dependencies.base import Reach
from services.scheduler.dependencies.notices import NoticePreferences, NoticePreferencesRead

router = APIRouter(prefix="/v1/patients/{patient_id}/notice_preference", route_class=IdempotentRoute, tags=["notices"])


@router.get("", operation_id="read_notice_preference", responses=documented(404, 422, 503))
async def read_notice_preference(
    patient_id: PatientId, preferences: NoticePreferencesRead, reach: Reach, response: Response
) -> NoticePreference:
    """Read how a patient is written to; its version is the ETag."""
    return _tagged(await preferences.get(patient_id, reach), response)


@router.put("", operation_id="put_notice_preference", responses=documented(404, 412, 422, 428, 503))
async def put_notice_preference(
    *,
    patient_id: PatientId,
    request: NoticePreferenceRequest,
    preferences: NoticePreferences,
    version: ExpectedVersion,
    reach: Reach,
    response: Response,
) -> NoticePreference:
    """Record how a patient has agreed to be written to; If-Match where there is a preference already."""
    return _tagged(await preferences.put(patient_id, request, version, reach), response)


def _tagged(preference: NoticePreference, response: Response) -> NoticePreference:
    response.headers["ETag"] = entity_tag(preference.version)
    return preference
