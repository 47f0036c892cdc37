"""The wiring of family."""

from typing import Annotated

from fastapi import Depends

from services.chassis.wiring import Db, Reading, organization_of
from services.records.consents.signing import Signing
from services.records.dependencies import ConsentWriting, PatientChanges, PatientReading, RecipientChanges, TheGate
from services.records.dependencies.encounters import EncounterReading, SiteZoneReading
from services.records.dependencies.intake import EpisodeReading
from services.records.encounters.logic import AttendedReads
from services.records.encounters.storage import EncounterQueries
from services.records.family.lacking import DueFamilyReads, Months
from services.records.family.logic import FamilyCommands, FamilyReads, Held
from services.records.family.participation_storage import ParticipationRows
from services.records.family.participations import ParticipationCommands
from services.records.family.storage import FamilyQueries, FamilyRows
from services.records.family.telling import Telling


async def _family_changes(
    db: Db, patients: PatientChanges, recipients: RecipientChanges, consents: ConsentWriting, gate: TheGate
) -> FamilyCommands:
    rows = FamilyRows(db, organization_of(gate.caller))
    telling = Telling(patients, recipients, Signing(consents, gate), gate)
    return FamilyCommands(rows, patients, recipients, telling, gate)


async def _participation_changes(
    db: Db, patients: PatientChanges, recipients: RecipientChanges, consents: ConsentWriting, gate: TheGate
) -> ParticipationCommands:
    organization_id = organization_of(gate.caller)
    telling = Telling(patients, recipients, Signing(consents, gate), gate)
    rows, persons = ParticipationRows(db, organization_id), FamilyRows(db, organization_id)
    return ParticipationCommands(rows, persons, telling, patients, gate)


async def _family_reading(
    *,
    read: Reading,
    patients: PatientReading,
    encounters: EncounterReading,
    episodes: EpisodeReading,
    zones: SiteZoneReading,
    gate: TheGate,
) -> FamilyReads:
    return FamilyReads(FamilyQueries(read), patients, Held(encounters, episodes, zones), gate)


async def _due_family_reading(
    read: Reading, episodes: EpisodeReading, zones: SiteZoneReading, patients: PatientReading, gate: TheGate
) -> DueFamilyReads:
    months = Months(episodes, AttendedReads(EncounterQueries(read)), zones)
    return DueFamilyReads(FamilyQueries(read), months, patients, gate.clock.now())


DueFamilyReading = Annotated[DueFamilyReads, Depends(_due_family_reading)]
FamilyChanges = Annotated[FamilyCommands, Depends(_family_changes)]
ParticipationChanges = Annotated[ParticipationCommands, Depends(_participation_changes)]
FamilyReading = Annotated[FamilyReads, Depends(_family_reading)]
