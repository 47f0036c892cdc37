"""Where letters wait; who takes one has it alone until its lease is over."""

from dataclasses import astuple
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import orjson
import structlog
from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.sealing import Place, SealBrokenError, SealingKey
from services.contracts.gateway.letters import LetterLanguage
from services.contracts.identifiers import AccountId, OrganizationId
from services.gateway.letters.letter import Duty, Letter, LetterKind
from services.gateway.letters.tables import LetterRow

_NO_ORGANIZATION: Final = OrganizationId(UUID(int=0))
_SWEPT: Final = 100


class LetterStorage:
    """Letters in the database, sealed with the gateway's own key."""

    def __init__(self, db: AsyncSession, key: SealingKey) -> None:
        self._db = db
        self._key = key

    async def add(self, letter: Letter, *, due_at: datetime) -> None:
        """Insert a letter."""
        duty = [] if letter.duty is None else [str(one) for one in astuple(letter.duty)]
        content = orjson.dumps([letter.to, letter.secret, letter.language.value, *duty])
        self._db.add(
            LetterRow(
                id=letter.id,
                kind=letter.kind.value,
                content=self._key.seal(content, _place(letter.id)),
                due_at=due_at,
                expires_at=letter.expires_at,
                attempts=letter.attempts,
            )
        )
        await self._db.flush()

    async def take(self, now: datetime, *, lease: timedelta) -> Letter | None:
        """Take the letter that has been due for longest and that nobody else takes, and count the attempt; or None.

        One that does not open, because the key was changed or it was, is dropped. One that a newer gateway wrote in
        another way waits for its lease: that one may read it, and meanwhile it keeps no other from leaving.
        """
        due = select(LetterRow.id).where(LetterRow.due_at <= now, LetterRow.expires_at > now)
        one = due.order_by(LetterRow.due_at).limit(1).with_for_update(skip_locked=True).scalar_subquery()
        taken = (
            update(LetterRow)
            .where(LetterRow.id == one)
            .values(due_at=now + lease, attempts=LetterRow.attempts + 1)
            .returning(LetterRow.id, LetterRow.kind, LetterRow.content, LetterRow.expires_at, LetterRow.attempts)
        )
        row = (await self._db.execute(taken)).one_or_none()
        if row is None:
            return None
        try:
            content = self._key.unseal(row.content, _place(row.id))
        except SealBrokenError:
            await self.drop(row.id)
            return None
        try:
            to, secret, language, *ids = orjson.loads(content)
            kind, duty = LetterKind(row.kind), _duty(*(UUID(one) for one in ids)) if ids else None
            return Letter(row.id, kind, to, secret, LetterLanguage(language), row.expires_at, row.attempts, duty)
        except (TypeError, ValueError, AttributeError) as error:
            structlog.get_logger().error("letter not read", id=str(row.id), error_type=type(error).__name__)
            return None

    async def put_off(self, letter: Letter, due_at: datetime) -> None:
        """Let a letter be taken again at an instant, unless it has been taken again already."""
        this = (LetterRow.id == letter.id, LetterRow.attempts == letter.attempts)
        await self._db.execute(update(LetterRow).where(*this).values(due_at=due_at))

    async def drop(self, letter_id: UUID) -> None:
        """Forget a letter that has left, or will not."""
        await self._db.execute(delete(LetterRow).where(LetterRow.id == letter_id))

    async def sweep(self, now: datetime) -> None:
        """Forget letters that are too old to be of use."""
        old = select(LetterRow.id).where(LetterRow.expires_at <= now).limit(_SWEPT).with_for_update(skip_locked=True)
        await self._db.execute(delete(LetterRow).where(LetterRow.id.in_(old)))


def _duty(organization_id: UUID, account_id: UUID, by: UUID) -> Duty:
    return Duty(OrganizationId(organization_id), AccountId(account_id), AccountId(by))


def _place(letter_id: UUID) -> Place:
    return Place(_NO_ORGANIZATION, "letters", "content", letter_id)
