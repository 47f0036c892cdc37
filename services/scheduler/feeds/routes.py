"""Feeds over HTTP."""

from datetime import UTC
from email.utils import format_datetime
from http import HTTPStatus
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Header, Response
from fastapi.responses import Response as PlainResponse

from services.chassis.idempotency import IdempotentRoute
from services.chassis.paging import RequestedPage
from services.chassis.wiring import BearerToken, documented
from services.contracts.base import Page
from services.contracts.identifiers import FeedId
from services.contracts.scheduler.feeds import Feed, FeedLink, FeedRequest, FeedSubject
from services.scheduler.dependencies.feeds import CallersFeeds, Feeds, FeedsRead

router = APIRouter(route_class=IdempotentRoute, tags=["feeds"])

_CALENDAR: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "An iCalendar document (RFC 5545).",
        "content": {"text/calendar": {"schema": {"type": "string"}}},
    },
    304: {"description": "What If-None-Match names is what the feed tells still."},
}


@router.post(
    "/v1/feeds", operation_id="create_feed", status_code=HTTPStatus.CREATED, responses=documented(404, 422, 503)
)
async def create_feed(request: FeedRequest, feeds: CallersFeeds, token: BearerToken, response: Response) -> FeedLink:
    """Make a feed of the sessions of a patient, a practitioner, a room or a site; its address is shown this once."""
    link = await feeds.create(request, token)
    response.headers["Location"] = f"/v1/feeds/{link.id}"
    return link


@router.get("/v1/feeds", operation_id="list_feeds", responses=documented(422))
async def list_feeds(subject: FeedSubject, subject_id: UUID, feeds: FeedsRead, page: RequestedPage) -> Page[Feed]:
    """List the feeds of somebody or something, without their addresses."""
    return await feeds.page(subject, subject_id, page)


@router.post("/v1/feeds/{feed_id}:rotate", operation_id="rotate_feed", responses=documented(404, 422))
async def rotate_feed(feed_id: FeedId, feeds: CallersFeeds) -> FeedLink:
    """Change a feed's address, which is shown this once; the one before opens nothing any more."""
    return await feeds.rotate(feed_id)


@router.delete(
    "/v1/feeds/{feed_id}", operation_id="delete_feed", status_code=HTTPStatus.NO_CONTENT, responses=documented(404, 422)
)
async def delete_feed(feed_id: FeedId, feeds: CallersFeeds) -> None:
    """End a feed."""
    await feeds.delete(feed_id)


@router.get(
    "/v1/feeds/{token}.ics",
    operation_id="read_feed",
    response_class=PlainResponse,
    responses={**documented(404, 429), **_CALENDAR},
)
async def read_feed(
    token: str, feeds: Feeds, if_none_match: Annotated[str | None, Header(description="The ETag last seen.")] = None
) -> Response:
    """Read a feed; its address is all that it takes."""
    served = await feeds.serve(token)
    headers = {
        "etag": served.tag,
        "last-modified": format_datetime(served.changed_at.astimezone(UTC), usegmt=True),
        "cache-control": "private, no-cache",
    }
    if served.tag in (tag.strip().removeprefix("W/") for tag in (if_none_match or "").split(",")):
        return PlainResponse(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    return PlainResponse(served.document(), media_type="text/calendar; charset=utf-8", headers=headers)
