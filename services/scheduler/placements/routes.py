"""Placements over HTTP."""

from datetime import date
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from services.chassis.idempotency import IdempotentRoute
from services.chassis.paging import PageRequest, page_request
from services.chassis.wiring import BearerToken, RequiredVersion, documented, entity_tag
from services.contracts.base import Page
from services.contracts.identifiers import PatientId, ProposalId, SiteId
from services.contracts.scheduler.placements import (
    CapacityReport,
    Placement,
    PlacementExplanation,
    PlacementQuery,
    PlacementRecommendation,
    PlacementRequest,
    ProposalLoss,
    SessionWish,
    WishAnswer,
)
from services.contracts.scheduler.visits import VisitQuery, VisitRecommendation
from services.scheduler.dependencies.placements import LossesRead, Placements, PlacementsRead
from services.scheduler.timetables.documenting import MOVED_WEEK
from services.scheduler.transport.documenting import NO_RIDE

_MOST_EXPLAINED = 20


async def _few(
    page_size: Annotated[int, Query(ge=1, le=_MOST_EXPLAINED, description="At most 20: each is thought about.")] = 10,
    page_token: Annotated[str | None, Query(max_length=64, description="next_page_token of the page before.")] = None,
) -> PageRequest:
    return page_request(page_size, page_token)


router = APIRouter(route_class=IdempotentRoute, tags=["placements"])


@router.post("/v1/placements:recommend", operation_id="recommend_placements", responses=documented(404, 409, 422, 503))
async def recommend_placements(
    query: PlacementQuery, placements: PlacementsRead, token: BearerToken, response: Response
) -> PlacementRecommendation:
    """Rank the ways to place one patient into a published week; the ETag is the week's version.

    Everybody else stays. A seat that people with fewer choices are expected to need has a price, said as a reason.
    """
    found = await placements.recommend(query, token)
    response.headers["ETag"] = entity_tag(found.timetable_version)
    return found


@router.post("/v1/visits:recommend", operation_id="recommend_visits", responses=documented(404, 409, 422, 503))
async def recommend_visits(
    query: VisitQuery, placements: PlacementsRead, token: BearerToken, response: Response
) -> VisitRecommendation:
    """Find when and with whom a patient could have one visit more, the same person first; the ETag is the version.

    A placement takes one of them; where the patient missed a visit of the service, it makes up for that.
    """
    found = await placements.recommend_visits(query, token)
    response.headers["ETag"] = entity_tag(found.timetable_version)
    return found


@router.post("/v1/placements:explain", operation_id="explain_session", responses=documented(404, 409, 422, 503))
async def explain_session(wish: SessionWish, placements: PlacementsRead, token: BearerToken) -> WishAnswer:
    """Say why a patient does not have a certain session: what rules it out, or what it would cost instead."""
    return await placements.explain_wish(wish, token)


@router.get(
    "/v1/sites/{site_id}/timetables/{week}/patients/{patient_id}/explanation",
    operation_id="explain_placement",
    responses=documented(404, 409, 422, 503),
)
async def explain_placement(
    site_id: SiteId, week: date, patient_id: PatientId, placements: PlacementsRead, token: BearerToken
) -> PlacementExplanation:
    """Say why a patient's week is as it is, what the next best weeks would be, and why needs stay unmet."""
    return await placements.explain(site_id, week, patient_id, token)


@router.get(
    "/v1/sites/{site_id}/timetables/{week}/capacity_advice",
    operation_id="read_capacity_advice",
    responses=documented(404, 409, 422, 503),
)
async def read_capacity_advice(
    site_id: SiteId,
    week: date,
    placements: PlacementsRead,
    token: BearerToken,
    count: Annotated[int, Query(ge=1, le=20, description="How many things to name.")] = 5,
) -> CapacityReport:
    """Say which one group, room or shift more would serve the most of what a published week leaves unmet."""
    return await placements.advise(site_id, week, count, token)


@router.get("/v1/proposals/{proposal_id}/losses", operation_id="list_proposal_losses", responses=documented(404, 422))
async def list_proposal_losses(
    proposal_id: ProposalId, losses: LossesRead, page: Annotated[PageRequest, Depends(_few)]
) -> Page[ProposalLoss]:
    """List what a repair, or another plan, takes from people of what is published: why, and what to ask for instead."""
    return await losses.page(proposal_id, page)


@router.post(
    "/v1/placements",
    operation_id="create_placement",
    status_code=HTTPStatus.CREATED,
    responses=documented(404, 422, 428, 503) | MOVED_WEEK | NO_RIDE,
)
async def create_placement(
    request: PlacementRequest, placements: Placements, version: RequiredVersion, token: BearerToken
) -> Placement:
    """Take an alternative: book all of it, or nothing; If-Match names the version of the week it was made for.

    Where another version is published, `moved` in the problem document names what is different in it.
    """
    return await placements.take(request, version, token)
