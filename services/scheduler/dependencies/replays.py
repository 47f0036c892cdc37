"""The gate before a stored answer: whoever sends a request again may have lost access since it was answered."""

from collections.abc import Sequence

from fastapi import Request
from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.audit.trail import Ground, Trail
from services.chassis.wiring import bearer_token_of
from services.scheduler.reach import CallersReach


async def decide_again(request: Request, _db: AsyncSession, trail: Trail, grounds: Sequence[Ground]) -> None:
    """Have records decide once more about everybody a stored answer told of.

    Raises:
        NotFoundError: One of these people is not for the caller any more, or not here.
        UpstreamUnavailableError: Records does not answer.
    """
    reach = CallersReach(request.app.state.records, trail.caller.principal, await bearer_token_of(request), trail)
    await reach.require_again(grounds)
