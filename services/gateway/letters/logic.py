"""How letters get into the outbox, and how they leave it."""

import asyncio
import base64
import secrets
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

import orjson
import structlog

from services.chassis.clock import Clock
from services.chassis.database import new_id
from services.chassis.handing_over import Carriage, Carrier, Handover
from services.chassis.telemetry import frames
from services.contracts.gateway.letters import LetterLanguage
from services.gateway.errors import NoMailError
from services.gateway.letters.letter import Duty, Letter, LetterKind
from services.gateway.letters.rules import LEASE, MOST_ATTEMPTS, pause_after, written
from services.gateway.letters.storage import LetterStorage

ROUND_SECONDS: Final = 1.0
"""How often a process looks whether a letter is due."""
_SECRET_BYTES: Final = 32


class Mail:
    """Who carries letters: a relay that takes signed webhooks, and the page that their links lead to."""

    def __init__(self, carrier: Carrier, handover: Handover, *, page: str | None) -> None:
        self._carrier = carrier
        self._handover = handover
        self._page = page

    async def carry(self, letter: Letter, clock: Clock) -> Carriage:
        """Hand a letter over; whatever goes wrong outside is an answer, never an exception."""
        now, words = clock.now(), written(letter, self._page)
        data = {
            "id": str(letter.id),
            "channel": "email",
            "to": letter.to,
            "language": letter.language.value,
            "subject": words.subject,
            "text": words.text,
        }
        body = orjson.dumps({"type": "letter.send", "timestamp": now, "data": data})
        return await self._handover.hand_over(self._carrier, str(letter.id), body, agent="letters", now=now)


class Letters:
    """Queues letters in the transaction of what they are about."""

    def __init__(self, storage: LetterStorage, *, has_mail: bool, clock: Clock) -> None:
        self._storage = storage
        self.has_mail = has_mail
        """Whether this installation sends any."""
        self._clock = clock

    async def post(
        self,
        kind: LetterKind,
        to: str,
        secret: str,
        *,
        language: LetterLanguage,
        lives: timedelta,
        due_at: datetime | None = None,
        duty: Duty | None = None,
    ) -> None:
        """Queue a letter, which is of no use any more after `lives`; it leaves at once, or when it is due.

        Whether somebody with a `duty` still has it is found out when it leaves.

        Raises:
            NoMailError: This installation sends none.
        """
        if not self.has_mail:
            raise NoMailError
        now = self._clock.now()
        letter = Letter(new_id(now, secrets.token_bytes(10)), kind, to, secret, language, now + lives, duty=duty)
        await self._storage.add(letter, due_at=due_at or now)


class Addressee(Protocol):
    """Knows, in one transaction, whether a letter is still to go out, and makes ready what it opens."""

    async def is_to_have(self, letter: Letter) -> bool:
        """Say so; what it makes ready is there before the letter leaves, and once however often it is asked."""


@dataclass(frozen=True, slots=True)
class PostUnit:
    """What one transaction of the courier works with."""

    letters: LetterStorage
    addressees: Mapping[LetterKind, Addressee]


PostUnits = Callable[[], AbstractAsyncContextManager[PostUnit]]


class Courier:
    """Carries letters out, at least once each with the same id; no transaction is open meanwhile."""

    def __init__(self, units: PostUnits, mail: Mail | None, clock: Clock) -> None:
        self._units = units
        self._mail = mail
        self._clock = clock
        self._log = structlog.get_logger()

    async def round(self) -> bool:
        """Do what is due about one letter; says whether there was one."""
        now = self._clock.now()
        async with self._units() as unit:
            letter = None if self._mail is None else await unit.letters.take(now, lease=LEASE)
            if letter is None:
                await unit.letters.sweep(now)
                return False
            is_to_go = await unit.addressees[letter.kind].is_to_have(letter)
            if not is_to_go:
                await unit.letters.drop(letter.id)
        if is_to_go and self._mail is not None:
            await self._end(letter, await self._mail.carry(letter, self._clock))
        return True

    async def run(self) -> None:
        """Carry until cancelled; while the database is away, letters wait in it."""
        await _forever(self.round, self._log)

    async def _end(self, letter: Letter, carriage: Carriage) -> None:
        async with self._units() as unit:
            if carriage is Carriage.TRY_LATER and letter.attempts < MOST_ATTEMPTS:
                await unit.letters.put_off(letter, self._clock.now() + pause_after(letter.attempts))
            else:
                await unit.letters.drop(letter.id)
        self._log.info("letter handed over", attempt=letter.attempts, outcome=carriage.value)


async def _forever(act: Callable[[], Awaitable[bool]], log: structlog.stdlib.BoundLogger) -> None:
    while True:
        is_more = False
        try:
            is_more = await act()
        except Exception as error:  # noqa: BLE001 - whatever it is, the next round tries again
            log.warning("letters not carried", error_type=type(error).__name__, frames=frames(error))
        if not is_more:
            await asyncio.sleep(ROUND_SECONDS)


def fresh_secret() -> str:
    """Make what a letter's link opens with: 256 random bits in base64url."""
    return base64.urlsafe_b64encode(secrets.token_bytes(_SECRET_BYTES)).rstrip(b"=").decode()
