"""Wiring: from a request to the logic that serves it."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, Request

from services.chassis.database import UnitOfWork
from services.chassis.root_keys import RootKeys
from services.chassis.wiring import (
    BearerToken,
    Caller,
    Db,
    Now,
    Reading,
    caller_of,
    organization_of,
    process_of,
    trail_of,
)
from services.clients.gateway import GatewayClient
from services.contracts.identifiers import EmergencyAccessId, OrganizationId
from services.records.care_teams.alerts import begin_to_tell_those_who_lead, wait_a_little_for
from services.records.care_teams.logic import CareTeamCommands, CareTeamReads, GlassBroken
from services.records.care_teams.storage import CareTeamQueries, CareTeamRows, untold_in
from services.records.consents.beside import BesideCommands, ConsentReads
from services.records.consents.logic import ConsentCommands
from services.records.consents.signing import Signing
from services.records.consents.storage import ConsentQueries, ConsentRows
from services.records.episodes.logic import EpisodeCommands, StaysToPlan
from services.records.episodes.storage import EpisodeQueries, EpisodeRows
from services.records.gate import Gate
from services.records.patients.admissions import PatientAdmissions
from services.records.patients.correction_storage import PatientCorrectionRows, PatientVersionQueries
from services.records.patients.corrections import PatientCorrections, PatientVersionReads
from services.records.patients.logic import PatientCommands, PatientReads
from services.records.patients.storage import PatientQueries, PatientRows
from services.records.placement_reviews.in_force import EditionsInForce
from services.records.placement_reviews.in_force_storage import SiteEditionRows
from services.records.recipients.logic import RecipientCommands, RecipientReads
from services.records.recipients.storage import RecipientQueries, RecipientRows
from services.records.site_zones.logic import KnownSites
from services.records.site_zones.storage import SiteZoneRows
from services.records.treatment_plans.logic import NoContactCommands, TreatmentPlanCommands, TreatmentPlanReads
from services.records.treatment_plans.storage import NoContactRows, TreatmentPlanQueries, TreatmentPlanRows


async def _root_keys(request: Request) -> RootKeys:
    root_keys: RootKeys = request.app.state.root_keys
    return root_keys


TheRootKeys = Annotated[RootKeys, Depends(_root_keys)]


async def _gateway(request: Request) -> GatewayClient:
    gateway: GatewayClient = request.app.state.gateway
    return gateway


TheGateway = Annotated[GatewayClient, Depends(_gateway)]


async def _gate(request: Request) -> Gate:
    return Gate(caller_of(request), trail_of(request), process_of(request).clock)


TheGate = Annotated[Gate, Depends(_gate)]


async def _patient_changes(db: Db, principal: Caller, gate: TheGate, root: TheRootKeys) -> PatientCommands:
    return PatientCommands(PatientRows(db, root, organization_of(principal)), gate)


PatientChanges = Annotated[PatientCommands, Depends(_patient_changes)]


async def _patient_admissions(db: Db, principal: Caller, patients: PatientChanges) -> PatientAdmissions:
    return PatientAdmissions(patients, KnownSites(SiteZoneRows(db, organization_of(principal))))


PatientAdmitting = Annotated[PatientAdmissions, Depends(_patient_admissions)]


async def _patient_reading(read: Reading, gate: TheGate, root: TheRootKeys) -> PatientReads:
    return PatientReads(PatientQueries(read, root), gate)


PatientReading = Annotated[PatientReads, Depends(_patient_reading)]


async def _patient_correcting(
    db: Db, principal: Caller, patients: PatientChanges, gate: TheGate, root: TheRootKeys
) -> PatientCorrections:
    organization_id = organization_of(principal)
    return PatientCorrections(
        PatientCorrectionRows(db, root, organization_id),
        patients,
        KnownSites(SiteZoneRows(db, organization_id)),
        EpisodeRows(db, organization_id),
        gate,
    )


PatientCorrecting = Annotated[PatientCorrections, Depends(_patient_correcting)]


async def _patient_version_reading(read: Reading, patients: PatientReading) -> PatientVersionReads:
    return PatientVersionReads(PatientVersionQueries(read), patients)


PatientVersionReading = Annotated[PatientVersionReads, Depends(_patient_version_reading)]


def episodes_in(
    db: UnitOfWork, organization_id: OrganizationId, patients: PatientCommands, gate: Gate
) -> EpisodeCommands:
    """Return the episodes within a unit of work, as whoever has this gate may change them."""
    editions = EditionsInForce(SiteEditionRows(db, organization_id))
    return EpisodeCommands(EpisodeRows(db, organization_id), patients, editions, gate)


async def _treatment_plan_changes(
    db: Db, principal: Caller, patients: PatientChanges, gate: TheGate
) -> TreatmentPlanCommands:
    organization_id = organization_of(principal)
    episodes = episodes_in(db, organization_id, patients, gate)
    return TreatmentPlanCommands(TreatmentPlanRows(db, organization_id), patients, episodes, gate)


TreatmentPlanChanges = Annotated[TreatmentPlanCommands, Depends(_treatment_plan_changes)]


async def _treatment_plan_reading(read: Reading, patients: PatientReading) -> TreatmentPlanReads:
    return TreatmentPlanReads(TreatmentPlanQueries(read), patients, StaysToPlan(EpisodeQueries(read)))


TreatmentPlanReading = Annotated[TreatmentPlanReads, Depends(_treatment_plan_reading)]


async def _no_contact_changes(db: Db, principal: Caller, clock: Now, patients: PatientChanges) -> NoContactCommands:
    return NoContactCommands(NoContactRows(db, organization_of(principal)), patients, clock)


NoContactChanges = Annotated[NoContactCommands, Depends(_no_contact_changes)]


async def _to_be_told(request: Request, token: BearerToken) -> AsyncIterator[GlassBroken]:
    """Tell those who lead of what was broken once it is committed: what is begun before the unit of work ends after."""
    broken: list[EmergencyAccessId] = []

    def tell(access_id: EmergencyAccessId) -> "asyncio.Task[None]":
        units = untold_in(process_of(request).database)
        telling = begin_to_tell_those_who_lead(request.app.state.gateway, token, access_id, units)
        tellings: set[asyncio.Task[None]] = request.app.state.tellings
        tellings.add(telling)
        telling.add_done_callback(tellings.discard)
        return telling

    try:
        yield broken.append
    except asyncio.CancelledError:
        # The caller has gone, and nobody knows whether it is committed: they look, and find it or nothing.
        for access_id in broken:
            _ = tell(access_id)
        raise
    for access_id in broken:
        await wait_a_little_for(tell(access_id))


async def _care_team_changes(
    *,
    # Before the unit of work.
    broken: Annotated[GlassBroken, Depends(_to_be_told, scope="function")],
    db: Db,
    principal: Caller,
    gate: TheGate,
    patients: PatientChanges,
) -> CareTeamCommands:
    return CareTeamCommands(CareTeamRows(db, organization_of(principal)), patients, gate, broken)


CareTeamChanges = Annotated[CareTeamCommands, Depends(_care_team_changes)]


async def _care_team_reading(read: Reading, gate: TheGate, patients: PatientReading) -> CareTeamReads:
    return CareTeamReads(CareTeamQueries(read), patients, gate)


CareTeamReading = Annotated[CareTeamReads, Depends(_care_team_reading)]


async def _recipient_changes(
    db: Db, principal: Caller, patients: PatientChanges, gate: TheGate, root: TheRootKeys
) -> RecipientCommands:
    return RecipientCommands(RecipientRows(db, root, organization_of(principal)), patients, gate)


RecipientChanges = Annotated[RecipientCommands, Depends(_recipient_changes)]


async def _recipient_reading(read: Reading, gate: TheGate, root: TheRootKeys) -> RecipientReads:
    return RecipientReads(RecipientQueries(read, root), gate)


RecipientReading = Annotated[RecipientReads, Depends(_recipient_reading)]


async def _consent_rows(db: Db, principal: Caller) -> ConsentRows:
    return ConsentRows(db, organization_of(principal))


ConsentWriting = Annotated[ConsentRows, Depends(_consent_rows)]


async def _consent_changes(
    rows: ConsentWriting, patients: PatientChanges, recipients: RecipientChanges, gate: TheGate
) -> ConsentCommands:
    return ConsentCommands(rows, patients, recipients, Signing(rows, gate), gate)


ConsentChanges = Annotated[ConsentCommands, Depends(_consent_changes)]


async def _beside_changes(
    rows: ConsentWriting, patients: PatientChanges, recipients: RecipientChanges, gate: TheGate
) -> BesideCommands:
    return BesideCommands(rows, patients, recipients, gate)


BesideChanges = Annotated[BesideCommands, Depends(_beside_changes)]


async def _consent_reading(read: Reading, patients: PatientReading, gate: TheGate) -> ConsentReads:
    return ConsentReads(ConsentQueries(read), patients, gate)


ConsentReading = Annotated[ConsentReads, Depends(_consent_reading)]
