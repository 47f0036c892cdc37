"""Routes of care teams, of who works at a site, and of broken glass."""

from typing import Annotated

from fastapi import APIRouter, Query, status

from services.chassis.idempotency import IdempotentRoute
from services.chassis.paging import RequestedPage
from services.chassis.wiring import documented
from services.contracts.base import Page
from services.contracts.identifiers import CareTeamMemberId, EmergencyAccessId, PatientId, SiteId, SiteMemberId
from services.contracts.records.care_teams import (
    CareTeamMember,
    CareTeamMemberRequest,
    EmergencyAccess,
    EmergencyAccessReason,
    EmergencyAccessRequest,
    SiteMember,
    SiteMemberRequest,
)
from services.records.dependencies import CareTeamChanges, CareTeamReading

router = APIRouter(prefix="/v1", tags=["care teams"], route_class=IdempotentRoute)


@router.post(
    "/patients/{patient_id}/care_team_members",
    operation_id="create_care_team_member",
    status_code=status.HTTP_201_CREATED,
    responses=documented(404, 409, 422),
)
async def create_care_team_member(
    patient_id: PatientId, request: CareTeamMemberRequest, teams: CareTeamChanges
) -> CareTeamMember:
    """Enter an account in the patient's care team: from now on it sees the patient."""
    return await teams.join(patient_id, request)


@router.get(
    "/patients/{patient_id}/care_team_members",
    operation_id="list_care_team_members",
    responses=documented(404, 422),
)
async def list_care_team_members(patient_id: PatientId, teams: CareTeamReading) -> Page[CareTeamMember]:
    """List who is and was in the patient's care team, all of them on one page."""
    return await teams.members(patient_id)


@router.post(
    "/care_team_members/{member_id}:end", operation_id="end_care_team_member", responses=documented(404, 409, 422)
)
async def end_care_team_member(member_id: CareTeamMemberId, teams: CareTeamChanges) -> CareTeamMember:
    """End a membership: from now on the account no longer sees the patient by it."""
    return await teams.leave(member_id)


@router.post(
    "/site_members",
    operation_id="create_site_member",
    status_code=status.HTTP_201_CREATED,
    responses=documented(409, 422),
)
async def create_site_member(request: SiteMemberRequest, teams: CareTeamChanges) -> SiteMember:
    """Let an account see every patient of a site, where its clinicians treat them in common."""
    return await teams.join_site(request)


@router.get("/site_members", operation_id="list_site_members", responses=documented(422))
async def list_site_members(site_id: Annotated[SiteId, Query()], teams: CareTeamReading) -> Page[SiteMember]:
    """List who sees and saw every patient of a site, all of them on one page."""
    return await teams.at_site(site_id)


@router.post("/site_members/{member_id}:end", operation_id="end_site_member", responses=documented(404, 409, 422))
async def end_site_member(member_id: SiteMemberId, teams: CareTeamChanges) -> SiteMember:
    """End somebody's membership of a site."""
    return await teams.leave_site(member_id)


@router.post(
    "/patients/{patient_id}/emergency_accesses",
    operation_id="create_emergency_access",
    status_code=status.HTTP_201_CREATED,
    responses=documented(404, 422),
)
async def create_emergency_access(
    patient_id: PatientId, request: EmergencyAccessRequest, teams: CareTeamChanges
) -> EmergencyAccess:
    """Break the glass: read the patient's record for an hour. Those who lead are told, and one of them reviews it."""
    return await teams.break_glass(patient_id, request)


@router.get("/emergency_accesses", operation_id="list_emergency_accesses", responses=documented(422))
async def list_emergency_accesses(teams: CareTeamReading, page: RequestedPage) -> Page[EmergencyAccess]:
    """List broken glass whose review is due, oldest first."""
    return await teams.to_review(page)


@router.get(
    "/emergency_accesses/{access_id}/reason",
    operation_id="read_emergency_access_reason",
    responses=documented(404, 422),
)
async def read_emergency_access_reason(access_id: EmergencyAccessId, teams: CareTeamReading) -> EmergencyAccessReason:
    """Read why a glass was broken, before you review it."""
    return await teams.reason(access_id)


@router.post(
    "/emergency_accesses/{access_id}:review",
    operation_id="review_emergency_access",
    responses=documented(404, 409, 422),
)
async def review_emergency_access(access_id: EmergencyAccessId, teams: CareTeamChanges) -> EmergencyAccess:
    """Say that you looked at what was opened and why; not by the person who opened it."""
    return await teams.review(access_id)
