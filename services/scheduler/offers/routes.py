"""Offers over HTTP."""

from http import HTTPStatus

from fastapi import APIRouter, Response

from services.chassis.idempotency import IdempotentRoute
from services.chassis.paging import RequestedPage
from services.chassis.wiring import BearerToken, documented
from services.contracts.base import Page
from services.contracts.identifiers import AppointmentId, OfferBatchId, OfferId, SiteId
from services.contracts.scheduler.offers import (
    Offer,
    OfferAcceptance,
    OfferBatch,
    OfferBatchRequest,
    OfferedTime,
    OfferLink,
    OfferRule,
    OfferRuleRequest,
    TimeAnswer,
    TimeQuestion,
)
from services.scheduler.dependencies.seats import OfferAnswers, OfferedTimes, Offers, OffersRead
from services.scheduler.transport.documenting import NO_RIDE

router = APIRouter(route_class=IdempotentRoute, tags=["offers"])

_RULE = "/v1/sites/{site_id}/offer_rule"


@router.post(
    "/v1/appointments/{appointment_id}/offer_batches",
    operation_id="create_offer_batch",
    status_code=HTTPStatus.CREATED,
    responses=documented(404, 409, 422, 503),
)
async def create_offer_batch(
    appointment_id: AppointmentId, request: OfferBatchRequest, offers: Offers, token: BearerToken, response: Response
) -> OfferBatch:
    """Offer a free seat to several people who wait; the first valid accept has it."""
    batch = await offers.offer(appointment_id, request, token)
    response.headers["Location"] = f"/v1/offer_batches/{batch.id}"
    return batch


@router.get("/v1/sites/{site_id}/offer_batches", operation_id="list_offer_batches", responses=documented(404, 422))
async def list_offer_batches(site_id: SiteId, offers: OffersRead, page: RequestedPage) -> Page[OfferBatch]:
    """List what was offered at a site, the oldest first."""
    return await offers.page(site_id, page)


@router.get("/v1/offer_batches/{batch_id}", operation_id="read_offer_batch", responses=documented(404, 422))
async def read_offer_batch(batch_id: OfferBatchId, offers: OffersRead) -> OfferBatch:
    """Read who was asked for a seat and what they said."""
    return await offers.get(batch_id)


@router.post(
    "/v1/offer_batches/{batch_id}:withdraw", operation_id="withdraw_offer_batch", responses=documented(404, 409, 422)
)
async def withdraw_offer_batch(batch_id: OfferBatchId, offers: Offers) -> OfferBatch:
    """Take back the offers that are still open."""
    return await offers.withdraw(batch_id)


@router.post(
    "/v1/offers/{offer_id}:accept",
    operation_id="accept_offer",
    responses=documented(404, 422, 503) | NO_RIDE,
)
async def accept_offer(
    offer_id: OfferId, answers: OfferAnswers, token: BearerToken, request: OfferAcceptance | None = None
) -> Offer:
    """Accept for the person: their seat is booked in the same step, and the ones on the way where they need them."""
    return await answers.accept(offer_id, request or OfferAcceptance(), token)


@router.post("/v1/offers/{offer_id}:decline", operation_id="decline_offer", responses=documented(404, 409, 422))
async def decline_offer(offer_id: OfferId, answers: OfferAnswers) -> Offer:
    """Decline for the person, who goes on waiting."""
    return await answers.decline(offer_id)


@router.post(
    "/v1/offers/{offer_id}:issue_link",
    operation_id="issue_offer_link",
    responses=documented(404, 409, 422),
)
async def issue_offer_link(offer_id: OfferId, answers: OfferAnswers) -> OfferLink:
    """Make the secret with which the person answers without signing in; the one before opens nothing any more."""
    return await answers.issue_link(offer_id)


@router.get(_RULE, operation_id="read_offer_rule", responses=documented(404, 422))
async def read_offer_rule(site_id: SiteId, offers: OffersRead) -> OfferRule:
    """Read what the site does with seats that are given back."""
    return await offers.rule(site_id)


@router.put(_RULE, operation_id="put_offer_rule", responses=documented(404, 422))
async def put_offer_rule(site_id: SiteId, request: OfferRuleRequest, offers: Offers) -> OfferRule:
    """Say whether a seat that is given back is offered by itself, to how many, and for how long."""
    return await offers.put_rule(site_id, request)


@router.post("/v1/offered_times:look", operation_id="look_at_offered_time", responses=documented(404, 422, 429))
async def look_at_offered_time(question: TimeQuestion, times: OfferedTimes) -> OfferedTime:
    """Read what a secret is for: a time, and nothing else."""
    return await times.look(question.token)


@router.post("/v1/offered_times:answer", operation_id="answer_offered_time", responses=documented(404, 409, 422, 429))
async def answer_offered_time(answer: TimeAnswer, times: OfferedTimes) -> OfferedTime:
    """Accept or decline a time with a secret; the same answer again is answered as the first time."""
    return await times.answer(answer)
