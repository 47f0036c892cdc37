"""What has changed over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Query

from services.chassis.wiring import documented
from services.contracts.identifiers import SiteId
from services.contracts.scheduler.week_changes import WeekChanges
from services.scheduler.dependencies.reports import WeekChangesRead
from services.scheduler.week_changes.rules import LONGEST_CURSOR

router = APIRouter(tags=["appointments"])


@router.get("/v1/sites/{site_id}/changes", operation_id="list_week_changes", responses=documented(404, 422))
async def list_week_changes(
    site_id: SiteId,
    changes: WeekChangesRead,
    since: Annotated[
        str | None, Query(max_length=LONGEST_CURSOR, description="The cursor of the answer before; none for all weeks.")
    ] = None,
) -> WeekChanges:
    """List which published weeks have changed since an answer, from the current week on: what to read again.

    What is committed while this is read, or before it and seen late, is in the answer after.
    """
    return await changes.since(site_id, since)
