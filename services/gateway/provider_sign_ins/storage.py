"""Where it is kept who was sent to a provider; that each comes back once is decided by one statement."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession

from services.contracts.identifiers import AccountId, IdentityProviderId, LoginSessionId
from services.gateway.grants.granted import Handle
from services.gateway.provider_sign_ins.tables import ProviderRequestRow


@dataclass(frozen=True, slots=True)
class Linking:
    """Whose account is to be linked, and the session in which that was begun."""

    account_id: AccountId
    login_session_id: LoginSessionId


@dataclass(frozen=True, slots=True)
class SentAway:
    """Why a browser was sent to a provider: for a request that waits, or to link an account."""

    provider_id: IdentityProviderId
    purpose: str | Linking
    authenticated_after: datetime


class ProviderRequestStorage:
    """Who was sent away, of the organization that the transaction sees."""

    def __init__(self, db: AsyncSession) -> None:
        self._db = db

    async def keep(self, state: Handle, browser: str, sent: SentAway, *, expires_at: datetime, now: datetime) -> None:
        """Keep it, and forget who has not come back in time."""
        await self._db.execute(delete(ProviderRequestRow).where(ProviderRequestRow.expires_at <= now))
        linking = sent.purpose if isinstance(sent.purpose, Linking) else None
        self._db.add(
            ProviderRequestRow(
                organization_id=state.organization_id,
                state_hash=state.digest,
                provider_id=sent.provider_id,
                browser_hash=_hash(browser),
                handle=sent.purpose if isinstance(sent.purpose, str) else None,
                account_id=None if linking is None else linking.account_id,
                login_session_id=None if linking is None else linking.login_session_id,
                authenticated_after=sent.authenticated_after,
                expires_at=expires_at,
            )
        )
        await self._db.flush()

    async def take(self, state: Handle, browser: str, now: datetime) -> SentAway | None:
        """Return why this browser was sent away, once; None where it was not, or too long ago."""
        this = (
            ProviderRequestRow.state_hash == state.digest,
            ProviderRequestRow.browser_hash == _hash(browser),
            ProviderRequestRow.expires_at > now,
        )
        row = await self._db.scalar(delete(ProviderRequestRow).where(*this).returning(ProviderRequestRow))
        if row is None:
            return None
        purpose = row.handle or Linking(AccountId(row.account_id), LoginSessionId(row.login_session_id))
        return SentAway(IdentityProviderId(row.provider_id), purpose, row.authenticated_after)


def _hash(browser: str) -> bytes:
    return hashlib.sha256(browser.encode()).digest()
