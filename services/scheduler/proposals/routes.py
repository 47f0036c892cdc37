"""Proposals over HTTP."""

from fastapi import APIRouter, Response

from services.chassis.idempotency import IdempotentRoute
from services.chassis.wiring import RequiredVersion, documented, entity_tag
from services.contracts.identifiers import ProposalId
from services.contracts.scheduler.timetables import Proposal, Timetable
from services.scheduler.dependencies import Proposals, ProposalsRead

router = APIRouter(route_class=IdempotentRoute, tags=["proposals"])


@router.get("/v1/proposals/{proposal_id}", operation_id="read_proposal", responses=documented(404, 422))
async def read_proposal(proposal_id: ProposalId, proposals: ProposalsRead) -> Proposal:
    """Read a checked timetable that nobody has agreed to yet, with its sessions, reasons and differences."""
    return await proposals.get(proposal_id)


@router.post(
    "/v1/proposals/{proposal_id}:publish",
    operation_id="publish_proposal",
    responses=documented(404, 409, 412, 422, 428),
)
async def publish_proposal(
    proposal_id: ProposalId, proposals: Proposals, base_version: RequiredVersion, response: Response
) -> Timetable:
    """Publish a proposal and book its sessions; If-Match names the version it is based on, "0" for the first."""
    timetable = await proposals.publish(proposal_id, base_version)
    response.headers["ETag"] = entity_tag(timetable.version)
    return timetable
