"""Routes of discharge summaries."""

from typing import Annotated, Final

from fastapi import APIRouter, Query, Response, status

from services.chassis.idempotency import IdempotentRoute
from services.chassis.wiring import RequiredVersion, documented, entity_tag
from services.contracts.base import Page
from services.contracts.identifiers import EpisodeId, SiteId
from services.contracts.records.discharge_summaries import (
    DischargeSummary,
    DischargeSummaryAmendment,
    DischargeSummaryText,
    DueDischargeSummaries,
)
from services.contracts.scheduler.sites import ZoneName
from services.records.dependencies.discharge_summaries import DischargeSummaryChanges, DischargeSummaryReading

router = APIRouter(prefix="/v1", tags=["discharge summaries"], route_class=IdempotentRoute)
_SUMMARY: Final = "/episodes/{episode_id}/discharge_summary"


@router.post(
    _SUMMARY,
    operation_id="create_discharge_summary",
    status_code=status.HTTP_201_CREATED,
    responses=documented(404, 409, 422),
)
async def create_discharge_summary(
    episode_id: EpisodeId, request: DischargeSummaryText, summaries: DischargeSummaryChanges, response: Response
) -> DischargeSummary:
    """Write and sign the summary of an episode that has ended; from then on it is amended, and never changed."""
    return _tagged(await summaries.sign(episode_id, request), response)


@router.get(_SUMMARY, operation_id="read_discharge_summary", responses=documented(404, 422))
async def read_discharge_summary(
    episode_id: EpisodeId, summaries: DischargeSummaryReading, response: Response
) -> DischargeSummary:
    """Read the newest version of the summary."""
    return _tagged(await summaries.newest(episode_id), response)


@router.get(f"{_SUMMARY}/versions", operation_id="list_discharge_summary_versions", responses=documented(404, 422))
async def list_discharge_summary_versions(
    episode_id: EpisodeId, summaries: DischargeSummaryReading
) -> Page[DischargeSummary]:
    """List every version of the summary, newest first, all of them on one page."""
    return await summaries.versions(episode_id)


@router.post(f"{_SUMMARY}:amend", operation_id="amend_discharge_summary", responses=documented(404, 409, 412, 422, 428))
async def amend_discharge_summary(
    episode_id: EpisodeId,
    request: DischargeSummaryAmendment,
    version: RequiredVersion,
    summaries: DischargeSummaryChanges,
    response: Response,
) -> DischargeSummary:
    """Sign another version of a summary of yours or of whom you supervise; what was signed before stays beside it."""
    return _tagged(await summaries.amend(episode_id, request, version), response)


@router.post(
    f"{_SUMMARY}:cosign", operation_id="cosign_discharge_summary", responses=documented(404, 409, 412, 422, 428)
)
async def cosign_discharge_summary(
    episode_id: EpisodeId, version: RequiredVersion, summaries: DischargeSummaryChanges, response: Response
) -> DischargeSummary:
    """Answer for the newest version beside its author, whom you supervise."""
    return _tagged(await summaries.cosign(episode_id, version), response)


@router.get(
    "/sites/{site_id}/due_discharge_summaries", operation_id="list_due_discharge_summaries", responses=documented(422)
)
async def list_due_discharge_summaries(
    site_id: SiteId,
    summaries: DischargeSummaryReading,
    zone: Annotated[ZoneName, Query(description="Of the site, by which its days are counted; another is refused.")],
) -> DueDischargeSummaries:
    """List whose summary nobody has signed or answered for, of those discharged in the last year."""
    return await summaries.due(site_id, zone)


def _tagged(summary: DischargeSummary, response: Response) -> DischargeSummary:
    response.headers["etag"] = entity_tag(summary.version)
    return summary
