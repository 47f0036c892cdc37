"""Where grants, codes and tokens are kept; each race is decided by one statement on one row."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, delete, insert, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.database import after_commit, set_organization
from services.contracts.identifiers import (
    AccountId,
    EncounterId,
    GrantId,
    LoginSessionId,
    OauthClientId,
    OrganizationId,
    PatientId,
)
from services.gateway.grants.granted import Code, Grant, Handle
from services.gateway.grants.tables import AuthorizationCodeRow, GrantedTokenRow, GrantRow, RefreshTokenRow
from services.gateway.login.sessions import SessionTimes
from services.gateway.login.tables import EndedTokenRow, LoginSessionRow


class GrantStorage:
    """Grants in the database, of the organization that the transaction sees."""

    def __init__(self, db: AsyncSession, times: SessionTimes) -> None:
        self._db = db
        self._times = times

    async def enter(self, organization_id: OrganizationId) -> None:
        """Let the transaction see the grants of an organization."""
        await set_organization(self._db, organization_id)

    async def add(self, grant: Grant) -> None:
        """Insert a grant."""
        values = {name: getattr(grant, name) for name in grant.__slots__}
        await self._db.execute(insert(GrantRow).values(values | {"scopes": list(grant.scopes)}))

    async def find(self, grant_id: GrantId) -> Grant | None:
        """Return a grant that nobody else changes until the transaction ends, or None."""
        row = await self._db.scalar(
            select(GrantRow).where(GrantRow.id == grant_id).with_for_update().execution_options(populate_existing=True)
        )
        return None if row is None else _grant(row)

    async def bind(self, grant_id: GrantId, proof_key: str) -> None:
        """Bind the refresh tokens of a grant to a key."""
        await self._db.execute(update(GrantRow).where(GrantRow.id == grant_id).values(proof_key=proof_key))

    async def add_code(self, handle: Handle, code: Code) -> None:
        """Insert a code."""
        self._db.add(
            AuthorizationCodeRow(
                organization_id=handle.organization_id,
                code_hash=handle.digest,
                grant_id=code.grant_id,
                redirect_uri=code.redirect_uri,
                code_challenge=code.code_challenge,
                nonce=code.nonce,
                expires_at=code.expires_at,
                redeemed_at=None,
                proof_key=code.proof_key,
            )
        )
        await self._db.flush()

    async def redeem(self, handle: Handle, now: datetime) -> Code | None:
        """Use up a code; None where it is not there, or was used up before, even at this very moment."""
        redeemed = (
            update(AuthorizationCodeRow)
            .where(AuthorizationCodeRow.code_hash == handle.digest, AuthorizationCodeRow.redeemed_at.is_(None))
            .values(redeemed_at=now)
            .returning(AuthorizationCodeRow)
        )
        row = await self._db.scalar(redeemed)
        if row is None:
            return None
        return Code(
            GrantId(row.grant_id), row.redirect_uri, row.code_challenge, row.nonce, row.expires_at, row.proof_key
        )

    async def grant_of_code(self, handle: Handle) -> GrantId | None:
        """Return the grant of a code, used up or not."""
        found = select(AuthorizationCodeRow.grant_id).where(AuthorizationCodeRow.code_hash == handle.digest)
        grant_id = await self._db.scalar(found)
        return None if grant_id is None else GrantId(grant_id)

    async def add_refresh_token(self, handle: Handle, grant_id: GrantId, generation: int) -> None:
        """Insert the refresh token of a generation; there is one of each."""
        await self._db.execute(
            insert(RefreshTokenRow).values(
                organization_id=handle.organization_id,
                token_hash=handle.digest,
                grant_id=grant_id,
                generation=generation,
                successor=None,
            )
        )

    async def refresh_token(self, handle: Handle) -> tuple[GrantId, int] | None:
        """Return the grant and generation of a refresh token, current or not, or None for none of ours."""
        found = select(RefreshTokenRow.grant_id, RefreshTokenRow.generation)
        row = (await self._db.execute(found.where(RefreshTokenRow.token_hash == handle.digest))).one_or_none()
        return None if row is None else (GrantId(row.grant_id), row.generation)

    async def rotate(
        self, grant_id: GrantId, client_id: OauthClientId, *, generation: int, now: datetime
    ) -> Grant | None:
        """Let the next generation follow; None where this one is not current, or the grant is over or another's.

        Of several that come at once one gets through: the others wait on the row and find its generation gone.
        """
        rotated = (
            update(GrantRow)
            .where(
                GrantRow.id == grant_id,
                GrantRow.client_id == client_id,
                GrantRow.generation == generation,
                *self._is_alive(now),
            )
            .values(generation=generation + 1, rotated_at=now)
            .returning(GrantRow)
            .execution_options(populate_existing=True)
        )
        row = await self._db.scalar(rotated)
        return None if row is None else _grant(row)

    async def is_alive(self, grant_id: GrantId, now: datetime) -> bool:
        """Say whether a grant still gives tokens: neither ended nor expired, nor the session that it needs."""
        alive = select(GrantRow.id).where(GrantRow.id == grant_id, *self._is_alive(now))
        return await self._db.scalar(alive) is not None

    async def keep_successor(self, handle: Handle, successor: bytes) -> None:
        """Keep the sealed successor of a refresh token."""
        this = RefreshTokenRow.token_hash == handle.digest
        await self._db.execute(update(RefreshTokenRow).where(this).values(successor=successor))

    async def successor(self, handle: Handle) -> bytes | None:
        """Return the sealed successor of a refresh token, or None."""
        found = select(RefreshTokenRow.successor).where(RefreshTokenRow.token_hash == handle.digest)
        successor: bytes | None = await self._db.scalar(found)
        return successor

    async def add_access_token(
        self, organization_id: OrganizationId, grant_id: GrantId, token_id: str, *, expires_at: datetime, now: datetime
    ) -> None:
        """Keep which access token a grant gave, and forget those that have expired."""
        old = (GrantedTokenRow.grant_id == grant_id, GrantedTokenRow.expires_at <= now)
        await self._db.execute(delete(GrantedTokenRow).where(*old))
        await self._db.execute(
            insert(GrantedTokenRow).values(
                organization_id=organization_id, token_id=token_id, grant_id=grant_id, expires_at=expires_at
            )
        )

    async def grant_of_token(self, token_id: str) -> GrantId | None:
        """Return the grant of an access token, or None."""
        grant_id = await self._db.scalar(select(GrantedTokenRow.grant_id).where(GrantedTokenRow.token_id == token_id))
        return None if grant_id is None else GrantId(grant_id)

    def when_committed(self, act: Callable[[], None]) -> None:
        """Do something once this transaction is committed; never where it is undone."""
        after_commit(self._db, act)

    async def end(
        self,
        now: datetime,
        *,
        grant_id: GrantId | None = None,
        account_id: AccountId | None = None,
        client_id: OauthClientId | None = None,
    ) -> list[str]:
        """End one grant, or those of a person, an application, or both; returns the ids of their access tokens."""
        named: list[ColumnElement[bool]] = [
            column == value
            for column, value in (
                (GrantRow.id, grant_id),
                (GrantRow.account_id, account_id),
                (GrantRow.client_id, client_id),
            )
            if value is not None
        ]
        if not named:
            raise ValueError("whose grants end must be said")
        return await self._end(now, *named)

    async def end_all(self, now: datetime) -> list[str]:
        """End every grant of the organization that the transaction sees; returns the ids of their access tokens."""
        return await self._end(now)

    async def _end(self, now: datetime, *named: ColumnElement[bool]) -> list[str]:
        ended = update(GrantRow).where(*named, GrantRow.ended_at.is_(None)).values(ended_at=now).returning(GrantRow.id)
        grant_ids = list(await self._db.scalars(ended))
        return await self._end_tokens(grant_ids, now) if grant_ids else []

    async def _end_tokens(self, grant_ids: list[Any], now: datetime) -> list[str]:
        found = select(GrantedTokenRow.token_id, GrantedTokenRow.expires_at).where(
            GrantedTokenRow.grant_id.in_(grant_ids), GrantedTokenRow.expires_at > now
        )
        rows = [{"token_id": row.token_id, "expires_at": row.expires_at} for row in await self._db.execute(found)]
        if rows:
            await self._db.execute(upsert(EndedTokenRow).on_conflict_do_nothing(), rows)
        return [str(row["token_id"]) for row in rows]

    def _is_alive(self, now: datetime) -> tuple[ColumnElement[bool], ...]:
        """A grant that needs its session is over with it, and where neither was used for as long as makes it idle."""
        since = self._times.seen_after(now)
        is_used = or_(GrantRow.created_at > since, GrantRow.rotated_at > since, LoginSessionRow.seen_at > since)
        session = (
            select(LoginSessionRow.id)
            .where(
                LoginSessionRow.organization_id == GrantRow.organization_id,
                LoginSessionRow.id == GrantRow.login_session_id,
                LoginSessionRow.ended_at.is_(None),
                LoginSessionRow.expires_at > now,
                is_used,
            )
            .exists()
        )
        return GrantRow.ended_at.is_(None), GrantRow.expires_at > now, or_(GrantRow.is_offline, session)


def _grant(row: GrantRow) -> Grant:
    return Grant(
        organization_id=OrganizationId(row.organization_id),
        id=GrantId(row.id),
        client_id=OauthClientId(row.client_id),
        account_id=None if row.account_id is None else AccountId(row.account_id),
        login_session_id=None if row.login_session_id is None else LoginSessionId(row.login_session_id),
        scopes=tuple(row.scopes),
        patient_id=None if row.patient_id is None else PatientId(row.patient_id),
        encounter_id=None if row.encounter_id is None else EncounterId(row.encounter_id),
        is_offline=row.is_offline,
        generation=row.generation,
        rotated_at=row.rotated_at,
        created_at=row.created_at,
        expires_at=row.expires_at,
        ended_at=row.ended_at,
        proof_key=row.proof_key,
    )
