"""The wiring of the public directory: who searches leaves no trace, who changes it does."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Annotated

from fastapi import Depends, Request

from services.chassis.audit.chain import audit_key
from services.chassis.audit.trail import Caller as AuditCaller
from services.chassis.audit.trail import Trail, append
from services.chassis.database import driver_connection, set_organization
from services.chassis.wiring import Caller, Db, Now, PublicDb, PublicReading, Reading, organization_of
from services.contracts.disclosure import Purpose
from services.contracts.identifiers import DirectoryProgrammeId, OrganizationId
from services.contracts.records.directory import ProgrammeKeeper
from services.records.dependencies import TheGate
from services.records.directory.logic import (
    AttestationCommands,
    AttestationReads,
    DirectoryCommands,
    DirectoryReads,
)
from services.records.directory.storage import AttestationQueries, DirectoryQueries, DirectoryRows

Keep = Callable[[DirectoryProgrammeId, OrganizationId], Awaitable[ProgrammeKeeper]]
"""Says whose programme an entry is."""


async def _directory(read: PublicReading) -> DirectoryReads:
    return DirectoryReads(DirectoryQueries(read))


async def _importing(_principal: Caller, db: PublicDb) -> DirectoryCommands:
    # The operator of the installation acts in no organization, and what it enters is no organization's.
    return DirectoryCommands(DirectoryRows(db))


async def _keeping(request: Request, principal: Caller, db: PublicDb, clock: Now) -> AsyncIterator[Keep]:
    kept: list[ProgrammeKeeper] = []

    async def keep(programme_id: DirectoryProgrammeId, organization_id: OrganizationId) -> ProgrammeKeeper:
        keeper = await DirectoryCommands(DirectoryRows(db)).set_keeper(programme_id, organization_id)
        kept.append(keeper)
        return keeper

    yield keep
    for keeper in kept:
        # The operator has no trail of its own: it is written in that of the organization that may attest from now on.
        organization_id = keeper.organization_id
        actor = principal.model_copy(update={"organization_id": organization_id})
        trail = Trail(AuditCaller(actor, request.scope["route"].operation_id), clock)
        trail.permit(basis="use", purpose=Purpose.OPERATIONS, programme=keeper.programme_id)
        await set_organization(db, organization_id)
        key = audit_key(request.app.state.root_keys.first)
        await append(await driver_connection(db), key, organization_id, trail.take())
        request.app.state.grown_trails.add(organization_id)


async def _attestation_changes(db: Db, principal: Caller, gate: TheGate) -> AttestationCommands:
    return AttestationCommands(DirectoryRows(db), gate, organization_of(principal))


async def _attestation_reading(read: Reading, principal: Caller, gate: TheGate) -> AttestationReads:
    return AttestationReads(AttestationQueries(read, organization_of(principal)), gate)


Directory = Annotated[DirectoryReads, Depends(_directory)]
Importing = Annotated[DirectoryCommands, Depends(_importing)]
Keeping = Annotated[Keep, Depends(_keeping, scope="function")]
AttestationChanges = Annotated[AttestationCommands, Depends(_attestation_changes)]
AttestationReading = Annotated[AttestationReads, Depends(_attestation_reading)]
