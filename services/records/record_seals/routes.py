"""The route by which the scheduler learns of seals."""

from fastapi import APIRouter

from services.chassis.idempotency import IdempotentRoute
from services.chassis.wiring import documented
from services.contracts.records.record_seals import RecordSeals, RecordSealsRequest
from services.records.dependencies.encounters import RecordSealing

router = APIRouter(prefix="/v1", tags=["programme_closings"], route_class=IdempotentRoute)


@router.post("/record_seals:exchange", operation_id="exchange_record_seals", responses=documented(401, 422))
async def exchange_record_seals(request: RecordSealsRequest, record_seals: RecordSealing) -> RecordSeals:
    """Tell the scheduler whose records are sealed, until it has ended their calendars; signed instead of a token.

    Signed as Standard Webhooks 1.0.0 says.
    """
    return await record_seals.exchange(request)
