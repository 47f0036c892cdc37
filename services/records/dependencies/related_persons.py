"""Wiring of related persons' accounts: what they read goes through a gate of their own."""

from typing import Annotated

from fastapi import Depends

from services.chassis.database import Read, driver_connection
from services.chassis.wiring import Db, organization_of
from services.records.consents.signing import Signing
from services.records.dependencies import ConsentWriting, PatientChanges, RecipientChanges, TheGate, TheRootKeys
from services.records.dependencies.disclosures import disclosures_through
from services.records.disclosures.logic import DisclosureCommands
from services.records.encounters.storage import EncounterQueries
from services.records.family.account_storage import RelatedPersonAccountRows
from services.records.family.accounts import RelatedPersonAccountCommands, RelatedPersonClaims
from services.records.family.participation_storage import ParticipationRows
from services.records.family.reading import FamilySessions, RelatedPersonReads, Sitting
from services.records.family.storage import FamilyRows
from services.records.family.telling import Telling
from services.records.gate import Gate


async def _telling(
    patients: PatientChanges, recipients: RecipientChanges, consents: ConsentWriting, gate: TheGate
) -> Telling:
    return Telling(patients, recipients, Signing(consents, gate), gate)


TheTelling = Annotated[Telling, Depends(_telling)]


async def _account_changes(
    db: Db, telling: TheTelling, patients: PatientChanges, gate: TheGate
) -> RelatedPersonAccountCommands:
    organization_id = organization_of(gate.caller)
    rows, persons = RelatedPersonAccountRows(db, organization_id), FamilyRows(db, organization_id)
    return RelatedPersonAccountCommands(rows, persons, telling, patients, gate)


async def _claiming(db: Db, telling: TheTelling, patients: PatientChanges, gate: TheGate) -> RelatedPersonClaims:
    organization_id = organization_of(gate.caller)
    rows, persons = RelatedPersonAccountRows(db, organization_id), FamilyRows(db, organization_id)
    return RelatedPersonClaims(rows, persons, telling, patients, gate)


async def _reading(
    db: Db, telling: TheTelling, patients: PatientChanges, gate: TheGate, root: TheRootKeys
) -> RelatedPersonReads:
    organization_id, read = organization_of(gate.caller), Read(await driver_connection(db))

    def disclosing(own: Gate, *, only_family_sessions: bool) -> DisclosureCommands:
        sessions = FamilySessions(EncounterQueries(read)) if only_family_sessions else None
        return disclosures_through(own, db, read, root, sessions)

    sitting = Sitting(
        RelatedPersonAccountRows(db, organization_id),
        FamilyRows(db, organization_id),
        ParticipationRows(db, organization_id),
        patients,
        gate,
    )
    return RelatedPersonReads(sitting, telling, disclosing, gate)


RelatedPersonAccountChanges = Annotated[RelatedPersonAccountCommands, Depends(_account_changes)]
RelatedPersonClaiming = Annotated[RelatedPersonClaims, Depends(_claiming)]
RelatedPersonReading = Annotated[RelatedPersonReads, Depends(_reading)]
