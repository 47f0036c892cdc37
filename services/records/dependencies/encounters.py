"""The wiring of encounters; the scheduler's events come without a person, and are audited all the same."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Final, NamedTuple
from uuid import UUID

from fastapi import Depends, Request

from services.chassis.audit.chain import audit_key
from services.chassis.audit.trail import Caller as AuditCaller
from services.chassis.audit.trail import Trail, append
from services.chassis.clock import Clock
from services.chassis.database import UnitOfWork, driver_connection, set_organization
from services.chassis.root_keys import RootKeys
from services.chassis.webhooks import SignatureRefusedError, verify
from services.chassis.wiring import Now, PublicDoors, Reading
from services.clients.attendance import event_secret
from services.contracts.disclosure import Purpose
from services.contracts.identifiers import AccountId, OrganizationId
from services.contracts.identity import Microservice, Principal
from services.records.dependencies import PatientReading, TheGate, TreatmentPlanReading
from services.records.encounters.absences import AbsenceReads
from services.records.encounters.logic import AttendanceConsumer, Beside, EncounterReads
from services.records.encounters.storage import EncounterQueries, EncounterRows
from services.records.episodes.logic import StaysToPlan
from services.records.episodes.storage import EpisodeQueries
from services.records.errors import EventRefusedError
from services.records.patients.storage import PatientRows
from services.records.record_seals.logic import RecordSealsLogic
from services.records.record_seals.storage import RecordSealRows
from services.records.site_zones.logic import SiteConsumer, SiteZoneReads
from services.records.site_zones.storage import SiteZoneQueries, SiteZoneRows

SCHEDULER: Final = AccountId(UUID("5c4ed01e-0000-4000-8000-000000000001"))
"""Who does in the trail what the scheduler does by itself: no person has this account."""


async def _signed_unit_of_work(request: Request, doors: PublicDoors, clock: Now) -> AsyncIterator[UnitOfWork]:
    # Before there is a transaction: what a stranger sends costs a look at a signature, and no connection.
    root_keys: RootKeys = request.app.state.root_keys
    try:
        verify(event_secret(root_keys.first), request.headers, clock.now(), await request.body())
    except SignatureRefusedError:
        raise EventRefusedError from None
    async with doors.unit() as db:
        yield db


_SignedDb = Annotated[UnitOfWork, Depends(_signed_unit_of_work, scope="function")]


class _Told(NamedTuple):
    """With what is opened of whom the scheduler tells, and what is told of its event."""

    root_keys: RootKeys
    trail: Trail


@asynccontextmanager
async def _told_by_the_scheduler(
    organization_id: OrganizationId, request: Request, db: UnitOfWork, clock: Clock, operation_id: str
) -> AsyncIterator[_Told]:
    # Nobody has signed in: the organization is the one that the path names, and the scheduler's signature is the proof.
    await set_organization(db, organization_id)
    root_keys: RootKeys = request.app.state.root_keys
    principal = Principal(
        account_id=SCHEDULER,
        organization_id=organization_id,
        roles=frozenset(),
        acting_service=Microservice.SCHEDULER,
        token_id="",
        delegation=None,
        sign_in=None,
        proof_key=None,
    )
    trail = Trail(AuditCaller(principal, operation_id), clock)
    yield _Told(root_keys, trail)
    await append(await driver_connection(db), audit_key(root_keys.first), organization_id, trail.take())
    request.app.state.grown_trails.add(organization_id)


async def _attendance_events(
    organization_id: OrganizationId, request: Request, db: _SignedDb, clock: Now
) -> AsyncIterator[AttendanceConsumer]:
    async with _told_by_the_scheduler(organization_id, request, db, clock, "receive_attendance_event") as told:
        beside = Beside(PatientRows(db, told.root_keys, organization_id), SiteZoneRows(db, organization_id))
        yield AttendanceConsumer(EncounterRows(db, organization_id), beside, told.trail, clock)


async def _site_events(
    organization_id: OrganizationId, request: Request, db: _SignedDb, clock: Now
) -> AsyncIterator[SiteConsumer]:
    async with _told_by_the_scheduler(organization_id, request, db, clock, "receive_site_event") as told:
        yield SiteConsumer(SiteZoneRows(db, organization_id), told.trail, clock)


async def _record_sealing(request: Request, db: _SignedDb, clock: Now) -> AsyncIterator[RecordSealsLogic]:
    logic = RecordSealsLogic(RecordSealRows(db), clock)
    yield logic
    for organization_id in sorted(logic.ended):
        async with _told_by_the_scheduler(organization_id, request, db, clock, "exchange_record_seals") as told:
            told.trail.permit(*logic.ended[organization_id], basis="use", purpose=Purpose.OPERATIONS)


async def _site_zone_reading(read: Reading) -> SiteZoneReads:
    return SiteZoneReads(SiteZoneQueries(read))


SiteZoneReading = Annotated[SiteZoneReads, Depends(_site_zone_reading)]


async def _encounter_reading(
    read: Reading, patients: PatientReading, plans: TreatmentPlanReading, gate: TheGate
) -> EncounterReads:
    return EncounterReads(EncounterQueries(read), patients, plans, gate)


async def _absence_reading(
    read: Reading, zones: SiteZoneReading, patients: PatientReading, gate: TheGate
) -> AbsenceReads:
    return AbsenceReads(EncounterQueries(read), zones, StaysToPlan(EpisodeQueries(read)), patients, gate)


AttendanceEvents = Annotated[AttendanceConsumer, Depends(_attendance_events, scope="function")]
SiteEvents = Annotated[SiteConsumer, Depends(_site_events, scope="function")]
RecordSealing = Annotated[RecordSealsLogic, Depends(_record_sealing, scope="function")]
EncounterReading = Annotated[EncounterReads, Depends(_encounter_reading)]
AbsenceReading = Annotated[AbsenceReads, Depends(_absence_reading)]
