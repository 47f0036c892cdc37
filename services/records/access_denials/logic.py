"""What is told of refusals, and to whom."""

from datetime import datetime
from typing import Final
from uuid import UUID

from services.chassis.database import first_id
from services.chassis.paging import PageRequest
from services.contracts.base import Page
from services.contracts.disclosure import Information
from services.contracts.identifiers import AccountId
from services.contracts.records.access_denials import AccessDenial
from services.records.access_denials.rules import denial_of
from services.records.access_denials.storage import AccessDenialQueries
from services.records.gate import Gate

_FIRST: Final = UUID(int=0)
_END: Final = UUID(int=(1 << 128) - 1)


class AccessDenialReads:
    """What can be read of refusals."""

    def __init__(self, queries: AccessDenialQueries, gate: Gate) -> None:
        self._queries = queries
        self._gate = gate

    async def page(
        self, requested: PageRequest, *, since: datetime | None, until: datetime | None, account_id: AccountId | None
    ) -> Page[AccessDenial]:
        """Return a page of the organization's refusals, oldest first; `since` counts, `until` does not."""
        found = await self._queries.some(
            requested,
            first=_FIRST if since is None else first_id(since),
            end=_END if until is None else first_id(until),
            account_id=account_id,
        )
        page = requested.page([denial_of(event) for event in found])
        told = {one.patient_id for one in page.items if one.patient_id is not None}
        self._gate.shown(sorted(told), Information.CONSENTS)
        return page
