"""Where requests, launches and agreements are kept."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.contracts.identifiers import AccountId, EncounterId, OauthClientId, OrganizationId, PatientId
from services.gateway.authorize.tables import AuthorizationRequestRow, LaunchRow, OauthConsentRow
from services.gateway.grants.granted import Handle


@dataclass(frozen=True, slots=True)
class Waiting:
    """A request that waits for a person."""

    client_id: OauthClientId
    parameters: dict[str, Any]
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Context:
    """The patient, and perhaps the encounter, that an application is to work with."""

    patient_id: PatientId
    encounter_id: EncounterId | None


class AuthorizationStorage:
    """Requests, launches and agreements in the database."""

    def __init__(self, db: AsyncSession) -> None:
        self._db = db

    async def keep(
        self, handle: str, waiting: Waiting, *, browser: str | None, expires_at: datetime, now: datetime
    ) -> None:
        """Insert a request, and forget those that nobody decided in time."""
        await self._db.execute(delete(AuthorizationRequestRow).where(AuthorizationRequestRow.expires_at <= now))
        self._db.add(
            AuthorizationRequestRow(
                handle_hash=_digest(handle),
                client_id=waiting.client_id,
                browser_hash=None if browser is None else _digest(browser),
                parameters=waiting.parameters,
                created_at=waiting.created_at,
                expires_at=expires_at,
            )
        )
        await self._db.flush()

    async def find(self, handle: str, browser: str, now: datetime) -> Waiting | None:
        """Return a request that is shown in this very browser, or None."""
        found = select(AuthorizationRequestRow).where(
            AuthorizationRequestRow.handle_hash == _digest(handle),
            AuthorizationRequestRow.browser_hash == _digest(browser),
            AuthorizationRequestRow.expires_at > now,
        )
        row = await self._db.scalar(found)
        return None if row is None else _waiting(row)

    async def take_pushed(self, handle: str, client_id: OauthClientId, now: datetime) -> Waiting | None:
        """Use up a request that this application pushed; None where it is not there any more."""
        return await self._take(
            handle, now, AuthorizationRequestRow.browser_hash.is_(None), AuthorizationRequestRow.client_id == client_id
        )

    async def take(self, handle: str, browser: str, now: datetime) -> Waiting | None:
        """Use up a request that is decided in this very browser; None where it was decided before."""
        return await self._take(handle, now, AuthorizationRequestRow.browser_hash == _digest(browser))

    async def _take(self, handle: str, now: datetime, *whose: ColumnElement[bool]) -> Waiting | None:
        this = (AuthorizationRequestRow.handle_hash == _digest(handle), AuthorizationRequestRow.expires_at > now)
        taken = delete(AuthorizationRequestRow).where(*this, *whose).returning(AuthorizationRequestRow)
        row = await self._db.scalar(taken)
        return None if row is None else _waiting(row)

    async def agreed(self, account_id: AccountId, client_id: OauthClientId) -> tuple[str, ...]:
        """Return what a person has agreed to for an application."""
        this = (OauthConsentRow.account_id == account_id, OauthConsentRow.client_id == client_id)
        scopes = await self._db.scalar(select(OauthConsentRow.scopes).where(*this))
        return tuple(scopes or ())

    async def agree(
        self,
        organization_id: OrganizationId,
        account_id: AccountId,
        client_id: OauthClientId,
        scopes: tuple[str, ...],
        now: datetime,
    ) -> None:
        """Keep what a person agrees to, instead of what was agreed before."""
        values = {"scopes": list(scopes), "agreed_at": now}
        kept = insert(OauthConsentRow).values(
            organization_id=organization_id, account_id=account_id, client_id=client_id, **values
        )
        key = ["organization_id", "account_id", "client_id"]
        await self._db.execute(kept.on_conflict_do_update(index_elements=key, set_=values))

    async def agreements(self, account_id: AccountId) -> list[OauthConsentRow]:
        """Return what a person has agreed to, for every application."""
        found = select(OauthConsentRow).where(OauthConsentRow.account_id == account_id)
        return list(await self._db.scalars(found.order_by(OauthConsentRow.client_id)))

    async def forget(self, account_id: AccountId, client_id: OauthClientId) -> bool:
        """Forget what a person agreed to; says no where there was nothing."""
        this = (OauthConsentRow.account_id == account_id, OauthConsentRow.client_id == client_id)
        gone = await self._db.scalar(delete(OauthConsentRow).where(*this).returning(OauthConsentRow.client_id))
        return gone is not None

    async def forget_client(self, client_id: OauthClientId) -> None:
        """Forget what people of this organization agreed to for an application, and what it has asked of anybody."""
        await self._db.execute(delete(OauthConsentRow).where(OauthConsentRow.client_id == client_id))
        await self._db.execute(delete(AuthorizationRequestRow).where(AuthorizationRequestRow.client_id == client_id))

    async def add_launch(
        self, handle: Handle, account_id: AccountId, client_id: OauthClientId, context: Context, *, expires_at: datetime
    ) -> None:
        """Insert a launch."""
        self._db.add(
            LaunchRow(
                organization_id=handle.organization_id,
                launch_hash=handle.digest,
                account_id=account_id,
                client_id=client_id,
                patient_id=context.patient_id,
                encounter_id=context.encounter_id,
                expires_at=expires_at,
                used_at=None,
            )
        )
        await self._db.flush()

    async def use_launch(
        self, handle: Handle, account_id: AccountId, client_id: OauthClientId, now: datetime
    ) -> Context | None:
        """Use up a launch of this person for this application; None where it is another's, old, or used."""
        used = (
            update(LaunchRow)
            .where(
                LaunchRow.launch_hash == handle.digest,
                LaunchRow.account_id == account_id,
                LaunchRow.client_id == client_id,
                LaunchRow.expires_at > now,
                LaunchRow.used_at.is_(None),
            )
            .values(used_at=now)
            .returning(LaunchRow.patient_id, LaunchRow.encounter_id)
        )
        row = (await self._db.execute(used)).one_or_none()
        if row is None:
            return None
        return Context(PatientId(row.patient_id), None if row.encounter_id is None else EncounterId(row.encounter_id))


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


def _waiting(row: AuthorizationRequestRow) -> Waiting:
    return Waiting(OauthClientId(row.client_id), row.parameters, row.created_at)
