"""Routes of patients."""

from fastapi import APIRouter, Response, status

from services.chassis.idempotency import IdempotentRoute
from services.chassis.paging import RequestedPage
from services.chassis.wiring import documented, entity_tag
from services.contracts.base import Page
from services.contracts.identifiers import PatientId
from services.contracts.records.patients import Patient, PatientPresence, PatientRequest
from services.records.dependencies import PatientChanges, PatientReading

router = APIRouter(prefix="/v1/patients", tags=["patients"], route_class=IdempotentRoute)


@router.post("", operation_id="create_patient", status_code=status.HTTP_201_CREATED, responses=documented(422))
async def create_patient(request: PatientRequest, patients: PatientChanges, response: Response) -> Patient:
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


@router.get("/{patient_id}/presence", operation_id="read_patient_presence", responses=documented(404, 422))
async def read_patient_presence(patient_id: PatientId, patients: PatientReading) -> PatientPresence:
    """Tell the scheduler where a patient is treated, and nothing else."""
    return await patients.presence(patient_id)
