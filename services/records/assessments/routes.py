"""Routes of instruments, assessments and safety tasks."""

from typing import Annotated

from fastapi import APIRouter, Query, Response, status

from services.chassis.idempotency import IdempotentRoute
from services.chassis.paging import RequestedPage
from services.chassis.wiring import Caller, RequiredVersion, documented, entity_tag
from services.contracts.base import Code, Day, Page
from services.contracts.identifiers import AssessmentId, PatientId, SafetyTaskId, SiteId
from services.contracts.records.assessments import (
    Assessment,
    AssessmentAmendment,
    AssessmentRequest,
    AssessmentTrends,
    Instruments,
    MeasurementReport,
    SafetyAnswerRequest,
    SafetyTask,
    SafetyTasks,
)
from services.contracts.records.due_assessments import DueAssessments
from services.contracts.scheduler.sites import ZoneName
from services.records.assessments.instruments import all_instruments
from services.records.dependencies.assessments import AssessmentChanges, AssessmentReading, DueAssessmentReading

router = APIRouter(prefix="/v1", tags=["assessments"], route_class=IdempotentRoute)
_OneInstrument = Annotated[Code | None, Query(description="Only this instrument.")]


@router.get("/instruments", operation_id="list_instruments")
async def list_instruments(_caller: Caller) -> Instruments:
    """List the instruments: items as far as their licences allow, scores with their cut-offs and sources."""
    return Instruments(items=list(all_instruments().values()))


@router.post(
    "/patients/{patient_id}/assessments",
    operation_id="create_assessment",
    status_code=status.HTTP_201_CREATED,
    responses=documented(404, 422),
)
async def create_assessment(
    patient_id: PatientId, request: AssessmentRequest, assessments: AssessmentChanges, response: Response
) -> Assessment:
    """Write down an assessment; a dangerous answer sets a safety task going, which stands in the answer."""
    one = await assessments.create(patient_id, request)
    response.headers["location"] = f"/v1/assessments/{one.id}"
    return _tagged(one, response)


@router.get("/patients/{patient_id}/assessments", operation_id="list_assessments", responses=documented(404, 422))
async def list_assessments(
    patient_id: PatientId,
    assessments: AssessmentReading,
    page: RequestedPage,
    instrument_id: _OneInstrument = None,
) -> Page[Assessment]:
    """List the newest version of each of the patient's assessments, earliest entry first."""
    return await assessments.page(patient_id, instrument_id, page)


@router.get(
    "/patients/{patient_id}/assessment_trends", operation_id="read_assessment_trends", responses=documented(404, 422)
)
async def read_assessment_trends(
    patient_id: PatientId, assessments: AssessmentReading, instrument_id: _OneInstrument = None
) -> AssessmentTrends:
    """Read how the patient's scores have moved, of completed assessments."""
    return await assessments.trends(patient_id, instrument_id)


@router.get("/assessments/{assessment_id}", operation_id="read_assessment", responses=documented(404, 422))
async def read_assessment(
    assessment_id: AssessmentId, assessments: AssessmentReading, response: Response
) -> Assessment:
    """Read the newest version of an assessment."""
    return _tagged(await assessments.one(assessment_id), response)


@router.get(
    "/assessments/{assessment_id}/versions", operation_id="list_assessment_versions", responses=documented(404, 422)
)
async def list_assessment_versions(assessment_id: AssessmentId, assessments: AssessmentReading) -> Page[Assessment]:
    """List every version of an assessment, newest first, all of them on one page."""
    return await assessments.versions(assessment_id)


@router.post(
    "/assessments/{assessment_id}:complete",
    operation_id="complete_assessment",
    responses=documented(404, 409, 412, 422, 428),
)
async def complete_assessment(
    assessment_id: AssessmentId, version: RequiredVersion, assessments: AssessmentChanges, response: Response
) -> Assessment:
    """Close an assessment, once every safety task of it is answered."""
    return _tagged(await assessments.complete(assessment_id, version), response)


@router.post(
    "/assessments/{assessment_id}:amend",
    operation_id="amend_assessment",
    responses=documented(404, 409, 412, 422, 428),
)
async def amend_assessment(
    assessment_id: AssessmentId,
    request: AssessmentAmendment,
    version: RequiredVersion,
    assessments: AssessmentChanges,
    response: Response,
) -> Assessment:
    """Correct an assessment; what was written stays on record."""
    return _tagged(await assessments.amend(assessment_id, request, version), response)


@router.post(
    "/assessments/{assessment_id}:retract",
    operation_id="retract_assessment",
    responses=documented(404, 409, 412, 422, 428),
)
async def retract_assessment(
    assessment_id: AssessmentId, version: RequiredVersion, assessments: AssessmentChanges, response: Response
) -> Assessment:
    """Say that an assessment was entered in error; a safety task that it set going is answered all the same."""
    return _tagged(await assessments.retract(assessment_id, version), response)


@router.get("/sites/{site_id}/safety_tasks", operation_id="list_safety_tasks", responses=documented(422))
async def list_safety_tasks(site_id: SiteId, assessments: AssessmentReading) -> SafetyTasks:
    """List the open safety tasks of those at the site whom the caller treats, the one due first ahead."""
    return await assessments.open_tasks(site_id)


@router.post("/safety_tasks/{task_id}:answer", operation_id="answer_safety_task", responses=documented(404, 409, 422))
async def answer_safety_task(
    task_id: SafetyTaskId, request: SafetyAnswerRequest, assessments: AssessmentChanges
) -> SafetyTask:
    """Write down who was told of a dangerous answer, when, and what was done; it is written once."""
    return await assessments.answer(task_id, request)


@router.get("/sites/{site_id}/due_assessments", operation_id="list_due_assessments", responses=documented(422))
async def list_due_assessments(
    site_id: SiteId,
    due: DueAssessmentReading,
    zone: Annotated[ZoneName, Query(description="Of the site, by which its days are counted; another is refused.")],
) -> DueAssessments:
    """List who is to be measured at a site in this week and who is overdue, as often as each instrument is answered."""
    return await due.at_site(site_id, zone)


@router.get("/sites/{site_id}/measurement_report", operation_id="read_measurement_report", responses=documented(422))
async def read_measurement_report(
    site_id: SiteId,
    assessments: AssessmentReading,
    first_month: Annotated[Day, Query(description="The first day of the first month.")],
    last_month: Annotated[Day, Query(description="The first day of the last month.")],
) -> MeasurementReport:
    """Count the patients of a site who were measured, and how they moved; counts of 1 to 10 people are left out."""
    return await assessments.report(site_id, first_month, last_month)


def _tagged(one: Assessment, response: Response) -> Assessment:
    response.headers["etag"] = entity_tag(one.version)
    return one
