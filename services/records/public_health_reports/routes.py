"""The route of what public health is told."""

from typing import Annotated

from fastapi import APIRouter, Query

from services.chassis.idempotency import IdempotentRoute
from services.chassis.wiring import documented
from services.contracts.identifiers import RecipientId
from services.contracts.records.public_health_reports import PublicHealthReport
from services.records.dependencies.law import PublicHealthReading

router = APIRouter(prefix="/v1", tags=["disclosures"], route_class=IdempotentRoute)


@router.get("/public_health_report", operation_id="read_public_health_report", responses=documented(403, 422))
async def read_public_health_report(
    recipient_id: Annotated[RecipientId, Query(description="The public health authority.")],
    year: Annotated[int, Query(ge=2000, le=2199, description="One that is over.")],
    reports: PublicHealthReading,
) -> PublicHealthReport:
    """Read what a public health authority may be told of a year: counts that tell of nobody (42 CFR 2.54)."""
    return await reports.of_year(recipient_id, year)
