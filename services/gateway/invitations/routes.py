"""Invitations over HTTP."""

from fastapi import APIRouter, Response

from services.chassis.idempotency import IdempotentRoute
from services.chassis.json_body import StrictJsonRoute
from services.chassis.paging import RequestedPage
from services.chassis.wiring import Caller, documented
from services.contracts.base import Page
from services.contracts.gateway.invitations import (
    AcceptedInvitation,
    Invitation,
    InvitationAcceptance,
    InvitationOpening,
    InvitationRequest,
    OpenedInvitation,
)
from services.contracts.identifiers import InvitationId, OrganizationId
from services.gateway.dependencies import Acceptances, Invitations

router = APIRouter(
    prefix="/v1/organizations/{organization_id}/invitations", tags=["accounts"], route_class=IdempotentRoute
)
links_router = APIRouter(prefix="/v1/invitations", tags=["accounts"], route_class=StrictJsonRoute)


@router.post("", operation_id="create_invitation", status_code=201, responses=documented(401, 403, 404, 409, 503))
async def create_invitation(
    organization_id: OrganizationId,
    request: InvitationRequest,
    invitations: Invitations,
    principal: Caller,
    response: Response,
) -> Invitation:
    """Invite somebody to the organization by a letter; they choose the password by its link, within 7 days."""
    invitation = await invitations.create(organization_id, request, principal=principal)
    response.headers["location"] = f"/v1/organizations/{organization_id}/invitations/{invitation.id}"
    return invitation


@router.get("", operation_id="list_invitations", responses=documented(401, 403, 404))
async def list_invitations(
    organization_id: OrganizationId, invitations: Invitations, principal: Caller, page: RequestedPage
) -> Page[Invitation]:
    """List the invitations of an organization in the order they were made."""
    return await invitations.page(organization_id, page, principal=principal)


@router.get("/{invitation_id}", operation_id="read_invitation", responses=documented(401, 403, 404))
async def read_invitation(
    organization_id: OrganizationId, invitation_id: InvitationId, invitations: Invitations, principal: Caller
) -> Invitation:
    """Read an invitation and what became of it."""
    return await invitations.read(organization_id, invitation_id, principal=principal)


@router.post("/{invitation_id}:resend", operation_id="resend_invitation", responses=documented(401, 403, 404, 409, 503))
async def resend_invitation(
    organization_id: OrganizationId, invitation_id: InvitationId, invitations: Invitations, principal: Caller
) -> Invitation:
    """Write once more, with a link that is good for 7 days from now on; the link before is not any more."""
    return await invitations.resend(organization_id, invitation_id, principal=principal)


@router.post("/{invitation_id}:revoke", operation_id="revoke_invitation", responses=documented(401, 403, 404, 409))
async def revoke_invitation(
    organization_id: OrganizationId, invitation_id: InvitationId, invitations: Invitations, principal: Caller
) -> Invitation:
    """Take an invitation back: its link opens nothing any more."""
    return await invitations.revoke(organization_id, invitation_id, principal=principal)


@links_router.post(":open", operation_id="open_invitation", responses=documented(403, 429))
async def open_invitation(request: InvitationOpening, acceptances: Acceptances) -> OpenedInvitation:
    """See what the link of an invitation is about, before accepting it."""
    return await acceptances.open(request)


@links_router.post(":accept", operation_id="accept_invitation", responses=documented(403, 422, 429, 503))
async def accept_invitation(request: InvitationAcceptance, acceptances: Acceptances) -> AcceptedInvitation:
    """Accept an invitation with the password from now on, or with that of the account which the address has elsewhere.

    Then sign in, and add a second factor.
    """
    return await acceptances.accept(request)
