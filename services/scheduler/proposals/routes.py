"""Proposals over HTTP."""

from fastapi import APIRouter, Response

from services.chassis.idempotency import IdempotentRoute
from services.chassis.paging import RequestedPage
from services.chassis.wiring import BearerToken, RequiredVersion, documented, entity_tag
from services.contracts.base import Page
from services.contracts.identifiers import ProposalId
from services.contracts.rule_packs import ProposalRuleFindings
from services.contracts.scheduler.notices import NoticePreviews
from services.contracts.scheduler.timetables import (
    ChangeAcceptance,
    ChangeRejection,
    Proposal,
    ProposalChange,
    PublicationRequest,
    Timetable,
)
from services.scheduler.dependencies import ProposalChanges, ProposalChangesRead, Proposals, ProposalsRead
from services.scheduler.dependencies.rule_packs import RuleFindingsRead
from services.scheduler.proposals.documenting import REFUSED_CHANGES
from services.scheduler.timetables.documenting import MOVED_WEEK

router = APIRouter(route_class=IdempotentRoute, tags=["proposals"])


@router.get("/v1/proposals/{proposal_id}", operation_id="read_proposal", responses=documented(404, 422))
async def read_proposal(proposal_id: ProposalId, proposals: ProposalsRead) -> Proposal:
    """Read a checked timetable that nobody has agreed to yet, with its sessions, reasons and differences."""
    return await proposals.get(proposal_id)


@router.get("/v1/proposals/{proposal_id}/changes", operation_id="list_proposal_changes", responses=documented(404, 422))
async def list_proposal_changes(
    proposal_id: ProposalId, changes: ProposalChangesRead, page: RequestedPage
) -> Page[ProposalChange]:
    """List what becomes different for patients, numbered, with what was decided about each."""
    return await changes.page(proposal_id, page)


@router.get(
    "/v1/proposals/{proposal_id}/rule_findings",
    operation_id="list_proposal_rule_findings",
    responses=documented(404, 422, 503),
)
async def list_proposal_rule_findings(
    proposal_id: ProposalId, proposals: ProposalsRead, findings: RuleFindingsRead, token: BearerToken
) -> ProposalRuleFindings:
    """List whom a proposal would leave short of the hours and days that packs ask for, before it is published."""
    return await findings.of_proposal(await proposals.get(proposal_id), token)


@router.post(
    "/v1/proposals/{proposal_id}/changes/{number}:accept",
    operation_id="accept_proposal_change",
    responses=documented(404, 409, 422),
)
async def accept_proposal_change(
    proposal_id: ProposalId, number: int, changes: ProposalChanges, request: ChangeAcceptance | None = None
) -> ProposalChange:
    """Accept a change, and together_with it others where one alone breaks the week."""
    return await changes.accept(proposal_id, number, request or ChangeAcceptance())


@router.post(
    "/v1/proposals/{proposal_id}/changes/{number}:reject",
    operation_id="reject_proposal_change",
    responses=documented(404, 409, 422),
)
async def reject_proposal_change(
    proposal_id: ProposalId, number: int, changes: ProposalChanges, request: ChangeRejection
) -> ProposalChange:
    """Reject a change: the patient keeps what is published; together_with it others where one alone breaks the week."""
    return await changes.reject(proposal_id, number, request)


@router.post(
    "/v1/proposals/{proposal_id}:preview_notices",
    operation_id="preview_proposal_notices",
    responses=documented(404, 422, 503) | REFUSED_CHANGES,
)
async def preview_proposal_notices(proposal_id: ProposalId, proposals: Proposals, token: BearerToken) -> NoticePreviews:
    """Show what patients would be told if what is not rejected were published with notify; nothing is stored."""
    return await proposals.preview_notices(proposal_id, token)


@router.post(
    "/v1/proposals/{proposal_id}:publish",
    operation_id="publish_proposal",
    responses=documented(404, 422, 428, 503) | MOVED_WEEK | REFUSED_CHANGES,
)
async def publish_proposal(
    *,
    proposal_id: ProposalId,
    proposals: Proposals,
    base_version: RequiredVersion,
    token: BearerToken,
    response: Response,
    request: PublicationRequest | None = None,
) -> Timetable:
    """Publish what is not rejected of a proposal; If-Match names the version it is based on, "0" for the first.

    Where the week is published already, the body says why it changes. Where another version was published meanwhile,
    `moved` in the problem document names what is different in it. Sessions by telehealth that are new are held against
    the plans and licences of today; `refused_changes` names those that may not be published, and what would let them.
    """
    timetable = await proposals.publish(proposal_id, base_version, request or PublicationRequest(), token)
    response.headers["ETag"] = entity_tag(timetable.version)
    return timetable
