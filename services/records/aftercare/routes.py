"""Routes of aftercare."""

from typing import Annotated

from fastapi import APIRouter, Query, status

from services.chassis.idempotency import IdempotentRoute
from services.chassis.wiring import documented
from services.contracts.base import Page
from services.contracts.identifiers import AftercareContactId, AftercarePlanId, EpisodeId, PatientId, SiteId
from services.contracts.records.recovery import (
    AftercareAmendmentRequest,
    AftercareContact,
    AftercareContacts,
    AftercarePlan,
    AftercareRequest,
    AttemptRequest,
    FollowUpRequest,
)
from services.contracts.scheduler.sites import ZoneName
from services.records.dependencies.recovery import AftercareChanges, AftercareReading

router = APIRouter(prefix="/v1", tags=["recovery support"], route_class=IdempotentRoute)
_CONTACT = "/aftercare_contacts/{contact_id}"
_CREATED = status.HTTP_201_CREATED
_Zone = Annotated[
    ZoneName, Query(description="Of the patient's site, by which its days are counted; another is refused.")
]


@router.post(
    "/episodes/{episode_id}/aftercare_plan",
    operation_id="create_aftercare_plan",
    status_code=_CREATED,
    responses=documented(404, 409, 422),
)
async def create_aftercare_plan(
    episode_id: EpisodeId, request: AftercareRequest, aftercare: AftercareChanges, zone: _Zone
) -> AftercarePlan:
    """Agree on aftercare when the episode has ended; contacts are due 7, 30, 60, 90 and 180 days after discharge."""
    return await aftercare.agree(episode_id, request, zone)


@router.post("/aftercare_plans/{plan_id}:amend", operation_id="amend_aftercare_plan", responses=documented(404, 422))
async def amend_aftercare_plan(
    plan_id: AftercarePlanId, request: AftercareAmendmentRequest, aftercare: AftercareChanges, zone: _Zone
) -> AftercarePlan:
    """Say what is agreed instead, such as another number to call; what was agreed before is kept."""
    return await aftercare.amend(plan_id, request, zone)


@router.get(
    "/patients/{patient_id}/aftercare_plans", operation_id="list_aftercare_plans", responses=documented(404, 422)
)
async def list_aftercare_plans(patient_id: PatientId, aftercare: AftercareReading, zone: _Zone) -> Page[AftercarePlan]:
    """List the patient's aftercare with every contact, all of it on one page."""
    return await aftercare.of_patient(patient_id, zone)


@router.get("/sites/{site_id}/aftercare_contacts", operation_id="list_aftercare_contacts", responses=documented(422))
async def list_aftercare_contacts(site_id: SiteId, aftercare: AftercareReading, zone: _Zone) -> AftercareContacts:
    """List the contacts that are due or overdue today at a site, the longest overdue first."""
    return await aftercare.at_site(site_id, zone)


@router.post(
    f"{_CONTACT}/attempts",
    operation_id="create_aftercare_attempt",
    status_code=_CREATED,
    responses=documented(404, 409, 422),
)
async def create_aftercare_attempt(
    contact_id: AftercareContactId, request: AttemptRequest, aftercare: AftercareChanges, zone: _Zone
) -> AftercareContact:
    """Record an attempt to reach the patient, in a way that the patient has allowed."""
    return await aftercare.attempt(contact_id, request, zone)


@router.post(f"{_CONTACT}:close", operation_id="close_aftercare_contact", responses=documented(404, 409, 422))
async def close_aftercare_contact(
    contact_id: AftercareContactId, request: FollowUpRequest, aftercare: AftercareChanges, zone: _Zone
) -> AftercareContact:
    """Record how the patient was doing, which closes the contact."""
    return await aftercare.close(contact_id, request, zone)
