"""The waitlist over HTTP."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query, Response

from services.chassis.idempotency import IdempotentRoute
from services.chassis.paging import RequestedPage
from services.chassis.wiring import RequiredVersion, documented, entity_tag
from services.contracts.base import Page
from services.contracts.identifiers import SiteId, WaitlistEntryId
from services.contracts.scheduler.waitlist import (
    WaitlistEntry,
    WaitlistEntryChange,
    WaitlistEntryRequest,
    WaitlistRank,
    WaitlistRemoval,
    WaitlistStatus,
)
from services.contracts.vocabulary import ServiceKind
from services.scheduler.dependencies.base import Reach
from services.scheduler.dependencies.seats import Waitlist, WaitlistRead

router = APIRouter(route_class=IdempotentRoute, tags=["waitlist"])

_ENTRY = "/v1/waitlist_entries/{entry_id}"


def _tagged(entry: WaitlistEntry, response: Response) -> WaitlistEntry:
    response.headers["ETag"] = entity_tag(entry.version)
    return entry


@router.post(
    "/v1/sites/{site_id}/waitlist_entries",
    operation_id="create_waitlist_entry",
    status_code=HTTPStatus.CREATED,
    responses=documented(404, 409, 422, 503),
)
async def create_waitlist_entry(
    site_id: SiteId, request: WaitlistEntryRequest, waitlist: Waitlist, reach: Reach, response: Response
) -> WaitlistEntry:
    """Let a patient wait for a service at a site, or for the whole programme."""
    entry = await waitlist.add(site_id, request, reach)
    response.headers["Location"] = f"/v1/waitlist_entries/{entry.id}"
    return _tagged(entry, response)


@router.get(
    "/v1/sites/{site_id}/waitlist_entries", operation_id="list_waitlist_entries", responses=documented(404, 422, 503)
)
async def list_waitlist_entries(
    site_id: SiteId,
    waitlist: WaitlistRead,
    page: RequestedPage,
    reach: Reach,
    status: Annotated[WaitlistStatus, Query(description="Where the entries stand.")] = WaitlistStatus.WAITING,
) -> Page[WaitlistEntry]:
    """List who waits at a site of those whom the caller treats, as entered; `waitlist_rank` has the order of asking."""
    return await waitlist.page(site_id, status, page, reach)


@router.get("/v1/sites/{site_id}/waitlist_rank", operation_id="read_waitlist_rank", responses=documented(404, 422, 503))
async def read_waitlist_rank(
    site_id: SiteId,
    waitlist: WaitlistRead,
    reach: Reach,
    service: Annotated[
        ServiceKind | None, Query(description="Only who waits for this service or for the whole programme.")
    ] = None,
) -> WaitlistRank:
    """Read who is asked first of those whom the caller treats, with the score, what it is made of and the rules."""
    return await waitlist.rank(site_id, service, reach)


@router.get(_ENTRY, operation_id="read_waitlist_entry", responses=documented(404, 422, 503))
async def read_waitlist_entry(
    entry_id: WaitlistEntryId, waitlist: WaitlistRead, reach: Reach, response: Response
) -> WaitlistEntry:
    """Read one entry."""
    return _tagged(await waitlist.shown(entry_id, reach), response)


@router.put(_ENTRY, operation_id="put_waitlist_entry", responses=documented(404, 409, 412, 422, 428, 503))
async def put_waitlist_entry(
    *,
    entry_id: WaitlistEntryId,
    change: WaitlistEntryChange,
    version: RequiredVersion,
    waitlist: Waitlist,
    reach: Reach,
    response: Response,
) -> WaitlistEntry:
    """Replace when somebody who waits can come, and what puts them before others."""
    return _tagged(await waitlist.change(entry_id, change, version, reach), response)


@router.post(_ENTRY + ":place", operation_id="place_waitlist_entry", responses=documented(404, 409, 422, 503))
async def place_waitlist_entry(
    entry_id: WaitlistEntryId, waitlist: Waitlist, reach: Reach, response: Response
) -> WaitlistEntry:
    """Close an entry because the person has got what they waited for."""
    return _tagged(await waitlist.place(entry_id, reach), response)


@router.post(_ENTRY + ":remove", operation_id="remove_waitlist_entry", responses=documented(404, 409, 422, 503))
async def remove_waitlist_entry(
    *, entry_id: WaitlistEntryId, removal: WaitlistRemoval, waitlist: Waitlist, reach: Reach, response: Response
) -> WaitlistEntry:
    """Close an entry without a seat, and say why."""
    return _tagged(await waitlist.remove(entry_id, removal.reason, reach), response)
