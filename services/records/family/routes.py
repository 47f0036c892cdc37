"""Routes of family."""

from typing import Annotated

from fastapi import APIRouter, Query, status

from services.chassis.idempotency import IdempotentRoute
from services.chassis.wiring import documented
from services.contracts.base import Page
from services.contracts.identifiers import FamilyParticipationId, PatientId, RelatedPersonId
from services.contracts.records.family import (
    FamilyCounselling,
    FamilyExemption,
    FamilyExemptionRequest,
    FamilyPermissions,
    RelatedPerson,
    RelatedPersonRequest,
)
from services.contracts.records.family_participations import FamilyParticipation, FamilyParticipationRequest
from services.contracts.scheduler.sites import ZoneName
from services.contracts.vocabulary import Jurisdiction
from services.records.dependencies.family import FamilyChanges, FamilyReading, ParticipationChanges

router = APIRouter(prefix="/v1", tags=["family"], route_class=IdempotentRoute)
_OF_PATIENT = "/patients/{patient_id}/related_persons"
_ONE = "/related_persons/{person_id}"
_CREATED = status.HTTP_201_CREATED


@router.post(_OF_PATIENT, operation_id="create_related_person", status_code=_CREATED, responses=documented(404, 422))
async def create_related_person(
    patient_id: PatientId, request: RelatedPersonRequest, family: FamilyChanges
) -> RelatedPerson:
    """Enter somebody close to the patient; it gives them no right to be told anything."""
    return await family.add(patient_id, request)


@router.get(_OF_PATIENT, operation_id="list_related_persons", responses=documented(404, 422))
async def list_related_persons(patient_id: PatientId, family: FamilyReading) -> Page[RelatedPerson]:
    """List who is or was close to the patient, all of them on one page."""
    return await family.persons(patient_id)


@router.post(f"{_ONE}:end", operation_id="end_related_person", responses=documented(404, 409, 422))
async def end_related_person(person_id: RelatedPersonId, family: FamilyChanges) -> RelatedPerson:
    """Say that somebody is close to the patient no longer."""
    return await family.end(person_id)


@router.post(
    f"{_ONE}/participations",
    operation_id="create_family_participation",
    status_code=_CREATED,
    responses=documented(403, 404, 409, 422),
)
async def create_family_participation(
    person_id: RelatedPersonId, request: FamilyParticipationRequest, participations: ParticipationChanges
) -> FamilyParticipation:
    """Let somebody take part in family sessions or a multi-family group, by the patient's agreement and consent."""
    return await participations.agree(person_id, request)


@router.get(
    "/patients/{patient_id}/family_participations",
    operation_id="list_family_participations",
    responses=documented(404, 422),
)
async def list_family_participations(
    patient_id: PatientId, participations: ParticipationChanges
) -> Page[FamilyParticipation]:
    """List who takes part with this patient and whether they may today; no other family is named to anybody."""
    return await participations.of_patient(patient_id)


@router.post(
    "/family_participations/{participation_id}:end",
    operation_id="end_family_participation",
    responses=documented(404, 409, 422),
)
async def end_family_participation(
    participation_id: FamilyParticipationId, participations: ParticipationChanges
) -> FamilyParticipation:
    """Say that somebody takes part no longer."""
    return await participations.end(participation_id)


@router.get(f"{_ONE}/permissions", operation_id="read_family_permissions", responses=documented(404, 422))
async def read_family_permissions(person_id: RelatedPersonId, family: FamilyChanges) -> FamilyPermissions:
    """Read what you may say to this person now, part by part, and how what you may not could be allowed."""
    return await family.permissions(person_id)


@router.post(
    "/patients/{patient_id}/family_exemptions",
    operation_id="create_family_exemption",
    status_code=_CREATED,
    responses=documented(404, 409, 422),
)
async def create_family_exemption(
    patient_id: PatientId, request: FamilyExemptionRequest, family: FamilyChanges
) -> FamilyExemption:
    """Say that a month goes without family counselling: refused, or contraindicated."""
    return await family.exempt(patient_id, request)


@router.get(
    "/patients/{patient_id}/family_counselling",
    operation_id="read_family_counselling",
    responses=documented(404, 422),
)
async def read_family_counselling(
    patient_id: PatientId,
    family: FamilyReading,
    jurisdiction: Annotated[Jurisdiction, Query()],
    zone: Annotated[
        ZoneName, Query(description="Of the patient's site, by which its days are counted; another is refused.")
    ],
) -> FamilyCounselling:
    """Read in which months of the admission family counselling was held, exempt, is due, or was missed."""
    return await family.counselling(patient_id, jurisdiction, zone)
