"""Where login sessions are kept, and what was ended."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import TIMESTAMP, ColumnElement, bindparam, delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.database import Query, Read, after_commit
from services.chassis.paging import PageRequest
from services.chassis.tokens import LIFETIMES, TokenType
from services.contracts.gateway.login import OpenSession
from services.contracts.gateway.organizations import Account
from services.contracts.identifiers import AccountId, LoginSessionId, OrganizationId
from services.contracts.identity import Assurance, Principal, SignIn
from services.gateway.ended import outside_sessions
from services.gateway.login.sessions import Proof, SessionHandle
from services.gateway.login.tables import EndedTokenRow, LoginSessionRow

_ENDED: Final = Query(
    select(EndedTokenRow.token_id).where(EndedTokenRow.expires_at > bindparam("now", type_=TIMESTAMP(timezone=True)))
)


@dataclass(frozen=True, slots=True)
class Session:
    """An open login session."""

    id: LoginSessionId
    account_id: AccountId
    proof: Proof
    expires_at: datetime

    @property
    def sign_in(self) -> SignIn:
        """What its tokens tell of it."""
        return SignIn(
            login_session_id=self.id,
            auth_time=self.proof.at,
            amr=self.proof.amr,
            acr=self.proof.acr,
        )


class LoginSessionStorage:
    """Login sessions in the database."""

    def __init__(self, db: AsyncSession) -> None:
        self._db = db

    async def add(
        self,
        session: Session,
        account: Account,
        *,
        handle: SessionHandle,
        token_id: str,
        created_at: datetime,
    ) -> None:
        """Insert a login session."""
        row = LoginSessionRow(
            organization_id=account.organization_id,
            id=session.id,
            account_id=account.id,
            token_id=token_id,
            secret_hash=handle.digest,
            auth_time=session.proof.at,
            amr=list(session.proof.amr),
            acr=session.proof.acr.value,
            seen_at=created_at,
            created_at=created_at,
            expires_at=session.expires_at,
        )
        self._db.add(row)
        await self._db.flush()

    async def open(self, handle: SessionHandle, *, now: datetime, seen_after: datetime) -> Session | None:
        """Return the open session that a secret belongs to, or None."""
        row = await self._db.scalar(select(LoginSessionRow).where(*_is_open(handle, now, seen_after)))
        return None if row is None else _session(row)

    async def renew(self, handle: SessionHandle, *, token_id: str, now: datetime, seen_after: datetime) -> bool:
        """Note the next access token of a session; says no where the session was ended or idle meanwhile."""
        renewed = update(LoginSessionRow).where(*_is_open(handle, now, seen_after))
        row = renewed.values(seen_at=now, token_id=token_id).returning(LoginSessionRow.id)
        return await self._db.scalar(row) is not None

    async def prove(
        self, principal: Principal, session_id: LoginSessionId, proof: Proof, *, now: datetime, seen_after: datetime
    ) -> Session | None:
        """Note a newer proof in a person's open session and return it, or None where it is not open any more."""
        proven = update(LoginSessionRow).where(
            LoginSessionRow.id == session_id,
            LoginSessionRow.account_id == principal.account_id,
            LoginSessionRow.ended_at.is_(None),
            LoginSessionRow.expires_at > now,
            LoginSessionRow.seen_at > seen_after,
        )
        values = {"auth_time": proof.at, "amr": list(proof.amr), "acr": proof.acr.value, "seen_at": now}
        row = await self._db.scalar(proven.values(values).returning(LoginSessionRow))
        return None if row is None else _session(row)

    async def some(
        self, principal: Principal, page: PageRequest, *, now: datetime, seen_after: datetime
    ) -> list[OpenSession]:
        """Return the open sessions of a person that a page may show, by id."""
        found = select(LoginSessionRow).where(
            LoginSessionRow.account_id == principal.account_id,
            LoginSessionRow.ended_at.is_(None),
            LoginSessionRow.expires_at > now,
            LoginSessionRow.seen_at > seen_after,
            LoginSessionRow.id > page.after,
        )
        rows = await self._db.scalars(found.order_by(LoginSessionRow.id).limit(page.limit))
        return [
            OpenSession(
                id=LoginSessionId(row.id),
                created_at=row.created_at,
                expires_at=row.expires_at,
                auth_time=row.auth_time,
                amr=row.amr,
                acr=Assurance(row.acr),
                is_current=principal.sign_in is not None and row.id == principal.sign_in.login_session_id,
            )
            for row in rows
        ]

    async def signed_in(self, session_id: LoginSessionId, now: datetime) -> SignIn | None:
        """Return how and when the person of a session was authenticated, or None where it is over."""
        open_now = (LoginSessionRow.ended_at.is_(None), LoginSessionRow.expires_at > now)
        row = await self._db.scalar(select(LoginSessionRow).where(LoginSessionRow.id == session_id, *open_now))
        return None if row is None else _session(row).sign_in

    def when_committed(self, act: Callable[[], None]) -> None:
        """Do something once this transaction is committed; never where it is undone."""
        after_commit(self._db, act)

    async def end_organization(self, organization_id: OrganizationId, now: datetime) -> None:
        """End every session of the organization that the transaction sees, and refuse every token that tells of it.

        Each session is written down beside the organization: it stays refused when the organization is opened again.
        """
        opened = update(LoginSessionRow).where(LoginSessionRow.ended_at.is_(None), LoginSessionRow.expires_at > now)
        ended = [str(one) for one in await self._db.scalars(opened.values(ended_at=now).returning(LoginSessionRow.id))]
        all_at_once = [str(organization_id), outside_sessions(organization_id)]
        await self._db.execute(delete(EndedTokenRow).where(EndedTokenRow.token_id.in_(all_at_once)))
        await self._refuse([*all_at_once, *ended], now)

    async def reopen_organization(self, organization_id: OrganizationId) -> None:
        """Refuse the tokens of an organization no more for being of it; its sessions stay ended.

        So do tokens that no sign-in gave, for as long as one of before can last: their ids are not known.
        """
        await self._db.execute(delete(EndedTokenRow).where(EndedTokenRow.token_id == str(organization_id)))

    async def end(
        self,
        account_id: AccountId,
        session_id: LoginSessionId | None,
        now: datetime,
        *,
        but: LoginSessionId | None = None,
    ) -> list[str]:
        """End one open session of a person, or all without `session_id`; returns the ids of what is refused now.

        A session's tokens may have been given at any time until now, so it is refused for as long as one can last.
        """
        opened = update(LoginSessionRow).where(
            LoginSessionRow.account_id == account_id,
            LoginSessionRow.ended_at.is_(None),
            LoginSessionRow.expires_at > now,
        )
        if session_id is not None:
            opened = opened.where(LoginSessionRow.id == session_id)
        if but is not None:
            opened = opened.where(LoginSessionRow.id != but)
        ended = opened.values(ended_at=now).returning(LoginSessionRow.id)
        ids = [str(ended_id) for ended_id in await self._db.scalars(ended)]
        if ids:
            await self._refuse(ids, now)
        return ids

    async def _refuse(self, ids: list[str], now: datetime) -> None:
        until = now + LIFETIMES[TokenType.ACCESS]
        await self._db.execute(delete(EndedTokenRow).where(EndedTokenRow.expires_at <= now))
        rows = [{"token_id": one, "expires_at": until} for one in ids]
        await self._db.execute(insert(EndedTokenRow).on_conflict_do_nothing(), rows)


def _is_open(handle: SessionHandle, now: datetime, seen_after: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        LoginSessionRow.id == handle.session_id,
        LoginSessionRow.secret_hash == handle.digest,
        LoginSessionRow.ended_at.is_(None),
        LoginSessionRow.expires_at > now,
        LoginSessionRow.seen_at > seen_after,
    )


def _session(row: LoginSessionRow) -> Session:
    return Session(
        id=LoginSessionId(row.id),
        account_id=AccountId(row.account_id),
        proof=Proof(row.auth_time.astimezone(UTC), tuple(row.amr), Assurance(row.acr)),
        expires_at=row.expires_at,
    )


async def read_ended(read: Read, now: datetime) -> list[str]:
    """Fetch the ids of ended sessions and tokens that could still be shown."""
    return [row["token_id"] for row in await read.all(_ENDED, now=now)]
