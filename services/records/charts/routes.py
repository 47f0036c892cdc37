"""Routes of charts."""

from typing import Annotated

from fastapi import APIRouter, Query

from services.chassis.wiring import documented
from services.contracts.identifiers import PatientId
from services.contracts.records.charts import PatientChart
from services.contracts.scheduler.sites import ZoneName
from services.records.dependencies.charts import ChartReading

router = APIRouter(prefix="/v1/patients", tags=["patients"])
_Zone = Annotated[
    ZoneName, Query(description="Of the patient's site, by which its days are counted; another is refused.")
]


@router.get("/{patient_id}/chart", operation_id="read_patient_chart", responses=documented(404, 422))
async def read_patient_chart(patient_id: PatientId, charts: ChartReading, zone: _Zone) -> PatientChart:
    """Read what to know of a patient first, as one access; what is not for the caller is withheld, with the rule."""
    return await charts.one(patient_id, zone)
