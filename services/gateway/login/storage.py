"""Where login sessions are kept, and the tokens that were ended."""

from datetime import datetime
from typing import Final

from sqlalchemy import TIMESTAMP, bindparam, delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.database import Query, Read
from services.chassis.paging import PageRequest
from services.contracts.gateway.login import OpenSession
from services.contracts.gateway.organizations import Account
from services.contracts.identifiers import AccountId, LoginSessionId
from services.contracts.identity import Principal
from services.gateway.login.tables import EndedTokenRow, LoginSessionRow

_ENDED: Final = Query(
    select(EndedTokenRow.token_id).where(EndedTokenRow.expires_at > bindparam("now", type_=TIMESTAMP(timezone=True)))
)


class LoginSessionStorage:
    """Login sessions in the database."""

    def __init__(self, db: AsyncSession) -> None:
        self._db = db

    async def add(
        self,
        session_id: LoginSessionId,
        account: Account,
        *,
        token_id: str,
        created_at: datetime,
        expires_at: datetime,
    ) -> None:
        """Insert a login session."""
        row = LoginSessionRow(
            organization_id=account.organization_id,
            id=session_id,
            account_id=account.id,
            token_id=token_id,
            created_at=created_at,
            expires_at=expires_at,
        )
        self._db.add(row)
        await self._db.flush()

    async def some(self, principal: Principal, page: PageRequest, now: datetime) -> list[OpenSession]:
        """Return the open sessions of a person that a page may show, by id."""
        found = select(LoginSessionRow).where(
            LoginSessionRow.account_id == principal.account_id,
            LoginSessionRow.ended_at.is_(None),
            LoginSessionRow.expires_at > now,
            LoginSessionRow.id > page.after,
        )
        rows = await self._db.scalars(found.order_by(LoginSessionRow.id).limit(page.limit))
        return [
            OpenSession(
                id=LoginSessionId(row.id),
                created_at=row.created_at,
                expires_at=row.expires_at,
                is_current=row.token_id == principal.token_id,
            )
            for row in rows
        ]

    async def end(self, account_id: AccountId, session_id: LoginSessionId | None, now: datetime) -> list[str]:
        """End one open session of a person, or all without `session_id`; returns the ids of their tokens."""
        opened = update(LoginSessionRow).where(
            LoginSessionRow.account_id == account_id,
            LoginSessionRow.ended_at.is_(None),
            LoginSessionRow.expires_at > now,
        )
        if session_id is not None:
            opened = opened.where(LoginSessionRow.id == session_id)
        ended = opened.values(ended_at=now).returning(LoginSessionRow.token_id, LoginSessionRow.expires_at)
        rows = [{"token_id": row.token_id, "expires_at": row.expires_at} for row in await self._db.execute(ended)]
        if rows:
            await self._db.execute(delete(EndedTokenRow).where(EndedTokenRow.expires_at <= now))
            await self._db.execute(insert(EndedTokenRow).on_conflict_do_nothing(), rows)
        return [str(row["token_id"]) for row in rows]


async def read_ended(read: Read, now: datetime) -> list[str]:
    """Fetch the ids of ended tokens that have not expired."""
    return [row["token_id"] for row in await read.all(_ENDED, now=now)]
