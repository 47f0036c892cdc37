"""The wiring of what anybody may ask, and of the doors by which people come in."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request

from services.chassis.audit.chain import audit_key
from services.chassis.audit.trail import Caller as AuditCaller
from services.chassis.audit.trail import Trail, append
from services.chassis.database import UnitOfWork, driver_connection
from services.chassis.wiring import Caller, Db, Now, PublicDoors, Reading, organization_of, process_of
from services.contracts.disclosure import Information, Purpose
from services.contracts.identifiers import AccountId, OrganizationId, ReferralId
from services.contracts.identity import Principal
from services.records.dependencies import TheGate, TheGateway, TheRootKeys
from services.records.directory.logic import DirectoryDoors
from services.records.directory.storage import DirectoryRows
from services.records.intake_doors.logic import DoorCommands, DoorReads, Inquiries, InquiryUnit
from services.records.intake_doors.storage import DoorQueries, DoorRows
from services.records.referrals.logic import ReferralIntake
from services.records.referrals.storage import ReferralRows
from services.records.site_zones.logic import KnownSites
from services.records.site_zones.storage import SiteZoneRows

# Who sends an inquiry has no account and no token; the trail says so with the nil identifier.
_NOBODY = AccountId(UUID(int=0))


async def _door_changes(db: Db, principal: Caller, gate: TheGate) -> DoorCommands:
    organization_id = organization_of(principal)
    directory, sites = DirectoryDoors(DirectoryRows(db), organization_id), KnownSites(SiteZoneRows(db, organization_id))
    return DoorCommands(DoorRows(db, organization_id), directory, sites, gate)


DoorChanges = Annotated[DoorCommands, Depends(_door_changes)]


async def _door_reading(read: Reading, principal: Caller, gate: TheGate) -> DoorReads:
    return DoorReads(DoorQueries(read, organization_of(principal)), gate)


DoorReading = Annotated[DoorReads, Depends(_door_reading)]


async def _inquiries(
    request: Request, doors: PublicDoors, clock: Now, root: TheRootKeys, houses: TheGateway
) -> Inquiries:
    @asynccontextmanager
    async def unit() -> AsyncIterator[InquiryUnit]:
        received: list[tuple[OrganizationId, ReferralId]] = []

        def told(organization_id: OrganizationId, referral_id: ReferralId) -> None:
            received.append((organization_id, referral_id))

        async with doors.unit() as db:

            def intake_of(organization_id: OrganizationId) -> ReferralIntake:
                return ReferralIntake(ReferralRows(db, root, organization_id), clock)

            yield InquiryUnit(db, intake_of, told)
            for organization_id, referral_id in received:
                await _tell_trail(request, db, organization_id, referral_id)

    return Inquiries(doors.lookup, houses, unit)


async def _tell_trail(
    request: Request, db: UnitOfWork, organization_id: OrganizationId, referral_id: ReferralId
) -> None:
    nobody = Principal(
        account_id=_NOBODY,
        organization_id=organization_id,
        roles=frozenset(),
        acting_service=None,
        token_id="",
        delegation=None,
        sign_in=None,
        proof_key=None,
    )
    trail = Trail(AuditCaller(nobody, request.scope["route"].operation_id), process_of(request).clock)
    trail.permit(referral_id, basis="own-request", purpose=Purpose.TREATMENT, information=Information.DEMOGRAPHICS)
    key = audit_key(request.app.state.root_keys.first)
    await append(await driver_connection(db), key, organization_id, trail.take())
    request.app.state.grown_trails.add(organization_id)


PublicInquiries = Annotated[Inquiries, Depends(_inquiries)]
