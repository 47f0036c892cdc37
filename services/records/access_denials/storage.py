"""How refusals are found in the trail."""

from typing import Any, Final
from uuid import UUID

import orjson
from sqlalchemy import Integer, Text, Uuid, bindparam, func, or_, select

from services.chassis.database import Query, Read
from services.chassis.paging import PageRequest
from services.contracts.identifiers import AccountId
from services.records.rows import RECORDS_AUDIT_EVENTS

_EVENTS: Final = RECORDS_AUDIT_EVENTS.c
_ACCOUNT: Final = bindparam("account", type_=Text)
_DENIALS: Final = Query(
    select(_EVENTS.event)
    .where(
        _EVENTS.denied_id > bindparam("after", type_=Uuid),
        _EVENTS.denied_id >= bindparam("first", type_=Uuid),
        _EVENTS.denied_id < bindparam("end", type_=Uuid),
        or_(_ACCOUNT.is_(None), func.strpos(_EVENTS.event, _ACCOUNT) > 0),
    )
    .order_by(_EVENTS.denied_id)
    .limit(bindparam("limit", type_=Integer))
)


class AccessDenialQueries:
    """Reads of refusals."""

    def __init__(self, read: Read) -> None:
        self._read = read

    async def some(
        self, page: PageRequest, *, first: UUID, end: UUID, account_id: AccountId | None
    ) -> list[dict[str, Any]]:
        """Return a page of the events that tell of a refusal, from the id `first` on and before `end`, oldest first."""
        account = None if account_id is None else f'"account":"{account_id}"'
        rows = await self._read.all(_DENIALS, after=page.after, limit=page.limit, first=first, end=end, account=account)
        return [orjson.loads(row["event"]) for row in rows]
