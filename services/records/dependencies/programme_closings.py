"""Wiring of closings."""

from typing import Annotated

from fastapi import Depends

from services.chassis.wiring import Db, organization_of
from services.records.dependencies import PatientChanges, RecipientChanges, TheGate
from services.records.programme_closings.logic import ProgrammeClosings
from services.records.programme_closings.storage import ProgrammeClosingRows


async def _closings(db: Db, patients: PatientChanges, recipients: RecipientChanges, gate: TheGate) -> ProgrammeClosings:
    return ProgrammeClosings(ProgrammeClosingRows(db, organization_of(gate.caller)), patients, recipients, gate)


Closings = Annotated[ProgrammeClosings, Depends(_closings)]
