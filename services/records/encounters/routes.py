"""Routes of encounters, of the scheduler's events, and of the hours ledger."""

from typing import Annotated

from fastapi import APIRouter, Query

from services.chassis.idempotency import IdempotentRoute
from services.chassis.paging import RequestedPage
from services.chassis.wiring import documented
from services.contracts.base import Day, Page
from services.contracts.identifiers import EncounterId, OrganizationId, PatientId, SiteId
from services.contracts.records.encounters import (
    AttendanceEvent,
    AttendanceReceipt,
    Encounter,
    HoursLedger,
    MissedInARowList,
)
from services.contracts.scheduler.sites import ZoneName
from services.records.dependencies.encounters import AbsenceReading, AttendanceEvents, EncounterReading

router = APIRouter(prefix="/v1", tags=["encounters"], route_class=IdempotentRoute)


@router.post(
    "/organizations/{organization_id}/attendance_events",
    operation_id="receive_attendance_event",
    responses=documented(401, 404, 422),
)
async def receive_attendance_event(
    organization_id: OrganizationId,  # noqa: ARG001 - the wiring opens that organization's record
    event: AttendanceEvent,
    events: AttendanceEvents,
) -> AttendanceReceipt:
    """Take what the scheduler tells of a patient in a session, signed (Standard Webhooks 1.0.0) instead of a token."""
    return await events.take(event)


@router.get("/patients/{patient_id}/encounters", operation_id="list_encounters", responses=documented(404, 422))
async def list_encounters(patient_id: PatientId, encounters: EncounterReading, page: RequestedPage) -> Page[Encounter]:
    """List what became of the patient's sessions, the first told of ahead."""
    return await encounters.page(patient_id, page)


@router.get("/encounters/{encounter_id}", operation_id="read_encounter", responses=documented(404, 422))
async def read_encounter(encounter_id: EncounterId, encounters: EncounterReading) -> Encounter:
    """Read what became of one session of a patient."""
    return await encounters.one(encounter_id)


@router.get("/sites/{site_id}/missed_in_a_row", operation_id="list_missed_in_a_row", responses=documented(422))
async def list_missed_in_a_row(
    site_id: SiteId,
    absences: AbsenceReading,
    zone: Annotated[ZoneName, Query(description="Of the site, by which its days are counted; another is refused.")],
) -> MissedInARowList:
    """List who has missed session after session, with the rule: for somebody to reach out and to review the plan."""
    return await absences.missed_in_a_row(site_id, zone)


@router.get("/patients/{patient_id}/hours_ledger", operation_id="read_hours_ledger", responses=documented(404, 422))
async def read_hours_ledger(
    patient_id: PatientId,
    encounters: EncounterReading,
    week: Annotated[Day, Query(description="The Monday of the week.")],
) -> HoursLedger:
    """Read what the patient's plan requires of a week, and what is attended, excused, missed and missing by Sunday."""
    return await encounters.ledger(patient_id, week)
