"""Wiring of closings."""

from typing import Annotated

from fastapi import Depends

from services.chassis.database import Read, driver_connection
from services.chassis.wiring import Db, organization_of
from services.records.dependencies import PatientChanges, RecipientChanges, TheGate, TheRootKeys
from services.records.dependencies.disclosures import kept_of
from services.records.patients.logic import PatientReads
from services.records.patients.storage import PatientQueries
from services.records.programme_closings.logic import ProgrammeClosings, WholeRecords
from services.records.programme_closings.storage import ProgrammeClosingRows


async def _closings(
    db: Db, patients: PatientChanges, recipients: RecipientChanges, gate: TheGate, root: TheRootKeys
) -> ProgrammeClosings:
    read = Read(await driver_connection(db))
    kept = kept_of(read, PatientReads(PatientQueries(read, root), gate), root)
    whole = WholeRecords(kept, patients, gate)
    return ProgrammeClosings(ProgrammeClosingRows(db, organization_of(gate.caller)), patients, recipients, whole, gate)


Closings = Annotated[ProgrammeClosings, Depends(_closings)]
