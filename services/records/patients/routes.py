"""Routes of patients."""

from typing import Annotated

from fastapi import APIRouter, Query, Response, status

from services.chassis.idempotency import IdempotentRoute
from services.chassis.paging import RequestedPage
from services.chassis.wiring import RequiredVersion, documented, entity_tag
from services.contracts.base import Page
from services.contracts.disclosure import Information
from services.contracts.identifiers import PatientId
from services.contracts.records.patients import (
    Patient,
    PatientCorrectionRequest,
    PatientPresence,
    PatientRequest,
    PatientsInReach,
    PatientVersion,
    ReachRequest,
    SharedInformation,
)
from services.records.dependencies import PatientAdmitting, PatientCorrecting, PatientReading, PatientVersionReading

router = APIRouter(prefix="/v1/patients", tags=["patients"], route_class=IdempotentRoute)


@router.post("", operation_id="create_patient", status_code=status.HTTP_201_CREATED, responses=documented(422))
async def create_patient(request: PatientRequest, patients: PatientAdmitting, response: Response) -> Patient:
    """Admit a patient; names and birth date are encrypted before they are stored."""
    patient = await patients.create(request)
    response.headers["location"] = f"/v1/patients/{patient.id}"
    response.headers["etag"] = entity_tag(patient.version)
    return patient


@router.get("", operation_id="list_patients", responses=documented(422))
async def list_patients(patients: PatientReading, page: RequestedPage) -> Page[Patient]:
    """List the organization's patients in the order they were admitted."""
    return await patients.page(page)


@router.get("/{patient_id}", operation_id="read_patient", responses=documented(404, 422))
async def read_patient(patient_id: PatientId, patients: PatientReading, response: Response) -> Patient:
    """Read a patient."""
    patient = await patients.one(patient_id)
    response.headers["etag"] = entity_tag(patient.version)
    return patient


@router.post("/{patient_id}:correct", operation_id="correct_patient", responses=documented(404, 409, 412, 422, 428))
async def correct_patient(
    patient_id: PatientId,
    request: PatientCorrectionRequest,
    corrections: PatientCorrecting,
    version: RequiredVersion,
    response: Response,
) -> Patient:
    """Correct a patient's name, birth date or site; If-Match names the version that is corrected, which is kept."""
    patient = await corrections.correct(patient_id, request, version)
    response.headers["etag"] = entity_tag(patient.version)
    return patient


@router.get("/{patient_id}/versions", operation_id="list_patient_versions", responses=documented(404, 422))
async def list_patient_versions(patient_id: PatientId, versions: PatientVersionReading) -> Page[PatientVersion]:
    """List what was written of who a patient is before each correction, oldest first, all of it on one page."""
    return await versions.of_patient(patient_id)


@router.get("/{patient_id}/presence", operation_id="read_patient_presence", responses=documented(404, 422))
async def read_patient_presence(
    *,
    patient_id: PatientId,
    patients: PatientReading,
    information: Annotated[
        SharedInformation, Query(description="What the caller is about to see, or to change, of the patient.")
    ] = Information.SCHEDULING,
    for_change: Annotated[
        bool, Query(description="Whether something is to be changed, which an emergency access does not open.")
    ] = False,
) -> PatientPresence:
    """Tell the scheduler where a patient is treated, and nothing else, for somebody who may see this of them."""
    return await patients.presence_to_plan(patient_id, information, for_change=for_change)


@router.post(":within_reach", operation_id="find_patients_within_reach", responses=documented(422))
async def find_patients_within_reach(request: ReachRequest, patients: PatientReading) -> PatientsInReach:
    """Tell the scheduler of which of these patients its caller may see this; of the others nothing is said."""
    return PatientsInReach(patient_ids=await patients.within_reach(request.patient_ids, request.information))
