"""Where login sessions are kept."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from services.contracts.gateway.organizations import Account
from services.contracts.identifiers import LoginSessionId
from services.gateway.login.tables import LoginSessionRow


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
