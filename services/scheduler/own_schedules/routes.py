"""Own weeks over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from services.chassis.idempotency import IdempotentRoute
from services.chassis.wiring import Caller, ExpectedVersion, documented, entity_tag
from services.contracts.base import Day
from services.contracts.identifiers import PractitionerId
from services.contracts.scheduler.own_schedules import (
    OwnNoticePreference,
    OwnNoticePreferenceRequest,
    OwnWeek,
    PractitionerAccount,
    PractitionerAccountRequest,
)
from services.scheduler.dependencies.own_schedules import (
    OwnNoticePreferencesRead,
    OwnSchedules,
    OwnSchedulesRead,
)

router = APIRouter(route_class=IdempotentRoute, tags=["own schedules"])


@router.put(
    "/v1/practitioners/{practitioner_id}/account",
    operation_id="put_practitioner_account",
    responses=documented(404, 422),
)
async def put_practitioner_account(
    practitioner_id: PractitionerId, request: PractitionerAccountRequest, schedules: OwnSchedules
) -> PractitionerAccount:
    """Say whose account a practitioner signs in with: its holder then sees the practitioner's week as their own.

    Whether the account is a member's of the organization is not looked at: its holder sees nothing before they sign in
    there with a role that reads its own week. Whoever names an account answers for it.
    """
    return await schedules.put_account(practitioner_id, request)


@router.get("/v1/me/week", operation_id="read_own_week", responses=documented(422))
async def read_own_week(
    schedules: OwnSchedulesRead, principal: Caller, week: Annotated[Day, Query(description="A Monday.")]
) -> OwnWeek:
    """Read what the caller does in a week, at every site."""
    return await schedules.week(principal.account_id, week)


@router.get("/v1/me/notice_preference", operation_id="read_own_notice_preference", responses=documented(404))
async def read_own_notice_preference(
    preferences: OwnNoticePreferencesRead, principal: Caller, response: Response
) -> OwnNoticePreference:
    """Read how the caller hears of their own week; its version is the ETag."""
    return _tagged(await preferences.get(principal.account_id), response)


@router.put("/v1/me/notice_preference", operation_id="put_own_notice_preference", responses=documented(412, 422, 428))
async def put_own_notice_preference(
    request: OwnNoticePreferenceRequest,
    schedules: OwnSchedules,
    version: ExpectedVersion,
    response: Response,
) -> OwnNoticePreference:
    """Say how the caller wishes to hear of their own week; If-Match where that was said before."""
    return _tagged(await schedules.put_preference(request, version), response)


def _tagged(preference: OwnNoticePreference, response: Response) -> OwnNoticePreference:
    response.headers["ETag"] = entity_tag(preference.version)
    return preference
