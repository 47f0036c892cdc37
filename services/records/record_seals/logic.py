"""How the scheduler learns that a record was sealed: at least once, until it has acted on it for good."""

from collections import defaultdict
from datetime import timedelta
from typing import Final

from services.chassis.clock import Clock
from services.contracts.identifiers import OrganizationId, PatientId
from services.contracts.records.record_seals import RecordSeals, RecordSealsRequest
from services.records.record_seals.storage import RecordSealRows

SETTLED_AFTER: Final = timedelta(minutes=1)
"""Longer than a request may take: one that asked about the patient before the seal has planned what it will by then."""


class RecordSealsLogic:
    """Tells the scheduler of seals; `ended` is of whom it has said by this request that nothing is planned any more."""

    def __init__(self, rows: RecordSealRows, clock: Clock) -> None:
        self._rows = rows
        self._clock = clock
        self.ended = defaultdict[OrganizationId, list[PatientId]](list)

    async def exchange(self, request: RecordSealsRequest) -> RecordSeals:
        """Take of whom nothing is planned any more, and tell who is next.

        What was sealed just now is told once more: until then a request that was under way could plan something.
        """
        before = self._clock.now() - SETTLED_AFTER
        for organization_id, patient_id in await self._rows.end(request.ended, before):
            self.ended[organization_id].append(patient_id)
        return RecordSeals(items=await self._rows.next(request.after))
