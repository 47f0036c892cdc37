"""Routes of medication."""

from typing import Annotated

from fastapi import APIRouter, Query, status

from services.chassis.idempotency import IdempotentRoute
from services.chassis.wiring import documented
from services.contracts.base import Page
from services.contracts.identifiers import MedicationId, PatientId, SiteId
from services.contracts.records.medications import (
    DoseRequest,
    DueInjections,
    DueMedicationVisits,
    Medication,
    MedicationEnd,
    MedicationRequest,
)
from services.contracts.scheduler.sites import ZoneName
from services.records.dependencies.medications import DueReading, MedicationChanges, MedicationReading

router = APIRouter(prefix="/v1", tags=["medication"], route_class=IdempotentRoute)

_Zone = Annotated[ZoneName, Query(description="Of the site, by which its days are counted; another is refused.")]
_DaysAhead = Annotated[int, Query(ge=0, le=60, description="How many days ahead.")]
_OF_PATIENT = "/patients/{patient_id}/medications"
_CREATED = status.HTTP_201_CREATED


@router.post(_OF_PATIENT, operation_id="create_medication", status_code=_CREATED, responses=documented(404, 422))
async def create_medication(
    patient_id: PatientId, request: MedicationRequest, medications: MedicationChanges
) -> Medication:
    """Enter a medicine that the patient is prescribed, here or elsewhere."""
    return await medications.add(patient_id, request)


@router.get(_OF_PATIENT, operation_id="list_medications", responses=documented(404, 422))
async def list_medications(patient_id: PatientId, medications: MedicationReading) -> Page[Medication]:
    """List the patient's medicines with doses, what is due and how far it is taken, all of them on one page."""
    return await medications.of_patient(patient_id)


@router.post("/medications/{medication_id}:end", operation_id="end_medication", responses=documented(404, 409, 422))
async def end_medication(
    medication_id: MedicationId, request: MedicationEnd, medications: MedicationChanges
) -> Medication:
    """End a medicine; never because the programme demands it."""
    return await medications.end(medication_id, request)


@router.post(
    "/medications/{medication_id}/doses",
    operation_id="create_medication_dose",
    status_code=_CREATED,
    responses=documented(404, 422),
)
async def create_medication_dose(
    medication_id: MedicationId, request: DoseRequest, medications: MedicationChanges
) -> Medication:
    """Record a dose or an injection that was given, missed or declined on a day."""
    return await medications.record(medication_id, request)


@router.get("/sites/{site_id}/due_injections", operation_id="list_due_injections", responses=documented(422))
async def list_due_injections(
    site_id: SiteId,
    due: DueReading,
    zone: _Zone,
    within_days: _DaysAhead = 7,
) -> DueInjections:
    """List the injections of a site that are due within some days or overdue, the longest overdue first."""
    return await due.injections(site_id, zone, within_days)


@router.get(
    "/sites/{site_id}/due_medication_visits",
    operation_id="list_due_medication_visits",
    responses=documented(422),
)
async def list_due_medication_visits(
    site_id: SiteId,
    due: DueReading,
    zone: _Zone,
    within_days: _DaysAhead = 7,
) -> DueMedicationVisits:
    """List the visits to prescribers of a site that are due within some days or overdue, the longest overdue first."""
    return await due.visits(site_id, zone, within_days)
