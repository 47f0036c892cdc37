"""Wiring of what the law asks of the programme itself, beside consent and disclosure."""

from typing import Annotated

from fastapi import Depends

from services.chassis.wiring import Reading
from services.records.access_denials.logic import AccessDenialReads
from services.records.access_denials.storage import AccessDenialQueries
from services.records.dependencies import TheGate


async def _access_denial_reading(read: Reading, gate: TheGate) -> AccessDenialReads:
    return AccessDenialReads(AccessDenialQueries(read), gate)


AccessDenialReading = Annotated[AccessDenialReads, Depends(_access_denial_reading)]
