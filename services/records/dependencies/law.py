"""Wiring of what the law asks of the programme itself, beside consent and disclosure."""

from typing import Annotated

from fastapi import Depends

from services.chassis.database import Read, driver_connection
from services.chassis.wiring import Caller, Db, Reading, organization_of
from services.records.access_denials.logic import AccessDenialReads
from services.records.access_denials.storage import AccessDenialQueries
from services.records.dependencies import (
    PatientChanges,
    PatientReading,
    RecipientReading,
    TheGate,
    TheRootKeys,
)
from services.records.dependencies.encounters import SiteZoneReading
from services.records.dependencies.intake import EpisodeReading
from services.records.encounters.logic import AttendedReads
from services.records.encounters.storage import EncounterQueries
from services.records.privacy_incidents.logic import PrivacyIncidentCommands, PrivacyIncidentReads
from services.records.privacy_incidents.storage import PrivacyIncidentQueries, PrivacyIncidentRows
from services.records.privacy_notices.logic import PrivacyNoticeCommands, PrivacyNoticeReads
from services.records.privacy_notices.storage import PrivacyNoticeQueries, PrivacyNoticeRows
from services.records.privacy_notices.unnotified import Treated, UnnotifiedReads
from services.records.public_health_reports.logic import PublicHealthReports
from services.records.public_health_reports.storage import PublicHealthQueries


async def _public_health_reading(read: Reading, recipients: RecipientReading, gate: TheGate) -> PublicHealthReports:
    return PublicHealthReports(PublicHealthQueries(read), recipients, gate)


PublicHealthReading = Annotated[PublicHealthReports, Depends(_public_health_reading)]


async def _access_denial_reading(read: Reading, gate: TheGate) -> AccessDenialReads:
    return AccessDenialReads(AccessDenialQueries(read), gate)


AccessDenialReading = Annotated[AccessDenialReads, Depends(_access_denial_reading)]


async def _privacy_notice_changes(
    db: Db, principal: Caller, patients: PatientChanges, gate: TheGate
) -> PrivacyNoticeCommands:
    return PrivacyNoticeCommands(PrivacyNoticeRows(db, organization_of(principal)), patients, gate)


PrivacyNoticeChanges = Annotated[PrivacyNoticeCommands, Depends(_privacy_notice_changes)]


async def _privacy_notice_reading(read: Reading, patients: PatientReading, gate: TheGate) -> PrivacyNoticeReads:
    return PrivacyNoticeReads(PrivacyNoticeQueries(read), patients, gate)


PrivacyNoticeReading = Annotated[PrivacyNoticeReads, Depends(_privacy_notice_reading)]


async def _unnotified_reading(
    read: Reading, episodes: EpisodeReading, zones: SiteZoneReading, patients: PatientReading, gate: TheGate
) -> UnnotifiedReads:
    treated = Treated(episodes, AttendedReads(EncounterQueries(read)), zones)
    return UnnotifiedReads(PrivacyNoticeQueries(read), treated, patients, gate.clock.now())


UnnotifiedReading = Annotated[UnnotifiedReads, Depends(_unnotified_reading)]


async def _privacy_incident_changes(
    db: Db, patients: PatientChanges, gate: TheGate, root: TheRootKeys
) -> PrivacyIncidentCommands:
    # How the incident stands is read within the unit of work that changes it.
    queries = PrivacyIncidentQueries(Read(await driver_connection(db)), root)
    return PrivacyIncidentCommands(PrivacyIncidentRows(db, root, organization_of(gate.caller)), queries, patients, gate)


PrivacyIncidentChanges = Annotated[PrivacyIncidentCommands, Depends(_privacy_incident_changes)]


async def _privacy_incident_reading(read: Reading, gate: TheGate, root: TheRootKeys) -> PrivacyIncidentReads:
    return PrivacyIncidentReads(PrivacyIncidentQueries(read, root), gate)


PrivacyIncidentReading = Annotated[PrivacyIncidentReads, Depends(_privacy_incident_reading)]
