"""Other keys that sign tokens, by themselves: published first, used later, and removed when nothing needs them."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import structlog

from services.chassis.clock import Clock
from services.chassis.id_tokens import IdTokenSigner, read_id_token_keys
from services.chassis.key_rotation import next_instant, read_keys
from services.chassis.signing_folders import SigningFolder, signing_folders
from services.chassis.telemetry import frames
from services.chassis.tokens import KeyRing, SigningKey
from services.gateway.keys.rules import AHEAD, is_due
from services.gateway.security_events.logic import SecurityEventKind, SecurityTrail, Told

ROUND_SECONDS: Final = 30.0
"""How often a process looks what is in the folders, whoever has put it there."""

KeyTurns = Callable[[], AbstractAsyncContextManager[SecurityTrail | None]]
"""Opens a transaction in which one process of all may renew keys; None where another one does."""

_Keys = list[tuple[SigningFolder, datetime]]


class KeyRotation:
    """Keeps what a process signs and verifies with as the folders have it, and those as they are to be.

    A key's file is there before an event tells of it, and is removed again where none can. One that nothing needs is
    removed in the transaction that tells it, each in one of its own: where it cannot be removed, nothing is told.
    """

    def __init__(
        self,
        access_tokens: Path,
        id_tokens: Path,
        ring: KeyRing,
        id_signer: IdTokenSigner,
        *,
        turns: KeyTurns,
        clock: Clock,
        days: int | None,
    ) -> None:
        self._access_tokens, self._id_tokens = access_tokens, id_tokens
        self._folders = signing_folders(access_tokens, id_tokens)
        self._ring, self._id_signer = ring, id_signer
        self._turns = turns
        self._clock = clock
        self._every = None if days is None else timedelta(days=days)
        self._seen: list[list[datetime]] = []

    async def round(self) -> None:
        """Renew what is due, and take up what is there now.

        Raises:
            ValueError: A file is no key, or is not named for an instant; the keys of before go on.
            OSError: The folders cannot be read, or not be written to.
        """
        try:
            if self._every is not None and any(await asyncio.to_thread(self._wanted, self._every)):
                await self._add(self._every)
                while await self._discard(self._every):
                    pass
        finally:
            await asyncio.to_thread(self._take_up)

    async def run(self) -> None:
        """Do so until cancelled."""
        while True:
            try:
                await self.round()
            except Exception as error:  # noqa: BLE001 - whatever it is, the next round tries again
                structlog.get_logger().warning(
                    "signing keys not renewed", error_type=type(error).__name__, frames=frames(error)
                )
            await asyncio.sleep(ROUND_SECONDS)

    async def _add(self, every: timedelta) -> None:
        added: _Keys = []
        try:
            async with self._turns() as trail:
                if trail is None:
                    return
                # What was wanted may have been done while the turn was another's.
                due, _ = await asyncio.to_thread(self._wanted, every)
                for folder, signs_from in due:
                    key = await asyncio.to_thread(folder.fresh)
                    # Not in a thread, which would write the file although whoever waits for it has been cancelled.
                    added.append((folder, signs_from))
                    folder.put(signs_from, key)
                    await self._tell(trail, SecurityEventKind.SIGNING_KEY_ADDED, folder, signs_from)
        except BaseException:
            for folder, signs_from in added:
                folder.remove(signs_from)
            raise

    async def _discard(self, every: timedelta) -> bool:
        """Remove one key; says no where there is none to remove, or another process has the turn."""
        async with self._turns() as trail:
            _, old = ([], []) if trail is None else await asyncio.to_thread(self._wanted, every)
            if trail is None or not old:
                return False
            folder, signs_from = old[0]
            await self._tell(trail, SecurityEventKind.SIGNING_KEY_REMOVED, folder, signs_from)
            folder.remove(signs_from)
            return True

    def _wanted(self, every: timedelta) -> tuple[_Keys, _Keys]:
        """Return which keys are to be added, and which may go."""
        now = self._clock.now()
        due = [(one, next_instant(now, AHEAD)) for one in self._folders if is_due(one.instants(), now, every)]
        return due, [(one, instant) for one in self._folders for instant in one.unneeded(now)]

    async def _tell(
        self, trail: SecurityTrail, kind: SecurityEventKind, folder: SigningFolder, signs_from: datetime
    ) -> None:
        await trail.tell(Told(kind, None, key_id=await asyncio.to_thread(folder.key_id, signs_from)))

    def _take_up(self) -> None:
        seen = [folder.instants() for folder in self._folders]
        if seen == self._seen:
            return
        self._id_signer.take(read_id_token_keys(self._id_tokens))
        self._ring.take(read_keys(self._access_tokens, SigningKey.from_pem))
        self._seen = seen
