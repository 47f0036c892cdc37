"""What is allowed with supervision: leads say whose notes need whose co-signature."""

import secrets
from datetime import datetime

from services.chassis.database import new_id
from services.chassis.errors import NotFoundError
from services.chassis.paging import PageRequest
from services.contracts.base import Page
from services.contracts.identifiers import AccountId, SupervisionId
from services.contracts.records.supervisions import Supervision, SupervisionRequest
from services.records.errors import AlreadyAMemberError, OverAlreadyError
from services.records.gate import Gate
from services.records.supervisions.storage import SupervisionQueries, SupervisionRows


class SupervisionCommands:
    """Changes to supervision, within one unit of work."""

    def __init__(self, rows: SupervisionRows, gate: Gate) -> None:
        self._rows = rows
        self._gate = gate

    async def create(self, request: SupervisionRequest) -> Supervision:
        """Let one account's notes need another's co-signature from now on.

        Raises:
            AlreadyAMemberError: They do already.
        """
        now = self._gate.clock.now()
        one = Supervision(
            id=SupervisionId(new_id(now, secrets.token_bytes(10))), **request.model_dump(), from_at=now, until_at=None
        )
        if not await self._rows.add(one):
            raise AlreadyAMemberError
        self._gate.configured(supervisee=one.supervisee_id, supervisor=one.supervisor_id)
        return one

    async def end(self, supervision_id: SupervisionId) -> Supervision:
        """End a supervision; what was signed under it still needs its co-signature.

        Raises:
            NotFoundError: There is no such supervision here.
            OverAlreadyError: It has ended.
        """
        one = await self._rows.one(supervision_id)
        if one is None:
            self._gate.refuse(supervision_id)
            raise NotFoundError
        if one.until_at is not None:
            raise OverAlreadyError
        now = self._gate.clock.now()
        await self._rows.end(supervision_id, now)
        self._gate.configured(supervisee=one.supervisee_id, supervisor=one.supervisor_id)
        return one.model_copy(update={"until_at": now})


class SupervisionReads:
    """What can be read of supervision."""

    def __init__(self, queries: SupervisionQueries, gate: Gate) -> None:
        self._queries = queries
        self._gate = gate

    async def page(self, requested: PageRequest) -> Page[Supervision]:
        """Return a page of who supervises and supervised whom, oldest first."""
        self._gate.configured()
        return requested.page(await self._queries.page(requested))


class Supervisors:
    """Tells other subjects who supervises whom, within their unit of work."""

    def __init__(self, rows: SupervisionRows) -> None:
        self._rows = rows

    async def of(self, supervisee_id: AccountId, *times: datetime) -> set[AccountId]:
        """Return who supervises somebody at any of these times."""
        return {one for at in times for one in await self._rows.supervisors(supervisee_id, at)}
